"""Compression: streams that every reader takes, bytes that depend on nothing but the level."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import random
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.errors import HostileError, UsageError
from seaslug.tar import compress as module
from seaslug.tar.compress import CHUNK, Compression, compress, decompress
from support.debs import PACK
from support.real import need

TEXT = b"".join(b"line %d of a file\n" % n for n in range(3000))
NOISE = random.Random(1).randbytes(1 << 20)
LEVELS = [
    *(("gzip", level) for level in (1, 6, 9, 12)),
    *(("zstd", level) for level in (1, 9, 19)),
    ("none", 0),
]


def squeezed(kind: str, data: bytes, level: int | None = None) -> bytes:
    return b"".join(compress(Compression.of(kind, level), [data]))


def plain(kind: str, data: bytes, size: int = 1 << 30) -> bytes:
    return b"".join(decompress(kind, (data[at : at + size] for at in range(0, len(data), size))))


@pytest.mark.parametrize(("kind", "level"), LEVELS)
@pytest.mark.parametrize("data", [b"x", TEXT, NOISE[:1000]], ids=["byte", "text", "noise"])
def test_round_trip(kind: str, level: int, data: bytes) -> None:
    assert plain(kind, squeezed(kind, data, level)) == data


@pytest.mark.parametrize("kind", ["gzip", "zstd", "none"])
def test_nothing_gives_nothing(kind: str) -> None:
    assert squeezed(kind, b"") == b""
    assert plain(kind, b"") == b""


@pytest.mark.parametrize("level", [1, 6, 12])
def test_gzip_holds_no_time_and_no_name(level: int) -> None:
    raw = squeezed("gzip", TEXT, level)
    assert raw[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
    assert raw[9] == 255
    assert gzip.decompress(raw) == TEXT


@pytest.mark.parametrize(("kind", "program"), [("gzip", "gzip"), ("zstd", "zstd")])
def test_the_usual_programs_read_it(kind: str, program: str) -> None:
    path = need(program)
    raw = squeezed(kind, TEXT) + squeezed(kind, TEXT)
    done = subprocess.run([path, "-dc"], input=raw, capture_output=True, check=True)
    assert done.stdout == TEXT * 2


def test_zstd_has_a_checksum() -> None:
    """So that damage is seen even where nobody compares a digest."""
    raw = bytearray(squeezed("zstd", NOISE[:100]))
    raw[50] ^= 1
    with pytest.raises(HostileError, match="not zstd"):
        plain("zstd", bytes(raw))


def test_higher_levels_are_smaller() -> None:
    sizes = [len(squeezed("gzip", TEXT, level)) for level in (1, 6, 12)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(squeezed("zstd", TEXT, 19)) < len(squeezed("zstd", TEXT, 1))


BIG = TEXT * (CHUNK * 5 // 2 // len(TEXT))


@pytest.mark.parametrize(("kind", "level"), [("gzip", 1), ("zstd", 1)])
def test_chunks_and_threads_do_not_change_bytes(kind: str, level: int) -> None:
    how = Compression.of(kind, level)
    expected = squeezed(kind, BIG, level)
    pieces = [BIG[at : at + 1_000_003] for at in range(0, len(BIG), 1_000_003)]
    assert b"".join(compress(how, pieces)) == expected
    with ThreadPoolExecutor(2) as pool:
        assert b"".join(compress(how, map(memoryview, pieces), pool.map)) == expected
    assert plain(kind, expected, 700_001) == BIG


@settings(deadline=None, max_examples=50)
@given(st.lists(st.binary(max_size=50), max_size=20), st.integers(1, 40), st.integers(1, 70))
def test_any_cutting(pieces: list[bytes], chunk: int, size: int) -> None:
    """With small chunks, so that borders fall everywhere."""
    data = b"".join(pieces)
    for kind in ("gzip", "zstd", "none"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "CHUNK", chunk)
            raw = b"".join(compress(Compression.of(kind), pieces))
            assert raw == squeezed(kind, data)
        assert plain(kind, raw, size) == data


def test_data_is_compressed_as_it_comes() -> None:
    """A layer is never held in memory as a whole: at most four chunks are."""
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(CHUNK)

    next(compress(Compression.of("gzip", 1), endless()))
    assert taken <= 5


@pytest.mark.parametrize(
    ("kind", "level"), [("bzip2", None), ("", None), ("gzip", 0), ("gzip", 13), ("zstd", 20),
    ("zstd", -1), ("none", 1)]
)  # fmt: skip
def test_what_there_is_not(kind: str, level: int | None) -> None:
    with pytest.raises(UsageError) as caught:
        Compression.of(kind, level)
    assert caught.value.hint


def test_the_identity_tells_what_decides_the_bytes() -> None:
    found = {Compression.of(kind, level).identity for kind, level in LEVELS}
    assert len(found) == len(LEVELS)
    assert Compression.of("gzip") == Compression.of("gzip", 6)
    assert Compression.of("gzip", 6).identity.startswith("gzip-6-libdeflate")
    assert Compression.of("zstd", 9).identity.startswith("zstd-9-zstd-1.")


GOLDEN = {
    f"gzip-6-libdeflate-wheel-0.9.0-{CHUNK}":
        "660dcbe346d49f01f41d6ced1975dab52621095c80df5e53edb9ff9b0e626159",
    f"zstd-9-zstd-1.5.7-{CHUNK}":
        "45cfb86bb11ea2bf04f5d04dcedd0765850bd397d142a41c5b885a7048fcf76f",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_golden_bytes(kind: str) -> None:
    """What one identity compresses to is the same on every machine and CPU."""
    identity = Compression.of(kind).identity
    if identity not in GOLDEN:
        pytest.skip(f"no golden bytes for {identity}")
    assert hashlib.sha256(squeezed(kind, TEXT)).hexdigest() == GOLDEN[identity]


SQUEEZED = {kind: squeezed(kind, TEXT) for kind in ("gzip", "zstd")}


@pytest.mark.parametrize("kind", SQUEEZED)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_stream_that_is_cut_short(kind: str, size: int) -> None:
    raw = SQUEEZED[kind]
    for at in (1, 4, 9, 11, len(raw) // 2, len(raw) - 5, len(raw) - 1):
        with pytest.raises(HostileError):
            plain(kind, raw[:at], size)


@pytest.mark.parametrize("kind", SQUEEZED)
def test_rubbish_after_the_stream(kind: str) -> None:
    with pytest.raises(HostileError, match=f"not {kind}"):
        plain(kind, SQUEEZED[kind] + b"rubbish")


@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from(sorted(SQUEEZED)),
    st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=3),
    st.integers(1, 9000),
)
def test_changed_bytes_are_refused(kind: str, changes: list[tuple[float, int]], size: int) -> None:
    raw = bytearray(SQUEEZED[kind])
    for where, byte in changes:
        raw[int(where * len(raw))] = byte
    with contextlib.suppress(HostileError):
        assert plain(kind, bytes(raw), size) == TEXT


@pytest.mark.parametrize("kind", ["gzip", "zstd", "none"])
def test_a_bomb_is_stopped_at_the_limit(kind: str) -> None:
    bomb = squeezed(kind, bytes(CHUNK * 2))
    seen = 0

    def watch(pieces: Iterable[bytes]) -> None:
        nonlocal seen
        for piece in pieces:
            seen += len(piece)

    with pytest.raises(HostileError, match="more than 1000 bytes"):
        watch(decompress(kind, [bomb], limit=1000))
    assert seen == 0


def test_pieces_of_a_bomb_are_bounded() -> None:
    """A megabyte that unpacks to a gigabyte comes in pieces, never at once."""
    for kind in ("gzip", "zstd"):
        first = next(iter(decompress(kind, [SMALL[kind]])))
        assert len(first) <= CHUNK


SMALL = {
    "gzip": gzip.compress(bytes(CHUNK * 3), 1),
    "zstd": PACK[".zst"](bytes(CHUNK * 3)),
}
