"""Programs and libraries made in memory, with all that a dynamic loader looks at."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from seaslug.values.platform import Platform

AMD64 = Platform("linux", "amd64")
LOADER = AMD64.names.loader
PIE = 0x08000000
NODEFLIB = 0x800
_BASE = 0x400000

Version = tuple[str, str] | tuple[str, str, bool]


@dataclass
class Made:
    """What goes into a file. ``needs`` are (library, version[, weak]); see ``elf``.

    ``gives`` and ``takes`` are symbols, defined and undefined ones; these have no version.
    """

    soname: str = ""
    needed: Sequence[str] = ()
    rpath: str = ""
    runpath: str = ""
    needs: Sequence[Version] = ()
    defines: Sequence[str] = ()
    interpreter: str = ""
    kind: int = 3
    flags_1: int = 0
    entry: int = 0
    sections: dict[str, bytes] = field(default_factory=dict)
    gives: Sequence[str] = ()
    takes: Sequence[str] = ()


class _Strings:
    def __init__(self) -> None:
        self.data = bytearray(b"\0")

    def add(self, text: str) -> int:
        at = len(self.data)
        self.data += text.encode() + b"\0"
        return at


def elf(platform: Platform = AMD64, **what: object) -> bytes:
    """Return an ELF file for *platform* with what ``Made`` lists."""
    made = Made(**what)  # type: ignore[arg-type]
    names = platform.names
    wide, order = names.bits == 64, "<" if names.little else ">"
    head, step, pair = (64, 56, "qQ") if wide else (52, 32, "iI")
    strings = _Strings()
    tags = [(1, strings.add(name)) for name in made.needed]
    for tag, text in ((14, made.soname), (15, made.rpath), (29, made.runpath)):
        if text:
            tags.append((tag, strings.add(text)))
    needs, count = _needs(order, made.needs, strings)
    defines = _defines(order, made, strings)
    loader = made.interpreter.encode() + b"\0" if made.interpreter else b""
    table_, chains = _symbols(order, wide, made, strings)
    dynamic = bool(made.needed or made.soname or made.rpath or made.runpath or needs or defines
                   or made.flags_1 or table_)  # fmt: skip
    segments = 1 + bool(loader) + dynamic
    start = head + step * segments
    parts = [loader, needs, defines, table_, chains, strings.data]
    at = [start + sum(map(len, parts[:n])) for n in range(len(parts) + 1)]
    if needs:
        tags += [(0x6FFFFFFE, _BASE + at[1]), (0x6FFFFFFF, count)]
    if defines:
        tags += [(0x6FFFFFFC, _BASE + at[2]), (0x6FFFFFFD, len(made.defines) + 1)]
    if made.flags_1:
        tags.append((0x6FFFFFFB, made.flags_1))
    if table_:
        tags += [(6, _BASE + at[3]), (4, _BASE + at[4])]
    tags += [(5, _BASE + at[5]), (10, len(strings.data)), (0, 0)]
    table = b"".join(struct.pack(order + pair, *tag) for tag in tags) if dynamic else b""
    body = b"".join(parts) + table
    whole = start + len(body)
    rows = [_segment(order, wide, 1, 0, whole)]
    if loader:
        rows.append(_segment(order, wide, 3, at[0], len(loader)))
    if dynamic:
        rows.append(_segment(order, wide, 2, at[6], len(table)))
    tail, sections = _sections(order, wide, whole, made.sections)
    ident = bytes((0x7F, *b"ELF", 2 if wide else 1, 1 if names.little else 2, 1)) + bytes(9)
    word = "Q" if wide else "I"
    header = ident + struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH",
        made.kind, names.machine, 1, made.entry, head, sections[0], 0, head, step, segments,
        64 if wide else 40, *sections[1:],
    )  # fmt: skip
    return header + b"".join(rows) + body + tail


def _segment(order: str, wide: bool, kind: int, at: int, size: int) -> bytes:
    place = _BASE + at
    if wide:
        return struct.pack(order + "IIQQQQQQ", kind, 6, at, place, place, size, size, 8)
    return struct.pack(order + "IIIIIIII", kind, at, place, place, size, size, 6, 4)


def _needs(order: str, needs: Sequence[Version], strings: _Strings) -> tuple[bytes, int]:
    by: dict[str, list[tuple[str, bool]]] = {}
    for library, version, *weak in needs:
        by.setdefault(library, []).append((version, bool(weak and weak[0])))
    out = b""
    for n, (library, versions) in enumerate(by.items()):
        size = 16 + 16 * len(versions)
        out += struct.pack(
            order + "HHIII", 1, len(versions), strings.add(library), 16,
            size if n + 1 < len(by) else 0,
        )  # fmt: skip
        for m, (version, weak) in enumerate(versions):
            step = 16 if m + 1 < len(versions) else 0
            out += struct.pack(order + "IHHII", 0, 2 * weak, 2, strings.add(version), step)
    return out, len(by)


def _defines(order: str, made: Made, strings: _Strings) -> bytes:
    if not made.defines:
        return b""
    out = b""
    names = (made.soname or "me", *made.defines)
    for n, name in enumerate(names):
        step = 28 if n + 1 < len(names) else 0
        out += struct.pack(order + "HHHHIII", 1, n == 0, n + 1, 1, 0, 20, step)
        out += struct.pack(order + "II", strings.add(name), 0)
    return out


def _symbols(order: str, wide: bool, made: Made, strings: _Strings) -> tuple[bytes, bytes]:
    """Return the table of symbols, and a hash table that says how many there are."""
    if not (made.gives or made.takes):
        return b"", b""
    rows = [(strings.add(name), 1) for name in made.gives]
    rows += [(strings.add(name), 0) for name in made.takes]
    shape = order + ("IBBHQQ" if wide else "IIIBBH")
    out = bytes(struct.calcsize(shape))
    for name, section in rows:
        info = 1 << 4 | 2
        row = (name, info, 0, section, 0, 0) if wide else (name, 0, 0, info, 0, section)
        out += struct.pack(shape, *row)
    return out, struct.pack(order + "II", 1, len(rows) + 1)


def _sections(
    order: str, wide: bool, at: int, content: dict[str, bytes]
) -> tuple[bytes, tuple[int, int, int]]:
    """Return the sections with their table, and where it lies, its length and its names' index."""
    if not content:
        return b"", (0, 0, 0)
    names, body = _Strings(), b""
    rows = [(0, 0, 0, 0)]
    for name, data in content.items():
        rows.append((names.add(name), 1, at + len(body), len(data)))
        body += data
    own = names.add(".shstrtab")
    rows.append((own, 3, at + len(body), len(names.data)))
    body += names.data
    shape = "IIQQQQIIQQ" if wide else "IIIIIIIIII"
    table = b"".join(
        struct.pack(order + shape, name, kind, 0, 0, where, size, 0, 0, 1, 0)
        for name, kind, where, size in rows
    )
    return body + table, (at + len(body), len(rows), len(rows) - 1)
