"""What a build does when the image is not there yet: fetch, cut, compute, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seaslug.apps.model import AppLayer
from seaslug.apps.slicing.left import LEFT_VERSION, left
from seaslug.deb.effects import pyc, usrmerge
from seaslug.deb.member import STATUS
from seaslug.deb.select import Selection
from seaslug.errors import LockError, RecipeError, StoreError
from seaslug.lock.codec import platform_digest
from seaslug.lock.model import Lock, PlatformLock
from seaslug.oci.image import Image, Layer
from seaslug.ops import assemble, layers, levels
from seaslug.ops.frozen import freeze, thaw
from seaslug.ops.keys import BUILD_VERSION, CUT_VERSION, LEVEL_VERSION, PYC_VERSION, action
from seaslug.ops.layers import Group
from seaslug.ops.pieces import Cutter, Piece
from seaslug.ops.scene import INPUTS
from seaslug.ops.selections import input_selection, selection
from seaslug.recipe.codec import encode
from seaslug.recipe.model import Recipe
from seaslug.values.debian import Package
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.identity import identity as identity_of
from seaslug.values.tree import Entry, Kind, Tree

if TYPE_CHECKING:
    from seaslug.ops.build import Builder

Job = tuple[Package, Selection]


@dataclass(frozen=True, slots=True)
class Files:
    """The files of an image, and the Debian package of each that comes from one."""

    tree: Tree
    owners: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Base:
    """Layers that are made, how their directories look, and the time of their newest file.

    ``pieces`` is the number of pieces in them.
    """

    layers: tuple[Layer, ...]
    directories: Mapping[str, Entry]
    newest: int
    pieces: int

    def row(self) -> dict[str, Any]:
        """Return all of it, JSON-ready."""
        return {
            "layers": [
                [x.descriptor.media_type, x.descriptor.digest.text, x.descriptor.size,
                 x.diff_id.text, x.created_by, x.size_unpacked]
                for x in self.layers
            ],
            "directories": [
                [e.path, e.mode, e.uid, e.gid, e.mtime] for e in self.directories.values()
            ],
            "newest": self.newest, "pieces": self.pieces,
        }  # fmt: skip

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Base:
        """Return what :meth:`row` was made of."""
        made = tuple(
            Layer(Descriptor(kind, Digest(digest), size), Digest(diff), by, unpacked)
            for kind, digest, size, diff, by, unpacked in row["layers"]
        )
        folders = {r[0]: Entry(r[0], Kind.DIR, *r[1:]) for r in row["directories"]}
        return cls(made, folders, row["newest"], row["pieces"])


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the image of *recipe* for the platform of *locked*, with what *builder* has."""

    builder: Builder
    recipe: Recipe
    lock: Lock
    locked: PlatformLock

    def image(self, top: Sequence[AppLayer] = ()) -> Image:
        """Return the image, with an application's layers on *top*; all are in the store.

        Raises as Builder.image does.
        """
        if self.builder.options.layers == "single":
            return self._single(top)
        base = self.base(layers.MAX_LAYERS - len(top))
        over = self._over(top)
        known = {**base.directories, **layers.directories(over)}
        cutter = self._cutter
        made = [*base.layers, *(layers.write(group, known, cutter) for group in over)]
        return assemble.image(self.recipe, self.locked, made, base.newest)

    def _single(self, top: Sequence[AppLayer]) -> Image:
        materials = self._materials()
        groups = layers.plan((*levels.groups(materials), *self._over(top)), "single")
        known = layers.directories(groups)
        made = [layers.write(group, known, self._cutter) for group in groups]
        return assemble.image(self.recipe, self.locked, made, levels.newest(materials))

    def base(self, room: int) -> Base:
        """Return the layers below an application, at most *room* if they are grouped.

        They come from the store if they were made before. Raises as Builder.image does.
        """
        recipe, options, store = self.recipe, self.builder.options, self.builder.store
        key = action(
            "base", BUILD_VERSION, CUT_VERSION, LEVEL_VERSION, recipe.digest.text,
            [level.sliced for level in recipe.levels], self.lock.subject,
            platform_digest(self.locked).text, options.compression.identity, options.layers, room,
            encode(recipe),
        )  # fmt: skip
        found = store.recall(key)
        base = Base.read(found) if found is not None else None
        if base is None or any(store.find(x.descriptor.digest) is None for x in base.layers):
            materials = self._materials()
            groups = layers.plan(levels.groups(materials), options.layers, room)
            known = layers.directories(groups)
            made = tuple(layers.write(group, known, self._cutter) for group in groups)
            pieces = len(materials.pieces) + len(materials.inputs)
            base = Base(made, known, levels.newest(materials), pieces)
            store.remember(key, base.row())
        else:
            self.builder.tally.reused += base.pieces
        return base

    def files(self) -> Files:
        """Return every file of the image without an application, and whose it is."""
        groups = levels.groups(self._materials())
        owners = {
            entry.path: piece.record.package
            for group in groups for piece in group.pieces for entry in piece.entries
        }  # fmt: skip
        return Files(levels.tree_of(groups), owners)

    @property
    def _cutter(self) -> Cutter:
        builder = self.builder
        return Cutter(builder.store, builder.options.compression, builder.pool().map)

    def _over(self, top: Sequence[AppLayer]) -> tuple[Group, ...]:
        """Return the groups of an application's layers; Python is compiled with each."""
        made = []
        for layer in top:
            entries, identity = layer.entries, identity_of(layer.entries)
            if any(entry.path.endswith(".py") for entry in entries):
                key = self._compiled_key(identity)
                if key is not None:
                    key = action("bare", PYC_VERSION, key.text) if layer.bytecode == "bare" else key
                    entries = (*entries, *self._compiled(layer, key))
                    identity = key.text
            if layer.sliced:
                entries = left(entries, layer.cuts, bytecode=bool(layer.bytecode))
                identity = action("left", LEFT_VERSION, identity, *layer.sliced).text
            made.append(Group(layer.name, (), entries, identity))
        return tuple(made)

    @property
    def _python(self) -> str:
        return dict(self.recipe.distribution.names)["python"]

    def _compiled_key(self, identity: str) -> Digest | None:
        """Return the key of a layer's bytecode, None if it has none."""
        package = self.locked.package(f"python{self._python}-minimal")
        if package is None or not self.locked.pyc:
            return None
        host = self.builder.compiler().host
        tools = self.lock.runtime(host) if host is not None else None
        used = tools.package(package.name) if tools is not None else None
        interpreter = (used or package).digest.text
        return action("app-pyc", PYC_VERSION, identity, self._python, interpreter)

    def _compiled(self, layer: AppLayer, key: Digest) -> tuple[Entry, ...]:
        store, builder = self.builder.store, self.builder
        found = store.recall(key)
        if found is not None and (known := thaw(found, store)) is not None:
            return known
        sources, name = Tree(layer.entries), self._runtime()
        compiler = builder.compiler()
        make = compiler.bare if layer.bytecode == "bare" else compiler.compile
        made = make(self._compiles, sources, self._python, name)
        store.remember(key, freeze(made, store))
        return made

    def _compiles(self) -> Tree:
        """Return the files with which an application is compiled."""
        own = self.builder.compiler().host == self.locked.platform
        return self.files().tree if own else self._tools(self._cutter)

    def _runtime(self) -> str:
        """Return the name of what is unpacked to compile with; it is not looked at again."""
        own = self.builder.compiler().host == self.locked.platform
        cuts = [level.sliced for level in self.recipe.levels] if own else []
        return action("runtime", PYC_VERSION, platform_digest(self.locked).text, cuts).hex

    def interpreter(self) -> tuple[str, list[str]] | None:
        """Return the folder and the command of what compiles an application, if it is kept."""
        return self.builder.compiler().kept(self._compiles, self._python, self._runtime())

    def _materials(self) -> levels.Materials:
        recipe, locked, store = self.recipe, self.locked, self.builder.store
        cutter = self._cutter
        inputs = {e: INPUTS[e] for level in recipe.levels for e in level.effects if e in INPUTS}
        jobs: dict[str, Job] = {
            p.package.name: (p.package, selection(recipe, p.package.name))
            for p in locked.packages
            if p.package.name not in recipe.omitted
        }
        for effect, (name, globs) in inputs.items():
            package = locked.package(name)
            if package is None:
                said = f"the effect {effect} reads {name}, which is not among the packages"
                raise RecipeError([said], where=recipe.title)
            jobs[f"input {effect}"] = (package, input_selection(globs))
        pieces = self._pieces(cutter, jobs)
        return levels.Materials(
            store=store, recipe=recipe, lock=self.lock, platform=locked.platform,
            pieces={name: piece for name, piece in pieces.items() if " " not in name},
            inputs={effect: pieces[f"input {effect}"] for effect in inputs},
            pyc=self._pyc(cutter),
        )  # fmt: skip

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
            # A slice is compiled as a part of the whole, which was compiled before.
            wide = self._whole(cutter, own)
            below = tree if wide is own else wide.over(tree)
            runtime = below if compiler.host == self.locked.platform else self._tools(cutter)
            inputs = [python, pyc.identity(runtime, wide, python)]
            made = once("pyc", inputs, lambda: compiler.compile(lambda: runtime, wide, python))
            if wide is own:
                return made
            alone = wide.select(lambda entry: entry.path in self.recipe.bytecode)
            if not alone.entries:
                return pyc.of_sources(made, own)
            bare = once(
                "pyc-bare", [*inputs, identity_of(alone)],
                lambda: compiler.bare(lambda: runtime, alone, python),
            )  # fmt: skip
            if len(bare) != len(alone.entries):
                raise StoreError(
                    f"Python could not precompile {len(alone.entries) - len(bare)} files",
                    hint='slice = "safe" keeps sources as they are',
                )  # fmt: skip
            return (*pyc.of_sources(made, own), *pyc.instead(bare))

        def once(
            step: str, inputs: Sequence[str], make: Callable[[], tuple[Entry, ...]]
        ) -> tuple[Entry, ...]:
            key = action(step, PYC_VERSION, *inputs)
            found = store.recall(key)
            made = thaw(found, store) if found is not None else None
            if made is None:
                listener.begin("compile Python")
                made = make()
                listener.end("compile Python")
                store.remember(key, freeze(made, store))
            return made

        return compile_level

    def _whole(self, cutter: Cutter, own: Tree) -> Tree:
        """Return the unsliced files of the packages that *own* is of; *own* if it is no slice."""
        whole = self.recipe.whole()
        named = {e.path.rpartition("/")[2] for e in own.under(STATUS)}
        cuts = {name for level in self.recipe.levels for name, _ in level.cuts}
        if not cuts & named:
            return own
        jobs = {
            p.package.name: (p.package, selection(whole, p.package.name))
            for p in self.locked.packages
            if p.package.name in named
        }
        pieces = self._pieces(cutter, jobs)
        return Tree(entry for name in sorted(pieces) for entry in pieces[name].entries)

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
        whole = self.recipe.whole()
        jobs = {
            p.package.name: (p.package, selection(whole, p.package.name)) for p in tools.packages
        }
        pieces = self._pieces(cutter, jobs)
        merged = usrmerge.links(host) if host and self.recipe.distribution.usrmerge else ()
        return Tree((*merged, *(e for name in sorted(pieces) for e in pieces[name].entries)))


def _cut(cutter: Cutter, package: Package, deb: Any, chosen: Selection) -> Piece:
    piece = cutter.make(package, deb, chosen)
    cutter.compressed(piece.fragment)
    return piece
