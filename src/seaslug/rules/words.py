"""Words of findings: paths and counts as people read them."""

from __future__ import annotations

from collections.abc import Sequence


def plain(text: str) -> str:
    """Return *text* with what a terminal would obey, and bytes that are no text, as escapes."""
    return "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in text)


def many(count: int, one: str, more: str = "") -> str:
    """Return ``1 file`` or ``3 files``."""
    return f"{count} {one if count == 1 else more or one + 's'}"


def listed(words: Sequence[str], most: int = 3) -> str:
    """Return at most *most* of *words*, and how many there are beside them."""
    rest = len(words) - most
    return ", ".join(words[:most]) + (f" and {rest} more" if rest > 0 else "")


def megabytes(size: int) -> str:
    """Return a size in bytes as MB (10^6), or kB if it is less."""
    return f"{size / 1e6:.1f} MB" if size >= 1_000_000 else f"{max(size // 1000, 1)} kB"


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
