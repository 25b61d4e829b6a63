"""A zip file (jar, war) read without trusting it.

Refused, with the name of the member: absolute paths and ``..``, names that come twice,
encrypted members, links, other methods than stored and deflated, and more members or
bytes than the limits allow.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from seaslug.errors import HostileError, ProjectError
from seaslug.values.content import Content, FileSlice, Inline

MAX_MEMBERS = 500_000
MAX_TOTAL = 4 << 30
MAX_MEMBER = 512 << 20
_MAX_TABLE = 128 << 20
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_BROKEN = (EOFError, OSError, NotImplementedError, OverflowError, IndexError)
_LINK, _KIND = 0o120000, 0o170000
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Part:
    """*size* bytes at *offset* of another content."""

    content: Content
    offset: int
    size: int

    def read(self, offset: int = 0, size: int = -1) -> bytes:
        """Return *size* bytes from *offset*, both relative to the part."""
        left = max(0, self.size - offset)
        want = left if size < 0 else min(size, left)
        return self.content.read(self.offset + offset, want) if want else b""


def part(content: Content, offset: int, size: int) -> Content:
    """Return *size* bytes at *offset* of *content*, without reading them."""
    if isinstance(content, FileSlice):
        return FileSlice(content.path, content.offset + offset, size)
    return Part(content, offset, size)


class Archive:
    """The members of a zip file by name. *where* is what errors call it."""

    def __init__(self, content: Content, where: str) -> None:
        """Read the table of contents. Raises ProjectError for no zip file, HostileError."""
        self.content, self.where = content, where
        try:
            infos = zipfile.ZipFile(_Stream(content)).infolist()
        except (zipfile.BadZipFile, ValueError, struct.error, *_BROKEN) as error:
            raise ProjectError(
                f"not a jar, or a damaged one: {error}", where=where, hint="build it again"
            ) from None
        _check(infos, content.size, where)
        self._members = {info.filename: info for info in infos if not info.is_dir()}

    def names(self) -> tuple[str, ...]:
        """Return the paths of all files, in the order of the archive."""
        return tuple(self._members)

    def has(self, name: str) -> bool:
        """Tell whether there is a file called *name*."""
        return name in self._members

    def size(self, name: str) -> int:
        """Return the unpacked size of *name* in bytes."""
        return self._members[name].file_size

    def below(self, folder: str) -> Iterator[str]:
        """Yield the files below *folder*, which ends in a slash."""
        return (name for name in self._members if name.startswith(folder))

    def content_of(self, name: str) -> Content:
        """Return the content of *name*: a part of the archive itself where it is stored."""
        info = self._members[name]
        if info.compress_type == zipfile.ZIP_STORED:
            return part(self.content, self._start(info), info.file_size)
        return Inline(self._inflate(info, info.file_size))

    def read(self, name: str, limit: int = 16 << 20) -> bytes:
        """Return the bytes of *name*; raises HostileError if there are more than *limit*."""
        info = self._members[name]
        if info.file_size > limit:
            raise HostileError(f"larger than {limit} bytes", where=f"{self.where}: {name}")
        return self.content_of(name).read()

    def head(self, name: str, size: int) -> bytes:
        """Return the first *size* bytes of *name* (at most 4096), fewer if it is shorter."""
        info = self._members[name]
        start = self._start(info)
        if info.compress_type == zipfile.ZIP_STORED:
            return self.content.read(start, min(size, info.file_size))
        packed = self.content.read(start, min(info.compress_size, _HEAD))
        try:
            return zlib.decompressobj(-15).decompress(packed, size)
        except zlib.error:
            raise self._damaged(info) from None

    def _start(self, info: zipfile.ZipInfo) -> int:
        head = self.content.read(info.header_offset, _LOCAL.size)
        if len(head) < _LOCAL.size or head[:4] != b"PK\3\4":
            raise self._damaged(info)
        *_, name, extra = _LOCAL.unpack(head)
        start = info.header_offset + _LOCAL.size + name + extra
        if start + info.compress_size > self.content.size:
            raise self._damaged(info)
        return int(start)

    def _inflate(self, info: zipfile.ZipInfo, size: int) -> bytes:
        packed = self.content.read(self._start(info), info.compress_size)
        unpack = zlib.decompressobj(-15)
        try:
            data = unpack.decompress(packed, size + 1)
        except zlib.error:
            raise self._damaged(info) from None
        if len(data) != size or zlib.crc32(data) != info.CRC:
            raise self._damaged(info)
        return data

    def _damaged(self, info: zipfile.ZipInfo) -> ProjectError:
        return ProjectError(
            f"damaged: {info.filename}", where=self.where, hint="copy or build it again"
        )


def _check(infos: list[zipfile.ZipInfo], size: int, where: str) -> None:
    if len(infos) > MAX_MEMBERS:
        raise HostileError(f"more than {MAX_MEMBERS} members", where=where)
    seen: set[str] = set()
    packed = total = 0
    for info in infos:
        packed, total = packed + info.compress_size, total + info.file_size
        said = _problem(info) or ("comes twice" if info.filename in seen else "")
        if not said and info.file_size > MAX_MEMBER and info.compress_type:
            said = f"larger than {MAX_MEMBER} bytes when unpacked"
        if said:
            raise HostileError(said, where=f"{where}: {info.filename[:200]}")
        seen.add(info.filename)
    # Members that share their bytes are how a small archive becomes a huge one.
    if packed > size or total > MAX_TOTAL:
        raise HostileError(f"unpacks to more than {MAX_TOTAL} bytes, or overlaps", where=where)


def _problem(info: zipfile.ZipInfo) -> str:
    name = info.filename.removesuffix("/")
    parts = name.split("/")
    if not name or name.startswith("/") or "\\" in name or "\0" in info.orig_filename:
        return "a path that is not one of a jar"
    if any(piece in ("", ".", "..") for piece in parts) or len(name) > 4096:
        return "a path that leads out of the jar"
    if info.flag_bits & 1:
        return "is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "packed by a method that Java does not know"
    if info.compress_type == zipfile.ZIP_STORED and info.file_size != info.compress_size:
        return "has two sizes"
    return "is a link" if info.external_attr >> 16 & _KIND == _LINK else ""


class _Stream(io.RawIOBase):
    """A content as the seekable file that zipfile wants."""

    def __init__(self, content: Content) -> None:
        self._content, self._at = content, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        start = (0, self._at, self._content.size)[whence]
        if start + offset < 0:
            raise OSError("before the start")
        self._at = start + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(0, self._content.size - self._at)
        want = left if size is None or size < 0 else min(size, left)
        if want > _MAX_TABLE:
            raise ValueError("its table of contents is too large")
        data = self._content.read(self._at, want)
        self._at += len(data)
        return data
