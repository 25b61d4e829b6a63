"""A layer's tar bytes with the contents of some files exchanged, and all else as it was.

Only for fragments that :mod:`seaslug.tar.header` made. Importing it costs nothing.
"""

from __future__ import annotations

from seaslug.tar.header import BLOCK, resized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE, _PAX = b"0", b"x"


def files(data: bytes) -> dict[str, tuple[int, int]]:
    """Return the path of every file to (offset of its header, size in bytes).

    A file with a PAX header is not among them. Raises ValueError for what is cut short.
    """
    found: dict[str, tuple[int, int]] = {}
    at, extended = 0, False
    while at < len(data) and data[at] != 0:
        block = data[at : at + BLOCK]
        size = int(block[124:135], 8)
        kind = block[156:157]
        if kind == _FILE and not extended:
            found[_path(block)] = (at, size)
        extended = kind == _PAX
        at += BLOCK + size + -size % BLOCK
    if at > len(data):
        raise ValueError("a tar fragment that ends too early")
    return found


def content(data: bytes, place: tuple[int, int]) -> bytes:
    """Return what the file at *place*, as :func:`files` gives it, holds."""
    at, size = place
    return data[at + BLOCK : at + BLOCK + size]


def exchanged(
    data: bytes, places: Mapping[str, tuple[int, int]], new: Mapping[str, bytes]
) -> bytes:
    """Return *data* in which the files of *new* (path to content) hold what it says."""
    made, done = [], 0
    for at, size, path in sorted((*places[path], path) for path in new):
        fresh = new[path]
        header = resized(data[at : at + BLOCK], len(fresh))
        made += [data[done:at], header, fresh, bytes(-len(fresh) % BLOCK)]
        done = at + BLOCK + size + -size % BLOCK
    return b"".join((*made, data[done:]))


def _path(block: bytes) -> str:
    prefix, name = (block[a:b].rstrip(b"\0") for a, b in ((345, 500), (0, 100)))
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "surrogateescape")
