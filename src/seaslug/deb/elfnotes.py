"""The build id of an ELF file: the note that debuggers find its symbols by.

Source: the System V ABI's chapter on notes; ``NT_GNU_BUILD_ID`` of binutils.
"""

from __future__ import annotations

import struct

from seaslug.deb.elfparts import PT_NOTE, Pages, is_elf, layout
from seaslug.values.content import Content

_BUILD_ID = 3
_MAX_NOTES, _MAX_ID = 1 << 16, 64


def build_id(content: Content) -> str:
    """Return the build id of *content* in hex; empty if it has none, or is no sound ELF file."""
    pages = Pages(content)
    if not is_elf(pages.read(0, 64)):
        return ""
    try:
        parts = layout(pages)
        for kind, _, offset, _, size in parts.segments:
            if kind == PT_NOTE and size <= _MAX_NOTES:
                found = _in_notes(pages.read(offset, size), parts.order)
                if found:
                    return found
    except (struct.error, ValueError, IndexError):
        pass
    return ""


def _in_notes(data: bytes, order: str) -> str:
    at = 0
    while at + 12 <= len(data):
        names, size, kind = struct.unpack_from(order + "III", data, at)
        body = at + 12 + (names + 3) // 4 * 4
        if kind == _BUILD_ID and data[at + 12 : at + 16] == b"GNU\0" and 0 < size <= _MAX_ID:
            return data[body : body + size].hex()
        at = body + (size + 3) // 4 * 4
    return ""
