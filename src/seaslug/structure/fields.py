"""From nodes to plain values; what is not in shape is noted with file, line and field."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from seaslug.structure.automaton import Automaton
from seaslug.structure.model import Both, Pattern
from seaslug.structure.nodes import Node
from seaslug.structure.pattern import parse


class Problems:
    """The mistakes found so far, each a line ``file:line: field: text``."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: list[str] = []

    def add(self, line: int, field: str, text: str) -> None:
        """Note one."""
        self.lines.append(f"{self.file}:{line}: {field}: {text}")


class Fields:
    """The fields of one mapping, taken one by one; what nobody takes is a mistake."""

    def __init__(self, node: Node, where: str, problems: Problems) -> None:
        self.line = node.line
        self.where = where
        self._problems = problems
        self._fields = dict(node.fields or {})
        self._known: list[str] = []
        if node.fields is None:
            self.wrong("", "must be a mapping")

    def wrong(self, name: str, text: str, line: int = 0) -> None:
        """Note a mistake in the field *name*, or in the whole."""
        field = ".".join(filter(None, (self.where, name)))
        self._problems.add(line or self.line, field, text)

    def take(self, name: str) -> Node | None:
        """Return the field *name* as it is; None if it is not there, or is null."""
        self._known.append(name)
        node = self._fields.pop(name, None)
        null = node is not None and node.items is None and node.fields is None
        return None if node is None or (null and node.scalar is None) else node

    def text(self, name: str, *, needed: bool = False) -> str:
        """Return a text; a number or a truth value is taken as it is written."""
        node = self.take(name)
        if node is None:
            if needed:
                self.wrong(name, "is missing")
            return ""
        if node.items is not None or node.fields is not None:
            self.wrong(name, "must be a text", node.line)
            return ""
        if needed and not node.text:
            self.wrong(name, "must not be empty", node.line)
        return node.text

    def flag(self, name: str, default: bool) -> bool:
        """Return a truth value."""
        node = self.take(name)
        if node is None:
            return default
        if not isinstance(node.scalar, bool):
            self.wrong(name, "must be true or false", node.line)
            return default
        return node.scalar

    def number(self, name: str, default: int) -> int:
        """Return a whole number."""
        node = self.take(name)
        if node is None:
            return default
        if isinstance(node.scalar, bool) or not isinstance(node.scalar, int):
            self.wrong(name, "must be a whole number", node.line)
            return default
        return node.scalar

    def each(self, name: str) -> Iterator[tuple[str, Node]]:
        """Yield the items of a list with their place, ``name[0]``."""
        node = self.take(name)
        if node is None:
            return
        if node.items is None:
            self.wrong(name, "must be a list", node.line)
            return
        for at, item in enumerate(node.items):
            yield f"{name}[{at}]", item

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        found = []
        for place, item in self.each(name):
            if item.items is not None or item.fields is not None:
                self.wrong(place, "must be a text", item.line)
                continue
            found.append(item.text)
        return tuple(found)

    def choice(self, name: str, known: Sequence[str]) -> str:
        """Return a text that is one of *known*, or empty."""
        found = self.text(name)
        if found and found not in known:
            self.wrong(name, f"{found!r} is none of {', '.join(known)}")
            return ""
        return found

    def groups(self, name: str) -> Iterator[Fields]:
        """Yield the mappings of a list; what is left over in each is told afterwards."""
        for place, item in self.each(name):
            inner = Fields(item, f"{self.where}.{place}" if self.where else place, self._problems)
            yield inner
            inner.done()

    def inner(self, name: str) -> Fields | None:
        """Return the mapping in the field *name*, None if it is not there."""
        node = self.take(name)
        return None if node is None else Fields(node, self._place(name), self._problems)

    def both(self, expected: str, excluded: str) -> Both:
        """Return the expressions of two lists."""
        return Both(self._patterns(expected), self._patterns(excluded))

    def pattern(self, place: str, text: str, line: int) -> Pattern | None:
        """Return *text* as an expression, None with a note if it is none."""
        try:
            return Pattern(text, Automaton(parse(text)))
        except ValueError as error:
            self.wrong(place, f"not a regular expression: {error}", line)
            return None

    def done(self) -> None:
        """Note the fields that nobody has taken."""
        for name, node in self._fields.items():
            close = get_close_matches(name, self._known, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            self.wrong(name, f"there is no such field{hint}", node.line)

    def _place(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name

    def _patterns(self, name: str) -> tuple[Pattern, ...]:
        found = []
        for place, item in self.each(name):
            if item.items is not None or item.fields is not None:
                self.wrong(place, "must be a text", item.line)
            elif (pattern := self.pattern(place, item.text, item.line)) is not None:
                found.append(pattern)
        return tuple(found)
