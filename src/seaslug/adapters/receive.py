"""Blobs that arrive over a network: what came before a cut is kept and not asked for again.

::

    $SEASLUG_HOME/staging/partial-<hex>    the beginning of a blob, locked by who appends to it

It is hashed again before it is gone on with, so a damaged beginning costs time only.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from seaslug.errors import IntegrityError
from seaslug.ports import Opener
from seaslug.values.descriptor import Descriptor

PREFIX = "partial-"
_COPY = 1 << 20


@dataclass
class Partial:
    """The file at *path*: the beginning of *wanted*."""

    path: str
    wanted: Descriptor
    _file: Any = field(init=False)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold it alone; another process that brings the same blob is waited for."""
        while True:
            self._file = open(self.path, "a+b", buffering=0)  # noqa: SIM115
            fcntl.flock(self._file, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.stat(self.path).st_ino == os.fstat(self._file.fileno()).st_ino:
                    break
            self._file.close()
        try:
            yield
        finally:
            if os.fstat(self._file.fileno()).st_size == 0:
                self.discard()
            self._file.close()

    def fill(self, opened: Opener) -> None:
        """Append what is missing, verified. Raises IntegrityError, and then nothing is kept."""
        begun = self._begin()
        try:
            self._append(begun, opened)
        except IntegrityError:
            self._file.truncate(0)
            if not begun[1]:
                raise
            # What lay here may have been the damaged part.
            self._append((hashlib.sha256(), 0), opened)

    def discard(self) -> None:
        """Remove it."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def _begin(self) -> tuple[Any, int]:
        """Return the hash and the size of what is here already."""
        hasher, size = hashlib.sha256(), 0
        self._file.seek(0)
        while piece := self._file.read(_COPY):
            hasher.update(piece)
            size += len(piece)
        if size > self.wanted.size:
            self._file.truncate(0)
            return hashlib.sha256(), 0
        return hasher, size

    def _append(self, begun: tuple[Any, int], opened: Opener) -> None:
        hasher, count = begun
        try:
            if count < self.wanted.size or not self.wanted.size:
                for chunk in opened(count):
                    count += len(chunk)
                    if count > self.wanted.size:
                        raise IntegrityError(
                            f"more than the {self.wanted.size} bytes that were promised",
                            where=self.wanted.digest.text,
                        )
                    hasher.update(chunk)
                    _write(self._file, chunk)
            self._check(hasher.hexdigest(), count)
        except IntegrityError:
            self._file.truncate(0)
            raise

    def _check(self, found: str, count: int) -> None:
        wanted = self.wanted
        if count != wanted.size:
            raise IntegrityError(
                f"{count} bytes instead of {wanted.size}", where=str(wanted.digest)
            )
        if found != wanted.digest.hex:
            raise IntegrityError(f"sha256:{found} came instead", where=str(wanted.digest))


def _write(file: Any, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[file.write(view) :]
