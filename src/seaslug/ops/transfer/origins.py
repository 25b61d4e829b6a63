"""Which repositories have a blob: remembered, so that a registry can mount it from there."""

from __future__ import annotations

from collections.abc import Iterable

from seaslug.ports import BlobStore
from seaslug.values.digest import Digest

_MOST = 8


def recall(store: BlobStore, digest: Digest) -> tuple[str, ...]:
    """Return the repositories, ``HOST/PATH``, that had *digest*, the latest first."""
    found = store.recall(_key(digest)) or {}
    names = found.get("repositories")
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def remember(store: BlobStore, digests: Iterable[Digest], repository: str) -> None:
    """Note that *repository* has these blobs."""
    for digest in digests:
        known = recall(store, digest)
        if known[:1] != (repository,):
            names = [repository, *(name for name in known if name != repository)][:_MOST]
            store.remember(_key(digest), {"repositories": names})


def _key(digest: Digest) -> Digest:
    return Digest.of(f"origins 1 {digest}".encode())
