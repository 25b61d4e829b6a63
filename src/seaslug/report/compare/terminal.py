"""Tables of a comparison for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from seaslug.anatomy.portrait import Table
from seaslug.report.table import table
from seaslug.values.words import visible

_WIDEST = 46


def text(tables: Sequence[Table]) -> str:
    """Return the tables as plain text, one below the other."""
    return "\n\n".join(map(_one, tables))


def _one(found: Table) -> str:
    headers = (found.title.upper(), *(_short(name) for name in found.columns))
    return table(headers, [(row.title, *map(_short, row.cells)) for row in found.rows])


def _short(cell: str) -> str:
    cell = visible(cell)
    return cell if len(cell) <= _WIDEST else cell[: _WIDEST - 1] + "…"
