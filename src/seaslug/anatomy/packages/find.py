"""Which reader a file is for."""

from __future__ import annotations

import struct

from seaslug.anatomy.packages import golang, node, python, rust
from seaslug.anatomy.packages.model import Library
from seaslug.deb.elflanguage import sections
from seaslug.deb.elfparts import Pages, is_elf, layout
from seaslug.values.content import Content

_ARCHIVES = (".jar", ".war", ".ear", ".par", ".sar", ".nar", ".kar", ".jpi", ".hpi", ".lpkg")


def is_archive(path: str) -> bool:
    """Tell whether the file at *path* is called as Java's archives are."""
    return path.lower().endswith(_ARCHIVES)


def of_text(path: str, data: bytes) -> tuple[Library, ...]:
    """Return the packages that the file at *path*, with the text *data*, tells."""
    if python.tells(path):
        return python.libraries(data)
    return node.libraries(data) if node.tells(path) else ()


def of_program(content: Content) -> tuple[Library, ...]:
    """Return the packages that the ELF file *content* was linked from, as far as it tells."""
    pages = Pages(content)
    if not is_elf(pages.read(0, 64)):
        return ()
    try:
        parts = layout(pages)
        found = sections(pages, parts)
        if ".go.buildinfo" in found:
            return golang.libraries(pages, parts, found[".go.buildinfo"])
        return rust.libraries(pages, found[".dep-v0"]) if ".dep-v0" in found else ()
    except (struct.error, ValueError, IndexError):
        return ()
