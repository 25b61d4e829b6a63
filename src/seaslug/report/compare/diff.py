"""A difference as text and as Markdown."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from seaslug.anatomy.difference import Difference, FileChange, Item
from seaslug.report.compare.markdown import escaped, line
from seaslug.values.words import readable, visible

SHOWN = 10
_FEW = 80


def text(found: Difference, shown: int = SHOWN) -> str:
    """Return the difference for a terminal; of each package at most *shown* files, 0 for all."""
    blocks = [
        _block("PACKAGES", [_item(item) for item in found.packages]),
        _block("CONFIGURATION", [_item(item) for item in found.config]),
        _block("FILES", list(_files(found, shown))),
        "\n".join(summary(found)),
    ]
    return "\n\n".join(filter(None, blocks))


def summary(found: Difference) -> Iterator[str]:
    """Yield the sums: sizes, layers, what a pull costs."""
    if found.same:
        yield f"{found.before} and {found.after} are the same"
    else:
        signs = [change.sign for change in found.files]
        yield (
            f"files: {signs.count('+')} added, {signs.count('-')} removed, "
            f"{signs.count('~')} changed"
        )
    yield f"compressed: {_grown(*found.size)}; unpacked: {_grown(*found.unpacked)}"
    alike = f", {found.alike} more compressed otherwise" if found.alike else ""
    yield (
        f"layers: {found.shared} of {found.layers[1]} shared{alike}; who has {found.before} "
        f"fetches {readable(found.fetch)}, and stores {readable(found.stored)}"
    )


def markdown(found: Difference, shown: int = SHOWN) -> str:
    """Return the difference in Markdown, for a pull request."""
    parts = [f"### {escaped(found.before)} → {escaped(found.after)}"]
    parts.append("\n".join(f"- {escaped(row)}" for row in summary(found)))
    for title, items in (("Package", found.packages), ("Configuration", found.config)):
        if items:
            rows = [(item.sign, item.name, item.before, item.after) for item in items]
            parts.append(_table(("", title, "Before", "After"), rows))
    for name, changes in found.by_package().items():
        parts.append(_fold(name, changes, _first(changes, shown)))
    return "\n\n".join(parts)


def _fold(name: str, changes: Sequence[FileChange], shown: Sequence[FileChange]) -> str:
    """Return a package's files, folded: its title is HTML, where Markdown's escapes would show."""
    more = len(changes) - len(shown)
    rows = [(change.sign, f"/{change.path}", said(change)) for change in shown]
    parts = (
        f"<details><summary>{html.escape(title_of(name, changes))}</summary>",
        _table(("", "File", "How"), rows),
        *([f"and {more} more"] if more else []),
        "</details>",
    )
    return "\n\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join((line(head), "|---" * len(head) + "|", *map(line, rows)))


def _block(title: str, rows: list[str]) -> str:
    return "\n".join((title, *rows)) if rows else ""


def _item(item: Item) -> str:
    values = " → ".join(_short(text) for text in (item.before, item.after) if text)
    return visible(f"  {item.sign} {item.name}  {values}")


def _files(found: Difference, shown: int) -> Iterator[str]:
    for name, changes in found.by_package().items():
        yield visible(f"  {title_of(name, changes)}")
        rows = _first(changes, shown)
        for change in rows:
            yield visible(f"    {change.sign} /{change.path}  {said(change)}".rstrip())
        if len(rows) < len(changes):
            yield f"    … and {len(changes) - len(rows)} more (--all shows them)"


def _first(changes: Sequence[FileChange], shown: int) -> Sequence[FileChange]:
    """Return the *shown* changes that weigh most, in order of their paths."""
    if not shown or len(changes) <= shown:
        return changes
    heavy = sorted(changes, key=lambda c: (-max(c.before, c.after), c.path))[:shown]
    return sorted(heavy, key=lambda change: change.path)


def title_of(name: str, changes: Sequence[FileChange]) -> str:
    """Return whose the *changes* are, how many, and by how much they grow."""
    growth = sum(change.growth for change in changes)
    count = f"{len(changes)} path{'s' if len(changes) != 1 else ''}"
    return f"{name or 'of no package'}: {count}, {_signed(growth)}"


def said(change: FileChange) -> str:
    """Return what happened to a file, and its size."""
    if change.sign != "~":
        size = max(change.before, change.after)
        return readable(size) if size else ""
    sizes = (change.before, change.after)
    more = f" ({readable(sizes[0])} → {readable(sizes[1])})" if sizes[0] != sizes[1] else ""
    return ", ".join(change.how) + more


def _short(value: str) -> str:
    return value if len(value) <= _FEW else value[: _FEW - 1] + "…"


def _signed(size: int) -> str:
    return f"+{readable(size)}" if size > 0 else readable(size) if size else "same size"


def _grown(before: int, after: int) -> str:
    return f"{readable(before)} → {readable(after)} ({_signed(after - before)})"
