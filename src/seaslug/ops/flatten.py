"""An image's merged root, or a part of it, as one tar stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from tempfile import SpooledTemporaryFile

from seaslug.errors import UsageError
from seaslug.oci import files
from seaslug.oci.files import Placed
from seaslug.ops.look import View
from seaslug.tar.writer import BLOCK, END, header
from seaslug.values.content import FileSlice
from seaslug.values.tree import Entry, Kind

_IN_MEMORY = 16 << 20
_PIECE = 1 << 20


def flat(view: View) -> Iterator[bytes | memoryview]:
    """Yield the tar: folders and links first, then each layer's files as they come.

    A hard link whose target another layer replaced becomes a file of its own. Raises
    HostileError, StoreError.
    """
    yield from _stream(view, view.files)


def subtree(view: View, path: str, *, follow: bool) -> tuple[str, Iterator[bytes | memoryview]]:
    """Return the name of *path*, and a tar in which what is there has that name.

    The name of the root, and of ``FOLDER/.``, is empty: the tar then holds what is in it. Links
    to its folder are followed; a link itself only with *follow*. Raises UnknownNameError,
    UsageError.
    """
    tree = files.tree(view.files)
    head, _, last = path.rstrip("/").rpartition("/")
    name = "" if last in ("", ".") else last
    if not name or follow or path.endswith("/"):
        place = tree.realpath(path)
    else:
        parent = tree.realpath(head)
        place = None if parent is None else f"{parent}/{name}".lstrip("/")
    if place is None or (place and place not in tree and not tree.under(place)):
        place = view.at(path).entry.path
    entry = tree.get(place)
    if not name and entry is not None and entry.kind is not Kind.DIR:
        raise UsageError("not a folder", where=path)
    return name, _stream(view, _renamed(view.files, place, name))


def _renamed(placed: Sequence[Placed], place: str, name: str) -> list[Placed]:
    """Return what is at and below *place*, called *name*."""
    found = []
    for item in placed:
        path = item.entry.path
        if path != place and place and not path.startswith(place + "/"):
            continue
        inner = f"{name}/{path[len(place) :].lstrip('/')}".strip("/")
        if inner or item.entry.kind is Kind.DIR:
            found.append(replace(item, entry=replace(item.entry, path=inner)))
    return found


def _stream(view: View, placed: Sequence[Placed]) -> Iterator[bytes | memoryview]:
    for item in placed:
        if item.entry.kind in (Kind.DIR, Kind.SYMLINK):
            yield header(item.entry if item.entry.path else replace(item.entry, path="."))
    for at in range(len(view.layers)):
        yield from _layer(view, at, placed)
    yield END


def _layer(view: View, at: int, placed: Sequence[Placed]) -> Iterator[bytes | memoryview]:
    wanted: dict[str, list[Entry]] = {}
    for item in placed:
        if item.origin[0] == at and item.entry.kind in (Kind.FILE, Kind.HARDLINK):
            wanted.setdefault(item.origin[1], []).append(item.entry)
    for path, content in view.contents(at) if wanted else ():
        names = sorted(wanted.get(path, ()), key=lambda entry: entry.kind is Kind.HARDLINK)
        if not names:
            continue
        # How long it is, only its own layer tells: of a link's content, the image's list does not.
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as kept:
            for piece in content:
                kept.write(piece)
            size = kept.tell()
            first = replace(names[0], kind=Kind.FILE, target="", content=FileSlice("", 0, size))
            yield header(first)
            kept.seek(0)
            while chunk := kept.read(_PIECE):
                yield chunk
        yield bytes(-size % BLOCK)
        for other in names[1:]:
            yield header(replace(other, target=first.path))
