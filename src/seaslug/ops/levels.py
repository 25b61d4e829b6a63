"""Levels to groups: what each level's packages bring and what its effects compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seaslug.lock.codec import embedded
from seaslug.lock.model import Lock, PlatformLock
from seaslug.ops.frozen import freeze, thaw
from seaslug.ops.inside import CONFIGURATION, LOCK_PATH, RECIPE_PATH
from seaslug.ops.keys import LEVEL_VERSION, action
from seaslug.ops.layers import Group
from seaslug.ops.pieces import Piece
from seaslug.ops.scene import EFFECTS, Scene
from seaslug.ports import BlobStore
from seaslug.recipe.codec import encode
from seaslug.recipe.model import Level, Recipe, fill, words
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree, file, symlink


@dataclass(frozen=True, slots=True)
class Materials:
    """Everything a build has at hand once packages are cut.

    ``pieces`` are by package name, ``inputs`` by effect; ``pyc`` compiles (tree so far, own).
    """

    store: BlobStore
    recipe: Recipe
    lock: Lock
    platform: Platform
    pieces: Mapping[str, Piece]
    inputs: Mapping[str, Piece]
    pyc: Callable[[Tree, Tree], tuple[Entry, ...]]

    @property
    def locked(self) -> PlatformLock:
        """What is locked for this platform."""
        return self.lock.on(self.platform)

    def tree_of(self, effect: str) -> Tree:
        """Return the input files of *effect*."""
        return Tree(self.inputs[effect].entries)


def groups(materials: Materials) -> tuple[Group, ...]:
    """Return one group per level, and a last one for what depends on the whole image."""
    done: list[Group] = []
    seen: list[str] = []
    mtime = 0
    for level in materials.recipe.levels:
        pieces = _pieces(materials, level)
        mtime = max((p.record.mtime for p in pieces), default=mtime)
        seen += [piece.fragment.digest.text for piece in pieces]
        extra = _extra(materials, level, pieces, done, (seen, mtime))
        done.append(Group(level.name, pieces, extra))
    return (*done, _last(materials, done, newest(materials)))


def newest(materials: Materials) -> int:
    """Return the time of the newest file in any package, in seconds since 1970."""
    return max((piece.record.mtime for piece in materials.pieces.values()), default=0)


def _pieces(materials: Materials, level: Level) -> tuple[Piece, ...]:
    names = {p.package.name for p in materials.locked.packages if p.level == level.name}
    return tuple(materials.pieces[name] for name in sorted(names - materials.recipe.omitted))


def _extra(
    materials: Materials,
    level: Level,
    pieces: tuple[Piece, ...],
    below: list[Group],
    state: tuple[list[str], int],
) -> tuple[Entry, ...]:
    seen, mtime = state
    key = action(
        "level", LEVEL_VERSION, seen, level.effects, level.links, str(materials.platform), mtime,
        materials.recipe.distribution.usrmerge, materials.locked.pyc,
        sorted(materials.recipe.bytecode),
        [materials.inputs[e].fragment.digest.text for e in level.effects if e in materials.inputs],
    )  # fmt: skip
    found = materials.store.recall(key)
    if found is not None and (entries := thaw(found, materials.store)) is not None:
        return entries
    own = Tree(entry for piece in pieces for entry in piece.entries)
    scene = Scene(
        materials.recipe, level, materials.platform, own.over(tree_of(below)), own, mtime,
        materials.tree_of, materials.pyc,
    )  # fmt: skip
    made = [entry for name in level.effects for entry in EFFECTS[name](scene)]
    known = words(materials.platform)
    made += [symlink(p, fill(target, known), mtime=mtime) for p, target in level.links]
    entries = Tree(made).entries
    materials.store.remember(key, freeze(entries, materials.store))
    return entries


def _last(materials: Materials, below: list[Group], mtime: int) -> Group:
    names = [name for level in materials.recipe.levels for name in level.last]
    text = embedded(materials.lock, materials.platform)
    told = [file(LOCK_PATH, text.encode(), mtime=mtime)]
    if recorded := encode(materials.recipe):
        told.append(file(RECIPE_PATH, recorded.encode(), mtime=mtime))
    seen = [piece.fragment.digest.text for group in below for piece in group.pieces]
    extra = [[_state(e) for e in group.extra] for group in below] if names else []
    key = action("last", LEVEL_VERSION, seen, names, extra, mtime, str(materials.platform))
    found = materials.store.recall(key)
    entries = thaw(found, materials.store) if found is not None else None
    if entries is None:
        tree = tree_of(below)
        top = materials.recipe.levels[-1]
        scene = Scene(
            materials.recipe, top, materials.platform, tree, tree, mtime, materials.tree_of,
            materials.pyc,
        )  # fmt: skip
        entries = tuple(entry for name in names for entry in EFFECTS[name](scene))
        materials.store.remember(key, freeze(entries, materials.store))
    return Group(CONFIGURATION, (), (*entries, *told))


def _state(entry: Entry) -> list[Any]:
    """Return what an entry is, the same whether it was just made or comes from the store."""
    digest = Digest.of(entry.read()).text if entry.kind is Kind.FILE else ""
    return [entry.path, entry.kind.value, entry.mode, entry.uid, entry.gid, entry.target, digest]


def tree_of(below: Sequence[Group]) -> Tree:
    """Return the files and links that *below* bring."""
    found = [e for group in below for piece in group.pieces for e in piece.entries]
    return Tree((*found, *(e for group in below for e in group.extra)))
