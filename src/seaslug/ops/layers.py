"""Layers: pieces and computed entries grouped by level, at most eight, each directory once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from seaslug.errors import HostileError
from seaslug.oci.image import Layer
from seaslug.oci.media import layer_type
from seaslug.ops.keys import action
from seaslug.ops.pieces import Cutter, Piece
from seaslug.ports import Stored
from seaslug.tar.writer import END, fragment
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.tree import Entry, Kind, parents

MAX_LAYERS = 8


@dataclass(frozen=True, slots=True)
class Group:
    """What one layer will hold: pieces in order, and entries that were computed.

    ``identity`` stands for all of *extra* where that is known without reading it.
    """

    name: str
    pieces: tuple[Piece, ...]
    extra: tuple[Entry, ...]
    identity: str = ""

    @property
    def size(self) -> int:
        """Uncompressed size in bytes, near enough for planning."""
        return sum(p.fragment.size for p in self.pieces) + sum(e.size for e in self.extra)


def plan(groups: Sequence[Group], mode: str, most: int = MAX_LAYERS) -> tuple[Group, ...]:
    """Return the groups as layers: ``grouped`` (*most*), ``single`` or ``per-package``."""
    full = [group for group in groups if group.pieces or group.extra]
    if mode == "single":
        return (_merge(full),) if full else ()
    if mode == "per-package":
        return tuple(part for group in full for part in _split(group))
    while len(full) > most:
        at = min(range(len(full) - 1), key=lambda i: full[i].size + full[i + 1].size)
        full[at : at + 2] = [_merge(full[at : at + 2])]
    return tuple(full)


def write(group: Group, known: Mapping[str, Entry], cutter: Cutter) -> Layer:
    """Return the group as a layer in the store. *known* says how directories look."""
    _refuse_twice(group)
    front = _fragment(group, known, cutter)
    parts = [front, *(piece.fragment for piece in group.pieces)]
    key = action("layer", 1, cutter.compression.identity, [p.digest.text for p in parts])
    found = cutter.store.recall(key)
    if found is None or (blob := cutter.store.find(Digest(found["blob"]))) is None:
        blob = cutter.store.concat([cutter.compressed(p) for p in parts], cutter.end())
        diff_id = cutter.store.hash_concat(parts, END)
        unpacked = sum(part.size for part in parts) + len(END)
        found = {"blob": blob.digest.text, "diff_id": diff_id.text, "unpacked": unpacked}
        cutter.store.remember(key, found)
    return _layer(group, blob, found["diff_id"], found["unpacked"], cutter.compression.kind)


def _fragment(group: Group, known: Mapping[str, Entry], cutter: Cutter) -> Stored:
    if not group.identity:
        return cutter.store.put(fragment(_front(group, known)))
    folders = [e for e in _front(group, known) if e.kind is Kind.DIR]
    rows = [(e.path, e.mode, e.uid, e.gid, e.mtime) for e in folders]
    key = action("front", 1, group.identity, rows)
    found = cutter.store.recall(key)
    stored = cutter.store.find(Digest(found["blob"])) if found is not None else None
    if stored is None:
        stored = cutter.store.put(fragment(_front(group, known)))
        cutter.store.remember(key, {"blob": stored.digest.text})
    return stored


def directories(groups: Sequence[Group]) -> dict[str, Entry]:
    """Return every directory that a package declares or an effect makes; effects win."""
    known: dict[str, Entry] = {}
    for group in groups:
        for piece in group.pieces:
            for entry in piece.record.directory_entries():
                known.setdefault(entry.path, entry)
    for group in groups:
        known.update((e.path, e) for e in group.extra if e.kind is Kind.DIR)
    return known


def _front(group: Group, known: Mapping[str, Entry]) -> list[Entry]:
    """Return the first entries of a layer: its directories and what was computed, by path."""
    paths = {e.path for p in group.pieces for e in p.entries} | {e.path for e in group.extra}
    time = max((p.record.mtime for p in group.pieces), default=0)
    time = time or max((e.mtime for e in group.extra), default=0)
    wanted = {parent for path in paths for parent in parents(path)}
    made = {e.path for e in group.extra}
    plain = (known.get(path, Entry(path, Kind.DIR, 0o755)) for path in wanted - made)
    entries = [replace(entry, mtime=time) for entry in plain]
    return sorted((*entries, *group.extra), key=lambda e: e.path)


def _refuse_twice(group: Group) -> None:
    """Raise HostileError if a path comes twice: engines refuse such layers."""
    origin: dict[str, str] = {}
    rows = [(path, p.record.package) for p in group.pieces for path in p.record.paths]
    for path, name in (*rows, *((e.path, "seaslug itself") for e in group.extra)):
        if path in origin:
            raise HostileError(
                f"brought by {origin[path]} and by {name}",
                where="/" + path,
                hint="leave one out: exclude, drop or only in the recipe",
            )
        origin[path] = name


def _layer(group: Group, blob: Stored, diff_id: str, unpacked: int, kind: str) -> Layer:
    descriptor = Descriptor(layer_type(kind), blob.digest, blob.size)
    return Layer(descriptor, Digest(diff_id), f"seaslug: {group.name}", unpacked)


def _merge(groups: Sequence[Group]) -> Group:
    extra = {entry.path: entry for group in groups for entry in group.extra}
    pieces = tuple(piece for group in groups for piece in group.pieces)
    return Group(" + ".join(group.name for group in groups), pieces, tuple(extra.values()))


def _split(group: Group) -> list[Group]:
    parts = [Group(f"{group.name}: {p.record.package}", (p,), ()) for p in group.pieces]
    return [*parts, Group(group.name, (), group.extra)] if group.extra else parts
