"""One gzip member, the same bytes on every machine: see :mod:`seaslug.tar.compress`."""

from __future__ import annotations


def gzip(data: bytes | memoryview, level: int) -> bytes:
    """Return *data* compressed as one member."""
    from deflate import gzip_compress

    return bytes(gzip_compress(data, level))


def plain(data: bytes, limit: int) -> bytes:
    """Return what the gzip members *data* hold. Raises ValueError if broken or over *limit*."""
    import zlib

    made, left = [], limit
    while data:
        decoder = zlib.decompressobj(31)
        try:
            piece = decoder.decompress(data, left + 1)
        except zlib.error as error:
            raise ValueError(f"not gzip: {error}") from None
        left -= len(piece)
        if left < 0 or not decoder.eof:
            raise ValueError("a gzip stream that is too long, or ends too early")
        made.append(piece)
        data = decoder.unused_data
    return b"".join(made)
