"""The crates that a Rust program is linked from, if ``cargo auditable`` built it.

Source: the audit data of cargo-auditable: JSON, packed by zlib, in the section ``.dep-v0``.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from seaslug.anatomy.packages.model import MAX_LIBRARIES, Library, sound
from seaslug.deb.elflanguage import Section
from seaslug.deb.elfparts import Pages

_MOST = 8 << 20


def libraries(pages: Pages, section: Section) -> tuple[Library, ...]:
    """Return the crates that *section* tells; those that only built it are left out."""
    offset, size = section
    if size > _MOST:
        return ()
    try:
        row = json.loads(zlib.decompressobj().decompress(pages.read(offset, size), _MOST))
    except (ValueError, zlib.error, RecursionError):
        return ()
    rows = row.get("packages") if isinstance(row, dict) else None
    return tuple(_crates(rows))[:MAX_LIBRARIES] if isinstance(rows, list) else ()


def _crates(rows: list[Any]) -> Iterator[Library]:
    for row in rows:
        if isinstance(row, dict) and row.get("kind", "runtime") == "runtime":
            name, version = sound(row.get("name")), sound(row.get("version"))
            if name and version:
                yield Library("rust", name, version)
