"""The tree of files: sizes, marks of a layer, flags of findings."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from seaslug.explore.changes import Mark
from seaslug.explore.forest import BY_NAME, BY_SIZE, Forest, Line, Outline
from seaslug.explore.whole import Whole
from seaslug.explore.words import mode, oneline, short
from seaslug.report.explore.rows import Parts, Rows
from seaslug.values.tree import Kind

_STYLES = {Mark.ADDED: "added", Mark.CHANGED: "changed", Mark.REMOVED: "removed",
           Mark.SAME: "same", Mark.BELOW: "dim"}  # fmt: skip


class Browser(Rows):
    """A forest as rows; folders are opened and shut."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Open"),
        Binding("space", "open_shut", "Open/shut", show=False),
        Binding("right,l", "inside", "Open", show=False),
        Binding("left,h", "outside", "Shut", show=False),
        Binding("E", "open_all", "Open all", show=False),
        Binding("C,ctrl+@", "shut_all", "Shut all", show=False),
        Binding("o,ctrl+o", "sort", "Sort"),
        Binding("b,ctrl+b", "columns", "Modes", show=False),
    ]

    def __init__(self) -> None:
        super().__init__("tree")
        self.outline = Outline(Forest({}))
        self.whole = Whole()
        self.marks = False
        self.modes = False

    def show(self, forest: Forest, whole: Whole, marks: bool) -> None:
        """Show another forest; what is open, and the path at the cursor, stay."""
        path, opened = self.path, self.outline.opened
        self.whole, self.marks = whole, marks
        self.outline = Outline(forest, self.outline.order, opened)
        self.fill(self.outline.at(path))

    @property
    def path(self) -> str:
        """The path at the cursor; empty if there is none."""
        lines = self.outline.lines
        return lines[self.cursor].path if self.cursor < len(lines) else ""

    def reveal(self, path: str) -> bool:
        """Go to *path*, opening what is above it; tell whether it is there."""
        if path not in self.outline.forest:
            return False
        self.fill(self.outline.reveal(path))
        return True

    def count(self) -> int:
        """Return the number of rows."""
        return len(self.outline.lines)

    def parts(self, at: int) -> Parts:
        """Return size, mark, flag and name."""
        line = self.outline.lines[at]
        item = self.outline.forest.items.get(line.path)
        head = [("›" if at == self.cursor else " ", ""), *self._columns(line)]
        if self.marks:
            mark = item.mark if item is not None else Mark.BELOW
            head.append((f"{mark.value} ", "lost" if mark is Mark.REMOVED else _STYLES[mark]))
        head.append(self._flag(line.path))
        shape = {None: "  ", True: "▾ ", False: "▸ "}[line.open]
        name = oneline(line.path.rpartition("/")[2]) + ("/" if line.open is not None else "")
        style = self._style(line)
        head += [("  " * line.depth + shape, "dim"), (name, style)]
        if item is not None and item.row.target:
            head.append((f" → {oneline(item.row.target)}", "dim"))
        return head

    def _columns(self, line: Line) -> list[tuple[str, str]]:
        forest = self.outline.forest
        item = forest.items.get(line.path)
        weighs = line.open is not None or (item is not None and item.row.kind is Kind.FILE)
        found = [(f"{short(forest.size(line.path)) if weighs else '':>8} ", "size")]
        if self.modes:
            row = item.row if item is not None else None
            owner = f"{row.uid}:{row.gid}" if row is not None else ""
            found.insert(0, (f"{mode(row) if row is not None else '':<10} {owner:<11}", "dim"))
        return found

    def _flag(self, path: str) -> tuple[str, str]:
        found = self.whole.findings(path)
        if found:
            return "!", found[0].severity.word
        return ("!" if path in self.whole.flagged else " "), "dim"

    def _style(self, line: Line) -> str:
        item = self.outline.forest.items.get(line.path)
        if self.marks and item is not None and item.mark is not Mark.ADDED:
            return _STYLES[item.mark]
        return "folder" if line.open is not None else ""

    def action_choose(self) -> None:
        """Open or shut a folder; look into anything else."""
        if self.count() and self.outline.lines[self.cursor].open is not None:
            self.action_open_shut()
        else:
            super().action_choose()

    def action_open_shut(self) -> None:
        """Open the folder at the cursor, or shut it."""
        if not self.count():
            return
        if self.outline.lines[self.cursor].open:
            self.outline.shut(self.cursor)
        else:
            self.outline.open(self.cursor)
        self.fill()

    def action_inside(self) -> None:
        """Open a folder; go into one that is open."""
        if self.count() and self.outline.lines[self.cursor].open is False:
            self.action_open_shut()
        elif self.count() and self.outline.lines[self.cursor].open:
            self.to(self.cursor + 1)

    def action_outside(self) -> None:
        """Shut a folder; go out of one that is shut."""
        if not self.count():
            return
        line = self.outline.lines[self.cursor]
        if line.open:
            self.action_open_shut()
        elif line.depth:
            self.to(self.outline.at(line.path.rpartition("/")[0]))

    def action_open_all(self) -> None:
        """Open every folder."""
        path = self.path
        self.outline.open_all()
        self.fill(self.outline.at(path))

    def action_shut_all(self) -> None:
        """Shut every folder."""
        path = self.path
        self.outline.shut_all()
        self.fill(self.outline.at(path))

    def action_sort(self) -> None:
        """Sort by name, or by size again."""
        path = self.path
        self.outline.sort(BY_NAME if self.outline.order == BY_SIZE else BY_SIZE)
        self.fill(self.outline.at(path))

    def action_columns(self) -> None:
        """Show modes and owners, or hide them."""
        self.modes = not self.modes
        self.fill()
