"""Requirements and environment markers (PEP 508), read and evaluated for the image's Python.

What decides is the interpreter in the image, never the one that runs seaslug.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from seaslug.apps.python.version import ANY, Specifier

Environment = Mapping[str, str | frozenset[str]]

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*'|\"[^\"]*\")|(?P<op>===|~=|==|!=|<=|>=|<|>|\(|\))"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_.]*))"
)
_VERSIONED = frozenset(
    ("python_version", "python_full_version", "implementation_version", "platform_release")
)
_SETS = frozenset(("extra", "extras", "dependency_groups"))
_OLD = {
    "os.name": "os_name",
    "sys.platform": "sys_platform",
    "platform.machine": "platform_machine",
    "platform.version": "platform_version",
    "platform.python_implementation": "platform_python_implementation",
    "python_implementation": "platform_python_implementation",
}
_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*"
    r"(?:\[(?P<extras>[^\]]*)\])?\s*(?P<rest>.*)\Z",
    re.DOTALL,
)
MAX_MARKER = 16384


@dataclass(frozen=True, slots=True)
class Requirement:
    """``name`` is normalised; ``url`` is there for ``name @ url``; ``marker`` is its text."""

    name: str
    extras: frozenset[str] = frozenset()
    specifier: Specifier = ANY
    url: str = ""
    marker: str = ""

    def wanted(self, environment: Environment) -> bool:
        """Tell whether its marker holds; one that cannot be read holds."""
        return holds(self.marker, environment)

    def __str__(self) -> str:
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        text = f"{self.name}{extras}" + (f" @ {self.url}" if self.url else str(self.specifier))
        return f"{text} ; {self.marker}" if self.marker else text


def normal(name: str) -> str:
    """Return a package's name as indexes spell it: ``Foo._Bar`` is ``foo-bar``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement(text: str) -> Requirement | None:
    """Read ``name[extra]>=1 ; marker`` or ``name @ url ; marker``; None if it is neither."""
    found = _REQUIREMENT.match(text)
    if found is None:
        return None
    extras = frozenset(normal(e.strip()) for e in (found["extras"] or "").split(",") if e.strip())
    rest = found["rest"].strip()
    if rest.startswith("@"):
        url, _, marker = re.sub(r"\s+;", " ;", rest[1:].strip()).partition(" ;")
        return Requirement(normal(found["name"]), extras, url=url.strip(), marker=marker.strip())
    bounds, _, marker = rest.partition(";")
    specifier = Specifier.parse(bounds)
    if specifier is None:
        return None
    return Requirement(normal(found["name"]), extras, specifier, marker=marker.strip())


def holds(marker: str, environment: Environment) -> bool:
    """Tell whether *marker* is true in *environment*; an empty one is.

    One that is not to be understood counts as true: a package too many does less harm.
    """
    if not marker.strip():
        return True
    if len(marker) > MAX_MARKER:
        return True
    try:
        parser = _Parser(list(_tokens(marker)), environment)
        value = parser.either()
        return value if not parser.left() else True
    except (ValueError, IndexError, RecursionError):
        return True


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(text)
        at = found.end()
        kind = found.lastgroup or ""
        yield kind, found[kind][1:-1] if kind == "text" else found[kind]


class _Parser:
    """Evaluates while it reads: or, and, parentheses, comparisons."""

    def __init__(self, tokens: list[tuple[str, str]], environment: Environment) -> None:
        self.tokens, self.at, self.environment = tokens, 0, environment

    def left(self) -> bool:
        return self.at < len(self.tokens)

    def take(self) -> tuple[str, str]:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def skip(self, word: str) -> bool:
        if self.left() and self.tokens[self.at] in (("word", word), ("op", word)):
            self.at += 1
            return True
        return False

    def either(self) -> bool:
        value = self.both()
        while self.skip("or"):
            value = self.both() or value
        return value

    def both(self) -> bool:
        value = self.one()
        while self.skip("and"):
            value = self.one() and value
        return value

    def one(self) -> bool:
        if self.skip("("):
            value = self.either()
            if not self.skip(")"):
                raise ValueError("unbalanced")
            return value
        left = self.take()
        negated = "not " if self.skip("not") else ""
        operator = negated + self.take()[1]
        return _compare(left, operator, self.take(), self.environment)


def _compare(
    left: tuple[str, str], operator: str, right: tuple[str, str], environment: Environment
) -> bool:
    name = next((_OLD.get(word, word) for kind, word in (left, right) if kind == "word"), "")
    literal = right[1] if left[0] == "word" else left[1]
    if name in _SETS:
        have = environment.get(name, frozenset())
        assert isinstance(have, frozenset)
        return (normal(literal) in have) is (operator in ("==", "in"))
    value = environment.get(name)
    if not isinstance(value, str):
        raise ValueError(name)
    if operator in ("in", "not in"):
        inner, outer = (value, literal) if left[0] == "word" else (literal, value)
        return (inner in outer) is (operator == "in")
    if name in _VERSIONED:
        bound = literal if left[0] == "word" else value
        specifier = Specifier.parse(operator + bound)
        if specifier is not None:
            return specifier.contains(value if left[0] == "word" else literal)
    first, second = (value, literal) if left[0] == "word" else (literal, value)
    return _texts(operator, first, second)


def _texts(operator: str, first: str, second: str) -> bool:
    results = {"==": first == second, "===": first == second, "!=": first != second,
               "<": first < second, ">": first > second, "<=": first <= second,
               ">=": first >= second}  # fmt: skip
    if operator not in results:
        raise ValueError(operator)
    return results[operator]
