"""The store as a place that images are copied from and to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seaslug.adapters.store import Store
from seaslug.adapters.transports.laid import pieces
from seaslug.errors import IntegrityError
from seaslug.oci import images
from seaslug.oci.read import MAX_MANIFEST, subject_of
from seaslug.ports import Opener
from seaslug.values.content import FileSlice
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest


class StoreSource:
    """The image called *name* in *store*: a name, or the beginning of a digest."""

    known_as = ""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name

    def top(self) -> Descriptor:
        """Return what the name stands for. Raises UnknownNameError, UsageError."""
        return images.resolve(self._store, self._name)

    def manifest(self, wanted: Descriptor) -> bytes:
        """Return a manifest's raw bytes. Raises StoreError."""
        return self._store.read(wanted.digest, MAX_MANIFEST)

    def open(self, wanted: Descriptor, offset: int = 0) -> Iterator[bytes]:
        """Yield a blob's bytes from *offset* on. Raises StoreError, IntegrityError."""
        found = self._store.get(wanted.digest)
        if found.size != wanted.size:
            said = f"{found.size} bytes instead of {wanted.size}"
            raise IntegrityError(said, where=found.path)
        return pieces(FileSlice(found.path, 0, found.size), offset)

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """Return what refers to *subject*."""
        return self._store.referrers(subject)

    def close(self) -> None:
        """Do nothing: nothing is open."""


class StoreTarget:
    """*store*, where *names* will stand for what is written; without one it is just there."""

    parallel = 4

    def __init__(self, store: Store, *names: str) -> None:
        self._store = store
        self._names = [name for name in names if name]

    def holds(self, top: Descriptor) -> bool:
        """Tell whether the names stand for *top* already."""
        tags = self._store.tags()
        known = [tags.get(name) for name in self._names]
        same = all(found is not None and found.digest == top.digest for found in known)
        return bool(known) and same and self._has(top)

    def put_blob(self, wanted: Descriptor, opened: Opener, origins: Sequence[str] = ()) -> str:
        """Bring a blob here, verified; returns ``there`` or ``sent``. Raises IntegrityError."""
        if self._has(wanted):
            return "there"
        self._store.receive(wanted, opened)
        return "sent"

    def put_manifest(self, wanted: Descriptor, raw: bytes) -> None:
        """Keep a manifest; what refers to another is found there afterwards."""
        self._keep(wanted, raw)
        if subject_of(raw):
            self._store.refer(wanted)

    def finish(self, top: Descriptor, raw: bytes) -> str:
        """Let the names stand for *top*; returns the first, or the digest where there is none."""
        if raw:
            self._keep(top, raw)
        for name in self._names:
            self._store.tag(name, top)
        return self._names[0] if self._names else top.digest.text

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def _keep(self, wanted: Descriptor, raw: bytes) -> None:
        if not self._has(wanted):
            self._store.put_verified([raw], wanted.digest, wanted.size)

    def _has(self, wanted: Descriptor) -> bool:
        found = self._store.find(wanted.digest)
        return found is not None and found.size == wanted.size
