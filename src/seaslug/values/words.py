"""Words for people: sizes, and foreign text that a terminal cannot be harmed by."""

from __future__ import annotations

import re

_SPELLED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def megabytes(size: int) -> str:
    """Return a size in bytes as MB (10^6), for columns: with a fitting number of decimals."""
    return f"{size / 1e6:.2f} MB" if size < 10_000_000 else f"{size / 1e6:.1f} MB"


def readable(size: int) -> str:
    """Return a number of bytes as people read it, in units of a thousand."""
    if abs(size) < 999_950:
        return f"{size / 1000:.1f} kB" if abs(size) >= 1000 else f"{size} B" if size else "0"
    return f"{size / 1e6:.2f} MB" if abs(size) < 10_000_000 else f"{size / 1e6:,.1f} MB"


def plain(text: str, keep: str = "\n") -> str:
    """Return *text* with what a terminal would obey, and bytes that are no text, as escapes.

    Letters of *keep* stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _escaped(c) for c in text)


def visible(text: str) -> str:
    """Return *text* as :func:`plain` does, on one line."""
    return plain(text, "")


def printable(text: str, limit: int) -> str:
    """Return foreign text as one line of at most *limit* letters, without what a terminal obeys."""
    clean = "".join(c if c.isprintable() else " " for c in text[: limit * 2])
    clean = re.sub(r" {2,}", " ", clean).strip()
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return _SPELLED.get(char) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
