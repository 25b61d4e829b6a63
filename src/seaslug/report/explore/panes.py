"""Layers, details, tables and lines: the lists beside the tree."""

from __future__ import annotations

from collections.abc import Sequence

from seaslug.explore.details import Detail
from seaslug.explore.source import Subject
from seaslug.explore.tables import Entry
from seaslug.explore.words import oneline, short
from seaslug.report.explore.rows import Parts, Rows, fitted

_LABEL = 9


class Layers(Rows):
    """The whole image first, then its layers, the lowest first."""

    def __init__(self, subject: Subject) -> None:
        super().__init__("layers")
        self.subject = subject
        self.state: list[str] = ["wait"] * len(subject.layers)
        self.read = [0] * len(subject.layers)
        self.unpacked = [0] * len(subject.layers)
        self.total = 0

    @property
    def chosen(self) -> int:
        """The layer at the cursor, -1 for all of them."""
        return self.cursor - 1

    def count(self) -> int:
        """Return the number of rows."""
        return len(self.subject.layers) + 1

    def parts(self, at: int) -> Parts:
        """Return number, size, and who made it."""
        mark = "›" if at == self.cursor else " "
        if not at:
            return [(mark, ""), ("all ", "folder"), (f"{short(self.total):>8} ", "size"),
                    ("the whole image", "folder")]  # fmt: skip
        at -= 1
        head = [(mark, ""), (f"{at:>3} ", ""), *self._amount(at)]
        style = "error" if self.state[at] == "bad" else ""
        return [*head, (oneline(self.subject.maker(at)), style)]

    def _amount(self, at: int) -> Parts:
        packed = self.subject.layers[at].size
        if self.state[at] == "read":
            return [(f"{short(self.unpacked[at]):>8} ", "size")]
        if self.state[at] == "bad":
            return [("  broken ", "error")]
        if self.state[at] == "reading":
            percent = min(99, 100 * self.read[at] // packed) if packed else 0
            return [(f"{percent:>6} % ", "changed")]
        return [(f"{short(packed):>8} ", "dim")]


class Details(Rows):
    """What is known of the path at the cursor of the tree, wrapped."""

    LASTING = False

    def __init__(self) -> None:
        super().__init__("details")
        self._details: Sequence[Detail] = ()
        self._rows: list[tuple[str, str, str]] = []

    def show(self, found: Sequence[Detail]) -> None:
        """Show other details, from the first one on."""
        self._details = found
        self._wrap()
        self.fill(0)

    def on_resize(self) -> None:
        """Wrap anew."""
        self._wrap()
        self.fill()

    def _wrap(self) -> None:
        width = max(self.size.width - _LABEL - 1, 12)
        self._rows = []
        for label, text, tone in self._details:
            pieces = _wrapped(text, width) or [""]
            self._rows.append((label, pieces[0], tone))
            self._rows += [("", piece, tone) for piece in pieces[1:]]

    def count(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def parts(self, at: int) -> Parts:
        """Return label and text."""
        label, text, tone = self._rows[at]
        return [(fitted(label, _LABEL), tone or "dim"), (text, "")]


class Table(Rows):
    """Columns as wide as what is in them; the last one takes what is left."""

    def __init__(self, id: str, heads: Sequence[str], right: int = 0) -> None:
        super().__init__(id)
        self.heads, self._right = heads, right
        self.entries: Sequence[Entry] = ()
        self.waiting = "not known before every layer was read"
        self._widths: list[int] = []

    def show(self, entries: Sequence[Entry], waiting: str = "") -> None:
        """Show other rows; *waiting* is said where there are none."""
        self.entries, self.waiting = entries, waiting or "none"
        cells = [self.heads, *(entry.cells for entry in entries)]
        self._widths = [min(max(map(len, column)), 48) for column in zip(*cells, strict=True)]
        self._widths[-1] = 0
        self.fill()

    @property
    def entry(self) -> Entry | None:
        """The row at the cursor; None if there is none."""
        at = self.cursor - 1
        return self.entries[at] if 0 <= at < len(self.entries) else None

    def count(self) -> int:
        """Return the number of rows, the head among them."""
        return max(len(self.entries), 1) + 1

    def widest(self) -> int:
        """Return the width with the longest last cell."""
        last = max((len(entry.cells[-1]) for entry in self.entries), default=0)
        return sum(self._widths) + 2 * len(self._widths) + last + 1

    def to(self, at: int) -> None:
        """Put the cursor at a row below the head, which is to be seen with the first of them."""
        super().to(max(at, 1))
        if self.cursor == 1:
            self.scroll_to(y=0, animate=False, force=True, immediate=True)

    def parts(self, at: int) -> Parts:
        """Return the cells of a row."""
        if not at:
            return [(f" {self._row(self.heads)}", "head")]
        if not self.entries:
            return [(f" {self.waiting}", "dim")]
        entry = self.entries[at - 1]
        mark = "›" if at == self.cursor else " "
        first, rest = entry.cells[:1], entry.cells[1:]
        return [(mark, ""), (self._row(first), entry.tone), (self._row(rest, 1), "")]

    def _row(self, cells: Sequence[str], start: int = 0) -> str:
        found = []
        for at, cell in enumerate(cells, start):
            width = self._widths[at] if at < len(self._widths) else 0
            side = fitted(cell, width) if len(cell) > width else cell.rjust(width)
            found.append(cell if not width else side if at < self._right else fitted(cell, width))
        last = start + len(cells) == len(self.heads)
        return "  ".join(found) + ("" if last else "  ")


class Lines(Rows):
    """Plain lines, with a cursor to read by."""

    LASTING = False

    def __init__(self, id: str, lines: Sequence[str] = ()) -> None:
        super().__init__(id)
        self.lines = lines
        self._widest = 0

    def show(self, lines: Sequence[str]) -> None:
        """Show other lines."""
        self.lines = lines
        self._widest = max(map(len, lines), default=0)
        self.fill(0)

    def count(self) -> int:
        """Return the number of lines."""
        return len(self.lines)

    def widest(self) -> int:
        """Return the length of the longest line."""
        return self._widest

    def parts(self, at: int) -> Parts:
        """Return a line."""
        return [(self.lines[at], "")]


def _wrapped(text: str, width: int) -> list[str]:
    """Return *text* in lines of *width* places: at spaces, and where there are none, anywhere."""
    found, line = [], ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            found.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
        while len(line) > width:
            found.append(line[:width])
            line = line[width:]
    return [*found, line] if line else found
