"""What an application's image tells of its recipe: enough to make the layers below it again.

The member of the family that it stands on, by its reference, and the levels above that:
packages beside it, time zones, what slicing left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from seaslug.errors import RecipeError, SeaslugError
from seaslug.recipe import catalog, expand
from seaslug.recipe.model import Level, Recipe

VERSION = 1
MAX_BYTES = 8 << 20
_PAIRS = ("links",)
_TABLES = ("only", "cuts")
_MOVES = "moves"


@dataclass(frozen=True, slots=True)
class Recorded:
    """The *title* of an application, the reference of its *base*, and the *levels* above it."""

    title: str
    base: str
    levels: tuple[Level, ...]

    def recipe(self, onto: str = "") -> Recipe:
        """Return the recipe on the member of the family called *onto*, or its own base.

        Where *onto* names no distribution it is that of its own base, if the member has it.
        Its settings are the base's: what the application adds is in its configuration. Raises
        UnknownNameError, UsageError.
        """
        family = expand.family(_same_release(onto, self.base) if onto else self.base)
        return replace(
            family, name=self.title, base=reference(family), description="", checks=(),
            levels=(*family.levels, *self.levels),
        )  # fmt: skip


def _same_release(onto: str, base: str) -> str:
    wanted, own = catalog.parse_reference(onto), catalog.parse_reference(base)
    text = f"{wanted.name}-{own.distribution}" + (f":{wanted.variant}" if wanted.variant else "")
    if wanted.distribution or not own.distribution:
        return onto
    try:
        catalog.distribution_of(own.distribution, catalog.members()[wanted.name], text)
    except SeaslugError:
        return onto
    return text


def reference(family: Recipe) -> str:
    """Return the full reference of a member of the family."""
    suffix = "" if family.variant == "latest" else f":{family.variant}"
    return f"{family.name}-{family.distribution.name}{suffix}"


def encode(recipe: Recipe) -> str:
    """Return what the image of an application tells; empty if it stands on no family member."""
    if not recipe.base:
        return ""
    below = expand.family(recipe.base).levels
    if recipe.levels[: len(below)] != below:
        return ""
    data = {
        "seaslug-recipe": VERSION, "title": recipe.title, "base": recipe.base,
        "levels": [_plain(level) for level in recipe.levels[len(below) :]],
    }  # fmt: skip
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"


def decode(text: str, where: str) -> Recorded:
    """Return what :func:`encode` wrote. Raises RecipeError for anything else."""
    try:
        data = json.loads(text) if len(text) <= MAX_BYTES else None
        if not isinstance(data, dict) or data.get("seaslug-recipe") != VERSION:
            raise ValueError(f"not a recipe of version {VERSION}")
        levels = tuple(_level(row) for row in data["levels"])
        return Recorded(_text(data["title"]), _text(data["base"]), levels)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecipeError([f"what the image tells of its recipe is malformed: {error}"],
                          where=where) from None  # fmt: skip


def _plain(level: Level) -> dict[str, Any]:
    return {key: value for key, value in asdict(level).items() if value}


def _level(row: Mapping[str, Any]) -> Level:
    known = {field.name for field in fields(Level)} - {"npm"}
    values: dict[str, Any] = {}
    for key, value in row.items():
        if key not in known:
            raise ValueError(f"unknown key {str(key)[:40]!r}")
        values[key] = _value(key, value)
    for effect in (*values.get("effects", ()), *values.get("last", ())):
        if effect not in catalog.EFFECTS:
            raise ValueError(f"unknown effect {effect[:40]!r}")
    return Level(**values)


def _value(key: str, value: Any) -> Any:
    if key == "name":
        return _text(value)
    if key in _PAIRS:
        return _pairs(value)
    if key in _TABLES:
        return tuple((_text(name), _texts(rows)) for name, rows in value)
    if key == _MOVES:
        return tuple((_text(name), _pairs(rows)) for name, rows in value)
    return _texts(value)


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((_text(first), _text(second)) for first, second in value)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return tuple(_text(item) for item in value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
