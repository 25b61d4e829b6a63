"""A digest that stands for a set of files, read only where nothing else says what they hold."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable

from seaslug.values.content import Content, FileSlice
from seaslug.values.digest import Digest
from seaslug.values.tree import Entry, Kind

_PIECE = 1 << 20
_HEX = frozenset("0123456789abcdef")
_MANY = 250_000
_known: dict[FileSlice, tuple[tuple[int, int, int], str]] = {}


def identity(entries: Iterable[Entry | None]) -> str:
    """Return a digest over paths, kinds, modes, owners, times, targets and contents.

    A slice of one of the store's blobs, whose file is named by its digest, is not read.
    """
    made = hashlib.sha256()
    for entry in entries:
        if entry is None:
            continue
        row = (
            entry.path, entry.kind.value, entry.mode, entry.uid, entry.gid, entry.mtime,
            entry.target, _content(entry.content) if entry.kind is Kind.FILE else "",
        )  # fmt: skip
        made.update(repr(row).encode("utf-8", "surrogateescape") + b"\n")
    return Digest.from_hex(made.hexdigest()).text


def _content(content: Content | None) -> object:
    if content is None:
        return ""
    if isinstance(content, FileSlice):
        name = content.path.rpartition("/")[2]
        if len(name) == 64 and _HEX.issuperset(name):
            return (name, content.offset, content.size)
        return _remembered(content)
    return _hashed(content)


def _remembered(content: FileSlice) -> str:
    """Return the digest of a file that may change, read again only if it did."""
    # A project's files are asked about several times; of many small ones it is opening them
    # that takes the time.
    seen = os.stat(content.path)
    state = (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino)
    known = _known.get(content)
    if known is None or known[0] != state:
        if len(_known) >= _MANY:
            _known.clear()
        _known[content] = known = (state, _hashed(content))
    return known[1]


def _hashed(content: Content) -> str:
    made, at = hashlib.sha256(), 0
    while at < content.size and (piece := content.read(at, _PIECE)):
        made.update(piece)
        at += len(piece)
    return made.hexdigest()
