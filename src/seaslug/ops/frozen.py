"""Computed entries, kept in the store: their JSON beside one blob that holds all contents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from seaslug.ports import BlobStore
from seaslug.values.content import Content, FileSlice, Inline
from seaslug.values.digest import Digest
from seaslug.values.tree import Entry, Kind

_PIECE = 4 << 20


def freeze(entries: Iterable[Entry], store: BlobStore) -> dict[str, Any]:
    """Return *entries* as JSON-ready data, their contents put into *store* as one blob."""
    rows: list[list[Any]] = []
    listed = list(entries)
    offset = 0
    for entry in listed:
        rows.append(
            [entry.path, entry.kind.value, entry.mode, entry.uid, entry.gid, entry.mtime,
             entry.target, offset, entry.size]
        )  # fmt: skip
        offset += entry.size
    blob = store.put(piece for entry in listed for piece in _pieces(entry)) if offset else None
    return {"entries": rows, "blob": blob.digest.text if blob else ""}


def _pieces(entry: Entry) -> Iterator[bytes]:
    for at in range(0, entry.size, _PIECE):
        assert entry.content is not None
        yield entry.content.read(at, min(_PIECE, entry.size - at))


def thaw(data: Mapping[str, Any], store: BlobStore) -> tuple[Entry, ...] | None:
    """Return the entries that *data* was made from, or None if their blob is gone."""
    path = ""
    if data["blob"]:
        blob = store.find(Digest(data["blob"]))
        if blob is None:
            return None
        path = blob.path
    return tuple(_entry(row, path) for row in data["entries"])


def _entry(row: list[Any], blob: str) -> Entry:
    path, kind, mode, uid, gid, mtime, target, offset, size = row
    content: Content | None = None
    if kind == Kind.FILE.value:
        content = FileSlice(blob, offset, size) if size else Inline(b"")
    return Entry(path, Kind(kind), mode, uid, gid, mtime, target, content)
