"""What each layer does to those below it: adds, changes, removes; what they make together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from seaslug.anatomy.facts import LayerFacts, Row
from seaslug.oci.files import OPAQUE, WHITEOUT, Root
from seaslug.tar.reader import Member
from seaslug.values.tree import Kind


class Mark(Enum):
    """What a layer does to a path. ``BELOW`` is what it leaves as it was."""

    ADDED = "+"
    CHANGED = "~"
    SAME = "="
    REMOVED = "-"
    BELOW = " "


class Item(NamedTuple):
    """One path, as the layer *layer* (from 0) has it; *origin* is where its content lies."""

    path: str
    row: Row
    layer: int
    mark: Mark
    origin: tuple[int, str]


class Pile:
    """Layers laid over each other, one by one: ``merged`` is what they make so far, by path."""

    def __init__(self) -> None:
        self.merged: dict[str, Item] = {}
        self.changes: list[tuple[Item, ...]] = []
        self._root = Root()
        self._folders: set[str] = set()

    def lay(self, facts: LayerFacts) -> tuple[Item, ...]:
        """Lay a layer on top; return what it does. Raises HostileError."""
        self._root.begin()
        done: dict[str, Item] = {}
        gone: dict[str, Item] = {}
        for row in facts.rows:
            place = self._root.place(row.path)
            if place.rpartition("/")[2].startswith(WHITEOUT):
                gone.update(self._white_out(place))
            elif place:
                gone.update(self._replaced(place, row))
                done[place] = self._put(place, row, gone.pop(place, None))
        found = (*done.values(), *(item._replace(mark=Mark.REMOVED) for item in gone.values()))
        self.changes.append(found)
        return found

    def pass_over(self) -> None:
        """Count a layer that cannot be read: it does nothing."""
        self._root.begin()
        self.changes.append(())

    def _put(self, place: str, row: Row, gone: Item | None) -> Item:
        at = len(self.changes)
        old = gone or self.merged.get(place)
        xattrs = tuple((name, b"") for name in row.xattrs)
        self._root.put(
            Member(row.path, row.kind, row.mode, row.uid, row.gid, row.mtime, row.size,
                   row.target, xattrs, iter(())), place, "",
        )  # fmt: skip
        mark = old.mark if old is not None and old.layer == at else _mark(row, old)
        item = Item(place, row, at, mark, self._root.found[place].origin)
        self.merged[place] = item
        self._know(place.rpartition("/")[0])
        return item

    def _know(self, folder: str) -> None:
        while folder not in self._folders:
            self._folders.add(folder)
            folder = folder.rpartition("/")[0]

    def _replaced(self, place: str, row: Row) -> dict[str, Item]:
        """Return what lies in a folder that something else takes the place of."""
        if row.kind is Kind.DIR or place not in self._folders:
            return {}
        return self._take(self._below(place))

    def _white_out(self, place: str) -> dict[str, Item]:
        head, _, name = place.rpartition("/")
        if name == OPAQUE:
            paths = self._below(head)
        else:
            hidden = f"{head}/{name[len(WHITEOUT) :]}".lstrip("/")
            paths = [hidden, *self._below(hidden)]
        self._root.white_out(place)
        return self._take(path for path in paths if path not in self._root.found)

    def _take(self, paths: Iterable[str]) -> dict[str, Item]:
        at = len(self.changes)
        found = {path: self.merged.pop(path) for path in paths if path in self.merged}
        return {path: item for path, item in found.items() if item.layer < at}

    def _below(self, folder: str) -> list[str]:
        if folder not in self._folders:
            return []
        inside = f"{folder}/" if folder else ""
        return [path for path in self.merged if path.startswith(inside)]


def after(changes: Sequence[Sequence[Item]]) -> dict[str, Item]:
    """Return the paths that are there after *changes*, lowest layer first."""
    found: dict[str, Item] = {}
    for layer in changes:
        for item in layer:
            if item.mark is Mark.REMOVED:
                found.pop(item.path, None)
            else:
                found[item.path] = item
    return found


def beside(changes: Sequence[Sequence[Item]]) -> Mapping[str, Item]:
    """Return what the last of *changes* does, and what it leaves as it was."""
    found = {path: item._replace(mark=Mark.BELOW) for path, item in after(changes[:-1]).items()}
    found.update((item.path, item) for item in changes[-1])
    return found


def hidden(changes: Sequence[Sequence[Item]], merged: Mapping[str, Item]) -> Iterator[Item]:
    """Yield each copy of a file that an upper layer replaced or removed."""
    for layer in changes:
        for item in layer:
            if item.mark is Mark.REMOVED or item.row.kind is not Kind.FILE:
                continue
            seen = merged.get(item.path)
            if seen is None or seen.origin != item.origin:
                yield item


def _mark(row: Row, old: Item | None) -> Mark:
    if old is None:
        return Mark.ADDED
    return Mark.SAME if _face(row) == _face(old.row) else Mark.CHANGED


def _face(row: Row) -> tuple[object, ...]:
    return row.kind, row.mode, row.uid, row.gid, row.target, row.digest, row.xattrs
