"""The browser itself: what keys do."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.message import Message

from seaslug.errors import SeaslugError
from seaslug.explore import query
from seaslug.explore.changes import Item, Mark
from seaslug.explore.finder import Finder
from seaslug.explore.source import Head
from seaslug.explore.words import exact, oneline
from seaslug.report.explore import keys
from seaslug.report.explore.asking import Choice, Help, Prompt
from seaslug.report.explore.panes import Layers, Table
from seaslug.report.explore.reading import Job
from seaslug.report.explore.rows import Rows
from seaslug.report.explore.shelf import Shelf
from seaslug.report.explore.trees import Browser
from seaslug.values.tree import Kind


class Saved(Message):
    """A file was saved, or cannot be."""

    def __init__(self, target: str, found: Head | int | SeaslugError) -> None:
        super().__init__()
        self.target, self.found = target, found


class Explorer(Shelf):
    """The browser. What it shows is in shelf, what keys there are in keys."""

    BINDINGS: ClassVar[list[BindingType]] = list(keys.BINDINGS)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keep the tree's keys from working behind another screen."""
        return len(self.screen_stack) < 2 or action in keys.BESIDE or hasattr(App, action)

    def on_rows_moved(self, message: Rows.Moved) -> None:
        """Show details of what is at the cursor."""
        if not self.there:
            return
        if isinstance(message.rows, Browser):
            self._details()
        elif isinstance(message.rows, Layers):
            self._choose_layer(message.rows.chosen)
        elif isinstance(message.rows, Table):
            self._tell_more()

    def on_rows_chosen(self, message: Rows.Chosen) -> None:
        """Open what was chosen."""
        rows = message.rows
        if isinstance(rows, Browser):
            self.action_view("")
        elif isinstance(rows, Layers):
            self.action_show("tree")
        elif isinstance(rows, Table) and rows.entry is not None:
            self._follow(rows)

    def _follow(self, table: Table) -> None:
        entry = table.entry
        if entry is None:
            return
        if table.id == "history" and entry.cells[0].isdigit():
            self.base.query_one(Layers).to(int(entry.cells[0]) + 1)
            self.action_show("tree")
        elif entry.filter:
            self._whole_image()
            self._set_filter(entry.filter)
            self.action_show("tree")
        elif entry.path:
            self._whole_image()
            self._set_filter("")
            self.base.query_one(Browser).reveal(entry.path)
            self.action_show("tree")
        else:
            self.notify("that is no file of the image", markup=False)

    def _whole_image(self) -> None:
        self.base.query_one(Layers).to(0)
        self._choose_layer(-1)

    def _choose_layer(self, layer: int) -> None:
        if layer != self.layer:
            self.layer = layer
            self._trunk()

    def action_layer(self, by: int) -> None:
        """Go to the layer below or above."""
        self.base.query_one(Layers).action_move(by)

    def action_hide(self, key: str) -> None:
        """Hide, or show, what a layer adds, changes, removes, or leaves as it was."""
        if self.layer < 0:
            self.notify("choose a layer first: [ and ]", markup=False)
            return
        self._hidden ^= {key}
        self._trunk()

    def action_search(self) -> None:
        """Ask for a word."""
        self.action_show("tree")
        self.base.query_one(Prompt).ask("search", "search")

    def action_filter(self) -> None:
        """Ask for a filter."""
        self.action_show("tree")
        self.base.query_one(Prompt).ask(
            "filter", "filter: *.so*  is:elf  pkg:NAME  >1M  !not", self.text
        )

    def action_kinds(self) -> None:
        """Ask for a kind."""
        items = self._base.items.values()
        counts = [sum(1 for item in items if test(self.whole, item))
                  for _, test in query.KINDS.values()]  # fmt: skip
        self.push_screen(Choice(counts), lambda found: self._kind(found or ""))

    def _kind(self, found: str) -> None:
        if found:
            self.action_show("tree")
            self._set_filter(found)

    def action_all(self) -> None:
        """Take the filter away."""
        self._set_filter("")

    def _set_filter(self, text: str) -> bool:
        try:
            query.test_of(text, self.whole)
        except SeaslugError as error:
            self.notify(oneline(str(error)), severity="error", markup=False)
            return False
        if text != self.text:
            self.text = text
            self._filter()
        return True

    def on_prompt_typed(self, message: Prompt.Typed) -> None:
        """Search while it is typed."""
        if message.what == "search" and len(message.value) > 1:
            self._find(message.value, here=True)

    def on_prompt_given(self, message: Prompt.Given) -> None:
        """Search, filter or save."""
        self.base.query_one(Browser).focus()
        if message.what == "search":
            self._find(message.value, here=True)
            self._tell_place()
        elif message.what == "filter":
            self._set_filter(message.value.strip())
        elif message.what == "save":
            self._save(message.value)

    def on_prompt_left(self, message: Prompt.Left) -> None:
        """Back to the tree."""
        self.base.query_one(Browser).focus()

    def action_next(self, back: bool = False) -> None:
        """Go to the next match."""
        if self._finder is None:
            self.action_search()
            return
        self.action_show("tree")
        self._find(self._finder.key[1], back=back)
        self._tell_place()

    def _find(self, word: str, *, back: bool = False, here: bool = False) -> None:
        tree = self.base.query_one(Browser)
        if not word:
            return
        key = (self._forest, word, tree.outline.order)
        if self._finder is None or self._finder.key != key:
            self._finder = Finder(*key)
        found = self._finder.step(tree.path, back, here)
        if found is not None:
            tree.reveal(found)

    def _tell_place(self) -> None:
        if self._finder is not None:
            place = self._finder.place(self.base.query_one(Browser).path)
            told = f"{place} of {len(self._finder)}" if len(self._finder) else "not there"
            self.notify(f"{oneline(self._finder.key[1])}: {told}", timeout=2, markup=False)

    def _item(self) -> Item | None:
        item = getattr(self.screen, "item", None)
        if isinstance(item, Item):
            return item
        return self._forest.items.get(self.base.query_one(Browser).path)

    def action_view(self, shape: str) -> None:
        """Look into the file at the cursor."""
        item = self._item()
        if item is None or self._forest.is_folder(item.path):
            self.notify("a folder: choose a file", markup=False)
        else:
            from seaslug.report.explore.viewer import Viewer

            self.push_screen(Viewer(item, self.whole, self.source, shape))

    def action_copy_path(self) -> None:
        """Copy the path at the cursor."""
        item = self._item()
        path = item.path if item is not None else self.base.query_one(Browser).path
        text = oneline(f"/{path}")
        self.copy_to_clipboard(text)
        self.notify(f"copied: {text}", markup=False)

    def action_save(self) -> None:
        """Ask where to save the file."""
        item = self._item()
        if item is None or item.row.kind not in (Kind.FILE, Kind.HARDLINK):
            self.notify("only files can be saved; folders: seaslug cp IMAGE:/path .", markup=False)
        elif item.mark is Mark.REMOVED:
            self.notify("removed in this layer: choose one that has it", markup=False)
        else:
            self._saving = item
            if len(self.screen_stack) > 1:
                self.pop_screen()
            name = oneline(item.path.rpartition("/")[2]).replace("/", "_")
            self.base.query_one(Prompt).ask("save", "save as, on this machine", f"./{name}")

    def _save(self, target: str) -> None:
        origin = self._saving.origin
        Job().start(
            lambda heard: self.source.save(origin, target, heard),
            lambda found: self.post_message(Saved(target, found)),
        )
        self.notify(f"saving {oneline(target)} …", timeout=1, markup=False)

    def on_saved(self, message: Saved) -> None:
        """Tell what came of it."""
        if not self.there:
            return
        if isinstance(message.found, int):
            told = f"saved: {oneline(message.target)}, {exact(message.found)}"
            self.notify(told, markup=False)
        else:
            self.notify(oneline(str(message.found)), severity="error", markup=False)

    def action_toggle_dark(self) -> None:
        """Dark or light."""
        light = self.theme == "textual-light"
        self.theme = "textual-dark" if light else "textual-light"

    def action_help(self) -> None:
        """Show all keys."""
        self.push_screen(Help())
