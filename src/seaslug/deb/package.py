"""A Debian package file: its control data, and its files as a tar stream.

A .deb is an ar archive of three members: ``debian-binary``, ``control.tar*`` and
``data.tar*``, in this order.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

from seaslug.deb.ar import ArMember, ar_members
from seaslug.deb.control import parse
from seaslug.errors import HostileError
from seaslug.tar import reader, xz
from seaslug.tar.compress import decompress

MAX_CONTROL = 64 << 20
_PIECE = 4 << 20
Map = Callable[..., Iterable[Any]]


class Deb:
    """A package over its bytes. Use as a context manager when opened from a file."""

    def __init__(self, data: memoryview, where: str = "deb", closing: Any = None) -> None:
        self._data = data
        self._closing = closing
        self._where = where
        found = [m for m in ar_members(data, where) if not m.name.startswith("_")]
        names = [member.name for member in found]
        if not names or names[0] != "debian-binary" or bytes(self._bytes(found[0])[:2]) != b"2.":
            raise HostileError("not a Debian package of format 2", where=where)
        self._control = self._member(found, 1, "control.tar")
        self._files = self._member(found, 2, "data.tar")

    @classmethod
    def open(cls, path: str) -> Deb:
        """Return the package in the file at *path*, mapped into memory. Raises HostileError."""
        with open(path, "rb") as file:
            try:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError:
                raise HostileError("an empty file", where=path) from None
        view = memoryview(mapped)
        try:
            return cls(view, path, mapped)
        except BaseException:
            view.release()
            raise

    def __enter__(self) -> Deb:
        return self

    def __exit__(self, *exc: object) -> None:
        # Slices of the map may still be in use by whoever holds them: they close it.
        self._data = memoryview(b"")
        self._closing = None

    @cached_property
    def control_text(self) -> str:
        """The control stanza as it stands in the package."""
        text = self._control_files.get("control")
        if text is None:
            raise HostileError("has no control file", where=self._where)
        return text.decode("utf-8", "replace").strip("\n") + "\n"

    @cached_property
    def control(self) -> dict[str, str]:
        """The control stanza, parsed."""
        return parse(self.control_text.encode())

    @cached_property
    def md5sums(self) -> dict[str, str]:
        """The package's own md5 sums by path, as shipped; empty if it has none."""
        found: dict[str, str] = {}
        for line in self._control_files.get("md5sums", b"").decode("utf-8", "replace").splitlines():
            digest, _, path = line.partition("  ")
            if len(digest) == 32 and path:
                found[path.removeprefix("./").lstrip("/")] = digest
        return found

    def data(self, map: Map = map) -> Iterator[bytes | memoryview]:
        """Yield the tar stream of the package's files."""
        return self._decoded(self._files, map)

    @cached_property
    def _control_files(self) -> dict[str, bytes]:
        limits = reader.Limits(members=1000, total=MAX_CONTROL)
        found: dict[str, bytes] = {}
        for member in reader.members(self._decoded(self._control, map), limits):
            if member.size:
                found[member.path] = b"".join(member.content)
        return found

    def _bytes(self, member: ArMember) -> memoryview:
        return self._data[member.offset : member.offset + member.size]

    def _member(self, found: list[ArMember], at: int, stem: str) -> ArMember:
        if len(found) <= at or not found[at].name.startswith(stem):
            raise HostileError(f"has no {stem} where it should be", where=self._where)
        return found[at]

    def _decoded(self, member: ArMember, map: Map) -> Iterator[bytes | memoryview]:
        data = self._bytes(member)
        suffix = member.name.rpartition("tar")[2]
        if suffix == ".xz":
            return xz.decode(data, map)
        kind = {".gz": "gzip", ".zst": "zstd", "": "none"}.get(suffix)
        if kind is None:
            raise HostileError(
                f"is compressed as {suffix!r}, which is not known", where=self._where
            )
        pieces = (data[at : at + _PIECE] for at in range(0, len(data), _PIECE))
        if kind == "none":
            return pieces
        return decompress(kind, (bytes(piece) for piece in pieces))
