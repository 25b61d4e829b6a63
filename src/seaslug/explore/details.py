"""All there is to say of one path, as pairs of a label and a text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from seaslug.explore.changes import Item, Mark
from seaslug.explore.forest import Forest
from seaslug.explore.source import Subject
from seaslug.explore.whole import Whole
from seaslug.explore.words import exact, kind, mode, oneline
from seaslug.rules.words import listed, many
from seaslug.values.tree import Kind, follow

_DID = {Mark.ADDED: "added", Mark.CHANGED: "replaced", Mark.SAME: "there again, as it was",
        Mark.REMOVED: "removed", Mark.BELOW: "there"}  # fmt: skip


class Detail(NamedTuple):
    """A line of details: *label* is empty where it goes on; *tone* is a severity's word, or ""."""

    label: str
    text: str
    tone: str = ""


def details(path: str, forest: Forest, whole: Whole, subject: Subject) -> tuple[Detail, ...]:
    """Return what is known of *path*; texts have no control characters."""
    item = forest.items.get(path)
    rows = [Detail("path", f"/{path}")]
    if item is not None:
        rows += _weight(item, whole)
    if forest.is_folder(path):
        rows += _folder(path, forest)
    if item is not None:
        rows += [
            *_findings(item, whole), *_package(item, whole), *_origin(item, whole, subject),
            *_content(item, whole), *_face(item, whole),
        ]  # fmt: skip
    return tuple(row._replace(text=oneline(row.text)) for row in rows)


def names(whole: Whole, database: str) -> dict[int, str]:
    """Return the names by id that the image's own passwd or group tells."""
    text = whole.judged.specimen.root.text(database) if whole.judged is not None else ""
    rows = (line.split(":") for line in text.splitlines())
    found: dict[int, str] = {}
    for row in rows:
        if len(row) > 2 and row[2].isascii() and row[2].isdigit() and len(row[2]) < 11:
            found.setdefault(int(row[2]), row[0])
    return found


def _weight(item: Item, whole: Whole) -> Iterator[Detail]:
    removed = item.mark is Mark.REMOVED
    if removed or item.row.kind not in (Kind.FILE, Kind.DIR):
        yield Detail("kind", kind(item.row) + (", removed here" if removed else ""))
    if item.row.kind is Kind.FILE:
        yield Detail("size", exact(item.row.size))


def _face(item: Item, whole: Whole) -> Iterator[Detail]:
    row = item.row
    yield Detail("mode", f"{mode(row)}  {row.mode:04o}")
    user, group = names(whole, "etc/passwd"), names(whole, "etc/group")
    told = ":".join(filter(None, (user.get(row.uid), group.get(row.gid))))
    yield Detail("owner", f"{row.uid}:{row.gid}" + (f"  {told}" if told else ""))
    if row.xattrs:
        yield Detail("xattrs", ", ".join(row.xattrs))
    yield Detail("time", _time(row.mtime))
    if row.digest:
        yield Detail("sha256", row.digest)


def _time(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} seconds since 1970"


def _folder(path: str, forest: Forest) -> Iterator[Detail]:
    size, count, total = forest.size(path), forest.count(path), forest.size("")
    share = f", {100 * size / total:.1f} % of this tree" if total and size else ""
    yield Detail("holds", f"{many(count, 'file')}, {exact(size)}{share}")


def _content(item: Item, whole: Whole) -> Iterator[Detail]:
    row = item.row
    if row.kind is Kind.SYMLINK:
        yield Detail("target", row.target)
        yield Detail("leads to", _end(item, whole))
    elif row.kind is Kind.HARDLINK:
        yield Detail("shares", f"/{row.target}")
    facts, script = whole.facts(item), whole.script(item)
    if facts is not None:
        needed = len(facts.binary.elf.needed)
        libraries = f", needs {many(needed, 'library', 'libraries')}" if needed else ""
        yield Detail("ELF", f"{facts.binary.elf.bits} bits, {facts.binary.linkage}{libraries}")
    if script:
        yield Detail("script", f"#!{script}")
    others = [f"/{path}" for path in whole.copies(item) if path != item.path]
    if others:
        yield Detail("again at", listed(others, 4))


def _end(item: Item, whole: Whole) -> str:
    def link(path: str) -> str | None:
        here = whole.merged.get(path)
        return here.row.target if here is not None and here.row.kind is Kind.SYMLINK else None

    end = follow(item.path, link)
    if end is None:
        return "nowhere: the links go in a circle"
    there = end in whole.merged or not end
    inside = there or any(path.startswith(f"{end}/") for path in whole.merged)
    return f"/{end}" + ("" if inside else "  (not there)")


def _origin(item: Item, whole: Whole, subject: Subject) -> Iterator[Detail]:
    yield Detail("layer", f"{item.layer}  {subject.maker(item.layer)}")
    steps = whole.layers_of(item.path)
    if item.row.kind is not Kind.DIR and (len(steps) > 1 or item.mark is Mark.REMOVED):
        for at, step in enumerate(steps):
            size = f", {exact(step.row.size)}" if step.row.kind is Kind.FILE else ""
            yield Detail("layers" if not at else "", f"{step.layer}  {_DID[step.mark]}{size}")
    hidden = sum(one.row.size for one in whole.hidden.get(item.path, ()))
    if hidden:
        yield Detail("wasted", f"{exact(hidden)} in lower layers, hidden")


def _package(item: Item, whole: Whole) -> Iterator[Detail]:
    if whole.judged is None or item.row.kind is Kind.DIR:
        return
    owners, name = whole.judged.owners, whole.owner(item)
    if not name:
        yield Detail("package", "none")
        return
    known = owners.packages.get(name)
    yield Detail("package", f"{name} {known.version if known is not None else ''}".strip())
    if known is None:
        return
    level = (f"level {known.level}",) if known.level else ()
    why: Sequence[str] = (*level, *owners.chain(name))
    if len(why) > 1:
        yield Detail("because", " > ".join(why))


def _findings(item: Item, whole: Whole) -> Iterator[Detail]:
    for one in whole.findings(item.path):
        yield Detail(one.severity.word, f"{one.rule}  {one.message}", one.severity.word)
        if one.fix:
            yield Detail("fix", one.fix)
