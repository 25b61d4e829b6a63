"""The shape of a TOML document: rules that find every mistake, and tell themselves as JSON schema.

A rule is called with a value and its path of keys and returns the problems it finds.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seaslug.errors import RecipeError
from seaslug.recipe.locate import line_of

Path = tuple[str | int, ...]
Problem = tuple[Path, str]
Check = Callable[[Any, Path], list[Problem]]


@dataclass(frozen=True)
class Rule:
    """What a value must be: ``check`` finds its problems, ``schema`` says it as JSON schema."""

    check: Check
    schema: Mapping[str, Any]

    def __call__(self, value: Any, path: Path) -> list[Problem]:
        """Return the problems of *value*, which stands at *path*."""
        return self.check(value, path)

    def about(self, text: str) -> Rule:
        """Return the rule with a description for people."""
        return replace(self, schema={**self.schema, "description": text})


def text(pattern: re.Pattern[str] | None = None, what: str = "text") -> Rule:
    """Return the rule for a string, that matches *pattern* and is called *what*."""

    def check(value: Any, path: Path) -> list[Problem]:
        if not isinstance(value, str):
            return [(path, f"must be {what}, is {kind(value)}")]
        if pattern is not None and not pattern.match(value):
            return [(path, f"{value!r} is not {what}")]
        return []

    schema: dict[str, Any] = {"type": "string"}
    if pattern is not None:
        schema["pattern"] = "^" + pattern.pattern.replace(r"\Z", "$")
    return Rule(check, schema)


def list_of(item: Rule) -> Rule:
    """Return the rule for a list whose elements are *item*."""

    def check(value: Any, path: Path) -> list[Problem]:
        if not isinstance(value, list):
            return [(path, f"must be a list, is {kind(value)}")]
        return [problem for element in value for problem in item(element, path)]

    return Rule(check, {"type": "array", "items": dict(item.schema)})


def map_of(item: Rule) -> Rule:
    """Return the rule for a table whose values are *item*."""

    def check(value: Any, path: Path) -> list[Problem]:
        if not isinstance(value, dict):
            return [(path, f"must be a table, is {kind(value)}")]
        return [
            problem for key, element in value.items() for problem in item(element, (*path, key))
        ]

    return Rule(check, {"type": "object", "additionalProperties": dict(item.schema)})


def record(fields: Mapping[str, Rule], required: Sequence[str] = ()) -> Rule:
    """Return the rule for a table with these *fields* and no others."""

    def check(value: Any, path: Path) -> list[Problem]:
        if not isinstance(value, dict):
            return [(path, f"must be a table, is {kind(value)}")]
        found: list[Problem] = []
        for key, element in value.items():
            if key in fields:
                found += fields[key](element, (*path, key))
            else:
                found.append(((*path, key), f"unknown key{nearest(key, tuple(fields))}"))
        found += [(path, f"{key} is missing") for key in required if key not in value]
        return found

    schema: dict[str, Any] = {
        "type": "object",
        "properties": {key: dict(rule.schema) for key, rule in fields.items()},
        "additionalProperties": False,
    }
    if required:
        schema["required"] = list(required)
    return Rule(check, schema)


def records(fields: Mapping[str, Rule], required: Sequence[str]) -> Rule:
    """Return the rule for an array of tables, each with these *fields*."""
    one = record(fields, required)

    def check(value: Any, path: Path) -> list[Problem]:
        if not isinstance(value, list):
            return [(path, f"must be a list of tables ([[{path[-1]}]]), is {kind(value)}")]
        return [p for at, element in enumerate(value) for p in one(element, (*path, at))]

    return Rule(check, {"type": "array", "items": dict(one.schema)})


def choice(known: Sequence[str], what: str) -> Rule:
    """Return the rule for one of the *known* words."""

    def check(value: Any, path: Path) -> list[Problem]:
        if value in known:
            return []
        return [(path, f"unknown {what} {value!r}{nearest(str(value), known)}")]

    return Rule(check, {"enum": list(known)})


def either(what: str, *rules: Rule) -> Rule:
    """Return the rule for a value that fits one of *rules*; *what* says what that is.

    If none fits, the problems of the one that came furthest are told.
    """

    def check(value: Any, path: Path) -> list[Problem]:
        found = [rule(value, path) for rule in rules]
        if not all(found):
            return []
        deeper = [problems for problems in found if any(len(p) > len(path) for p, _ in problems)]
        return deeper[0] if deeper else [(path, f"must be {what}, is {kind(value)}")]

    return Rule(check, {"anyOf": [dict(rule.schema) for rule in rules]})


def _whole(value: Any, path: Path) -> list[Problem]:
    if isinstance(value, int) and not isinstance(value, bool):
        return []
    return [(path, f"must be a whole number, is {kind(value)}")]


def _flag(value: Any, path: Path) -> list[Problem]:
    return [] if isinstance(value, bool) else [(path, f"must be true or false, is {kind(value)}")]


def _number(value: Any, path: Path) -> list[Problem]:
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    return [] if good else [(path, f"must be a number, is {kind(value)}")]


TEXT = text()
TEXTS = list_of(TEXT)
WHOLE = Rule(_whole, {"type": "integer"})
FLAG = Rule(_flag, {"type": "boolean"})
NUMBER = Rule(_number, {"type": "number"})


def parse(document: str, where: str) -> dict[str, Any]:
    """Return the data of a TOML text. Raises RecipeError with the line of a syntax error."""
    try:
        return tomllib.loads(document)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        place = f"{where}:{at[1]}:{at[2]}" if at else f"{where}:{len(document.splitlines())}"
        said = str(error).split(" (at ")[0]
        raise RecipeError([f"{place}: not TOML: {said}"]) from None


def fail(document: str, where: str, problems: Sequence[Problem]) -> None:
    """Raise RecipeError if there are *problems*, each with its line and key."""
    if problems:
        rows = sorted(
            (line_of(document, path), ".".join(map(str, path)), said) for path, said in problems
        )
        raise RecipeError([f"{where}:{line}: {key or '(top)'}: {said}" for line, key, said in rows])


def kind(value: Any) -> str:
    """Return what *value* is, in words."""
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "a table")


def nearest(name: str, known: Sequence[str]) -> str:
    """Return the end of a sentence: the known words that are close to *name*, else all."""
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=2, cutoff=0.5)
    return (
        f"; did you mean {' or '.join(near)}?" if near else f"; known: {', '.join(sorted(known))}"
    )
