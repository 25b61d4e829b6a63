"""Layers laid over each other: a tree without contents, and the facts of each file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from seaslug.anatomy.capabilities import CAPABILITY
from seaslug.anatomy.facts import Facts, LayerFacts, Row
from seaslug.anatomy.secrets import Mark
from seaslug.deb.binary import Binary
from seaslug.oci.files import WHITEOUT, Placed, Root
from seaslug.tar.reader import Member
from seaslug.values.content import Inline
from seaslug.values.tree import Entry, Kind, Tree

_EMPTY = Inline(b"")


@dataclass(frozen=True, slots=True)
class Rootfs:
    """What the *layers* make together. ``base`` is how many of them are the base's, if known."""

    tree: Tree
    placed: Mapping[str, Placed]
    layers: tuple[LayerFacts, ...]
    base: int

    def facts(self, path: str) -> Facts | None:
        """Return what the ELF file at *path* says; None if it is none."""
        item = self.placed.get(path)
        if item is None:
            return None
        at, origin = item.origin
        return self.layers[at].binaries.get(origin) if at < len(self.layers) else None

    def binary(self, entry: Entry) -> Binary | None:
        """Return what the file *entry* says; None if it is no ELF file."""
        found = self.facts(entry.path)
        return found.binary if found is not None else None

    def text(self, path: str) -> str:
        """Return the text of a file that is kept, links followed; empty if there is none."""
        entry = self.tree.resolve(path)
        if entry is None or not isinstance(entry.content, Inline):
            return ""
        return entry.read().decode("utf-8", "surrogateescape")

    def head(self, path: str) -> bytes:
        """Return the first bytes of the file at *path* that may be executed and is no ELF file."""
        item = self.placed.get(path)
        return self.layers[item.origin[0]].heads.get(item.origin[1], b"") if item else b""

    def program(self, path: str) -> str:
        """Return which shell or package manager the file at *path* is; empty if none is known."""
        item = self.placed.get(path)
        return self.layers[item.origin[0]].programs.get(item.origin[1], "") if item else ""

    def secrets(self, path: str) -> tuple[Mark, ...]:
        """Return the secrets in the file at *path*."""
        item = self.placed.get(path)
        return self.layers[item.origin[0]].secrets.get(item.origin[1], ()) if item else ()

    def script(self, path: str) -> str:
        """Return what follows ``#!`` in the file at *path*; empty for anything else."""
        head = self.head(path)
        line = head.split(b"\n")[0][2:] if head.startswith(b"#!") else b""
        return line.decode("utf-8", "surrogateescape").strip()

    def of_app(self) -> tuple[str, ...]:
        """Return the paths of the application's ELF files."""
        return tuple(
            path for path, item in self.placed.items()
            if item.layer >= self.base and item.entry.kind is Kind.FILE and self.facts(path)
        )  # fmt: skip

    def packages(self) -> dict[str, str]:
        """Return the version of each package that says it is installed."""
        found: dict[str, str] = {}
        for item in self.placed.values():
            at, origin = item.origin
            found.update(self.layers[at].packages.get(origin, ()))
        return found


def rootfs(layers: Sequence[LayerFacts], base: int = 0) -> Rootfs:
    """Return what *layers* make together, of which the lowest *base* are the base's."""
    root = Root()
    for at, layer in enumerate(layers):
        root.begin()
        for row in layer.rows:
            place = root.place(row.path)
            if place.rpartition("/")[2].startswith(WHITEOUT):
                root.white_out(place)
                continue
            xattrs = _xattrs(row, layer) if row.xattrs else ()
            member = Member(
                row.path, row.kind, row.mode, row.uid, row.gid, row.mtime, row.size, row.target,
                xattrs, iter(()),
            )  # fmt: skip
            root.put(member, place, "")
        _keep_texts(root, at, layer)
    entries = [_closed(item.entry) for path, item in root.found.items() if path]
    return Rootfs(Tree(entries), dict(root.found), tuple(layers), base)


def _closed(entry: Entry) -> Entry:
    """Return a file that reads as empty unless its text is kept: its content is not at hand."""
    kept = entry.kind is not Kind.FILE or isinstance(entry.content, Inline)
    if kept:
        return entry
    # Not replace(): there may be a million of them.
    return Entry(
        entry.path, entry.kind, entry.mode, entry.uid, entry.gid, entry.mtime, entry.target,
        _EMPTY, entry.xattrs,
    )  # fmt: skip


def _xattrs(row: Row, layer: LayerFacts) -> tuple[tuple[str, bytes], ...]:
    held = {CAPABILITY: layer.capabilities.get(row.path, b"")}
    return tuple((name, held.get(name, b"")) for name in row.xattrs)


def _keep_texts(root: Root, at: int, layer: LayerFacts) -> None:
    for path, text in layer.texts.items():
        place = root.place(path)
        item = root.found.get(place)
        if item is not None and item.origin == (at, path):
            content = Inline(text.encode("utf-8", "surrogateescape"))
            root.found[place] = replace(item, entry=replace(item.entry, content=content))
