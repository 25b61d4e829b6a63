"""Plain text tables."""

from __future__ import annotations

from collections.abc import Sequence


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], align: str = "") -> str:
    """Return columns two spaces apart; *align* has ``<`` or ``>`` per column."""
    align = align.ljust(len(headers), "<")
    widths = [max(len(str(row[i])) for row in (headers, *rows)) for i in range(len(headers))]
    lines = []
    for row in (headers, *rows):
        cells = [f"{cell!s:{align[i]}{widths[i]}}" for i, cell in enumerate(row)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def megabytes(size: int) -> str:
    """Return a size in bytes as MB (10^6) with a fitting number of decimals."""
    return f"{size / 1e6:.2f} MB" if size < 10_000_000 else f"{size / 1e6:.1f} MB"


def visible(text: str) -> str:
    """Return *text* with what would move the cursor, or is no text, written as an escape."""
    return text if text.isprintable() else "".join(
        c if c.isprintable() else repr(c)[1:-1] for c in text
    )  # fmt: skip
