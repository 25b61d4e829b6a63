"""Sizes, modes and names as a browser writes them."""

from __future__ import annotations

from seaslug.anatomy.facts import Row
from seaslug.rules.words import plain
from seaslug.values.tree import Kind

_LETTERS = {Kind.FILE: "-", Kind.DIR: "d", Kind.SYMLINK: "l", Kind.HARDLINK: "-"}


def short(size: int) -> str:
    """Return a size in at most six places: ``0``, ``812``, ``4.2 k``, ``52.3 M``, ``2.1 G``."""
    if size < 1000:
        return str(size)
    for power, unit in ((3, "k"), (6, "M"), (9, "G")):
        scaled = size / 10**power
        if scaled < 999.95 or unit == "G":
            return f"{scaled:.1f} {unit}"
    raise AssertionError(size)


def exact(size: int) -> str:
    """Return a size in full, with the short form where that is another one."""
    return f"{size:,} bytes" if size < 1000 else f"{size:,} bytes ({short(size)}B)"


def oneline(text: str) -> str:
    """Return *text* with what a terminal would obey as escapes, the ends of lines among it."""
    return plain(text).replace("\n", "\\n")


def mode(row: Row) -> str:
    """Return ``-rwxr-xr-x``, with s and t as ls writes them."""
    bits = row.mode
    text = [c if bits >> (8 - at) & 1 else "-" for at, c in enumerate("rwxrwxrwx")]
    for bit, at, letter in ((0o4000, 2, "s"), (0o2000, 5, "s"), (0o1000, 8, "t")):
        if bits & bit:
            text[at] = letter if text[at] == "x" else letter.upper()
    return _LETTERS[row.kind] + "".join(text)


def kind(row: Row) -> str:
    """Return what it is, in a word or two."""
    names = {
        Kind.FILE: "file", Kind.DIR: "folder", Kind.SYMLINK: "symbolic link",
        Kind.HARDLINK: "hard link",
    }  # fmt: skip
    return names[row.kind]
