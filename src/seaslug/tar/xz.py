"""xz: through a modern liblzma where the machine has one, several blocks side by side.

A stream that was written with threads has blocks whose sizes stand in the index at
its end. Such blocks are decoded in parallel, a bounded number ahead; everything
else is decoded piece by piece. Sizes are checked against a limit before memory is
asked for.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import lzma
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from seaslug.errors import HostileError

MAGIC = b"\xfd7zXZ\0"
PIECE = 16 << 20
AHEAD = 2
_MODERN = 50_060_000  # liblzma 5.6.0, as lzma_version_number() tells it
_MEMORY = 256 << 20

Map = Callable[..., Iterable[Any]]
Block = tuple[int, int, int]


def decode(data: memoryview, map: Map = map, limit: int = 16 << 30) -> Iterator[bytes]:
    """Yield what *data*, a whole xz file, unpacks to. Raises HostileError."""
    blocks = index_of(data)
    if blocks is None:
        yield from _stream(data, limit)
        return
    if sum(size for _, _, size in blocks) > limit:
        raise HostileError(f"unpacks to more than {limit} bytes")
    if all(size <= PIECE * 4 for _, _, size in blocks):
        flags = bytes(data[6:8])
        for at in range(0, len(blocks), AHEAD):
            yield from map(lambda block: _one(data, block, flags), blocks[at : at + AHEAD])
        return
    yield from _stream(data, limit)


def index_of(data: memoryview) -> list[Block] | None:
    """Return (offset, unpadded size, unpacked size) of each block of a single-stream file.

    None where the file is padded or made of several streams: then only decoding tells.
    """
    if len(data) < 32 or bytes(data[:6]) != MAGIC or bytes(data[-2:]) != b"YZ":
        return None
    back = (struct.unpack("<I", data[-8:-4])[0] + 1) * 4
    start = len(data) - 12 - back
    if start < 12 or data[start] != 0:
        return None
    index = bytes(data[start : start + back])
    if zlib.crc32(index[:-4]) != struct.unpack("<I", index[-4:])[0]:
        return None
    count, at = _varint(index, 1)
    blocks: list[Block] = []
    offset = 12
    for _ in range(min(count, 1 << 20)):
        unpadded, at = _varint(index, at)
        size, at = _varint(index, at)
        blocks.append((offset, unpadded, size))
        offset += (unpadded + 3) & ~3
    return blocks if offset == start and blocks else None


def _one(data: memoryview, block: Block, flags: bytes) -> bytes:
    """Decode one block by wrapping it into a stream of its own."""
    offset, unpadded, size = block
    padded = (unpadded + 3) & ~3
    body = b"\0\1" + _as_varint(unpadded) + _as_varint(size)
    body += bytes(-len(body) % 4)
    index = body + struct.pack("<I", zlib.crc32(body))
    head = MAGIC + flags + struct.pack("<I", zlib.crc32(flags))
    tail = struct.pack("<I", len(index) // 4 - 1) + flags
    foot = struct.pack("<I", zlib.crc32(tail)) + tail + b"YZ"
    stream = b"".join((head, data[offset : offset + padded], index, foot))
    library = _library()
    return _native(library, stream, size) if library is not None else _standard(stream, size)


def _native(library: ctypes.CDLL, stream: bytes, size: int) -> bytes:
    out = ctypes.create_string_buffer(size)
    memory = ctypes.c_uint64(_MEMORY)
    in_at, out_at = ctypes.c_size_t(0), ctypes.c_size_t(0)
    code = library.lzma_stream_buffer_decode(
        ctypes.byref(memory), 0, None, stream, ctypes.byref(in_at), len(stream),
        out, ctypes.byref(out_at), size,
    )  # fmt: skip
    if code != 0 or out_at.value != size:
        raise HostileError(f"damaged xz data (liblzma says {code})")
    return out.raw


def _standard(stream: bytes, size: int) -> bytes:
    decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
    try:
        found = decoder.decompress(stream, size + 1)
    except lzma.LZMAError as error:
        raise HostileError(f"damaged xz data: {error}") from None
    if len(found) != size:
        raise HostileError("xz data that differs from its index")
    return found


def _stream(data: memoryview, limit: int) -> Iterator[bytes]:
    """Decode stream after stream; zeros may stand between them, four at a time."""
    total, rest = 0, data
    while True:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
        for piece in _pieces(decoder, rest):
            total += len(piece)
            if total > limit:
                raise HostileError(f"unpacks to more than {limit} bytes")
            yield piece
        after = decoder.unused_data
        rest = memoryview(after.lstrip(b"\0"))
        if (len(after) - len(rest)) % 4:
            raise HostileError("xz data with odd padding")
        if not rest:
            return


def _pieces(decoder: lzma.LZMADecompressor, data: memoryview) -> Iterator[bytes]:
    try:
        while not decoder.eof:
            piece = decoder.decompress(data if decoder.needs_input else b"", PIECE)
            data = memoryview(b"")
            if piece:
                yield piece
            elif decoder.needs_input and not decoder.eof:
                raise HostileError("xz data that ends too early")
    except lzma.LZMAError as error:
        raise HostileError(f"damaged xz data: {error}") from None


@cache
def _library() -> ctypes.CDLL | None:
    """Return the machine's liblzma if it is fast (5.6 or later), else None."""
    for name in (ctypes.util.find_library("lzma"), "liblzma.so.5", "liblzma.5.dylib"):
        if not name:
            continue
        try:
            library = ctypes.CDLL(name)
            library.lzma_version_number.restype = ctypes.c_uint32
            if library.lzma_version_number() >= _MODERN:
                library.lzma_stream_buffer_decode.argtypes = [
                    ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_char_p,
                    ctypes.c_void_p, ctypes.c_size_t,
                    ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t,
                ]  # fmt: skip
                return library
        except (OSError, AttributeError):
            continue
    return None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise HostileError("a malformed xz index")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
