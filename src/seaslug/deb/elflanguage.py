"""Which language and compiler made a program, as far as it says so.

Sources: Go's debug/buildinfo and note formats, the ``.comment`` section that compilers
write, and the path that Rust's standard library leaves in its panic messages.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from seaslug.deb.elfparts import PT_LOAD, PT_NOTE, Layout, Pages, is_elf, layout
from seaslug.values.content import Content

_GO_MAGIC = b"\xff Go buildinf:"
_INLINE = 2
_WRITABLE = 2
_SCAN = 64 << 10
_MAX_NAMES, _MAX_SECTIONS = 1 << 20, 1 << 14
_MAX_RODATA, _MAX_COMMENT = 16 << 20, 64 << 10
_RUST = re.compile(rb"rustc version ([0-9][0-9a-z.-]{0,30})")
_RUST_PATH = re.compile(rb"/rustc/(?:[0-9a-f]{40}|[0-9.]{5,12})/")
_NIM = re.compile(rb"\x00(?:fatal|system|alloc|iterators)\.nim\x00")
_GO_VERSION = re.compile(rb"go[0-9][ -~]{0,60}")

Section = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Language:
    """``name`` is Go, Rust, Nim, Zig or empty; ``version`` the compiler's, if it is told.

    ``where`` names the part of the file that says so, ``compilers`` are the lines of
    ``.comment``.
    """

    name: str
    version: str
    where: str
    compilers: tuple[str, ...]


def language(content: Content) -> Language | None:
    """Return what is known of how *content* was made; None if it is no ELF file, or damaged."""
    pages = Pages(content)
    if not is_elf(pages.read(0, 64)):
        return None
    try:
        return _language(pages, layout(pages))
    except (struct.error, ValueError, IndexError):
        return None


def _language(pages: Pages, parts: Layout) -> Language:
    known = sections(pages, parts)
    offset, size = known.get(".comment", (0, 0))
    comment = pages.read(offset, min(size, _MAX_COMMENT))
    rows = tuple(dict.fromkeys(comment.decode("utf-8", "replace").strip("\0").split("\0")))
    said = tuple(row for row in rows if row)
    name, version, where = (
        _go(pages, parts, known) or _told(comment) or _traces(pages, known) or ("", "", "")
    )
    return Language(name, version, where, said)


def _go(pages: Pages, parts: Layout, known: dict[str, Section]) -> tuple[str, str, str] | None:
    offset, size = known.get(".go.buildinfo", (0, 0))
    if not size:
        writable = (row for row in parts.segments if row[0] == PT_LOAD and row[1] & _WRITABLE)
        _, _, offset, _, size = next(writable, (0, 0, 0, 0, 0))
    raw = pages.read(offset, min(size, _SCAN))
    at = raw.find(_GO_MAGIC)
    if at >= 0 and at + 33 <= len(raw):
        version = b""
        if raw[at + 15] & _INLINE:
            version = raw[at + 33 : at + 33 + min(raw[at + 32], 127)]
        told = _GO_VERSION.fullmatch(version)
        return "Go", told[0].decode()[2:] if told else "", ".go.buildinfo"
    for kind, _, offset, _, size in parts.segments:
        note = pages.read(offset, min(size, _SCAN)) if kind == PT_NOTE else b""
        if note[12:16] == b"Go\0\0":
            return "Go", "", ".note.go.buildid"
    return None


def _told(comment: bytes) -> tuple[str, str, str] | None:
    rust = _RUST.search(comment)
    if rust:
        return "Rust", rust[1].decode(), ".comment"
    return ("Zig", "", ".comment") if b"zig" in comment else None


def _traces(pages: Pages, known: dict[str, Section]) -> tuple[str, str, str] | None:
    """Look for what a standard library leaves in the constants of a program."""
    offset, size = known.get(".rodata", (0, 0))
    raw = pages.read(offset, min(size, _MAX_RODATA))
    if _RUST_PATH.search(raw):
        return "Rust", "", ".rodata"
    return ("Nim", "", ".rodata") if _NIM.search(raw) else None


def sections(pages: Pages, parts: Layout) -> dict[str, Section]:
    """Return file offset and size of each section that is in the file, by name."""
    table, step, count, index = parts.sections
    wide, order = parts.wide, parts.order
    if not table or not count or step < (64 if wide else 40) or count > _MAX_SECTIONS:
        return {}
    raw = pages.read(table, step * count)
    shape = struct.Struct(order + ("IIQQQQ" if wide else "IIIIII"))
    rows = [shape.unpack_from(raw, n * step) for n in range(len(raw) // step)]
    if index >= len(rows):
        return {}
    names = pages.read(rows[index][4], min(rows[index][5], _MAX_NAMES))
    found = {}
    for name, kind, _, _, offset, size in rows:
        end = names.find(b"\0", name)
        if kind != 8 and end >= 0:
            found[names[name:end].decode("utf-8", "replace")] = (offset, size)
    return found
