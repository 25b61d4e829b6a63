"""An image out of a layout's index and blobs, wherever in files these lie."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from seaslug.adapters import rows
from seaslug.errors import HostileError, IntegrityError, SeaslugError, StoreError
from seaslug.oci import media
from seaslug.oci.read import MAX_MANIFEST, IndexManifest
from seaslug.oci.read import parse as parse_manifest
from seaslug.values.content import FileSlice
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

Find = Callable[[Digest], FileSlice | None]
_COPY = 1 << 20
_DEEP = 4


class LaidOut:
    """The image called *name* of an index; *find* tells where a blob lies."""

    known_as = ""

    def __init__(self, index: Mapping[str, Any], find: Find, name: str, where: str) -> None:
        self._rows = index["manifests"]
        self._find = find
        self._name = name
        self._where = where

    def top(self) -> Descriptor:
        """Return what the name stands for. Raises UnknownNameError, UsageError."""
        if self._name.startswith("@"):
            wanted = Digest(self._name[1:])
            for found in self._within(rows.descriptor_of(row) for row in self._rows):
                if found.digest == wanted:
                    return found
        return rows.pick(self._rows, self._name, self._where)

    def manifest(self, wanted: Descriptor) -> bytes:
        """Return a manifest's raw bytes. Raises StoreError, IntegrityError, HostileError."""
        if wanted.size > MAX_MANIFEST:
            raise HostileError(f"larger than {MAX_MANIFEST >> 20} MiB", where=str(wanted.digest))
        raw = b"".join(self.open(wanted))
        if Digest.of(raw) != wanted.digest:
            raise IntegrityError(f"{Digest.of(raw)} instead of {wanted.digest}", where=self._where)
        return raw

    def open(self, wanted: Descriptor, offset: int = 0) -> Iterator[bytes]:
        """Yield a blob's bytes from *offset* on. Raises StoreError, IntegrityError."""
        found = self._find(wanted.digest)
        if found is None:
            raise StoreError(f"{wanted.digest} is not in it", where=self._where)
        if found.size != wanted.size:
            said = f"{found.size} bytes instead of {wanted.size}"
            raise IntegrityError(said, where=f"{self._where}: {wanted.digest}")
        return pieces(found, offset)

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """Return what names *subject* as its subject; manifests that are not whole do not."""
        return rows.referring(self._rows, subject, self._leniently)

    def close(self) -> None:
        """Do nothing: files are open only while they are read."""

    def _leniently(self, wanted: Descriptor) -> bytes:
        try:
            return self.manifest(wanted) if wanted.media_type in media.MANIFESTS else b""
        except SeaslugError:
            return b""

    def _within(self, tops: Iterator[Descriptor], depth: int = 0) -> Iterator[Descriptor]:
        """Yield *tops* and what lies in those that are indexes."""
        for top in tops:
            yield top
            if top.media_type in media.INDICES and depth < _DEEP:
                found = parse_manifest(self.manifest(top), self._where)
                if isinstance(found, IndexManifest):
                    yield from self._within((e.descriptor for e in found.entries), depth + 1)


def pieces(part: FileSlice, offset: int = 0) -> Iterator[bytes]:
    """Yield the bytes of *part* from *offset* on. Raises StoreError, IntegrityError."""
    try:
        handle = os.open(part.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise StoreError("is no file", where=part.path)
            file.seek(part.offset + offset)
            left = part.size - offset
            while left > 0:
                piece = file.read(min(left, _COPY))
                if not piece:
                    raise IntegrityError("ends too early", where=part.path)
                left -= len(piece)
                yield piece
    except OSError as error:
        raise StoreError(f"cannot be read: {error.strerror}", where=part.path) from None
