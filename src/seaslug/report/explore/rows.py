"""A list of rows with a cursor: only those that are to be seen are ever drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

Parts = Sequence[tuple[str, str]]
"""Texts with the names of their styles, empty for the plain one."""


class Rows(ScrollView, can_focus=True):
    """What is listed, and how a row is drawn, is said by who inherits."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--cursor", "rows--chosen", "rows--dim", "rows--size", "rows--folder", "rows--added",
        "rows--changed", "rows--removed", "rows--lost", "rows--same", "rows--fatal",
        "rows--error", "rows--warn", "rows--info", "rows--head",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,g", "go(0)", "First", show=False),
        Binding("end,G", "go(-1)", "Last", show=False),
        Binding("enter", "choose", "Open", show=False),
    ]

    class Moved(Message):
        """The cursor is at another row."""

        def __init__(self, rows: Rows) -> None:
            super().__init__()
            self.rows = rows

        @property
        def control(self) -> Rows:
            """The list."""
            return self.rows

    class Chosen(Moved):
        """A row was chosen: Enter, or a second click."""

    LASTING: ClassVar[bool] = True
    """Whether the cursor is to be seen while keys go elsewhere."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.cursor = 0
        self._styles_of: dict[str, Style] = {}

    def count(self) -> int:
        """Return the number of rows."""
        raise NotImplementedError

    def parts(self, at: int) -> Parts:
        """Return the row *at*."""
        raise NotImplementedError

    def widest(self) -> int:
        """Return how many cells the widest row has, as far as it matters for scrolling."""
        return 0

    def fill(self, cursor: int | None = None) -> None:
        """Draw everything anew; the cursor stays, or goes to row *cursor*."""
        self.virtual_size = Size(self.widest(), self.count())
        self.to(self.cursor if cursor is None else cursor)
        self.refresh()

    def to(self, at: int) -> None:
        """Put the cursor at row *at*, and see that it is to be seen."""
        self.cursor = max(0, min(at, self.count() - 1))
        x = self.scroll_offset.x
        self.scroll_to_region(
            Region(x, self.cursor, 1, 1), animate=False, force=True, immediate=True
        )
        self.refresh()
        self.post_message(self.Moved(self))

    def action_move(self, by: int) -> None:
        """Go up or down."""
        self.to(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Go up or down by what is to be seen."""
        self.to(self.cursor + by * max(1, self.scrollable_content_region.height - 1))

    def action_go(self, at: int) -> None:
        """Go to the first row, or the last one."""
        self.to(at if at >= 0 else self.count() - 1)

    def action_choose(self) -> None:
        """Choose the row at the cursor."""
        if self.count():
            self.post_message(self.Chosen(self))

    def on_click(self, event: events.Click) -> None:
        """Go to the row that was clicked; a click on the row at the cursor chooses it."""
        offset = event.get_content_offset(self)
        at = offset.y + self.scroll_offset.y if offset is not None else self.count()
        if at < self.count():
            again = at == self.cursor and event.chain > 1
            self.to(at)
            if again:
                self.action_choose()

    def on_focus(self) -> None:
        """Show the cursor as the one that keys move."""
        self.refresh()

    def on_blur(self) -> None:
        """Show the cursor as one that waits."""
        self.refresh()

    def notify_style_update(self) -> None:
        """Forget styles: the theme has changed."""
        self._styles_of.clear()
        super().notify_style_update()

    def style_of(self, name: str) -> Style:
        """Return the style *name* of the style sheet."""
        if name not in self._styles_of:
            found = self.get_component_rich_style(f"rows--{name}")
            self._styles_of[name] = found
        return self._styles_of[name]

    def render_line(self, y: int) -> Strip:
        """Draw the row that is at *y* of the window."""
        at, width = y + self.scroll_offset.y, self.size.width
        base = self.rich_style
        if at >= self.count():
            return Strip.blank(width, base)
        cursor = at == self.cursor and (self.LASTING or self.has_focus)
        if cursor:
            base += self.style_of("cursor" if self.has_focus else "chosen")
        segments = [
            Segment(text, base + self.style_of(name) if name and not cursor else base)
            for text, name in self.parts(at)
        ]
        strip = Strip(segments)
        left = self.scroll_offset.x
        return strip.crop_extend(left, left + width, base)


def fitted(text: str, width: int) -> str:
    """Return *text* in exactly *width* places, cut with a mark or filled with spaces."""
    if len(text) > width:
        return text[: max(width - 1, 0)] + "…" if width > 0 else ""
    return text.ljust(width)
