"""Regular expressions in Go's syntax (RE2), as Python's.

They agree in most of what people write. Different are: where ``$`` matches, flags in the middle,
classes in brackets, quoting by ``\\Q``, and what RE2 does not have at all (looking ahead and
back, references to groups), which is refused here as it is there.
"""

from __future__ import annotations

import re

_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7F", "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F", "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~",
    "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ", "upper": "A-Z", "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_FLAGS = re.compile(r"\(\?([ims]*)(?:-([ims]+))?([:)])")
_NAMED = re.compile(r"\(\?P?<([A-Za-z_][A-Za-z0-9_]*)>")
_NOT_THERE = re.compile(r"\(\?[^:imsP<]|\(\?<[=!]|\(\?P[^<]")
_NUMBER = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_POSIX = re.compile(r"\[:(\^?)([a-z]+):\]")
_REPEAT = re.compile(r"[*+?]|\{\d+(?:,\d*)?\}")
_TOO_OFTEN = 1000


def compiled(text: str) -> re.Pattern[str]:
    """Return the expression *text* of Go's syntax. Raises ValueError that says what is wrong."""
    try:
        return re.compile(_Translator(text).whole(), re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None


class _Translator:
    """One pass over an expression; groups remember the flags that they have opened."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._out: list[str] = []
        # Of each open group: the flags before it, and the flag groups opened in it.
        self._groups: list[tuple[frozenset[str], list[str]]] = [(frozenset(), [])]
        self._flags: frozenset[str] = frozenset()

    def whole(self) -> str:
        """Return the expression in Python's syntax."""
        while self._at < len(self._text):
            self._next()
        if len(self._groups) > 1:
            raise ValueError("missing closing )")
        self._out.append(")" * len(self._groups[0][1]))
        return "".join(self._out)

    def _next(self) -> None:
        char = self._text[self._at]
        if char == "\\":
            self._escape()
        elif char == "[":
            self._set()
        elif char == "(":
            self._open()
        elif char in "*+?{":
            self._repeat()
        else:
            self._at += 1
            self._out.append(self._plain(char))

    def _plain(self, char: str) -> str:
        flags, opened = self._groups[-1]
        if char == "$":
            return "$" if "m" in self._flags else r"\Z"
        if char == "|":
            # Flags hold to the end of the group, for what is behind the bar as well.
            return ")" * len(opened) + "|" + "".join(opened)
        if char == ")":
            if len(self._groups) == 1:
                raise ValueError("unexpected )")
            self._groups.pop()
            self._flags = flags
            return ")" * (len(opened) + 1)
        return char

    def _repeat(self) -> None:
        found = _REPEAT.match(self._text, self._at)
        if found is None:
            self._at += 1
            self._out.append(r"\{")
            return
        if any(int(number) > _TOO_OFTEN for number in re.findall(r"\d+", found[0])):
            raise ValueError(f"invalid repeat count: {found[0]}")
        self._at = found.end()
        self._out.append(found[0])
        if self._text[self._at : self._at + 1] == "?":
            self._at += 1
            self._out.append("?")
        # Python would take a second + as possessive.
        if again := _REPEAT.match(self._text, self._at):
            raise ValueError(f"invalid nested repetition operator: {found[0]}{again[0]}")

    def _open(self) -> None:
        text, at = self._text, self._at
        if named := _NAMED.match(text, at):
            self._begin(f"(?P<{named[1]}>", named.end())
        elif flagged := _FLAGS.match(text, at):
            self._flagged(flagged)
        elif missing := _NOT_THERE.match(text, at):
            raise ValueError(f"{missing[0]}: there is no such group in Go's expressions")
        else:
            self._begin("(", at + 1)

    def _begin(self, words: str, end: int) -> None:
        self._groups.append((self._flags, []))
        self._at = end
        self._out.append(words)

    def _flagged(self, found: re.Match[str]) -> None:
        on, off = found[1], found[2] or ""
        words = f"(?{on}{'-' if off else ''}{off}:"
        before = self._flags
        if found[3] == ":":
            self._begin(words, found.end())
        else:
            self._groups[-1][1].append(words)
            self._at = found.end()
            self._out.append(words)
        self._flags = (before | frozenset(on)) - frozenset(off)

    def _escape(self) -> None:
        text, at = self._text, self._at
        following = text[at + 1 : at + 2]
        if following == "Q":
            end = text.find(r"\E", at)
            stop = end if end >= 0 else len(text)
            self._out.append(re.escape(text[at + 2 : stop]))
            self._at = stop + 2
        elif following == "z":
            self._out.append(r"\Z")
            self._at += 2
        else:
            self._out.append(self._taken())

    def _taken(self) -> str:
        """Return one escape that means the same in a set and outside."""
        text, at = self._text, self._at
        if number := _NUMBER.match(text, at):
            self._at = number.end()
            return f"\\U{int(number[1], 16):08X}"
        following = text[at + 1 : at + 2]
        if following in ("p", "P"):
            raise ValueError(f"\\{following}: classes of Unicode are not known here")
        if not following or following in "ZCuUN" or following in "123456789":
            raise ValueError(f"invalid escape sequence: \\{following}")
        self._at += 2
        return "\\" + following

    def _set(self) -> None:
        text = self._text
        begin = 2 if text.startswith("[^", self._at) else 1
        self._out.append(text[self._at : self._at + begin])
        self._at += begin
        first = True
        while first or not text.startswith("]", self._at):
            if self._at >= len(text):
                raise ValueError("missing closing ]")
            self._out.append(self._in_set())
            first = False
        self._at += 1
        self._out.append("]")

    def _in_set(self) -> str:
        char = self._text[self._at]
        if char == "\\":
            return self._taken()
        if posix := _POSIX.match(self._text, self._at):
            if posix[2] not in _CLASSES or posix[1]:
                raise ValueError(f"{posix[0]}: no such class here")
            self._at = posix.end()
            return _CLASSES[posix[2]]
        self._at += 1
        return "\\" + char if char in "[]&~|" else char
