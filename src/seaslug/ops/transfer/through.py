"""A source whose manifests are kept in the store: what a digest names is asked for once."""

from __future__ import annotations

from collections.abc import Iterator

from seaslug.ports import BlobStore, ImageSource
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

_MAX_MANIFEST = 4 << 20


class Through:
    """*source*, read through *store*: manifests are kept, blobs that are here come from here."""

    def __init__(self, source: ImageSource, store: BlobStore) -> None:
        self._source = source
        self._store = store

    @property
    def known_as(self) -> str:
        """The repository of the source."""
        return self._source.known_as

    def top(self) -> Descriptor:
        """Return what the name stands for, as the source says now."""
        return self._source.top()

    def manifest(self, wanted: Descriptor) -> bytes:
        """Return a manifest's raw bytes; they are in the store afterwards."""
        if self._store.find(wanted.digest) is not None:
            return self._store.read(wanted.digest, _MAX_MANIFEST)
        raw = self._source.manifest(wanted)
        self._store.put_verified([raw], wanted.digest, len(raw))
        return raw

    def open(self, wanted: Descriptor, offset: int = 0) -> Iterator[bytes]:
        """Yield a blob's bytes from *offset* on, from here if it is here."""
        found = self._store.find(wanted.digest)
        if found is None or found.size != wanted.size:
            yield from self._source.open(wanted, offset)
            return
        with open(found.path, "rb", buffering=0) as file:
            file.seek(offset)
            while chunk := file.read(1 << 20):
                yield chunk

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """Return what refers to *subject*, as the source says now."""
        return self._source.referrers(subject)

    def close(self) -> None:
        """Close the source."""
        self._source.close()
