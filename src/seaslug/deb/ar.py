"""ar archives, as Debian packages use them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seaslug.errors import HostileError

MAGIC = b"!<arch>\n"
_HEADER = 60


@dataclass(frozen=True, slots=True)
class ArMember:
    """A member: where its bytes are in the archive, and its time stamp in seconds."""

    name: str
    offset: int
    size: int
    mtime: int


def ar_members(data: memoryview, where: str = "ar") -> Iterator[ArMember]:
    """Yield the members in order. Raises HostileError for anything malformed or cut short."""
    if bytes(data[:8]) != MAGIC:
        raise HostileError("not an ar archive", where=where)
    at = 8
    while at < len(data):
        head = bytes(data[at : at + _HEADER])
        if len(head) < _HEADER or head[58:60] != b"`\n":
            raise HostileError("a damaged or truncated package", where=where)
        name = head[:16].decode("ascii", "replace").rstrip().rstrip("/")
        size, mtime = _number(head[48:58], where), _number(head[16:28], where)
        at += _HEADER
        if at + size > len(data):
            raise HostileError("a truncated package", where=where)
        yield ArMember(name, at, size, mtime)
        at += size + size % 2


def _number(raw: bytes, where: str) -> int:
    text = raw.strip()
    if not text.isdigit():
        raise HostileError("a damaged package header", where=where)
    return int(text)
