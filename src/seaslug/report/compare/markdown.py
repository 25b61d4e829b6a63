"""Tables of a comparison in Markdown, for a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from seaslug.anatomy.portrait import Table


def markdown(tables: Sequence[Table]) -> str:
    """Return the tables, each under a heading; notes on counting stand at the end."""
    notes = {row.title: row.note for table in tables for row in table.rows if row.note}
    parts = [_one(table) for table in tables]
    parts.append("\n".join(f"- {title}: {note}" for title, note in notes.items()))
    return "\n\n".join(parts)


def _one(table: Table) -> str:
    rows = [("Feature", *table.columns), *((row.title, *row.cells) for row in table.rows)]
    lines = [line(row) for row in rows]
    lines.insert(1, "|---" * len(rows[0]) + "|")
    return "\n".join((f"### {table.title}", "", *lines))


def line(cells: Sequence[str]) -> str:
    """Return a table's line; what could end a cell is escaped."""
    return "| " + " | ".join(map(escaped, cells)) + " |"


def escaped(text: str) -> str:
    """Return *text* as it stands in a cell."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    for mark in "\\|<>*_`[]":
        plain = plain.replace(mark, "\\" + mark)
    return plain
