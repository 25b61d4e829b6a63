"""Simple command lines of a shell, read without one; what needs a shell is refused with the reason.

Source: POSIX, Shell Command Language: quoting, tokens, simple commands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Pairs = tuple[tuple[str, str], ...]

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)\Z", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[^}]*\}|.)?")
_REASONS = {
    "|": "it pipes one program's output into another (|)",
    ";": "it runs several programs one after the other (;)",
    "&": "it starts a program in the background (&)",
    "<": "it redirects input (<)",
    ">": "it redirects output (>)",
    "(": "it starts a subshell",
    ")": "it starts a subshell",
    "`": "it puts a program's output into the line (`)",
    "*": "it has a pattern of file names (*)",
    "?": "it has a pattern of file names (?)",
    "[": "it has a pattern of file names ([)",
    "~": "it names a home folder (~)",
    "#": "it has a comment (#)",
    "\n": "it has several lines",
}
MAX = 4096


class NeedsShellError(ValueError):
    """A line that only a shell understands; its text says why."""


@dataclass(frozen=True, slots=True)
class Simple:
    """One command: the variables set before it, and its words."""

    env: Pairs
    words: tuple[str, ...]


def parse(line: str) -> tuple[Simple, ...]:
    """Return the commands of *line*, which are joined by ``&&``. Raises NeedsShellError."""
    if len(line) > MAX:
        raise NeedsShellError(f"it is longer than {MAX} characters")
    return tuple(_simple(words) for words in _Words(line.strip("\n")).read())


def _simple(words: list[tuple[str, bool]]) -> Simple:
    env: list[tuple[str, str]] = []
    at = 0
    for text, plain in words:
        found = _ASSIGNMENT.match(text)
        if found is None or not plain:
            break
        env.append((found[1], found[2]))
        at += 1
    return Simple(tuple(env), tuple(text for text, _ in words[at:]))


class _Words:
    """Splits a line; each word goes with whether its beginning, up to ``=``, is unquoted."""

    def __init__(self, line: str) -> None:
        self._line = line
        self._at = 0
        self._word: list[str] = []
        self._open = False
        self._plain = True

    def read(self) -> list[list[tuple[str, bool]]]:
        commands: list[list[tuple[str, bool]]] = [[]]
        while self._at < len(self._line):
            char = self._line[self._at]
            if char in " \t":
                self._end(commands[-1])
                self._at += 1
            elif self._line.startswith("&&", self._at):
                self._end(commands[-1])
                commands.append([])
                self._at += 2
            else:
                self._take(char)
        self._end(commands[-1])
        if not all(commands):
            raise NeedsShellError("it is empty" if len(commands) == 1 else "&& has only one side")
        return commands

    def _take(self, char: str) -> None:
        if char in "'\"\\":
            self._plain = self._plain and "=" in self._word
        if char in "'\"":
            self._quoted(char)
        elif char == "\\":
            self._at += 1
            self._add(self._line[self._at : self._at + 1] or char)
        else:
            self._refuse(char)
            self._add(char)

    def _refuse(self, char: str) -> None:
        if self._line.startswith("||", self._at):
            raise NeedsShellError("it has a second choice for when the first one fails (||)")
        if char == "$":
            raise NeedsShellError(self._variable())
        if char in _REASONS and (char not in "~#" or not self._word):
            raise NeedsShellError(_REASONS[char])

    def _variable(self) -> str:
        if self._line.startswith("$(", self._at):
            return "it puts a program's output into the line ($(...))"
        found = _VARIABLE.match(self._line, self._at)
        return f"it uses a variable of the shell ({found[0] if found else '$'})"

    def _quoted(self, quote: str) -> None:
        self._at += 1
        self._open = True
        while self._at < len(self._line) and self._line[self._at] != quote:
            char = self._line[self._at]
            if quote == '"':
                if char == "\\" and self._line[self._at + 1 : self._at + 2] in (
                    '"',
                    "\\",
                    "$",
                    "`",
                ):
                    self._at += 1
                    char = self._line[self._at]
                elif char == "$":
                    raise NeedsShellError(self._variable())
                elif char == "`":
                    raise NeedsShellError(_REASONS["`"])
            self._add(char)
        if self._at >= len(self._line):
            raise NeedsShellError(f"a quotation mark is not closed ({quote})")
        self._at += 1

    def _add(self, text: str) -> None:
        self._word.append(text)
        self._open = True
        self._at += 1

    def _end(self, command: list[tuple[str, bool]]) -> None:
        if self._open:
            command.append(("".join(self._word), self._plain))
        self._word, self._open, self._plain = [], False, True
