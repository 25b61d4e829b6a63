"""One recipe file, read and checked: every mistake is reported at once, with line and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seaslug.errors import RecipeError
from seaslug.recipe.locate import line_of

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")
_PACKAGE = re.compile(
    r"[a-z0-9{][a-z0-9+.{}_-]*(?::[a-z0-9]+)?(@[a-z]+)?( *\([<>=]+ *[^() ]+\)|=[0-9][^ =]*)?\Z"
)
_USER = re.compile(r"[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?\Z")

Problem = tuple[tuple[str | int, ...], str]
Rule = Callable[[Any, tuple[str | int, ...]], list[Problem]]


def _text(pattern: re.Pattern[str] | None = None, what: str = "text") -> Rule:
    def check(value: Any, path: tuple[str | int, ...]) -> list[Problem]:
        if not isinstance(value, str):
            return [(path, f"must be {what}, is {_kind(value)}")]
        if pattern is not None and not pattern.match(value):
            return [(path, f"{value!r} is not {what}")]
        return []

    return check


def _list(item: Rule) -> Rule:
    def check(value: Any, path: tuple[str | int, ...]) -> list[Problem]:
        if not isinstance(value, list):
            return [(path, f"must be a list, is {_kind(value)}")]
        return [problem for element in value for problem in item(element, path)]

    return check


def _map(item: Rule) -> Rule:
    def check(value: Any, path: tuple[str | int, ...]) -> list[Problem]:
        if not isinstance(value, dict):
            return [(path, f"must be a table, is {_kind(value)}")]
        return [
            problem for key, element in value.items() for problem in item(element, (*path, key))
        ]

    return check


def _record(fields: Mapping[str, Rule], required: Sequence[str] = ()) -> Rule:
    def check(value: Any, path: tuple[str | int, ...]) -> list[Problem]:
        if not isinstance(value, dict):
            return [(path, f"must be a table, is {_kind(value)}")]
        found: list[Problem] = []
        for key, element in value.items():
            if key in fields:
                found += fields[key](element, (*path, key))
            else:
                found.append(((*path, key), _unknown(key, fields)))
        found += [(path, f"{key} is missing") for key in required if key not in value]
        return found

    return check


def _records(fields: Mapping[str, Rule], required: Sequence[str]) -> Rule:
    one = _record(fields, required)

    def check(value: Any, path: tuple[str | int, ...]) -> list[Problem]:
        if not isinstance(value, list):
            return [(path, f"must be a list of tables ([[{path[-1]}]]), is {_kind(value)}")]
        return [p for at, element in enumerate(value) for p in one(element, (*path, at))]

    return check


def _choice(known: Sequence[str], what: str) -> Rule:
    def check(value: Any, path: tuple[str | int, ...]) -> list[Problem]:
        if value in known:
            return []
        return [(path, f"unknown {what} {value!r}{_nearest(str(value), known)}")]

    return check


def _whole(value: Any, path: tuple[str | int, ...]) -> list[Problem]:
    if isinstance(value, int) and not isinstance(value, bool):
        return []
    return [(path, f"must be a whole number, is {_kind(value)}")]


def _flag(value: Any, path: tuple[str | int, ...]) -> list[Problem]:
    return [] if isinstance(value, bool) else [(path, f"must be true or false, is {_kind(value)}")]


def _number(value: Any, path: tuple[str | int, ...]) -> list[Problem]:
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    return [] if good else [(path, f"must be a number, is {_kind(value)}")]


TEXT = _text()
TEXTS = _list(TEXT)
PACKAGES = _list(_text(_PACKAGE, "a package (name, name@suite, name (>= version) or name=version)"))
LINKS = _records({"path": TEXT, "target": TEXT}, ("path", "target"))
CHECKS = _records(
    {
        "name": TEXT, "argv": TEXTS, "args": TEXTS, "user": TEXT, "env": _map(TEXT), "stdin": TEXT,
        "files": _map(TEXT), "status": _whole, "stdout": TEXT, "stderr": TEXT, "port": _whole,
        "path": TEXT, "http_status": _whole, "body": TEXT, "refused": _flag, "timeout": _number,
        "variants": TEXTS, "distributions": TEXTS,
    },
    ("name",),
)  # fmt: skip


def _level(effects: Sequence[str], switches: Sequence[str]) -> dict[str, Rule]:
    effect = _list(_choice(effects, "effect"))
    return {
        "packages": PACKAGES,
        "exclude": _list(_text(_PACKAGE, "a package name")),
        "keep": _list(_choice(switches, "switch")),
        "drop": TEXTS,
        "only": _map(TEXTS),
        "moves": _map(_map(TEXT)),
        "effects": effect,
        "last": effect,
        "links": LINKS,
        "env": _map(TEXT),
        "labels": _map(TEXT),
        "user": _text(_USER, "a user (name or number, with :group if need be)"),
        "workdir": TEXT,
        "entrypoint": TEXTS,
        "cmd": TEXTS,
    }


def check_recipe(
    data: Mapping[str, Any], effects: Sequence[str], switches: Sequence[str]
) -> list[Problem]:
    """Return every mistake in the shape of a recipe's data, as (path of keys, text)."""
    level = _level(effects, switches)
    variant = {**level, "from": TEXTS, "shell": _record({"entrypoint": TEXTS})}
    fields: dict[str, Rule] = {
        **level,
        "name": _text(_NAME, "a name (lower case letters, digits, . _ -)"),
        "description": TEXT,
        "from": TEXT,
        "distribution": TEXT,
        "version-from": TEXT,
        "packages-for": _map(PACKAGES),
        "npm": _record(
            {"package": TEXT, "version": TEXT, "moves": _map(TEXT)}, ("package", "version")
        ),
        "variants": _map(_record(variant)),
        "prove": CHECKS,
    }
    return _record(fields, ("name",))(dict(data), ())


def parse(text: str, where: str) -> dict[str, Any]:
    """Return the data of a TOML text. Raises RecipeError with the line of a syntax error."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        place = f"{where}:{at[1]}:{at[2]}" if at else f"{where}:{len(text.splitlines())}"
        said = str(error).split(" (at ")[0]
        raise RecipeError([f"{place}: not TOML: {said}"]) from None


def fail(text: str, where: str, problems: Sequence[Problem]) -> None:
    """Raise RecipeError if there are *problems*, each with its line and key."""
    if problems:
        rows = sorted(
            (line_of(text, path), ".".join(map(str, path)), said) for path, said in problems
        )
        raise RecipeError([f"{where}:{line}: {key or '(top)'}: {said}" for line, key, said in rows])


def _kind(value: Any) -> str:
    names = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list"}
    return names.get(type(value), "a table")


def _unknown(key: str, known: Mapping[str, Rule]) -> str:
    return f"unknown key{_nearest(key, tuple(known))}"


def _nearest(name: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=2, cutoff=0.5)
    return (
        f"; did you mean {' or '.join(near)}?" if near else f"; known: {', '.join(sorted(known))}"
    )
