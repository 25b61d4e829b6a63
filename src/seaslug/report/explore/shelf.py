"""What the browser shows: what arrives from threads, the tree that is chosen, tables."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from seaslug.explore import query, tables
from seaslug.explore.changes import Mark, beside
from seaslug.explore.details import details
from seaslug.explore.finder import Finder
from seaslug.explore.forest import Forest
from seaslug.explore.source import Source
from seaslug.explore.whole import Whole
from seaslug.explore.words import oneline, short
from seaslug.report.explore import keys, look
from seaslug.report.explore.asking import Prompt
from seaslug.report.explore.panes import Details, Layers, Lines, Table
from seaslug.report.explore.reading import Arrived, Failed, Grown, Progressed, Reading
from seaslug.report.explore.rows import Rows
from seaslug.report.explore.trees import Browser

_FEW = 400
_BREATH = 0.15
_HIDES = {"A": Mark.ADDED, "M": Mark.CHANGED, "R": Mark.REMOVED}


class Shelf(App[None]):
    """Shows the image of *source*; begins at *layer* (-1 for all) and *path*."""

    CSS = look.CSS
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, source: Source, path: str = "", layer: int = -1) -> None:
        super().__init__()
        self.source, self.subject = source, source.subject
        self.title = f"seaslug explore {oneline(self.subject.name)}"
        self.whole = Whole()
        self.layer, self.shown, self.text = layer, "tree", ""
        self._wish = path.strip("/")
        self._base = self._forest = Forest({})
        self._hidden: set[str] = {"U"}
        self._finder: Finder | None = None
        self._reading = Reading(source, self.post_message)
        self._done = False

    def compose(self) -> ComposeResult:
        """Title, tabs; layers and details beside the tree or a table; keys."""
        yield Static("", id="title", markup=False)
        yield Static("", id="tabs")
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield Layers(self.subject)
                yield Details()
            with Vertical(id="right"):
                yield Browser()
                yield Table("packages", tables.PACKAGES, right=2)
                yield Table("findings", tables.FINDINGS)
                yield Table("waste", tables.WASTE, right=1)
                yield Table("history", tables.HISTORY, right=2)
                yield Lines("config")
                yield Static("", id="more", markup=False)
        yield Prompt()
        yield Footer(compact=True, show_command_palette=False)

    @property
    def base(self) -> Screen[None]:
        """The screen with tree and tables, whatever lies over it."""
        return self.screen_stack[0]

    @property
    def there(self) -> bool:
        """Whether there is still something to show things in: threads tell theirs to the end."""
        return bool(self.screen_stack) and bool(self.base.query(Browser))

    def on_mount(self) -> None:
        """Show what is known at once, and begin to read."""
        layers = self.base.query_one(Layers)
        layers.border_title = "layers"
        self.base.query_one(Details).border_title = "details"
        layers.fill(self.layer + 1)
        for name in ("packages", "findings", "waste"):
            self._table(name).show((), "not known before every layer was read")
        self._table("history").show(tables.history(self.subject))
        self.base.query_one("#config", Lines).show(tables.config(self.subject))
        self.action_show("tree" if self.subject.layers else "config")
        # What is known at once is to be seen before a thread takes its turns.
        self.set_timer(_BREATH, self._reading.start)
        if self.subject.layers:
            self._head("reading the layers …")

    def on_unmount(self) -> None:
        """Nobody waits for layers any longer."""
        self._reading.stop()

    def on_progressed(self, message: Progressed) -> None:
        """Show how far a layer was read."""
        if not self.there:
            return
        layers = self.base.query_one(Layers)
        layers.state[message.layer], layers.read[message.layer] = "reading", message.read
        layers.refresh()

    def on_arrived(self, message: Arrived) -> None:
        """Show that a layer is there, or is broken."""
        if not self.there:
            return
        layers = self.base.query_one(Layers)
        layers.state[message.layer] = "bad" if message.error else "read"
        layers.unpacked[message.layer] = message.unpacked
        layers.refresh()
        if message.error:
            told = f"layer {message.layer} cannot be read: {oneline(message.error)}"
            self.notify(told, severity="error", timeout=20, markup=False)

    def on_grown(self, message: Grown) -> None:
        """Show the tree that has grown."""
        if not self.there:
            return
        self.whole, self._done = message.whole, message.done
        if message.done:
            self._fill_tables()
        self.base.query_one(Layers).total = message.forest.size("")
        self.base.query_one(Layers).refresh()
        self._trunk(message.forest)
        self._head("" if message.done else "reading …" if self._missing() else "judging …")

    def on_failed(self, message: Failed) -> None:
        """Say what went wrong."""
        if not self.there:
            return
        self._head("stopped")
        self.notify(oneline(message.error), severity="error", timeout=30, markup=False)

    def _missing(self) -> int:
        return len(self.subject.layers) - len(self.whole.layers)

    def _fill_tables(self) -> None:
        broken = [at for at, facts in enumerate(self.whole.layers) if facts is None]
        waiting = f"not known: layer {broken[0]} cannot be read" if broken else ""
        self._table("packages").show(tables.packages(self.whole), waiting)
        self._table("findings").show(tables.findings(self.whole), waiting)
        self._table("waste").show(tables.waste(self.whole))

    def _head(self, state: str) -> None:
        text = tables.headline(self.subject, self.whole)
        self.base.query_one("#title", Static).update(f" {text}" + (f"   {state}" if state else ""))
        self._tabs()

    def _tabs(self) -> None:
        counts = {"history": len(self._table("history").entries)}
        if self._done:
            counts |= {name: len(self._table(name).entries) for name in ("packages", "findings")}
        notes = {name: f" {count}" for name, count in counts.items()}
        if self._done:
            notes["waste"] = f" {short(tables.wasted(self.whole))}"
        pairs = zip(keys.VIEWS, keys.TITLES, strict=True)
        words = [self._tab(at, name, f"{title}{notes.get(name, '')}")
                 for at, (name, title) in enumerate(pairs, 1)]  # fmt: skip
        self.base.query_one("#tabs", Static).update(Content("").join(words))

    def _tab(self, at: int, name: str, text: str) -> Content:
        link = Content.from_markup(f"[@click=app.show('{name}')] {at} {text} [/]")
        return link.stylize("reverse bold" if name == self.shown else "")

    def _trunk(self, forest: Forest | None = None) -> None:
        """Take the tree of the chosen layer, or *forest* of the whole image, and filter it."""
        changes = self.whole.changes
        if self.layer < 0:
            self._base = forest or Forest(self.whole.merged)
        elif self.layer >= len(changes):
            self._base = Forest({})
        elif "U" in self._hidden:
            self._base = Forest({item.path: item for item in changes[self.layer]})
        else:
            self._base = Forest(beside(changes[: self.layer + 1]))
        self._filter()

    def _filter(self) -> None:
        tree, found = self.base.query_one(Browser), self._base
        marks = {mark for key, mark in _HIDES.items() if key in self._hidden}
        if marks and self.layer >= 0:
            found = found.only(lambda item: item.mark not in marks)
        if self.text:
            found = found.only(query.test_of(self.text, self.whole))
        self._forest = found
        tree.show(found, self.whole, self.layer >= 0)
        if self.text and len(found.items) <= _FEW:
            tree.action_open_all()
        if self._wish and tree.reveal(self._wish):
            tree.outline.open(tree.cursor)
            tree.fill()
            self._wish = ""
        elif self._wish and self._done:
            self.notify(f"not there: /{oneline(self._wish)}", severity="warning", markup=False)
            self._wish = ""
        self._titles()

    def _titles(self) -> None:
        tree = self.base.query_one(Browser)
        where = "files" if self.layer < 0 else f"what layer {self.layer} does"
        if self.layer >= len(self.whole.changes):
            where = f"layer {self.layer} was not read yet"
        elif self.layer >= 0 and self.whole.layers[self.layer] is None:
            where = f"layer {self.layer} cannot be read"
        told = f"{where}, by {tree.outline.order}"
        if self.text:
            told += f"   filter: {oneline(self.text)}  ({len(self._forest.items)} fit)"
        tree.border_title = Content(told)
        self._details()

    def _details(self) -> None:
        path = self.base.query_one(Browser).path
        if path:
            found = details(path, self._forest, self.whole, self.subject)
            self.base.query_one(Details).show(found)
        else:
            self.base.query_one(Details).show(())

    def _table(self, name: str) -> Table:
        return self.base.query_one(f"#{name}", Table)

    def action_show(self, name: str) -> None:
        """Show the tree, or one of the tables."""
        self.shown = name
        for view in keys.VIEWS:
            self.base.query_one(f"#{view}", Rows).set_class(view == name, "shown")
        pane = self.base.query_one(f"#{name}", Rows)
        self.base.query_one("#left").set_class(name != "tree", "away")
        if name != "tree":
            pane.border_title = name
        pane.focus()
        self._tell_more()
        self._tabs()

    def _tell_more(self) -> None:
        entry = None
        if self.shown in ("findings", "history"):
            entry = self._table(self.shown).entry
        more = self.base.query_one("#more", Static)
        more.update(entry.more if entry is not None else "")
        more.set_class(entry is not None and bool(entry.more), "shown")
