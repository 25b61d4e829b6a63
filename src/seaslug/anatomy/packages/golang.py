"""The modules that a Go program is linked from, as its linker wrote them into it.

Source: Go's debug/buildinfo: from Go 1.18 on the texts stand inline behind the header, before
that the header has the addresses of two of Go's strings.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from seaslug.anatomy.packages.model import MAX_LIBRARIES, Library, sound
from seaslug.deb.elflanguage import Section
from seaslug.deb.elfparts import Layout, Pages

_MAGIC = b"\xff Go buildinf:"
_HEADER = 32
_INLINE = 2
_MARK = 16
"""How many bytes of no text stand before and after the list of modules."""
_MOST = 16 << 20
_DEVEL = "(devel)"


def libraries(pages: Pages, parts: Layout, section: Section) -> tuple[Library, ...]:
    """Return the modules that *section*, a program's ``.go.buildinfo``, tells; its own first.

    The compiler's version is that of the module ``stdlib``. Raises struct.error, ValueError.
    """
    offset, size = section
    head = pages.read(offset, _HEADER)
    if len(head) < _HEADER or not head.startswith(_MAGIC) or size < _HEADER:
        return ()
    if head[15] & _INLINE:
        version, at = _inline(pages, offset + _HEADER)
        listed, _ = _inline(pages, at)
    else:
        version, listed = _pointed(pages, parts, head)
    lines = listed[_MARK:-_MARK].decode("utf-8", "replace").splitlines()
    compiler = sound(version.decode("utf-8", "replace").partition(" ")[0])
    found = list(_modules(lines))[:MAX_LIBRARIES]
    return (*found, Library("go", "stdlib", compiler)) if compiler else tuple(found)


def _modules(lines: list[str]) -> Iterator[Library]:
    """Yield what lines ``mod``, ``dep`` and, for the one before, ``=>`` say."""
    rows = [line.split("\t") for line in lines]
    settings = dict(row[1].partition("=")[::2] for row in rows if row[0] == "build" and row[1:])
    for at, row in enumerate(rows):
        if row[0] not in ("mod", "dep") or len(row) < 3:
            continue
        following = rows[at + 1] if at + 1 < len(rows) else [""]
        instead = following if following[0] == "=>" and len(following) > 2 else row
        name, version = sound(instead[1]), sound(instead[2])
        if row[0] == "mod" and version == _DEVEL:
            version = _revision(settings) or version
        if name:
            yield Library("go", name, version)


def _revision(settings: dict[str, str]) -> str:
    """Return the pseudo-version of a build from a checkout; empty if it was none."""
    revision, time = settings.get("vcs.revision", ""), settings.get("vcs.time", "")
    digits = "".join(char for char in time if char.isdigit())
    if not revision or len(digits) < 14:
        return ""
    return sound(f"v0.0.0-{digits[:14]}-{revision[:12]}")


def _inline(pages: Pages, at: int) -> tuple[bytes, int]:
    """Return the text whose length stands before it, and where it ends."""
    size = shift = 0
    for byte in pages.read(at, 10):
        at += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    if size > _MOST:
        raise ValueError("build information")
    return pages.read(at, size), at + size


def _pointed(pages: Pages, parts: Layout, head: bytes) -> tuple[bytes, bytes]:
    wide, order = head[14] == 8, ">" if head[15] & 1 else "<"
    shape = struct.Struct(order + ("QQ" if wide else "II"))

    def text(address: int) -> bytes:
        at, left = parts.place(address)
        start, size = shape.unpack(pages.read(at, shape.size)) if left >= shape.size else (0, 0)
        place, left = parts.place(start)
        return pages.read(place, size) if 0 < size <= min(left, _MOST) else b""

    version, listed = shape.unpack_from(head, 16)
    return text(version), text(listed)
