"""An image's merged root as one tar stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from seaslug.oci.files import Placed
from seaslug.ops.look import View
from seaslug.tar.writer import BLOCK, END, header
from seaslug.values.content import FileSlice
from seaslug.values.tree import Entry, Kind


def flat(view: View) -> Iterator[bytes | memoryview]:
    """Yield the tar: folders and links first, then each layer's files as they come.

    A hard link whose target another layer replaced becomes a file of its own. Raises
    HostileError, StoreError.
    """
    listed = {item.entry.path: item for item in view.files}
    for item in view.files:
        if item.entry.kind in (Kind.DIR, Kind.SYMLINK):
            yield header(item.entry)
    for at in range(len(view.layers)):
        yield from _layer(view, at, listed)
    yield END


def _layer(view: View, at: int, listed: Mapping[str, Placed]) -> Iterator[bytes | memoryview]:
    wanted: dict[str, list[Entry]] = {}
    for item in listed.values():
        if item.origin[0] == at and item.entry.kind in (Kind.FILE, Kind.HARDLINK):
            wanted.setdefault(item.origin[1], []).append(item.entry)
    for path, content in view.contents(at):
        names = sorted(wanted.get(path, ()), key=lambda entry: entry.kind is Kind.HARDLINK)
        if not names:
            continue
        data = [bytes(piece) for piece in content]
        size = sum(map(len, data))
        first = replace(names[0], kind=Kind.FILE, target="", content=FileSlice("", 0, size))
        yield header(first)
        yield from data
        yield bytes(-size % BLOCK)
        for other in names[1:]:
            yield header(replace(other, target=first.path))
