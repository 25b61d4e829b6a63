"""Questions of the browser: a line to type, a list of kinds, the page of keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

from seaslug.explore.query import KINDS
from seaslug.report.explore.keys import HELP
from seaslug.report.explore.panes import Lines
from seaslug.report.explore.rows import Rows


class Prompt(Input):
    """One line at the bottom, there only while something is asked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", priority=True),
    ]

    class Given(Message):
        """Something was typed, and Enter."""

        def __init__(self, what: str, value: str) -> None:
            super().__init__()
            self.what, self.value = what, value

    class Left(Message):
        """It is not to be answered."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    class Typed(Given):
        """Something is being typed."""

    def __init__(self) -> None:
        super().__init__(id="prompt", compact=True)
        self.what = ""

    def ask(self, what: str, label: str, value: str = "") -> None:
        """Show the line, with *value* in it; *what* comes back in messages."""
        self.what = ""
        self.placeholder, self.value = label, value
        self.border_title = label
        self.cursor_position = len(value)
        self.add_class("asked")
        self.what = what
        self.focus()

    def action_leave(self) -> None:
        """Go away without an answer."""
        self.remove_class("asked")
        self.post_message(self.Left(self.what))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell what is being typed."""
        event.stop()
        if self.has_class("asked") and self.what:
            self.post_message(self.Typed(self.what, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Tell what was typed."""
        event.stop()
        self.remove_class("asked")
        self.post_message(self.Given(self.what, event.value))


class Choice(ModalScreen[str]):
    """A list to choose a filter from: *rows* are a filter, what it means, how many fit."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,i", "dismiss('')", "Back")]

    def __init__(self, counts: Sequence[int]) -> None:
        super().__init__()
        self._names = tuple(KINDS)
        self._counts = counts

    def compose(self) -> ComposeResult:
        """One list."""
        rows = [
            f" is:{name:<9} {count:>8}  {KINDS[name][0]} "
            for name, count in zip(self._names, self._counts, strict=True)
        ]
        box = Lines("choice", rows)
        box.border_title = "only what is …"
        box.styles.height = len(rows) + 2
        yield box

    def on_mount(self) -> None:
        """Draw it."""
        self.query_one(Lines).fill(0)

    def on_rows_chosen(self, message: Rows.Chosen) -> None:
        """Give the chosen one back."""
        message.stop()
        self.dismiss(f"is:{self._names[message.rows.cursor]}")


class Help(ModalScreen[None]):
    """All keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss", "Back")
    ]

    def compose(self) -> ComposeResult:
        """One list."""
        box = Lines("help")
        box.border_title = "keys"
        box.border_subtitle = "Esc goes back"
        yield box

    def on_mount(self) -> None:
        """Draw it."""
        self.query_one(Lines).show(HELP.splitlines())
