"""The names that a program or library gives to others, and those it takes without a version.

Source: the System V ABI's chapter on the symbol table, GNU's hash table and its table of
versions. The number of symbols is said by the section table, which need not be there; else it
is what the hash table reaches.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from seaslug.deb.elfparts import Layout, Pages, is_elf, layout
from seaslug.values.content import Content

_HASH, _SYMTAB, _GNU_HASH, _VERSYM = 4, 6, 0x6FFFFEF5, 0x6FFFFFF0
_MAX_SYMBOLS, _MAX_SECTIONS = 1 << 20, 1 << 14
_DYNSYM = 11
_MAX_STRINGS, _MAX_NAME = 64 << 20, 64 << 10
_GLOBAL, _WEAK, _UNIQUE = 1, 2, 10
_HIDDEN_BIT = 0x8000
_UNVERSIONED = 1


@dataclass(frozen=True, slots=True)
class Symbols:
    """Names of dynamic symbols: *defined* here; *wanted* of others, no version named.

    Weak ones that are wanted are left out: they may be absent.
    """

    defined: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()


def symbols(content: Content) -> Symbols:
    """Return the dynamic symbols of *content*; none if it is no ELF file, or a damaged one."""
    pages = Pages(content)
    if not is_elf(pages.read(0, 64)):
        return Symbols()
    try:
        return _symbols(pages, layout(pages))
    except (struct.error, ValueError, IndexError):
        return Symbols()


def _symbols(pages: Pages, parts: Layout) -> Symbols:
    table, _ = parts.place(parts.tags.get(_SYMTAB, -1))
    count = _count(pages, parts, table) if table >= 0 else 0
    if not count or not 0 < parts.strings[1] <= _MAX_STRINGS:
        return Symbols()
    strings = _Names(pages.read(*parts.strings))
    versions = _versions(pages, parts, count)
    defined: list[str] = []
    wanted: list[str] = []
    for at, (name, info, section) in enumerate(_rows(pages, parts, table, count)):
        if info >> 4 not in (_GLOBAL, _WEAK, _UNIQUE) or not name:
            continue
        if section:
            defined.append(strings.at(name))
        elif info >> 4 == _GLOBAL and (not versions or versions[at] <= _UNVERSIONED):
            wanted.append(strings.at(name))
    return Symbols(tuple(sorted(set(defined))), tuple(sorted(set(wanted))))


def _rows(pages: Pages, parts: Layout, table: int, count: int) -> Iterator[tuple[int, int, int]]:
    """Yield (name, binding and type, section) of each symbol."""
    size = 24 if parts.wide else 16
    data = pages.read(table, size * count)
    data = data[: len(data) - len(data) % size]
    if parts.wide:
        for name, info, _, section, _, _ in struct.iter_unpack(parts.order + "IBBHQQ", data):
            yield name, info, section
    else:
        for name, _, _, info, _, section in struct.iter_unpack(parts.order + "IIIBBH", data):
            yield name, info, section


def _versions(pages: Pages, parts: Layout, count: int) -> tuple[int, ...]:
    """Return each symbol's version index; nothing if the file has no versions."""
    at, _ = parts.place(parts.tags.get(_VERSYM, -1))
    if at < 0:
        return ()
    found = struct.unpack(f"{parts.order}{count}H", pages.read(at, 2 * count))
    return tuple(one & ~_HIDDEN_BIT for one in found)


def _count(pages: Pages, parts: Layout, table: int) -> int:
    """Return the number of symbols: the section's, else that of whichever hash table there is."""
    count = _section_count(pages, parts, table)
    plain, _ = parts.place(parts.tags.get(_HASH, -1))
    quick, _ = parts.place(parts.tags.get(_GNU_HASH, -1))
    if not count and plain >= 0:
        (count,) = struct.unpack(parts.order + "I", pages.read(plain + 4, 4))
    elif not count and quick >= 0:
        count = _gnu_count(pages, parts, quick)
    if count > _MAX_SYMBOLS:
        raise ValueError("symbols")
    return int(count)


def _section_count(pages: Pages, parts: Layout, table: int) -> int:
    """Return the length of the section of dynamic symbols, 0 if there is none."""
    at, size, sections, _ = parts.sections
    wide = parts.wide
    if size != (64 if wide else 40) or sections > _MAX_SECTIONS:
        return 0
    shape = struct.Struct(parts.order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"))
    data = pages.read(at, size * sections)
    for row in shape.iter_unpack(data[: len(data) - len(data) % size]):
        if row[1] == _DYNSYM and row[4] == table:
            return int(row[5]) // (24 if wide else 16)
    return 0


def _gnu_count(pages: Pages, parts: Layout, at: int) -> int:
    """Return the index behind the last symbol that a chain of GNU's hash table ends with."""
    order = parts.order
    buckets, first, bloom, _ = struct.unpack(order + "IIII", pages.read(at, 16))
    if buckets > _MAX_SYMBOLS or bloom > _MAX_SYMBOLS:
        raise ValueError("hash table")
    at += 16 + bloom * (8 if parts.wide else 4)
    heads = struct.unpack(f"{order}{buckets}I", pages.read(at, 4 * buckets))
    last = max(heads, default=0)
    if last < first:
        return int(first)
    at += 4 * buckets + 4 * (last - first)
    while last < _MAX_SYMBOLS:
        (value,) = struct.unpack(order + "I", pages.read(at, 4))
        last, at = last + 1, at + 4
        if value & 1:
            break
    return int(last)


class _Names:
    """The table of strings. Names may share it, and so be far longer together than it is."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._left = _MAX_STRINGS

    def at(self, at: int) -> str:
        """Return the name at *at*. Raises ValueError once they are too long."""
        end = self._data.find(b"\0", at, at + _MAX_NAME)
        if end < 0 <= len(self._data) - at - _MAX_NAME:
            raise ValueError("a symbol's name")
        raw = self._data[at : end if end >= 0 else len(self._data)]
        self._left -= len(raw)
        if self._left < 0:
            raise ValueError("names of symbols")
        return raw.decode("utf-8", "surrogateescape")
