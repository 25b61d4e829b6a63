"""Sums by package or by layer for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seaslug.report.table import table
from seaslug.values.words import visible

_LONGEST = 72


def sums(head: Sequence[str], rows: Sequence[Sequence[str]], paths: Sequence[Sequence[str]]) -> str:
    """Return a table of *rows*, and below each row its *paths*; the first two are numbers."""
    cut = [tuple(map(_cut, row)) for row in rows]
    lines = table(head, cut, align=">>").splitlines()
    return "\n".join(_with(lines, paths))


def _with(lines: Sequence[str], paths: Sequence[Sequence[str]]) -> Iterator[str]:
    yield lines[0]
    for text, below in zip(lines[1:], paths, strict=True):
        yield text
        yield from (f"    {visible(path)}" for path in below)


def _cut(cell: str) -> str:
    cell = visible(cell)
    return cell if len(cell) <= _LONGEST else cell[: _LONGEST - 1] + "…"
