"""What a browser shows beside the tree: packages, findings, waste, history, configuration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from seaslug.explore.source import Subject
from seaslug.explore.whole import Whole
from seaslug.explore.words import oneline, short
from seaslug.rules.words import listed, many, plain
from seaslug.values.tree import Kind

if TYPE_CHECKING:
    from seaslug.rules.model import Finding


class Entry(NamedTuple):
    """A row of a table: *cells* for people; *go* is a path of the tree, or a filter, or neither."""

    cells: tuple[str, ...]
    path: str = ""
    filter: str = ""
    tone: str = ""
    more: str = ""


PACKAGES = ("SIZE", "FILES", "PACKAGE", "VERSION", "WHY")
FINDINGS = ("HOW BAD", "RULE", "WHERE", "WHAT")
WASTE = ("SIZE", "WHERE", "WHY")
HISTORY = ("LAYER", "SIZE", "MADE BY")


def packages(whole: Whole) -> tuple[Entry, ...]:
    """Return a row per package, the largest first; files of nobody are one, too."""
    if whole.judged is None:
        return ()
    owners = whole.judged.owners
    sums: dict[str, list[int]] = {name: [0, 0] for name in owners.packages}
    for item in whole.merged.values():
        if item.row.kind is not Kind.DIR:
            found = sums.setdefault(owners.owner.get(item.path, ""), [0, 0])
            found[0] += item.row.size
            found[1] += 1
    rows = []
    for name, (size, count) in sorted(sums.items(), key=lambda row: (-row[1][0], row[0])):
        known = owners.packages.get(name)
        why = " > ".join(owners.chain(name)[:-1]) if known is not None else ""
        cells = short(size), str(count), name or "(no package)", known.version if known else "", why
        query = f"pkg:{name}" if name else "is:unowned"
        rows.append(Entry(tuple(map(oneline, cells)), filter=query))
    return tuple(rows)


def findings(whole: Whole) -> tuple[Entry, ...]:
    """Return a row per finding, the worst first."""
    found = whole.judged.findings if whole.judged is not None else ()
    by_name = {f"/{plain(path)}": path for path in whole.merged}
    return tuple(
        Entry(
            (one.severity.word, one.rule, oneline(one.where), oneline(one.message)),
            by_name.get(one.where, ""),
            tone=one.severity.word, more=_told(one),
        )
        for one in found
    )  # fmt: skip


def _told(one: Finding) -> str:
    fix = f"\nfix: {oneline(one.fix)}" if one.fix else ""
    return f"{oneline(one.where)}: {oneline(one.message)}{fix}"


def waste(whole: Whole) -> tuple[Entry, ...]:
    """Return what layers carry in vain, the largest first."""
    rows: list[tuple[int, Entry]] = []
    for path, items in whole.hidden.items():
        size = sum(item.row.size for item in items)
        layers = ", ".join(str(item.layer) for item in items)
        why = "replaced" if path in whole.merged else "removed"
        plural = "layers" if len(items) > 1 else "layer"
        told = f"of {plural} {layers}; {why} above"
        go = path if path in whole.merged else ""
        rows.append((size, Entry((short(size), f"/{oneline(path)}", told), go)))
    for paths in whole.repeated.values():
        each = whole.merged[paths[0]].row.size
        others = [f"/{oneline(path)}" for path in paths[1:]]
        size = each * len(others)
        told = f"the same at {listed(others, 3)}"
        rows.append((size, Entry((short(size), f"/{oneline(paths[0])}", told), paths[0])))
    rows.sort(key=lambda row: (-row[0], row[1].cells[1]))
    return tuple(entry for _, entry in rows)


def wasted(whole: Whole) -> int:
    """Return how many bytes are there in vain."""
    hidden = sum(item.row.size for items in whole.hidden.values() for item in items)
    again = sum(
        whole.merged[paths[0]].row.size * (len(paths) - 1) for paths in whole.repeated.values()
    )
    return hidden + again


def history(subject: Subject) -> tuple[Entry, ...]:
    """Return a row per step, those that made no layer too, in order."""
    rows = subject.config.get("history")
    steps = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    filled = [row for row in steps if not row.get("empty_layer")]
    if len(filled) != len(subject.layers):
        return tuple(
            Entry((str(at), short(layer.size), oneline(subject.maker(at))), more=layer.digest.text)
            for at, layer in enumerate(subject.layers)
        )
    found, at = [], 0
    for row in steps:
        text = oneline(" ".join(str(row.get("created_by") or row.get("comment") or "").split()))
        when = oneline(str(row.get("created") or ""))
        if row.get("empty_layer"):
            found.append(Entry(("-", "", text), more=when))
            continue
        layer = subject.layers[at]
        found.append(Entry((str(at), short(layer.size), text), more=f"{when}  {layer.digest.text}"))
        at += 1
    return tuple(found)


def config(subject: Subject) -> tuple[str, ...]:
    """Return the configuration as JSON, but for the history, which has a table of its own."""
    shown = {key: value for key, value in subject.config.items() if key != "history"}
    text = json.dumps(shown, indent=2, ensure_ascii=False)
    return tuple(oneline(line) for line in text.split("\n"))


def headline(subject: Subject, whole: Whole) -> str:
    """Return the name of the image and its figures, on one line."""
    files = sum(1 for item in whole.merged.values() if item.row.kind is not Kind.DIR)
    size = sum(item.row.size for item in whole.merged.values())
    told = f"{short(subject.size)}B packed, {many(len(subject.layers), 'layer')}"
    if files:
        told += f", {short(size)}B in {many(files, 'file')}"
    return oneline(f"{subject.name}  {subject.platform}  {told}")
