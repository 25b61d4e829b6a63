"""Where the parts of an ELF file lie, and the few pages of it that are read.

Sources: the System V ABI's chapters on object files and dynamic linking. Damaged tables
raise struct.error or ValueError; the readers above turn that into "no ELF file".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from seaslug.values.content import Content

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE = 1, 2, 3, 4
NEEDED, STRTAB, STRSZ, SONAME, RPATH, RUNPATH = 1, 5, 10, 14, 15, 29
_PAGE = 16 << 10
_MAX_HEADERS = 1 << 16
_MAX_TABLE, _MAX_DYNAMIC = 16 << 20, 1 << 20
_SHORT, _MAX_TEXT = 64, 4096
_MAX_OFFSET = 1 << 62

Segment = tuple[int, int, int, int, int]
"""Type, flags, file offset, virtual address, size in the file."""


class Pages:
    """A content of which pages are kept once read: most parts lie near each other."""

    __slots__ = ("_pages", "content", "size")

    def __init__(self, content: Content) -> None:
        self.content = content
        self.size = content.size
        self._pages: dict[int, bytes] = {}

    def read(self, offset: int, size: int) -> bytes:
        """Return *size* bytes from *offset*, fewer where the file ends."""
        first, inside = divmod(offset, _PAGE)
        end = inside + size
        page = self._pages.get(first)
        if page is not None and end <= _PAGE:
            return page[inside:end]
        if size > _PAGE or not 0 <= offset < _MAX_OFFSET:
            return self.content.read(offset, size) if 0 <= offset < _MAX_OFFSET else b""
        found = self._page(first)[inside:end]
        return found + self._page(first + 1)[: end - _PAGE] if end > _PAGE else found

    def _page(self, number: int) -> bytes:
        found = self._pages.get(number)
        if found is None:
            found = self._pages[number] = self.content.read(number * _PAGE, _PAGE)
        return found


@dataclass(frozen=True, slots=True)
class Layout:
    """The headers. ``order`` is struct's byte order, ``wide`` 64 bits, ``kind`` e_type.

    ``sections`` are the section table's file offset, entry size, count and the index of the
    names' section; ``dynamic`` are the pairs of the dynamic section up to its end;
    ``strings`` are the dynamic string table's file offset and size, (-1, 0) if there is none.
    """

    order: str
    wide: bool
    kind: int
    machine: int
    flags: int
    entry: int
    sections: tuple[int, int, int, int]
    segments: tuple[Segment, ...]
    dynamic: tuple[tuple[int, int], ...]
    tags: dict[int, int]
    strings: tuple[int, int]

    def place(self, address: int) -> tuple[int, int]:
        """Return the file offset of a virtual address, and how many bytes follow it there.

        (-1, 0) if no segment holds it.
        """
        return _place(self.segments, address)


def is_elf(head: bytes) -> bool:
    """Tell whether the first bytes of a file are an ELF header of a width and order we know."""
    return head[:4] == b"\x7fELF" and len(head) >= 52 and head[4] in (1, 2) and head[5] in (1, 2)


def layout(pages: Pages) -> Layout:
    """Return the headers of an ELF file. Raises struct.error or ValueError if damaged."""
    head = pages.read(0, 64)
    wide, order = head[4] == 2, "<" if head[5] == 1 else ">"
    kind, machine = struct.unpack_from(order + "HH", head, 16)
    entry, at, table = struct.unpack_from(order + ("QQQ" if wide else "III"), head, 24)
    row = struct.unpack_from(order + "IHHHHHH", head, 48 if wide else 36)
    flags, _, size, count, section_size, sections, names = row
    if count and not (32 <= size <= 256 and count <= _MAX_HEADERS):
        raise ValueError("program headers")
    data = pages.read(at, size * count)
    segments = tuple(_segment(data, n * size, order, wide) for n in range(count))
    dynamic = _dynamic(pages, segments, order, wide)
    tags = dict(dynamic)
    return Layout(
        order, wide, kind, machine, flags, entry, (table, section_size, sections, names), segments,
        dynamic, tags, _strings(segments, tags),
    )  # fmt: skip


def text(pages: Pages, parts: Layout, at: int) -> str:
    """Return the string at *at* of the dynamic string table; empty if it is not in there."""
    offset, size = parts.strings
    if not 0 <= at < size:
        return ""
    raw = pages.read(offset + at, min(size - at, _SHORT))
    end = raw.find(b"\0")
    if end < 0 and len(raw) == _SHORT:
        raw = pages.read(offset + at, min(size - at, _MAX_TEXT))
        end = raw.find(b"\0")
    return raw[: end if end >= 0 else len(raw)].decode("utf-8", "surrogateescape")


def _place(segments: tuple[Segment, ...], address: int) -> tuple[int, int]:
    for kind, _, offset, start, length in segments:
        if kind == PT_LOAD and start <= address < start + length:
            return offset + address - start, start + length - address
    return -1, 0


def _strings(segments: tuple[Segment, ...], tags: dict[int, int]) -> tuple[int, int]:
    offset, left = _place(segments, tags.get(STRTAB, -1))
    size = tags.get(STRSZ, 0)
    return (offset, min(size, left)) if size <= _MAX_TABLE else (-1, 0)


def _segment(table: bytes, at: int, order: str, wide: bool) -> Segment:
    if wide:
        kind, flags, offset, address, _, size = struct.unpack_from(order + "IIQQQQ", table, at)
    else:
        kind, offset, address, _, size, _, flags = struct.unpack_from(order + "IIIIIII", table, at)
    return kind, flags, offset, address, size


def _dynamic(
    pages: Pages, segments: tuple[Segment, ...], order: str, wide: bool
) -> tuple[tuple[int, int], ...]:
    for kind, _, offset, _, size in segments:
        if kind == PT_DYNAMIC and size <= _MAX_DYNAMIC:
            data = pages.read(offset, size)
            step = 16 if wide else 8
            data = data[: len(data) - len(data) % step]
            pairs = []
            for tag, value in struct.iter_unpack(order + ("qQ" if wide else "iI"), data):
                if tag == 0:
                    break
                pairs.append((tag, value))
            return tuple(pairs)
    return ()
