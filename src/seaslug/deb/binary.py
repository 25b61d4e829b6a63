"""What a program or library needs at run time, beyond the names of libraries.

Symbol versions needed and defined, the two kinds of search path apart, how it is linked,
and whether the file ends before its segments do.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from seaslug.deb import elf
from seaslug.deb.elf import Elf
from seaslug.deb.elfparts import (
    PT_LOAD,
    RPATH,
    RUNPATH,
    Layout,
    Pages,
    Segment,
    is_elf,
    layout,
    text,
)
from seaslug.values.content import Content

_FLAGS_1, _VERDEF, _VERDEFNUM = 0x6FFFFFFB, 0x6FFFFFFC, 0x6FFFFFFD
_VERNEED, _VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
_DF_1_NODEFLIB, _DF_1_PIE = 0x800, 0x08000000
_BASE, _WEAK = 1, 2
_PF_X = 1
_MAX_VERSIONS = 4096
_KINDS = {1: "object", 2: "program", 3: "shared", 4: "core"}


@dataclass(frozen=True, slots=True)
class Need:
    """A symbol version that is needed of a library; a weak one may be absent."""

    library: str
    version: str
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Binary:
    """A program or library.

    ``linkage`` is ``static``, ``static-pie``, ``dynamic``, ``dynamic-pie``, ``library``,
    ``object`` or ``other``. ``missing`` is the number of bytes by which the file ends before
    its segments do. ``default_libraries`` is false if it asks for its own paths alone;
    ``executable`` is how many bytes of it are mapped as code.
    """

    elf: Elf
    linkage: str
    rpath: tuple[str, ...]
    runpath: tuple[str, ...]
    needs: tuple[Need, ...]
    defines: tuple[str, ...]
    missing: int
    default_libraries: bool = True
    executable: int = 0

    @property
    def static(self) -> bool:
        """Whether it starts without any other file."""
        return self.linkage in ("static", "static-pie")

    @property
    def program(self) -> bool:
        """Whether it can be started at all."""
        return self.linkage in ("static", "static-pie", "dynamic", "dynamic-pie")


def read(content: Content) -> Binary | None:
    """Return what *content* says, or None if it is no ELF file or its headers are damaged."""
    pages = Pages(content)
    if not is_elf(pages.read(0, 64)):
        return None
    try:
        parts = layout(pages)
        return _binary(pages, parts, elf.of(pages, parts))
    except (struct.error, ValueError, IndexError):
        return None


def _binary(pages: Pages, parts: Layout, found: Elf) -> Binary:
    tags = parts.tags
    flags = tags.get(_FLAGS_1, 0)
    end = max(
        (row[2] + row[4] for row in parts.segments if row[0] == PT_LOAD and row[4]), default=0
    )
    return Binary(
        found, _linkage(parts, found, bool(flags & _DF_1_PIE)),
        rpath=_paths(pages, parts, RPATH),
        runpath=_paths(pages, parts, RUNPATH),
        needs=tuple(_needs(pages, parts)),
        defines=tuple(_defines(pages, parts)),
        missing=max(0, end - pages.size),
        default_libraries=not flags & _DF_1_NODEFLIB,
        executable=min(sum(row[4] for row in parts.segments if _code(row)), pages.size),
    )  # fmt: skip


def _code(row: Segment) -> bool:
    return row[0] == PT_LOAD and bool(row[1] & _PF_X)


def _linkage(parts: Layout, found: Elf, pie: bool) -> str:
    kind = _KINDS.get(parts.kind, "other")
    if kind == "program":
        return "dynamic" if found.interpreter or found.needed else "static"
    if kind != "shared":
        return kind if kind == "object" else "other"
    if found.interpreter and (pie or not found.soname):
        return "dynamic-pie"
    bare = not found.needed and not found.soname and not found.interpreter
    return "static-pie" if bare and (pie or parts.entry) else "library"


def _paths(pages: Pages, parts: Layout, tag: int) -> tuple[str, ...]:
    return tuple(filter(None, text(pages, parts, parts.tags.get(tag, -1)).split(":")))


def _needs(pages: Pages, parts: Layout) -> Iterator[Need]:
    """Yield the entries of the table of needed versions: per library a chain of versions."""
    left = _MAX_VERSIONS
    shape = struct.Struct(parts.order + "HHIII")
    other = struct.Struct(parts.order + "IHHII")
    at, _ = parts.place(parts.tags.get(_VERNEED, -1))
    for _ in range(min(parts.tags.get(_VERNEEDNUM, 0), _MAX_VERSIONS)):
        if at < 0:
            return
        _, count, file, aux, following = shape.unpack_from(pages.read(at, 16))
        library, where = text(pages, parts, file), at + aux
        for _ in range(count):
            _, flags, _, name, step = other.unpack_from(pages.read(where, 16))
            yield Need(library, text(pages, parts, name), bool(flags & _WEAK))
            left -= 1
            if not left:
                raise ValueError("needed versions")
            if not step:
                break
            where += step
        if not following:
            return
        at += following


def _defines(pages: Pages, parts: Layout) -> Iterator[str]:
    """Yield the versions that are defined, without the library's own name."""
    shape = struct.Struct(parts.order + "HHHHIII")
    at, _ = parts.place(parts.tags.get(_VERDEF, -1))
    for _ in range(min(parts.tags.get(_VERDEFNUM, 0), _MAX_VERSIONS)):
        if at < 0:
            return
        _, flags, _, count, _, aux, following = shape.unpack_from(pages.read(at, 20))
        if count and not flags & _BASE:
            (name,) = struct.unpack_from(parts.order + "I", pages.read(at + aux, 4))
            yield text(pages, parts, name)
        if not following:
            return
        at += following
