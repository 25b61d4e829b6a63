"""Time zone data: all of it, some zones, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from seaslug.errors import UnknownNameError
from seaslug.recipe.model import Level, Recipe
from seaslug.values.tree import Kind, Tree

FOLDER = "usr/share/zoneinfo"
LEVEL = "time zones"
_PACKAGES = ("tzdata", "tzdata-legacy")
_ALWAYS = ("UTC", "Etc/UTC")


def none(recipe: Recipe) -> Recipe:
    """Return *recipe* without time zones; UTC is what remains, and needs no file."""
    level = Level(LEVEL, drop=(f"{FOLDER}/**", "etc/localtime"))
    return replace(recipe, levels=(*recipe.levels, level))


def chosen(recipe: Recipe, tree: Tree, names: Sequence[str], where: str) -> Recipe:
    """Return *recipe* with only the zones *names*, and UTC. Raises UnknownNameError."""
    known = [e.path[len(FOLDER) + 1 :] for e in tree.under(FOLDER) if e.kind is not Kind.DIR]
    for name in names:
        if name not in known:
            raise UnknownNameError("time zone", name, known, where=f"{where}: timezones")
    paths = sorted({path for name in (*names, *_ALWAYS) for path in _files(tree, name)})
    only = tuple((package, (*paths, "usr/share/doc/*/copyright")) for package in _PACKAGES)
    return replace(recipe, levels=(*recipe.levels, Level(LEVEL, only=only)))


def _files(tree: Tree, name: str) -> Iterator[str]:
    """Yield the zone's file, and those that it is a link to."""
    path: str | None = f"{FOLDER}/{name}"
    while path and (entry := tree.get(path)) is not None:
        yield path
        if entry.kind is Kind.HARDLINK:
            path = entry.target
        elif entry.kind is Kind.SYMLINK:
            path = tree.realpath(path)
        else:
            return
