"""BusyBox applet links, read from the binary's own table of applet names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seaslug.errors import HostileError
from seaslug.values.tree import Entry, Tree, symlink

BINARY = "busybox/busybox"
# The table is sorted and starts with the two spellings of test: "[" and "[[".
_START = b"[\0[[\0"
_NAME = re.compile(rb"[a-z0-9][a-z0-9_.-]{0,30}\Z")


def applets(tree: Tree, mtime: int = 0) -> tuple[Entry, ...]:
    """Return a link to busybox for each applet that the binary at busybox/busybox holds.

    Raises HostileError if there is no such binary or no table of names in it.
    """
    entry = tree.get(BINARY)
    data = entry.read() if entry is not None else b""
    names = _table(data)
    if "sh" not in names:
        raise HostileError("no table of applets in busybox", where=BINARY)
    return tuple(
        symlink(f"busybox/{name}", "busybox", mtime=mtime) for name in names if name != "busybox"
    )


def _table(data: bytes) -> list[str]:
    """Return the longest run of names after any occurrence of the table's beginning."""
    found: list[str] = []
    at = data.find(_START)
    while at >= 0:
        names = ["[", "[[", *_names(data, at + len(_START))]
        found = max(found, names, key=len)
        at = data.find(_START, at + 1)
    return found


def _names(data: bytes, at: int) -> Iterator[str]:
    while (end := data.find(b"\0", at, at + 32)) > 0 and _NAME.match(data[at:end]):
        yield data[at:end].decode()
        at = end + 1
