"""Regular expressions in Go's syntax (RE2), searched for in time that is linear in the text.

Python's own ``re`` goes back over a text again and again where an expression is ambiguous:
``(?s)(-----BEGIN.*){100}``, which is nothing to Go, would not end here. So an expression is
parsed into a tree, and ``automaton`` searches by it. What RE2 does not have (looking ahead and
back, references to groups) is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_REPEAT = 1000
_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7F", "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F", "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~",
    "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ", "upper": "A-Z", "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
_GROUP = re.compile(r"\((?!\?)|\(\?P?<[A-Za-z_][A-Za-z0-9_]*>")
_NUMBER = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_POSIX = re.compile(r"\[:(\^?)([a-z]+):\]")
_REPEAT = re.compile(r"([*+?])|\{(\d+)(,(\d*))?\}")
_QUOTED = re.compile(r"\\Q(.*?)(?:\\E|\Z)|\\.", re.DOTALL)
_ASSERTIONS = {"A": "begin", "z": "end", "b": "word", "B": "no word"}


@dataclass(frozen=True, slots=True)
class Char:
    """One character that ``ready`` matches."""

    ready: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Assert:
    """A place: ``begin`` or ``end`` of text or ``line``, the edge of a ``word``, or ``no word``."""

    kind: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """One part after the other; no part is the empty text."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several parts."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part, *least* to *most* times; -1 is without an end."""

    part: Part
    least: int
    most: int


Part = Char | Assert | Sequence | Choice | Repeat


def parse(text: str) -> Part:
    """Return the expression *text* as a tree. Raises ValueError that says what is wrong."""
    try:
        parser = _Parser(_QUOTED.sub(_plain, text))
        part = parser.choice()
        if not parser.ended():
            raise ValueError("unexpected )")
        return part
    except (re.error, OverflowError) as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


class _Parser:
    """Recursive descent over one expression; ``flags`` hold from where they stand on."""

    def __init__(self, text: str) -> None:
        self.at = 0
        self._text = text
        self._flags: frozenset[str] = frozenset()

    def ended(self) -> bool:
        """Tell whether all of it is read."""
        return self.at >= len(self._text)

    def choice(self) -> Part:
        """Read branches up to a closing bracket, or the end."""
        parts = [self._sequence()]
        while self._text.startswith("|", self.at):
            self.at += 1
            parts.append(self._sequence())
        return Choice(tuple(parts)) if len(parts) > 1 else parts[0]

    def _sequence(self) -> Part:
        parts: list[Part] = []
        while self.at < len(self._text) and self._text[self.at] not in "|)":
            parts += self._repeated()
        return Sequence(tuple(parts))

    def _repeated(self) -> list[Part]:
        part = self._atom()
        if part is None:
            return []
        found = _REPEAT.match(self._text, self.at)
        if found is None:
            return [part]
        self.at = found.end()
        if self._text.startswith("?", self.at):
            self.at += 1  # whether it takes much or little is nothing to a yes or no
        if again := _REPEAT.match(self._text, self.at):
            raise ValueError(f"invalid nested repetition operator: {found[0]}{again[0]}")
        return [Repeat(part, *_bounds(found))]

    def _atom(self) -> Part | None:
        """Read one part; None for flags, which match nothing."""
        char = self._text[self.at]
        if char == "(":
            return self._group()
        if char == "[":
            return self._char(self._set())
        if char == "\\":
            return self._escape()
        if char in "*+?":
            raise ValueError(f"missing argument to repetition operator: {char}")
        self.at += 1
        if char == "^":
            return Assert("line begin" if "m" in self._flags else "begin")
        if char == "$":
            return Assert("line end" if "m" in self._flags else "end")
        return self._char("." if char == "." else re.escape(char))

    def _group(self) -> Part | None:
        before = self._flags
        if flagged := _FLAGS.match(self._text, self.at):
            self.at = flagged.end()
            self._flags = (before | set(flagged[1])) - set(flagged[2] or "")
            if flagged[3] == ")":
                return None
        elif group := _GROUP.match(self._text, self.at):
            self.at = group.end()
        else:
            words = self._text[self.at : self.at + 4]
            raise ValueError(f"{words}: there is no such group in Go's expressions")
        part = self.choice()
        if self.at >= len(self._text):
            raise ValueError("missing closing )")
        self.at += 1
        self._flags = before
        return part

    def _escape(self) -> Part:
        following = self._text[self.at + 1 : self.at + 2]
        if following in _ASSERTIONS:
            self.at += 2
            return Assert(_ASSERTIONS[following])
        return self._char(self._taken())

    def _taken(self) -> str:
        """Return one escape that means the same in a set and outside, as Python has it."""
        text, at = self._text, self.at
        if number := _NUMBER.match(text, at):
            self.at = number.end()
            return f"\\U{int(number[1], 16):08X}"
        following = text[at + 1 : at + 2]
        if following and following in "pP":
            raise ValueError(f"\\{following}: classes of Unicode are not known here")
        if not following or (following.isalnum() and following not in "dDsSwWaftnrvx0"):
            raise ValueError(f"invalid escape sequence: \\{following}")
        length = 4 if following == "x" else 2
        self.at += length
        return text[at : at + length] if following.isalnum() else re.escape(following)

    def _set(self) -> str:
        text = self._text
        begin = 2 if text.startswith("[^", self.at) else 1
        out = [text[self.at : self.at + begin]]
        self.at += begin
        while len(out) == 1 or not text.startswith("]", self.at):
            if self.at >= len(text):
                raise ValueError("missing closing ]")
            out.append(self._in_set())
        self.at += 1
        return "".join((*out, "]"))

    def _in_set(self) -> str:
        char = self._text[self.at]
        if char == "\\":
            return self._taken()
        if posix := _POSIX.match(self._text, self.at):
            if posix[2] not in _CLASSES or posix[1]:
                raise ValueError(f"{posix[0]}: no such class here")
            self.at = posix.end()
            return _CLASSES[posix[2]]
        self.at += 1
        return "\\" + char if char in "[]&~|" else char

    def _char(self, words: str) -> Char:
        flags = re.IGNORECASE if "i" in self._flags else 0
        flags |= re.DOTALL if "s" in self._flags else 0
        return Char(re.compile(words, flags | re.ASCII))


def _bounds(found: re.Match[str]) -> tuple[int, int]:
    if found[1]:
        return (1 if found[1] == "+" else 0), (1 if found[1] == "?" else -1)
    least = int(found[2])
    most = least if found[3] is None else int(found[4]) if found[4] else -1
    if max(least, most) > MAX_REPEAT or -1 < most < least:
        raise ValueError(f"invalid repeat count: {found[0]}")
    return least, most


def _plain(found: re.Match[str]) -> str:
    """Return what stands between ``\\Q`` and ``\\E`` with every sign escaped by itself."""
    return found[0] if found[1] is None else re.escape(found[1])
