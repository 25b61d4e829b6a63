"""What an application's image tells of its recipe: there and back, and what is no such thing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from seaslug.errors import RecipeError
from seaslug.recipe import expand
from seaslug.recipe.codec import decode, encode, reference
from seaslug.recipe.model import SLICE, Level, Recipe

LEVELS = (
    Level("with", packages=("libpq5", "libssl3t64"), exclude=("perl",), effects=("licences",)),
    Level("init", packages=("tini",), only=(("tini", ("usr/bin/tini-static",)),)),
    Level("time zones", drop=("usr/share/zoneinfo/**", "etc/localtime")),
    Level("x", moves=(("tini", (("a", "b"),)),), links=(("usr/bin/x", "y"),), keep=("z",)),
    Level(SLICE, cuts=(("libc6", ("usr/lib/a", "usr/lib/ü")),), omits=("netbase",)),
)


def app(base: str = "python3-debian12:nonroot", levels: tuple[Level, ...] = LEVELS) -> Recipe:
    family = expand.family(base)
    return replace(family, name="shop", base=base, levels=(*family.levels, *levels), description="")


@pytest.mark.parametrize(
    "base", ["static-debian13", "python3-debian12:nonroot", "cc-debian11:debug"]
)
def test_what_is_told_is_enough_to_make_the_same_layers(base: str) -> None:
    recipe = app(base)
    found = decode(encode(recipe), "image")
    assert (found.title, found.base, found.levels) == ("shop", base, LEVELS)
    again = found.recipe()
    assert (again.levels, again.digest, again.title) == (recipe.levels, recipe.digest, "shop")


def test_the_same_levels_on_another_member() -> None:
    found = decode(encode(app()), "image").recipe("cc-debian13:nonroot")
    family = expand.family("cc-debian13:nonroot")
    assert found.levels == (*family.levels, *LEVELS)
    assert (found.base, reference(family)) == ("cc-debian13:nonroot",) * 2


@pytest.mark.parametrize(
    ("onto", "found"),
    [
        ("cc:debug", "cc-debian12:debug"),
        ("cc", "cc-debian12"),
        ("cc-debian13", "cc-debian13"),
        ("java11", "java11-debian11"),
    ],
)
def test_the_release_stays_where_none_is_named(onto: str, found: str) -> None:
    assert decode(encode(app()), "image").recipe(onto).base == found


def test_the_family_tells_nothing() -> None:
    assert encode(expand.family("python3")) == ""


def test_a_base_that_was_changed_tells_nothing() -> None:
    recipe = app()
    assert encode(replace(recipe, levels=recipe.levels[1:])) == ""


BROKEN = {
    "no JSON": "{", "no object": "[]", "another version": '{"seaslug-recipe": 2}',
    "deep": "[" * 100_000, "no levels": '{"seaslug-recipe": 1, "title": "a", "base": "static"}',
}  # fmt: skip
LEVEL = {
    "an unknown key": {"name": "x", "run": ["rm"]}, "a program of npm's": {"name": "x", "npm": {}},
    "an unknown effect": {"name": "x", "effects": ["rm"]}, "no name": {"packages": []},
    "a number": {"name": 1}, "a text for a list": {"name": "x", "packages": "libc6"},
    "pairs that are none": {"name": "x", "links": [["a"]]}, "no table": {"name": "x", "cuts": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", [*BROKEN, *LEVEL])
def test_what_is_no_recipe(name: str) -> None:
    data = {"seaslug-recipe": 1, "title": "a", "base": "static", "levels": [LEVEL.get(name)]}
    with pytest.raises(RecipeError, match="malformed"):
        decode(BROKEN.get(name) or json.dumps(data), "image")
