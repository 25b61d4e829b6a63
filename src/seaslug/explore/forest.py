"""Paths as a tree with sums: folders know what lies in them, and are sorted when looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from seaslug.explore.changes import Item, Mark
from seaslug.values.tree import Kind, parents

BY_SIZE, BY_NAME = "size", "name"


class Forest:
    """The *items* by path as a tree. The root is the empty path; folders may have no item."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        self.items = items
        self._kids: dict[str, list[str]] = {"": []}
        self._sizes: dict[str, int] = {"": 0}
        self._counts: dict[str, int] = {"": 0}
        self._lost: dict[str, int] = {"": 0}
        self._sorted: dict[tuple[str, str], Sequence[str]] = {}
        self._ranks: dict[tuple[str, str], tuple[tuple[int, str], ...]] = {}
        for path, item in items.items():
            self._add(path, item)
        self._fold()

    def _add(self, path: str, item: Item) -> None:
        head = path.rpartition("/")[0]
        if head not in self._kids:
            self._grow(head)
        self._kids[head].append(path)
        if item.row.kind is Kind.DIR:
            return
        if item.mark is Mark.REMOVED:
            self._lost[head] += item.row.size
        else:
            self._sizes[head] += item.row.size
            self._counts[head] += 1

    def _grow(self, folder: str) -> None:
        self._kids[folder] = []
        self._sizes[folder] = self._counts[folder] = self._lost[folder] = 0

    def _fold(self) -> None:
        """Hang up folders that no item names, and add what lies deeper, deepest first."""
        for folder in [f for f in self._kids if f and f not in self.items]:
            while folder:
                head = folder.rpartition("/")[0]
                known = head in self._kids
                if not known:
                    self._grow(head)
                self._kids[head].append(folder)
                if known or head in self.items:
                    break
                folder = head
        for folder in sorted(self._kids, key=lambda path: -path.count("/")):
            if folder:
                head = folder.rpartition("/")[0]
                for sums in (self._sizes, self._counts, self._lost):
                    sums[head] += sums[folder]

    def is_folder(self, path: str) -> bool:
        """Tell whether *path* is, or has been, something with paths below it."""
        item = self.items.get(path)
        return path in self._kids or (item is not None and item.row.kind is Kind.DIR)

    def __contains__(self, path: str) -> bool:
        return path in self.items or path in self._kids

    def size(self, path: str) -> int:
        """Return the bytes of a file, or of all files in a folder; of a removed one, its bytes."""
        item = self.items.get(path)
        own = item.row.size if item is not None and item.row.kind is not Kind.DIR else 0
        if item is not None and item.mark is Mark.REMOVED:
            return own + self._lost.get(path, 0)
        return own + self._sizes.get(path, 0)

    def count(self, path: str) -> int:
        """Return how many files, links among them, lie in a folder."""
        return self._counts.get(path, 0)

    def kids(self, folder: str, order: str = BY_NAME) -> Sequence[str]:
        """Return what lies in *folder*, sorted by size (largest first) or by name."""
        key = (folder, order)
        if key not in self._sorted:
            rows = self._kids.get(folder, ())
            self._sorted[key] = sorted(rows, key=lambda path: self._rank(path, order))
        return self._sorted[key]

    def rank(self, path: str, order: str) -> tuple[tuple[int, str], ...]:
        """Return what sorts *path* as it stands in the tree."""
        key = (path.rpartition("/")[0], order)
        above = self._ranks.get(key)
        if above is None:
            above = self._ranks[key] = self.rank(key[0], order) if key[0] else ()
        return (*above, self._rank(path, order))

    def _rank(self, path: str, order: str) -> tuple[int, str]:
        return (-self.size(path) if order == BY_SIZE else 0, path)

    def only(self, keep: Callable[[Item], bool]) -> Forest:
        """Return the tree of the items that *keep* is true for."""
        return Forest({path: item for path, item in self.items.items() if keep(item)})


class Line(NamedTuple):
    """One row of the tree: ``open`` is None for what is no folder."""

    path: str
    depth: int
    open: bool | None


class Outline:
    """The rows of a tree that are to be seen: children are made when a folder is opened."""

    def __init__(self, forest: Forest, order: str = BY_SIZE, opened: frozenset[str] = frozenset()):
        self.forest, self.order = forest, order
        self._open = {path for path in opened if forest.is_folder(path)}
        self.lines: list[Line] = []
        self._build()

    @property
    def opened(self) -> frozenset[str]:
        """The folders that are open."""
        return frozenset(self._open)

    def at(self, path: str) -> int:
        """Return the row of *path*, or of the nearest folder above it that is to be seen."""
        rows = {line.path: at for at, line in enumerate(self.lines)}
        for one in (path, *reversed(tuple(parents(path)))):
            if one in rows:
                return rows[one]
        return 0

    def open(self, at: int) -> None:
        """Open the folder in row *at*."""
        line = self.lines[at]
        if line.open is False:
            self._open.add(line.path)
            self.lines[at] = line._replace(open=True)
            self.lines[at + 1 : at + 1] = self._rows(line.path, line.depth + 1)

    def shut(self, at: int) -> None:
        """Shut the folder in row *at*."""
        line = self.lines[at]
        if line.open:
            self._open.discard(line.path)
            self.lines[at] = line._replace(open=False)
            end = at + 1
            while end < len(self.lines) and self.lines[end].depth > line.depth:
                end += 1
            del self.lines[at + 1 : end]

    def shut_all(self) -> None:
        """Shut every folder."""
        self._open.clear()
        self._build()

    def open_all(self) -> None:
        """Open every folder."""
        self._open = set(self.forest._kids)
        self._build()

    def reveal(self, path: str) -> int:
        """Open what is above *path*; return its row."""
        above = [one for one in parents(path) if self.forest.is_folder(one)]
        if not self._open.issuperset(above):
            self._open.update(above)
            self._build()
        return self.at(path)

    def sort(self, order: str) -> None:
        """Sort by size or by name."""
        self.order = order
        self._build()

    def _build(self) -> None:
        self.lines = self._rows("", 0)

    def _rows(self, folder: str, depth: int) -> list[Line]:
        found: list[Line] = []
        todo = [(path, depth) for path in reversed(self.forest.kids(folder, self.order))]
        while todo:
            path, deep = todo.pop()
            shown = path in self._open if self.forest.is_folder(path) else None
            found.append(Line(path, deep, shown))
            if shown:
                todo += [(p, deep + 1) for p in reversed(self.forest.kids(path, self.order))]
        return found
