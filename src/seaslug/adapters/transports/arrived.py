"""The files of an archive that comes as a stream: large ones go to the store as they come."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from seaslug.adapters.transports.members import LIMITS, once
from seaslug.errors import HostileError
from seaslug.oci.read import MAX_MANIFEST
from seaslug.ports import BlobStore, Stored
from seaslug.tar.reader import Member, members
from seaslug.values.digest import Digest
from seaslug.values.tree import Kind

_SMALL = 256 << 10
_MAX_HELD = 16 << 20
_MAX_LINKS = 8


class Arrived:
    """What came of one tar stream, by name. Raises HostileError for what no archive needs."""

    def __init__(self, store: BlobStore, chunks: Iterable[bytes]) -> None:
        self._store = store
        self._small: dict[str, bytes] = {}
        self._large: dict[str, Stored] = {}
        self._links: dict[str, str] = {}
        self._held = 0
        for member in members(chunks, LIMITS):
            self._take(member)

    def names(self) -> Iterator[str]:
        """Yield the names of the files."""
        yield from self._small
        yield from self._large

    def text(self, name: str) -> bytes | None:
        """Return a small file's bytes, None if it is not there. Raises HostileError."""
        real = self._real(name)
        if real in self._small:
            return self._small[real]
        if real not in self._large:
            return None
        found = self._large[real]
        if found.size > MAX_MANIFEST:
            raise HostileError(f"larger than {MAX_MANIFEST >> 20} MiB", where=name)
        return self._store.read(found.digest, MAX_MANIFEST)

    def blob(self, name: str) -> Stored:
        """Return a file as a blob of the store. Raises HostileError if it is not there."""
        real = self._real(name)
        if real in self._small:
            self._large[real] = self._store.put([self._small.pop(real)])
        if real not in self._large:
            raise HostileError("is not in the archive", where=name)
        return self._large[real]

    def find(self, digest: Digest) -> Stored | None:
        """Return the blob that lies where layouts have it, if its bytes are the right ones."""
        name = f"blobs/sha256/{digest.hex}"
        if name not in self._small and name not in self._large:
            return None
        found = self.blob(name)
        return found if found.digest == digest else None

    def _take(self, member: Member) -> None:
        if member.kind is Kind.DIR:
            return
        for known in (self._small, self._large, self._links):
            once(known, member.path)
        if member.kind is Kind.SYMLINK:
            here = posixpath.dirname(member.path)
            self._links[member.path] = posixpath.normpath(posixpath.join(here, member.target))
        elif member.kind is Kind.HARDLINK:
            self._links[member.path] = member.target
        elif member.size <= _SMALL and self._held + member.size <= _MAX_HELD:
            self._held += member.size
            self._small[member.path] = b"".join(bytes(piece) for piece in member.content)
        else:
            self._large[member.path] = self._store.put(member.content)

    def _real(self, name: str) -> str:
        real = posixpath.normpath(name)
        for _ in range(_MAX_LINKS):
            if real not in self._links:
                break
            real = self._links[real]
        if real.startswith(("/", "../")) or real in self._links:
            raise HostileError("a link that leads out of the archive, or in a circle", where=name)
        return real
