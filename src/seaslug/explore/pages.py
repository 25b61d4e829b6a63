"""What a file is, as lines to read: text, bytes, an ELF file's parts, where a link leads.

No line has a character that a terminal would obey.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from seaslug.apps.native.loading import Loaded
from seaslug.deb.elfnotes import build_id
from seaslug.explore.changes import Item
from seaslug.explore.source import Head
from seaslug.explore.whole import Whole
from seaslug.explore.words import exact, oneline
from seaslug.rules.words import listed
from seaslug.values.content import Inline
from seaslug.values.platform import TABLE
from seaslug.values.tree import Kind, follow

MOST = 1 << 20
"""How many bytes of a file are read to show it."""
_MAX_LINE = 4096
_WIDTH = 16


def is_text(data: bytes) -> bool:
    """Tell whether *data* looks like a text: no zero byte, and few control characters."""
    sample = data[:8192]
    odd = sum(1 for byte in sample if byte < 32 and byte not in b"\t\n\r\f\x1b")
    return b"\0" not in sample and odd * 20 <= len(sample)


def text(head: Head) -> tuple[str, ...]:
    """Return the lines of a text, tabs spread; a last line tells if there is more."""
    lines = head.data.decode("utf-8", "surrogateescape").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return (*map(_line, lines), *_more(head))


def hexdump(head: Head) -> tuple[str, ...]:
    """Return the bytes, 16 a line: offset, hex, what of it is ASCII."""
    return (*(_dumped(head.data, at) for at in range(0, len(head.data), _WIDTH)), *_more(head))


def elf(item: Item, whole: Whole, head: Head | None = None) -> tuple[str, ...]:
    """Return what an ELF file says of itself, and where each library that it needs is found."""
    return tuple(map(oneline, _elf(item, whole, head)))


def walk(item: Item, whole: Whole) -> tuple[str, ...]:
    """Return the way that a link leads, step by step."""
    return tuple(map(oneline, _walk(item, whole.merged)))


def _line(line: str) -> str:
    rest = len(line) - _MAX_LINE
    shown = oneline(line[:_MAX_LINE].rstrip("\r").expandtabs(4))
    return f"{shown} … {rest} more characters" if rest > 0 else shown


def _more(head: Head) -> Iterator[str]:
    if head.cut:
        yield f"… the first {exact(len(head.data))} of {exact(head.size)}"


def _dumped(data: bytes, at: int) -> str:
    row = data[at : at + _WIDTH]
    text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
    half = " ".join(f"{byte:02x}" for byte in row[:8]), " ".join(f"{b:02x}" for b in row[8:])
    return f"{at:08x}  {half[0]:<23}  {half[1]:<23}  {text}"


def _elf(item: Item, whole: Whole, head: Head | None) -> Iterator[str]:
    facts = whole.facts(item)
    if facts is None:
        yield "not an ELF file, or its headers are damaged"
        return
    binary, found = facts.binary, facts.binary.elf
    order = "little endian" if found.little else "big endian"
    yield f"machine       {_machine(found.machine, found.bits, found.little)}"
    yield f"class         {found.bits} bits, {order}"
    yield f"linked        {binary.linkage}"
    if binary.missing:
        yield f"cut           the file ends {exact(binary.missing)} before its segments do"
    yield f"code          {exact(binary.executable)} mapped executable"
    if found.soname:
        yield f"soname        {found.soname}"
    yield f"build id      {_id(head)}"
    if found.interpreter:
        yield f"interpreter   {found.interpreter}{_there(found.interpreter, whole)}"
    for label, paths in (("RPATH", binary.rpath), ("RUNPATH", binary.runpath)):
        if paths:
            yield f"{label:<13} {':'.join(paths)}"
    if not binary.default_libraries:
        yield "search        its own paths alone (NODEFLIB)"
    yield from _needed(item, whole)
    if binary.defines:
        yield ""
        yield "defines the versions"
        yield from (f"  {name}" for name in binary.defines)


def _machine(number: int, bits: int, little: bool) -> str:
    for platform in TABLE:
        names = platform.names
        if (names.machine, names.bits, names.little) == (number, bits, little):
            return f"{names.uname} ({platform})"
    return f"number {number} of ELF's list"


def _id(head: Head | None) -> str:
    if head is None:
        return "…"
    found = build_id(Inline(head.data))
    return found or ("none in the part that was read" if head.cut else "none")


def _there(path: str, whole: Whole) -> str:
    if whole.judged is None:
        return ""
    tree = whole.judged.specimen.root.tree
    real = tree.realpath(path)
    if real is None or tree.get(real) is None:
        return "   NOT in the image"
    return "" if real == path.lstrip("/") else f"   is /{real}"


def _needed(item: Item, whole: Whole) -> Iterator[str]:
    facts = whole.facts(item)
    needed = facts.binary.elf.needed if facts is not None else ()
    if not needed or facts is None:
        return
    yield ""
    yield "needs"
    width = max(map(len, needed))
    for name in needed:
        yield f"  {name:<{width}}   {_resolved(item, name, whole)}"
        versions = [
            need.version + (" (weak)" if need.weak else "")
            for need in facts.binary.needs if need.library == name
        ]  # fmt: skip
        if versions:
            yield f"  {'':<{width}}   {listed(versions, 12)}"


def _resolved(item: Item, name: str, whole: Whole) -> str:
    facts = whole.facts(item)
    if whole.judged is None or facts is None:
        return "(not known before all layers were read)"
    libraries = whole.judged.specimen.libraries
    if libraries is None:
        return "(this platform's loader is not known)"
    first = Loaded(item.path, item.path, facts.binary, None)
    found = libraries.find(name, first, first)
    if found is None:
        return "NOT found"
    owner = whole.judged.owners.owner.get(found.real, "")
    return f"/{found.real}" + (f"   ({owner})" if owner else "")


def _walk(item: Item, merged: Mapping[str, Item]) -> tuple[str, ...]:
    """Return each link on the way; of a path, the first link in it is what is followed."""
    told: list[str] = []

    def link(path: str) -> str | None:
        here = merged.get(path)
        if here is None or here.row.kind is not Kind.SYMLINK:
            return None
        told.append(f"/{path}  ->  {here.row.target}")
        return here.row.target

    real = follow(item.path, link)
    if real is None:
        return (*told, "and so on, in a circle: it leads nowhere")
    return (*told, *_at_last(real, merged))


def _at_last(path: str, merged: Mapping[str, Item]) -> Iterator[str]:
    end = merged.get(path)
    if end is not None and end.row.kind is Kind.HARDLINK:
        yield f"/{path}  is the same file as  /{end.row.target}"
    elif end is not None:
        size = f", {exact(end.row.size)}" if end.row.kind is Kind.FILE else ""
        word = "folder" if end.row.kind is Kind.DIR else "file"
        yield f"/{path}  a {word} of layer {end.layer}{size}"
    elif not path or any(other.startswith(f"{path}/") for other in merged):
        yield f"/{path}  a folder"
    else:
        yield f"/{path}  is not there"
