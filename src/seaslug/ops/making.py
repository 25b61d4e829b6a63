"""What a build does when the image is not there yet: fetch, cut, compute, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seaslug.deb.effects import pyc, usrmerge
from seaslug.deb.select import Selection
from seaslug.errors import LockError, RecipeError
from seaslug.lock.model import Lock, PlatformLock
from seaslug.oci.image import Image
from seaslug.ops import assemble, layers, levels
from seaslug.ops.frozen import freeze, thaw
from seaslug.ops.keys import PYC_VERSION, action
from seaslug.ops.pieces import Cutter, Piece
from seaslug.ops.scene import INPUTS
from seaslug.ops.selections import input_selection, selection
from seaslug.recipe.model import Recipe
from seaslug.values.debian import Package
from seaslug.values.tree import Entry, Tree

if TYPE_CHECKING:
    from seaslug.ops.build import Builder

Job = tuple[Package, Selection]


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the image of *recipe* for the platform of *locked*, with what *builder* has."""

    builder: Builder
    recipe: Recipe
    lock: Lock
    locked: PlatformLock

    def image(self) -> Image:
        """Return the image; its layers are in the store. Raises as Builder.image does."""
        recipe, locked, store = self.recipe, self.locked, self.builder.store
        cutter = Cutter(store, self.builder.options.compression, self.builder.pool().map)
        inputs = {e: INPUTS[e] for level in recipe.levels for e in level.effects if e in INPUTS}
        jobs: dict[str, Job] = {
            p.package.name: (p.package, selection(recipe, p.package.name)) for p in locked.packages
        }
        for effect, (name, globs) in inputs.items():
            package = locked.package(name)
            if package is None:
                said = f"the effect {effect} reads {name}, which is not among the packages"
                raise RecipeError([said], where=recipe.title)
            jobs[f"input {effect}"] = (package, input_selection(globs))
        pieces = self._pieces(cutter, jobs)
        materials = levels.Materials(
            store=store, recipe=recipe, lock=self.lock, platform=locked.platform,
            pieces={name: piece for name, piece in pieces.items() if " " not in name},
            inputs={effect: pieces[f"input {effect}"] for effect in inputs},
            pyc=self._pyc(cutter),
        )  # fmt: skip
        groups = layers.plan(levels.groups(materials), self.builder.options.layers)
        known = layers.directories(groups)
        made = [layers.write(group, known, cutter) for group in groups]
        return assemble.image(recipe, locked, made, levels.newest(materials))

    def _pieces(self, cutter: Cutter, jobs: Mapping[str, Job]) -> dict[str, Piece]:
        """Return every job's piece; packages are fetched only for pieces never made before."""
        pieces: dict[str, Piece] = {}
        missing: dict[Package, list[str]] = {}
        for name, (package, chosen) in jobs.items():
            piece = cutter.recall(package, chosen)
            if piece is None:
                missing.setdefault(package, []).append(name)
            else:
                pieces[name] = piece
        self.builder.tally.reused += len(pieces)
        self.builder.tally.made += len(jobs) - len(pieces)
        futures: dict[str, Any] = {}
        pool, listener = self.builder.pool(), self.builder.listener
        order = sorted(missing, key=lambda p: -p.size)
        for package, deb in self.builder.source.fetch(order, self.lock.archives):
            for name in missing[package]:
                futures[name] = pool.submit(_cut, cutter, package, deb, jobs[name][1])
        if futures:
            listener.begin("unpack", len(futures), "items")
        for name, future in futures.items():
            pieces[name] = future.result()
            listener.advance("unpack", 1)
        if futures:
            listener.end("unpack")
        return pieces

    def _pyc(self, cutter: Cutter) -> Callable[[Tree, Tree], tuple[Entry, ...]]:
        """Return what compiles a level's Python, or recalls it: other packages change oftener."""
        python = dict(self.recipe.distribution.names)["python"]
        store, listener = self.builder.store, self.builder.listener

        def compile_level(tree: Tree, own: Tree) -> tuple[Entry, ...]:
            if not self.locked.pyc:
                return ()
            compiler = self.builder.compiler()
            runtime = tree if compiler.host == self.locked.platform else self._tools(cutter)
            key = action("pyc", PYC_VERSION, python, pyc.identity(runtime, own, python))
            found = store.recall(key)
            if found is not None and (known := thaw(found, store)) is not None:
                return known
            listener.begin("compile Python")
            made = compiler.compile(runtime, own, python)
            listener.end("compile Python")
            store.remember(key, freeze(made, store))
            return made

        return compile_level

    def _tools(self, cutter: Cutter) -> Tree:
        host = self.builder.compiler().host
        tools = self.lock.runtime(host) if host is not None else None
        if tools is None:
            raise LockError(
                f"the lock wants precompiled Python, and has no interpreter that runs on {host}",
                where=self.lock.subject,
                hint="lock here again, or add a platform: "
                f"seaslug lock {self.lock.subject} --platform …,{host}",
            )
        jobs = {
            p.package.name: (p.package, selection(self.recipe, p.package.name))
            for p in tools.packages
        }
        pieces = self._pieces(cutter, jobs)
        merged = usrmerge.links(host) if host and self.recipe.distribution.usrmerge else ()
        return Tree((*merged, *(e for name in sorted(pieces) for e in pieces[name].entries)))


def _cut(cutter: Cutter, package: Package, deb: Any, chosen: Selection) -> Piece:
    piece = cutter.make(package, deb, chosen)
    cutter.compressed(piece.fragment)
    return piece
