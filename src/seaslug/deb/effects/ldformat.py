"""The bytes of /etc/ld.so.cache, as glibc's elf/cache.c lays them out.

A header, entries in the loader's order, strings. From glibc 2.33 on, strings that end
others share their bytes, and an extension behind them names the glibc-hwcaps
subdirectories and the program that wrote the file. Debian's 2.31 knows neither.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cmp_to_key

_MAGIC = b"glibc-ld.so.cache1.1"
_EXTENSION_MAGIC = 0xEAA42174
_GENERATOR, _HWCAPS = 0, 1
_HAS_HWCAPS = 1 << 62
_LITTLE, _BIG = 2, 3
_HEAD, _ROW = 48, 24


@dataclass(frozen=True, slots=True)
class Lib:
    """A library as programs ask for it, and where it lies.

    ``hwcaps`` is the glibc-hwcaps subdirectory that it lies in, ``bits`` what older
    releases' subdirectories (``sse2``) stand for.
    """

    name: str
    path: str
    flags: int
    os_version: int = 0
    hwcaps: str = ""
    bits: int = 0


@dataclass(frozen=True, slots=True)
class Libc:
    """The C library: its version, how its ldconfig signs, its byte order, its ``char``."""

    version: tuple[int, int]
    generator: str
    little: bool = True
    signed: bool = False

    @property
    def extended(self) -> bool:
        """Whether its caches have an extension and shared string tails."""
        return self.version >= (2, 33)


def cache(libs: Iterable[Lib], hwcaps: Iterable[str], libc: Libc) -> bytes:
    """Return the cache of *libs*, given in the order in which they were found.

    *hwcaps* are all glibc-hwcaps subdirectories that were seen, with libraries or without.
    """
    order = "<" if libc.little else ">"
    rows = _ordered(libs, libc.signed)
    used = sorted({lib.hwcaps for lib in rows if lib.hwcaps}, key=_raw)
    found = [text for lib in rows for text in (lib.name, lib.path)]
    texts = [_raw(text) for text in (*found, *hwcaps)]
    start = _HEAD + _ROW * len(rows)
    places, strings = _shared(texts) if libc.extended else _plain(texts)
    end = start + len(strings)
    padding = bytes(-end % 4) if libc.extended else b""
    head = struct.pack(
        order + "20sIIB3xI12x", _MAGIC, len(rows), len(strings), _LITTLE if libc.little else _BIG,
        end + len(padding) if libc.extended else 0,
    )  # fmt: skip
    body = b"".join(
        struct.pack(
            order + "iIIIQ", lib.flags, start + places[2 * at], start + places[2 * at + 1],
            lib.os_version, _HAS_HWCAPS | used.index(lib.hwcaps) if lib.hwcaps else lib.bits,
        )
        for at, lib in enumerate(rows)
    )  # fmt: skip
    tail = b""
    if libc.extended:
        where = [start + places[texts.index(_raw(name))] for name in used]
        tail = _extension(end + len(padding), where, libc.generator.encode(), order)
    return head + body + strings + padding + tail


def compare(one: str, two: str, signed: bool = False) -> int:
    """Compare two library names as the loader does: runs of digits by value.

    *signed* tells whether bytes above 127 count as negative, as they do on x86.
    """
    a, b = _raw(one), _raw(two)
    i = j = 0
    while i < len(a):
        m, n = _digits(a, i), _digits(b, j)
        if m > i and n > j:
            x, y = a[i:m].lstrip(b"0"), b[j:n].lstrip(b"0")
            if x != y:
                return 1 if (len(x), x) > (len(y), y) else -1
            i, j = m, n
        elif m > i:
            return 1
        elif n > j:
            return -1
        elif j >= len(b) or a[i] != b[j]:
            return _char(a, i, signed) - _char(b, j, signed)
        else:
            i, j = i + 1, j + 1
    return -_char(b, j, signed)


def _digits(text: bytes, at: int) -> int:
    """Return where the run of digits that begins at *at* ends."""
    while at < len(text) and 0x30 <= text[at] <= 0x39:
        at += 1
    return at


def _char(text: bytes, at: int, signed: bool) -> int:
    value = text[at] if at < len(text) else 0
    return value - 256 if signed and value > 127 else value


def _ordered(libs: Iterable[Lib], signed: bool) -> list[Lib]:
    """Return *libs* as the loader's search needs them: the name falling, the best first."""
    rows = sorted(libs, key=lambda lib: _raw(lib.hwcaps))
    rows.sort(key=_rank, reverse=True)
    rows.sort(key=cmp_to_key(lambda a, b: compare(b.name, a.name, signed)))
    return rows


def _rank(lib: Lib) -> tuple[int, bool, int, int, int]:
    return lib.flags, bool(lib.hwcaps), lib.bits.bit_count(), lib.bits, lib.os_version


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _plain(texts: Iterable[bytes]) -> tuple[list[int], bytes]:
    """Lay out every string, one after the other, however often it comes."""
    places = []
    out = bytearray()
    for text in texts:
        places.append(len(out))
        out += text + b"\0"
    return places, bytes(out)


def _shared(texts: Sequence[bytes]) -> tuple[list[int], bytes]:
    """Lay out strings, read backwards and falling, so that one's tail is shared with the next."""
    places: dict[bytes, int] = {}
    out = bytearray()
    before = b""
    for text in sorted(set(texts), key=lambda t: t[::-1], reverse=True):
        if before and before.endswith(text):
            places[text] = len(out) - 1 - len(text)
        else:
            places[text] = len(out)
            out += text + b"\0"
        before = text
    return [places[text] for text in texts], bytes(out)


def _extension(at: int, names: Sequence[int], generator: bytes, order: str) -> bytes:
    """Return the extension that begins at *at*; *names* are where the subdirectories' lie."""
    sections = 2 if names else 1
    first = at + 8 + 16 * sections
    size = 4 * len(names)
    out = struct.pack(order + "II", _EXTENSION_MAGIC, sections)
    out += struct.pack(order + "IIII", _GENERATOR, 0, first + size, len(generator))
    if names:
        out += struct.pack(order + "IIII", _HWCAPS, 0, first, size)
    return out + struct.pack(f"{order}{len(names)}I", *names) + generator
