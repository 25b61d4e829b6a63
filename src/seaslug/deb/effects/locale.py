"""The C.UTF-8 locale: there, and found under both of its spellings."""

from __future__ import annotations

from seaslug.errors import HostileError
from seaslug.values.tree import Entry, Tree, symlink

FOLDER = "usr/lib/locale"
_SPELLINGS = ("C.utf8", "C.UTF-8")


def c_utf8(tree: Tree, mtime: int = 0) -> tuple[Entry, ...]:
    """Return the link from the other spelling to the one that libc-bin ships.

    glibc looks for the name as it is asked for, then with the code set normalised; old
    releases ship the one and new releases the other. Raises HostileError if neither is there.
    """
    for here, other in (_SPELLINGS, _SPELLINGS[::-1]):
        if tree.under(f"{FOLDER}/{here}"):
            return (symlink(f"{FOLDER}/{other}", here, mtime=mtime),)
    raise HostileError("libc-bin brought no C.UTF-8 locale", where=FOLDER)
