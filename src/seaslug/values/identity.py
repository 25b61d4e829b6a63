"""A digest that stands for a set of files, read only where nothing else says what they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from seaslug.values.content import Content, FileSlice
from seaslug.values.digest import Digest
from seaslug.values.tree import Entry, Kind

_PIECE = 1 << 20
_HEX = frozenset("0123456789abcdef")


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
    made, at = hashlib.sha256(), 0
    while at < content.size and (piece := content.read(at, _PIECE)):
        made.update(piece)
        at += len(piece)
    return made.hexdigest()
