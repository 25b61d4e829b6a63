"""Archives on disk, read in place: where each member lies. Packed ones are unpacked beside."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from typing import IO

from seaslug.errors import HostileError, StoreError
from seaslug.tar.compress import decompress
from seaslug.tar.reader import Limits, Source, members
from seaslug.values.content import FileSlice
from seaslug.values.tree import Kind

LIMITS = Limits(members=200_000, total=256 << 30)
_MAX_PLAIN = 64 << 30
_PIECE = 1 << 20
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_OTHERS = {b"BZh": "bzip2", b"\xfd7zXZ": "xz"}


class Members:
    """The regular files of the tar at *path*, by name."""

    def __init__(self, path: str) -> None:
        """Raises StoreError if it cannot be read, HostileError if it is no sound tar."""
        self.path = path
        self._spooled: IO[bytes] | None = None
        with opened(path) as file:
            kind = packing(file.read(6), path)
            file.seek(0)
            try:
                self._found = self._spool(file, kind) if kind else located(file, path)
            except BaseException:
                self.close()
                raise

    def find(self, name: str) -> FileSlice | None:
        """Return where the member *name* lies, or None."""
        return self._found.get(name)

    def close(self) -> None:
        """Remove what was unpacked."""
        if self._spooled is not None:
            self._spooled.close()
            self._spooled = None

    def _spool(self, file: IO[bytes], kind: str) -> dict[str, FileSlice]:
        import tempfile

        try:
            self._spooled = tempfile.NamedTemporaryFile(prefix="seaslug-")  # noqa: SIM115
            for piece in decompress(kind, read_pieces(file), _MAX_PLAIN):
                self._spooled.write(piece)
            self._spooled.flush()
        except OSError as error:
            raise StoreError(
                f"cannot be unpacked: {error.strerror}", where=self.path,
                hint="set TMPDIR to a folder with more room",
            ) from None  # fmt: skip
        self._spooled.seek(0)
        return located(self._spooled, self._spooled.name)


class _Seeking(Source):
    """A file as a source whose content is passed over, and remembered by its place."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(())
        self._file = file
        self._end = file.seek(0, os.SEEK_END)
        self._now = 0
        self.content = 0
        file.seek(0)

    def exact(self, size: int, what: str) -> memoryview:
        data = self._file.read(size)
        if len(data) != size:
            raise HostileError("ends too early", where=what)
        self._now += size
        return memoryview(data)

    def pieces(self, size: int, what: str) -> Iterator[memoryview]:
        self.content = self._now
        self._now += size
        if self._now > self._end:
            raise HostileError("ends too early", where=what)
        self._file.seek(self._now)
        return iter(())

    def ended(self) -> bool:
        return self._now >= self._end


def located(file: IO[bytes], path: str) -> dict[str, FileSlice]:
    """Return where the regular files of the plain tar *file* lie. Raises HostileError."""
    source = _Seeking(file)
    found: dict[str, FileSlice] = {}
    for member in members(source, LIMITS):
        if member.kind is Kind.FILE:
            once(found, member.path)
            found[member.path] = FileSlice(path, source.content, member.size)
    return found


def once(found: Iterable[str], name: str) -> None:
    """Refuse a second member of one name: readers would differ in which one they see."""
    if name in found:
        raise HostileError("is twice in the archive", where=name)


def packing(head: bytes, where: str) -> str:
    """Return ``gzip`` or ``zstd`` if *head* begins a file packed so, else an empty string."""
    for magic, kind in _OTHERS.items():
        if head.startswith(magic):
            raise StoreError(
                f"is packed with {kind}, which no engine reads", where=where, hint="unpack it first"
            )
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")


@contextlib.contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """Open the regular file at *path* for reading. Raises StoreError."""
    try:
        handle = os.open(os.path.expanduser(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"cannot be read: {error.strerror}", where=path) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise StoreError("is no file", where=path)
    with open(handle, "rb") as file:
        yield file


def read_pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Yield what is left of *file*."""
    while piece := file.read(_PIECE):
        yield piece
