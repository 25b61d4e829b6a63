"""Which files of a package go into an image: the switches, and what the recipe says beyond them."""

from __future__ import annotations

from seaslug.deb.select import Selection
from seaslug.recipe.catalog import switches
from seaslug.recipe.model import Recipe


def selection(recipe: Recipe, package: str) -> Selection:
    """Return the selection for *package* in images of *recipe*."""
    kept = {name for level in recipe.levels for name in level.keep}
    active = [switch for name, switch in sorted(switches().items()) if name not in kept]
    only: tuple[str, ...] = ()
    moves: tuple[tuple[str, str], ...] = ()
    for level in recipe.levels:
        only += dict(level.only).get(package, ())
        moves += dict(level.moves).get(package, ())
        if level.npm is not None and package == npm_name(level.npm.package, package):
            only += tuple(old for old, _ in level.npm.moves)
            moves += level.npm.moves
    return Selection(
        drop=(
            *(g for s in active for g in s.drop),
            *(g for level in recipe.levels for g in level.drop),
        ),
        keep=tuple(g for switch in active for g in switch.keep),
        only=only,
        moves=moves,
        scripts=False,
        usrmerge=recipe.distribution.usrmerge,
        cuts=tuple(g for level in recipe.levels for g in dict(level.cuts).get(package, ())),
    )


def input_selection(globs: tuple[str, ...]) -> Selection:
    """Return the selection of just *globs*, for effects that read files not in the image."""
    return Selection(drop=(), keep=(), only=globs, moves=(), scripts=True, usrmerge=False)


def npm_name(pattern: str, package: str) -> str:
    """Return *package* if it is a platform's form of *pattern* (``node-linux-{npm}``), else ''."""
    head = pattern.partition("{")[0]
    return package if package.startswith(head) else ""
