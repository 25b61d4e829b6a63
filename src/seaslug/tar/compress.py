"""Compression of layers: bytes that do not depend on the machine, nor on the number of threads.

gzip comes from libdeflate and zstd from libzstd, both out of pinned wheels. Data is
cut into chunks of 16 MiB, each a gzip member or zstd frame of its own, so that
memory stays bounded and chunks can be compressed side by side; a concatenation of
members is a valid stream for every reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from seaslug.errors import HostileError, UsageError
from seaslug.tar.member import gzip

CHUNK = 16 << 20
Map = Callable[..., Iterable[Any]]
_DEFAULTS = {"gzip": 6, "zstd": 9, "none": 0}
_HIGHEST = {"gzip": 12, "zstd": 19, "none": 0}


@dataclass(frozen=True)
class Compression:
    """A kind (gzip, zstd or none) and its level."""

    kind: str = "gzip"
    level: int = 6

    @classmethod
    def of(cls, kind: str, level: int | None = None) -> Compression:
        """Return the compression, with the kind's own level if none is given. Raises UsageError."""
        if kind not in _DEFAULTS:
            raise UsageError(f"unknown compression {kind!r}", hint="gzip, zstd or none")
        chosen = _DEFAULTS[kind] if level is None else level
        if not (0 if kind == "none" else 1) <= chosen <= _HIGHEST[kind]:
            raise UsageError(
                f"{kind} has no level {chosen}", hint=f"levels go from 1 to {_HIGHEST[kind]}"
            )
        return cls(kind, chosen)

    @cached_property
    def identity(self) -> str:
        """Library, version and level: what decides the bytes, for keys of actions."""
        return f"{self.kind}-{self.level}-{_library(self.kind)}-{CHUNK}"

    def one(self, data: bytes | memoryview) -> bytes:
        """Return *data* compressed as one member."""
        if self.kind == "gzip":
            return gzip(data, self.level)
        if self.kind == "zstd":
            return _zstd_one(bytes(data), self.level)
        return bytes(data)


def compress(
    compression: Compression, chunks: Iterable[bytes | memoryview], map: Map = map
) -> Iterator[bytes]:
    """Yield *chunks* compressed; chunk borders of the input do not matter."""
    if compression.kind == "none":
        yield from (bytes(chunk) for chunk in chunks)
        return
    batch: list[bytes] = []
    for piece in _evenly(chunks):
        batch.append(piece)
        if len(batch) == 4:
            yield from map(compression.one, batch)
            batch = []
    yield from map(compression.one, batch)


def decompress(kind: str, chunks: Iterable[bytes], limit: int = 16 << 30) -> Iterator[bytes]:
    """Yield the plain bytes of a gzip, zstd or plain stream. Raises HostileError past *limit*."""
    total = 0
    for piece in _DECODERS[kind](chunks):
        total += len(piece)
        if total > limit:
            raise HostileError(f"unpacks to more than {limit} bytes")
        yield piece


def _evenly(chunks: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    held: list[bytes | memoryview] = []
    size = 0
    for chunk in chunks:
        view = memoryview(chunk)
        while size + len(view) >= CHUNK:
            cut = CHUNK - size
            yield b"".join((*held, view[:cut]))
            view, held, size = view[cut:], [], 0
        if len(view):
            held.append(view)
            size += len(view)
    if size:
        yield b"".join(held)


def _library(kind: str) -> str:
    if kind == "gzip":
        import deflate

        return f"libdeflate-wheel-{deflate.__version__}"
    if kind == "zstd":
        return f"zstd-{_zstd().zstd_version}"
    return "none"


def _zstd() -> Any:
    from importlib import import_module

    try:
        return import_module("compression.zstd")
    except ImportError:
        return import_module("backports.zstd")


def _zstd_one(data: bytes, level: int) -> bytes:
    zstd = _zstd()
    options = {
        zstd.CompressionParameter.compression_level: level,
        zstd.CompressionParameter.checksum_flag: 1,
    }
    return bytes(zstd.compress(data, options=options))


def _gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    import zlib

    decoder = zlib.decompressobj(31)
    fresh = True
    for chunk in chunks:
        data = chunk
        while data:
            try:
                piece = decoder.decompress(data, CHUNK)
            except zlib.error as error:
                raise HostileError(f"not gzip: {error}") from None
            fresh = False
            if piece:
                yield piece
            data = decoder.unconsumed_tail
            if decoder.eof:
                data = decoder.unused_data
                decoder, fresh = zlib.decompressobj(31), True
    if not fresh:
        raise HostileError("a gzip stream that ends too early")


def _unzstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    zstd = _zstd()
    decoder, fresh = zstd.ZstdDecompressor(), True
    for chunk in chunks:
        data = bytes(chunk)
        while data or not (fresh or decoder.needs_input or decoder.eof):
            try:
                piece = decoder.decompress(data, CHUNK)
            except zstd.ZstdError as error:
                raise HostileError(f"not zstd: {error}") from None
            fresh, data = False, b""
            if piece:
                yield piece
            if decoder.eof:
                data = decoder.unused_data
                decoder, fresh = zstd.ZstdDecompressor(), True
    if not fresh:
        raise HostileError("a zstd stream that ends too early")


_DECODERS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "gzip": _gunzip,
    "zstd": _unzstd,
    "none": lambda chunks: iter(chunks),
}
