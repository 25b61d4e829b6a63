"""xz: whatever a stream is made of, its bytes come out, and no others."""

from __future__ import annotations

import contextlib
import lzma
import random
import struct
import subprocess
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.errors import HostileError
from seaslug.tar import xz
from support.real import need

TEXT = b"".join(b"line %d of a file\n" % n for n in range(20_000))
NOISE = random.Random(1).randbytes(50_000)


def decoded(raw: bytes, **more: object) -> bytes:
    return b"".join(xz.decode(memoryview(raw), **more))


def blocks(data: bytes, *options: str) -> bytes:
    """Return *data* as the xz program packs it, cut into blocks."""
    program = need("xz")
    done = subprocess.run(
        [program, "-c", "-T2", "-1", *options], input=data, capture_output=True, check=True
    )
    return done.stdout


@pytest.fixture(params=["machine's liblzma", "Python's lzma"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both ways to decode a block. A slow liblzma is good enough here."""
    monkeypatch.setattr(xz, "_MODERN", 0 if request.param == "machine's liblzma" else 1 << 32)
    xz._library.cache_clear()
    if request.param == "machine's liblzma" and xz._library() is None:
        pytest.skip("this machine has no liblzma")
    yield
    xz._library.cache_clear()


@pytest.mark.parametrize("check", [lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_CRC64])
@pytest.mark.parametrize("data", [b"", b"x", TEXT, NOISE], ids=["empty", "byte", "text", "noise"])
@pytest.mark.usefixtures("library")
def test_one_block(data: bytes, check: int) -> None:
    assert decoded(lzma.compress(data, check=check, preset=1)) == data


@pytest.mark.parametrize("size", [1000, 65_536, len(TEXT) - 1, len(TEXT)])
@pytest.mark.usefixtures("library")
def test_several_blocks(size: int) -> None:
    raw = blocks(TEXT, f"--block-size={size}")
    found = xz.index_of(memoryview(raw))
    assert found is not None
    assert len(found) == -(-len(TEXT) // size)
    assert sum(block[2] for block in found) == len(TEXT)
    assert decoded(raw) == TEXT
    with ThreadPoolExecutor(2) as pool:
        assert decoded(raw, map=pool.map) == TEXT


@pytest.mark.usefixtures("library")
def test_blocks_of_other_checks_and_filters() -> None:
    raw = blocks(TEXT, "--block-size=50000", "--check=sha256", "--x86", "--lzma2=preset=0")
    assert decoded(raw) == TEXT


def test_blocks_without_sizes_in_their_headers() -> None:
    raw = blocks(TEXT, "-T1", "--block-list=1000,70000")
    assert decoded(raw) == TEXT


@pytest.mark.parametrize("padding", [0, 4, 400])
def test_several_streams_and_padding(padding: int) -> None:
    """As ``cat a.xz b.xz`` makes them, and some package builders."""
    one, two = lzma.compress(TEXT), lzma.compress(NOISE)
    assert decoded(one + bytes(padding)) == TEXT
    assert decoded(one + bytes(padding) + two + bytes(padding)) == TEXT + NOISE


@pytest.mark.parametrize("rest", [b"rubbish", b"\0\0\0", bytes(4) + b"x", xz.MAGIC])
def test_rubbish_after_the_stream(rest: bytes) -> None:
    with pytest.raises(HostileError):
        decoded(lzma.compress(TEXT) + rest)


PACKED = lzma.compress(TEXT[:3000], preset=1)


def test_a_stream_that_is_cut_short() -> None:
    for at in range(len(PACKED)):
        with pytest.raises(HostileError):
            decoded(PACKED[:at])


def test_blocks_that_are_cut_short() -> None:
    raw = blocks(TEXT[:5000], "--block-size=1000")
    for at in range(0, len(raw), 7):
        with pytest.raises(HostileError):
            decoded(raw[:at])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=3))
def test_changed_bytes_are_refused(changes: list[tuple[float, int]]) -> None:
    for seed in (PACKED, BLOCKS):
        raw = bytearray(seed)
        for where, byte in changes:
            raw[int(where * len(raw))] = byte
        with contextlib.suppress(HostileError):
            assert decoded(bytes(raw)) == TEXT[:3000]


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_are_refused(raw: bytes) -> None:
    for data in (raw, xz.MAGIC + raw, xz.MAGIC + raw + b"YZ"):
        with pytest.raises(HostileError):
            decoded(data)


def indexed(rows: list[tuple[int, int]], body: bytes = b"") -> bytes:
    """Return a stream whose index says *rows*: (unpadded size, unpacked size) of each block."""
    flags = b"\0\4"
    index = b"\0" + xz._as_varint(len(rows))
    index += b"".join(xz._as_varint(number) for row in rows for number in row)
    index += bytes(-len(index) % 4)
    index += struct.pack("<I", zlib.crc32(index))
    tail = struct.pack("<I", len(index) // 4 - 1) + flags
    head = xz.MAGIC + flags + struct.pack("<I", zlib.crc32(flags))
    return head + body + index + struct.pack("<I", zlib.crc32(tail)) + tail + b"YZ"


def joined(rows: list[tuple[int, int]]) -> bytes:
    """Return a stream of two blocks out of a good one, under an index of *rows*."""
    found = xz.index_of(memoryview(PACKED))
    assert found is not None
    offset, unpadded, _ = found[0]
    return indexed(rows, PACKED[offset : offset + (unpadded + 3 & ~3)] * len(rows))


UNPADDED = (xz.index_of(memoryview(PACKED)) or [(0, 0, 0)])[0][1]
BLOCKS = joined([(UNPADDED, 3000)])


@pytest.mark.usefixtures("library")
def test_an_index_that_tells_the_truth() -> None:
    assert decoded(joined([(UNPADDED, 3000)] * 3)) == TEXT[:3000] * 3


@pytest.mark.parametrize(
    "rows",
    [
        [(UNPADDED, 2999)],
        [(UNPADDED, 3001)],
        [(UNPADDED, 0)],
        [(UNPADDED, 60 << 20)],
        [(UNPADDED, 3000), (UNPADDED, 2999)],
        [(UNPADDED, 1 << 62)],
        [(UNPADDED - 1, 3000)],
        [(0, 3000)],
    ],
)
@pytest.mark.usefixtures("library")
def test_an_index_that_lies(rows: list[tuple[int, int]]) -> None:
    with pytest.raises(HostileError):
        decoded(joined(rows))


@pytest.mark.parametrize("raw", [lzma.compress(bytes(200_000)), joined([(UNPADDED, 3000)] * 9)])
def test_a_bomb_is_stopped_at_the_limit(raw: bytes) -> None:
    with pytest.raises(HostileError, match="more than 10000 bytes"):
        decoded(raw, limit=10_000)


def test_a_dictionary_of_gigabytes_is_refused() -> None:
    """Memory is asked for by the header, long before there are bytes to fill it."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 4096}]
    raw = bytearray(lzma.compress(b"x", filters=filters))
    at = raw.index(b"\x21\x01\x00", 12)
    raw[at + 2] = 40
    size = (raw[12] + 1) * 4
    raw[12 + size - 4 : 12 + size] = struct.pack("<I", zlib.crc32(raw[12 : 12 + size - 4]))
    with pytest.raises(HostileError):
        decoded(bytes(raw))
