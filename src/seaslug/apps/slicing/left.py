"""What remains of an application's layer once slicing has left out modules or sources of it.

A package's own list of its files, RECORD, is kept true: it names what is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from seaslug.deb.effects.pyc import instead_of, source_of
from seaslug.values.content import Inline
from seaslug.values.tree import Entry, Kind

LEFT_VERSION = 4


def left(entries: Iterable[Entry], cuts: Iterable[str], *, bytecode: bool) -> tuple[Entry, ...]:
    """Return *entries* without the paths *cuts* and the bytecode of these.

    With *bytecode*, sources that have some go, and it stands in their place; sources without
    stay as they are.
    """
    found, gone = tuple(entries), frozenset(cuts)
    compiled = {e.path: source_of(e.path) for e in found if "/__pycache__/" in e.path}
    instead = frozenset(compiled.values()) - gone if bytecode else frozenset()
    kept = []
    for entry in found:
        source = compiled.get(entry.path, entry.path)
        if source in gone or entry.path in instead:
            continue
        if entry.path in compiled and source in instead:
            kept.append(instead_of(entry))
        elif entry.path.endswith(".dist-info/RECORD") and entry.kind is Kind.FILE:
            kept.append(_record(entry, gone, instead))
        else:
            kept.append(entry)
    return tuple(kept)


def _record(entry: Entry, gone: frozenset[str], instead: frozenset[str]) -> Entry:
    """Return RECORD with what is there; bytecode is listed without a digest, as pip does."""
    top = entry.path.rsplit("/", 2)[0] + "/"
    rows = []
    for row in entry.read().decode("utf-8", "replace").splitlines():
        quote = '"' if row.startswith('"') else ""
        name = row[1:].partition('"')[0] if quote else row.partition(",")[0]
        if top + name in instead:
            rows.append(f"{quote}{name}c{quote},,")
        elif top + name not in gone:
            rows.append(row)
    text = "".join(f"{row}\n" for row in sorted(rows))
    return replace(entry, content=Inline(text.encode()))
