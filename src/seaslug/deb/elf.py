"""What a shared object says about itself. Reads only the parts it needs, and trusts none of it."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from seaslug.values.content import Content

_PT_DYNAMIC, _PT_INTERP, _PT_LOAD, _PT_NOTE = 2, 3, 1, 4
_NEEDED, _STRTAB, _STRSZ, _SONAME, _RPATH, _RUNPATH = 1, 5, 10, 14, 15, 29
_MAX_HEADERS = 1 << 16
_MAX_TABLE = 16 << 20


@dataclass(frozen=True, slots=True)
class Elf:
    """``kind`` is e_type, ``flags`` e_flags, ``os_version`` the ABI note's kernel as 0xMMmmpp."""

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
    head = content.read(0, 64)
    if head[:4] != b"\x7fELF" or len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    try:
        return _read(content, head)
    except (struct.error, ValueError, IndexError):
        return None


def _read(content: Content, head: bytes) -> Elf:
    wide, little = head[4] == 2, head[5] == 1
    order = "<" if little else ">"
    kind, machine = struct.unpack_from(order + "HH", head, 16)
    if wide:
        (offset,) = struct.unpack_from(order + "Q", head, 32)
        flags, _, size, count = struct.unpack_from(order + "IHHH", head, 48)
    else:
        (offset,) = struct.unpack_from(order + "I", head, 28)
        flags, _, size, count = struct.unpack_from(order + "IHHH", head, 36)
    if not (32 <= size <= 4096) or count > _MAX_HEADERS:
        raise ValueError("program headers")
    table = content.read(offset, size * count)
    segments = [_segment(table, at * size, order, wide) for at in range(count)]
    dynamic = _dynamic(content, segments, order, wide)
    strings = _strings(content, segments, dict(dynamic))
    one = dict(dynamic)
    paths = _text(strings, one.get(_RUNPATH, one.get(_RPATH, -1)))
    return Elf(
        machine, 64 if wide else 32, little, kind, flags,
        soname=_text(strings, one.get(_SONAME, -1)),
        needed=tuple(_text(strings, value) for tag, value in dynamic if tag == _NEEDED),
        runpath=tuple(filter(None, paths.split(":"))),
        interpreter=_interpreter(content, segments),
        os_version=_os_version(content, segments, order),
    )  # fmt: skip


Segment = tuple[int, int, int, int]


def _segment(table: bytes, at: int, order: str, wide: bool) -> Segment:
    """Return (type, file offset, virtual address, size in the file)."""
    if wide:
        kind, _, offset, address, _, size = struct.unpack_from(order + "IIQQQQ", table, at)
    else:
        kind, offset, address, _, size = struct.unpack_from(order + "IIIII", table, at)
    return kind, offset, address, size


def _dynamic(
    content: Content, segments: list[Segment], order: str, wide: bool
) -> list[tuple[int, int]]:
    for kind, offset, _, size in segments:
        if kind == _PT_DYNAMIC and size <= _MAX_TABLE:
            data = content.read(offset, size)
            step = 16 if wide else 8
            data = data[: len(data) - len(data) % step]
            pairs = list(struct.iter_unpack(order + ("qQ" if wide else "iI"), data))
            end = next((i for i, (tag, _) in enumerate(pairs) if tag == 0), len(pairs))
            return pairs[:end]
    return []


def _strings(content: Content, segments: list[Segment], dynamic: dict[int, int]) -> bytes:
    address, size = dynamic.get(_STRTAB, -1), dynamic.get(_STRSZ, 0)
    if address < 0 or size > _MAX_TABLE:
        return b""
    for kind, offset, start, length in segments:
        if kind == _PT_LOAD and start <= address < start + length:
            return content.read(offset + address - start, size)
    return b""


def _text(strings: bytes, at: int) -> str:
    if not 0 <= at < len(strings):
        return ""
    end = strings.find(b"\0", at)
    return strings[at : end if end >= 0 else len(strings)].decode("utf-8", "surrogateescape")


def _interpreter(content: Content, segments: list[Segment]) -> str:
    for kind, offset, _, size in segments:
        if kind == _PT_INTERP and size <= 4096:
            return content.read(offset, size).split(b"\0")[0].decode("utf-8", "surrogateescape")
    return ""


def _os_version(content: Content, segments: list[Segment], order: str) -> int:
    """Return the kernel version of the GNU ABI note, 0 if there is none."""
    for kind, offset, _, size in segments:
        if kind != _PT_NOTE or size > 1 << 16:
            continue
        data = content.read(offset, size)
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
