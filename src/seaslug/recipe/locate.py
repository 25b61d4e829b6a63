"""Where in a TOML text a key stands. tomllib keeps no positions, so the lines are searched."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TABLE = re.compile(r"^\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"^\s*((?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:\"[^\"]*\"|[A-Za-z0-9_-]+))*)\s*="
)
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([A-Za-z0-9_-]+)")


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Return the line (from 1) of the key at *path*, or of the nearest table above it; 1 if none.

    Numbers in *path* pick from an array of tables, counted from 0.
    """
    best, best_depth = 1, 0
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str | int, ...], int] = {}
    wanted = tuple(path)
    for number, line in enumerate(text.splitlines(), 1):
        head = _TABLE.match(line)
        if head:
            table = _parts(head[2])
            if head[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            here = table
        else:
            key = _KEY.match(line)
            if not key:
                continue
            here = (*table, *_parts(key[1]))
        if wanted[: len(here)] == here and len(here) > best_depth:
            best, best_depth = number, len(here)
    return best


def _parts(text: str) -> tuple[str | int, ...]:
    return tuple(a or b or c for a, b, c in _PART.findall(text))
