"""Searching by automata: every character of a text is looked at once.

A tree becomes a graph of nodes (Thompson's construction). The sets of nodes that a text leads to
are found when they are first met and kept, so that most characters cost one look into a table.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from seaslug.structure.pattern import Char, Choice, Part, Repeat, Sequence

MAX_NODES = 50_000
_MAX_STATES = 5_000
_BEGIN, _END, _LINE, _WORD, _OTHER = "begin", "end", "line", "word", "other"


@dataclass(slots=True)
class _Node:
    """A node: what its edge asks, a character (by its number) or a place, and where it leads."""

    to: list[int] = field(default_factory=list)
    char: int = -1
    place: str = ""


@dataclass(eq=False, slots=True)
class _State:
    """A set of nodes, and what stood before; ``after`` is where the classes of characters lead."""

    nodes: frozenset[int]
    before: str
    after: dict[int, _State] = field(default_factory=dict)


_FOUND = _State(frozenset(), _END)


class Automaton:
    """What searches for one expression."""

    def __init__(self, part: Part) -> None:
        """Raises ValueError if *part* is far too large."""
        self._nodes: list[_Node] = []
        self._chars: dict[Char, int] = {}
        self._end = self._new()
        self._start = self._add(part, self._end)
        self._numbers: dict[tuple[bool | str, ...], int] = {}
        self._classes: dict[str, int] = {}
        self._kinds: dict[int, tuple[str, frozenset[int]]] = {}
        self._states: dict[tuple[frozenset[int], str], _State] = {}

    def search(self, text: str) -> bool:
        """Tell whether the expression matches anywhere in *text*."""
        state = self._state(frozenset((self._start,)), _BEGIN)
        classes = self._classes
        for char in text:
            number = classes.get(char)
            if number is None:
                number = self._class(char)
            following = state.after.get(number)
            if following is None:
                following = self._step(state, number)
            if following is _FOUND:
                return True
            state = following
        return self._end in self._closed(state, _END)

    def _new(self) -> int:
        if len(self._nodes) > MAX_NODES:
            raise ValueError("the expression is too large")
        self._nodes.append(_Node())
        return len(self._nodes) - 1

    def _add(self, part: Part, to: int) -> int:
        """Add *part* before the node *to*; return where it begins."""
        if isinstance(part, Sequence):
            for inner in reversed(part.parts):
                to = self._add(inner, to)
            return to
        if isinstance(part, Repeat):
            return self._repeat(part, to)
        at = self._new()
        if isinstance(part, Choice):
            self._nodes[at].to = [self._add(inner, to) for inner in part.parts]
        elif isinstance(part, Char):
            self._nodes[at] = _Node([to], char=self._chars.setdefault(part, len(self._chars)))
        else:
            self._nodes[at] = _Node([to], place=part.kind)
        return at

    def _repeat(self, part: Repeat, to: int) -> int:
        if part.most < 0:
            loop = self._new()
            self._nodes[loop].to = [to]
            self._nodes[loop].to.append(self._add(part.part, loop))
            to = loop
        end = to
        for _ in range(part.most - part.least):
            way = self._new()
            self._nodes[way].to = [end, self._add(part.part, to)]
            to = way
        for _ in range(part.least):
            to = self._add(part.part, to)
        return to

    def _class(self, char: str) -> int:
        """Return the number of all characters that this expression cannot tell from *char*."""
        kind = _kind(char)
        answers = tuple(one.ready.fullmatch(char) is not None for one in self._chars)
        number = self._numbers.setdefault((kind, *answers), len(self._numbers))
        taken = (at for at, answer in enumerate(answers) if answer)
        self._kinds[number] = (kind, frozenset(taken))
        self._classes[char] = number
        return number

    def _state(self, nodes: frozenset[int], before: str) -> _State:
        if len(self._states) > _MAX_STATES:
            self._states.clear()
        return self._states.setdefault((nodes, before), _State(nodes, before))

    def _step(self, state: _State, number: int) -> _State:
        kind, taken = self._kinds[number]
        closed = self._closed(state, kind)
        if self._end in closed:
            following = _FOUND
        else:
            asked = (self._nodes[at] for at in closed)
            nodes = {node.to[0] for node in asked if node.char in taken}
            following = self._state(frozenset((*nodes, self._start)), kind)
        state.after[number] = following
        return following

    def _closed(self, state: _State, after: str) -> set[int]:
        """Return all nodes that are reached without a character, between these two."""
        found, todo = set(state.nodes), list(state.nodes)
        while todo:
            node = self._nodes[todo.pop()]
            if node.char >= 0:
                continue
            if node.place and not _holds(node.place, state.before, after):
                continue
            fresh = [at for at in node.to if at not in found]
            found.update(fresh)
            todo += fresh
        return found


def _kind(char: str) -> str:
    if char == "\n":
        return _LINE
    return _WORD if char == "_" or (char.isascii() and char.isalnum()) else _OTHER


def _holds(kind: str, before: str, after: str) -> bool:
    """Tell whether a place is what an assertion asks, by what stands before and after it."""
    if kind == "begin":
        return before == _BEGIN
    if kind == "end":
        return after == _END
    if kind == "line begin":
        return before in (_BEGIN, _LINE)
    if kind == "line end":
        return after in (_END, _LINE)
    return ((before == _WORD) != (after == _WORD)) == (kind == "word")
