"""Words of findings: paths and counts as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from seaslug.values.words import plain as plain


def many(count: int, one: str, more: str = "") -> str:
    """Return ``1 file`` or ``3 files``."""
    return f"{count} {one if count == 1 else more or one + 's'}"


def listed(words: Sequence[str], most: int = 3) -> str:
    """Return at most *most* of *words*, and how many there are beside them."""
    rest = len(words) - most
    return ", ".join(words[:most]) + (f" and {rest} more" if rest > 0 else "")
