"""What a shared object says about itself. Reads only the parts it needs, and trusts none of it."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from seaslug.deb.elfparts import (
    NEEDED,
    PT_INTERP,
    PT_NOTE,
    RPATH,
    RUNPATH,
    SONAME,
    Layout,
    Pages,
    is_elf,
    layout,
    text,
)
from seaslug.values.content import Content

_MAX_NEEDED = 4096


@dataclass(frozen=True, slots=True)
class Elf:
    """``kind`` is e_type, ``flags`` e_flags, ``os_version`` the ABI note's kernel as 0xMMmmpp.

    ``runpath`` holds RUNPATH, or RPATH where there is no RUNPATH.
    """

    machine: int
    bits: int
    little: bool
    kind: int
    flags: int
    soname: str
    needed: tuple[str, ...]
    runpath: tuple[str, ...]
    interpreter: str
    os_version: int


def read(content: Content) -> Elf | None:
    """Return what *content* says, or None if it is no ELF file or a damaged one."""
    pages = Pages(content)
    if not is_elf(pages.read(0, 64)):
        return None
    try:
        return of(pages, layout(pages))
    except (struct.error, ValueError, IndexError):
        return None


def of(pages: Pages, parts: Layout) -> Elf:
    """Return what a file with the headers *parts* says. Raises struct.error or ValueError."""
    tags = parts.tags
    needed = [value for tag, value in parts.dynamic if tag == NEEDED]
    if len(needed) > _MAX_NEEDED:
        raise ValueError("needed libraries")
    paths = text(pages, parts, tags.get(RUNPATH, tags.get(RPATH, -1)))
    return Elf(
        parts.machine, 64 if parts.wide else 32, parts.order == "<", parts.kind, parts.flags,
        soname=text(pages, parts, tags.get(SONAME, -1)),
        needed=tuple(text(pages, parts, value) for value in needed),
        runpath=tuple(filter(None, paths.split(":"))),
        interpreter=_interpreter(pages, parts),
        os_version=_os_version(pages, parts),
    )  # fmt: skip


def _interpreter(pages: Pages, parts: Layout) -> str:
    for kind, _, offset, _, size in parts.segments:
        if kind == PT_INTERP and size <= 4096:
            return pages.read(offset, size).split(b"\0")[0].decode("utf-8", "surrogateescape")
    return ""


def _os_version(pages: Pages, parts: Layout) -> int:
    """Return the kernel version of the GNU ABI note, 0 if there is none."""
    order = parts.order
    for kind, _, offset, _, size in parts.segments:
        if kind != PT_NOTE or size > 1 << 16:
            continue
        data = pages.read(offset, size)
        at = 0
        while at + 12 <= len(data):
            name_size, size_, type_ = struct.unpack_from(order + "III", data, at)
            name = data[at + 12 : at + 12 + name_size]
            body = at + 12 + (name_size + 3) // 4 * 4
            if name == b"GNU\0" and type_ == 1 and size_ >= 16:
                system, major, minor, sub = struct.unpack_from(order + "IIII", data, body)
                return major << 16 | minor << 8 | sub if system == 0 else 0
            at = body + (size_ + 3) // 4 * 4
    return 0
