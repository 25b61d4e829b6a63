"""A file on the whole screen: as text, as bytes, as an ELF file, or where a link leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer, Static

from seaslug.errors import SeaslugError
from seaslug.explore import pages
from seaslug.explore.changes import Item, Mark
from seaslug.explore.source import Head, Source
from seaslug.explore.whole import Whole
from seaslug.explore.words import exact, oneline
from seaslug.report.explore.asking import Prompt
from seaslug.report.explore.panes import Lines
from seaslug.report.explore.reading import Job
from seaslug.values.tree import Kind

TEXT, HEX, ELF, LINK = "text", "hex", "ELF", "link"


class Read(Message):
    """The beginning of the file was read, or cannot be."""

    def __init__(self, found: Head | int | SeaslugError) -> None:
        super().__init__()
        self.found = found


class Viewer(Screen[None]):
    """Shows *item*; *shape* is how, empty for what fits best."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,backspace", "leave", "Back"),
        Binding("t", "shape('text')", "Text"),
        Binding("x", "shape('hex')", "Hex"),
        Binding("e", "shape('ELF')", "ELF"),
        Binding("slash", "search", "Search"),
        Binding("n", "next(1)", "Next", show=False),
        Binding("N", "next(-1)", "Previous", show=False),
        Binding("s", "app.save", "Save"),
        Binding("y", "app.copy_path", "Copy path"),
    ]

    def __init__(self, item: Item, whole: Whole, source: Source, shape: str = "") -> None:
        super().__init__()
        self.item, self._whole, self._source = item, whole, source
        self.shape = shape or self._fitting()
        self.head: Head | None = None
        self._word = ""
        self._job = Job()

    def compose(self) -> ComposeResult:
        """Title, lines, the word to search for, keys."""
        yield Static("", id="title", markup=False)
        yield Lines("lines", ["reading …"])
        yield Prompt()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to read."""
        self.query_one(Lines).focus()
        self._show()
        if self.shape != LINK and self.item.mark is not Mark.REMOVED:
            self._job.start(
                lambda heard: self._source.head(self.item.origin, pages.MOST, heard),
                lambda found: self.post_message(Read(found)),
            )

    def on_unmount(self) -> None:
        """Nobody waits any longer."""
        self._job.drop()

    def on_read(self, message: Read) -> None:
        """Show what was read."""
        found = message.found
        if isinstance(found, Head):
            self.head = Head(found.data, max(found.size, self._whole.size(self.item)))
            if self.shape == TEXT and not pages.is_text(found.data):
                self.shape = HEX
            self._show()
        else:
            self.query_one(Lines).show(oneline(str(found)).split("\n"))

    def action_leave(self) -> None:
        """Go back to the tree."""
        self.dismiss()

    def action_shape(self, shape: str) -> None:
        """Show it another way."""
        self.shape = shape
        self._show()

    def action_search(self) -> None:
        """Ask for a word."""
        self.query_one(Prompt).ask("search", "search in this", self._word)

    def on_prompt_given(self, message: Prompt.Given) -> None:
        """Go to the first line with the word."""
        message.stop()
        self._word = message.value
        self.query_one(Lines).focus()
        self.action_next(0)

    def on_prompt_typed(self, message: Prompt.Typed) -> None:
        """Wait for Enter: what is typed here is not for the tree."""
        message.stop()

    def on_prompt_left(self, message: Prompt.Left) -> None:
        """Go on reading."""
        message.stop()
        self.query_one(Lines).focus()

    def action_next(self, step: int) -> None:
        """Go to the next line, or the one before, with the word; 0 begins at the cursor."""
        lines, low = self.query_one(Lines), self._word.lower()
        count = lines.count()
        if not low or not count:
            return
        way = -1 if step < 0 else 1
        for by in range(count):
            at = (lines.cursor + step + way * by) % count
            if low in lines.lines[at].lower():
                lines.to(at)
                return
        self.notify(f"not there: {oneline(self._word)}", markup=False)

    def _fitting(self) -> str:
        if self.item.row.kind is Kind.SYMLINK:
            return LINK
        return ELF if self._whole.facts(self.item) is not None else TEXT

    def _show(self) -> None:
        row = self.item.row
        size = f"  {exact(self._whole.size(self.item))}" if row.kind is not Kind.SYMLINK else ""
        title = f" {self.shape}  /{oneline(self.item.path)}{size}  layer {self.item.layer}"
        self.query_one("#title", Static).update(title)
        self.query_one(Lines).show(self._lines())

    def _lines(self) -> Sequence[str]:
        if self.shape == LINK or self.item.row.kind is Kind.SYMLINK:
            return pages.walk(self.item, self._whole)
        if self.shape == ELF:
            return pages.elf(self.item, self._whole, self.head)
        if self.item.mark is Mark.REMOVED:
            return ["removed in this layer; look at it in a layer that has it"]
        if self.head is None:
            return ["reading …"]
        return (pages.text if self.shape == TEXT else pages.hexdump)(self.head) or ["(empty)"]
