"""Freeing the store of what no name leads to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from seaslug.oci import images, media
from seaslug.ports import BlobStore
from seaslug.values.digest import Digest

_SUBJECTS = (*media.MANIFESTS, *media.INDICES)
Row = tuple[Digest, int, float]


def roots(store: BlobStore) -> frozenset[Digest]:
    """Return every blob that a name leads to, with what refers to it (signatures, SBOMs).

    Raises StoreError if one of them is damaged.
    """
    found: set[Digest] = set()
    todo = list(store.tags().values())
    while todo:
        for blob in images.blobs(store, todo.pop()):
            if blob.digest not in found:
                found.add(blob.digest)
                if blob.media_type in _SUBJECTS:
                    todo += store.referrers(blob.digest)
    return frozenset(found)


def doomed(store: BlobStore, contents: Iterable[Row], before: float) -> Iterator[Row]:
    """Yield the rows of *contents* that no name leads to and that were made before *before*.

    A row is (digest, size in bytes, time of making in seconds since 1970).
    """
    rooted = roots(store)
    for row in contents:
        if row[0] not in rooted and row[2] < before:
            yield row
