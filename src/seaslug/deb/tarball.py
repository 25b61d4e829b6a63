"""A program from an npm package, in the shape of a Debian package, so that it is cut alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from seaslug.tar.compress import decompress
from seaslug.values.debian import Package

_PIECE = 4 << 20
Map = Callable[..., Iterable[Any]]


class Tarball:
    """The gzipped tar at *path*; it has no control stanza of its own."""

    md5sums: Mapping[str, str] = {}
    control_text = ""

    def __init__(self, path: str, package: Package) -> None:
        self._path = path
        self.control: Mapping[str, str] = {
            "Package": package.name,
            "Version": package.version,
            "Architecture": package.arch,
        }

    def __enter__(self) -> Tarball:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def data(self, map: Map = map) -> Iterator[bytes | memoryview]:
        """Yield the tar stream of the package's files."""
        return decompress("gzip", self._chunks(), limit=4 << 30)

    def _chunks(self) -> Iterator[bytes]:
        with open(self._path, "rb", buffering=0) as file:
            while chunk := file.read(_PIECE):
                yield chunk
