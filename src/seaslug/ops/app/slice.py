"""Slicing: leaving out what of the runtime an application cannot reach, as a level of its recipe.

What can be reached is found from imports and from what programs load (see
:mod:`seaslug.apps.slicing`), which is right as far as it goes; so a slice counts only
once the application was started with it (:mod:`seaslug.ops.app.proof`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seaslug.apps.model import AppLayer
from seaslug.apps.slicing import shared
from seaslug.apps.slicing.edges import ENCODING_WORDS, is_large
from seaslug.apps.slicing.modules import STARTUP, Modules
from seaslug.apps.slicing.scan import Scan, scan
from seaslug.ops.app.libraries import elves
from seaslug.ops.app.prepare import Application, World
from seaslug.ops.making import Files
from seaslug.recipe.model import SLICE, Level, Recipe, Settings
from seaslug.values.identity import identity
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

SLICE_VERSION = 4
ENCODING_WORDS_SET = frozenset(ENCODING_WORDS)
_KEPT_ANYWAY = ("var/lib/dpkg/", "usr/share/doc/", "usr/share/common-licenses/")


@dataclass(frozen=True, slots=True)
class Slice:
    """What is left out: paths by package, and packages of which nothing remains.

    ``kept`` and ``modules`` count Python's own modules, 0 where there are none.
    """

    cuts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    omits: tuple[str, ...] = ()
    kept: int = 0
    modules: int = 0


def sliced(app: Application, world: World, more: Iterable[str] = ()) -> tuple[Application, Slice]:
    """Return *app* with a level that leaves out what no platform's application can reach.

    *more* are names of modules and libraries to keep in any case.
    """
    found = [_on(app, platform, world, tuple(sorted(set(more)))) for platform, _ in app.layers]
    both = _both(found)
    return replace(app, recipe=with_slice(app.recipe, both)), both


def with_slice(recipe: Recipe, found: Slice) -> Recipe:
    """Return *recipe* with a level that leaves out what *found* says, and nothing else."""
    whole = recipe.whole()
    if not (found.cuts or found.omits):
        return whole
    level = Level(SLICE, cuts=found.cuts, omits=found.omits)
    return replace(whole, levels=(*whole.levels, level))


def _both(found: Sequence[Slice]) -> Slice:
    """Return what may be left out on every platform."""
    if len(found) == 1:
        return found[0]
    tables = [dict(one.cuts) for one in found]
    names = sorted(set.intersection(*(set(table) for table in tables)))
    # A path of another architecture is in one platform's table only; it harms nobody there.
    cuts = tuple((n, tuple(sorted(set().union(*(t[n] for t in tables))))) for n in names)
    shared_only = [
        (n, tuple(p for p in paths if all(p in t[n] or _foreign(p) for t in tables)))
        for n, paths in cuts
    ]
    omits = tuple(sorted(set.intersection(*(set(one.omits) for one in found))))
    return Slice(tuple(c for c in shared_only if c[1]), omits, found[0].kept, found[0].modules)


def _foreign(path: str) -> bool:
    return "-linux-gnu" in path


def _on(app: Application, platform: Platform, world: World, more: tuple[str, ...]) -> Slice:
    recipe = app.recipe.whole()
    lock = world.lock(recipe, [platform])
    top = app.top(platform)
    settings = recipe.settings
    scans = {layer.name: scanned(layer, world) for layer in top}
    inputs = [
        SLICE_VERSION, str(platform), [p.package.digest.text for p in lock.on(platform).packages],
        [[name, rows["digest"]] for name, rows in scans.items()], list(more),
        list(_started(settings)), recipe.digest.text,
    ]  # fmt: skip

    def find() -> dict[str, Any]:
        world.bench.listener.begin("slice")
        files = world.files(recipe, lock, platform)
        entries = tuple(entry for layer in top for entry in layer.entries)
        made = _Slicer(recipe, platform, files, Tree(entries), scans, world).find(more)
        world.bench.listener.end("slice")
        return {
            "cuts": [list(row) for row in made.cuts], "omits": list(made.omits),
            "kept": made.kept, "modules": made.modules,
        }  # fmt: skip

    row = world.bench.fact("slice", inputs, find)
    cuts = tuple((name, tuple(paths)) for name, paths in row["cuts"])
    return Slice(cuts, tuple(row["omits"]), row["kept"], row["modules"])


def scanned(layer: AppLayer, world: World) -> dict[str, Any]:
    """Return what each Python file of *layer* imports, and a digest of that and of its ELF files.

    A change of the code that changes no import changes nothing here.
    """
    import hashlib

    def look() -> dict[str, Any]:
        files = {e.path: _row(scan(e.read())) for e in layer.entries if _python(e)}
        native = [[e.path, identity((e,))] for e in layer.entries if _binary(e)]
        text = json.dumps([sorted(files.items()), native])
        return {"files": files, "digest": hashlib.sha256(text.encode()).hexdigest()}

    found: dict[str, Any] = world.bench.fact("scan", [SLICE_VERSION, identity(layer.entries)], look)
    return found


def _started(settings: Settings) -> tuple[str, ...]:
    """Return the words of all command lines: the application's, and its health check's."""
    check = settings.healthcheck
    return (*settings.entrypoint, *settings.cmd, *(check.test[1:] if check is not None else ()))


def _python(entry: Entry) -> bool:
    return entry.kind is Kind.FILE and entry.path.endswith(".py")


def _binary(entry: Entry) -> bool:
    return (
        entry.kind is Kind.FILE
        and entry.content is not None
        and entry.content.read(0, 4) == b"\x7fELF"
    )


def _row(found: Scan) -> list[Any]:
    return [
        list(found.imports), list(found.loaded), list(found.texts), list(found.libraries),
        list(found.words),
    ]  # fmt: skip


def _scan_of(row: list[Any]) -> Scan:
    imports = tuple((level, name, tuple(names)) for level, name, names in row[0])
    return Scan(imports, *(tuple(part) for part in row[1:]))


class _Slicer:
    """One platform's tree, and the search for what is not needed in it."""

    def __init__(
        self, recipe: Recipe, platform: Platform, files: Files, own: Tree,
        scans: Mapping[str, Mapping[str, Any]], world: World,
    ) -> None:  # fmt: skip
        self.recipe, self.platform, self.files, self.own = recipe, platform, files, own
        self.tree = own.over(files.tree)
        self.rows: dict[str, list[Any]] = {}
        for found in scans.values():
            self.rows |= found["files"]
        self.bench = world.bench
        self.python = dict(recipe.distribution.names)["python"]
        self.library = f"usr/lib/python{self.python}"

    def find(self, more: Sequence[str]) -> Slice:
        """Return what can be left out."""
        dropped: set[str] = set()
        named: set[str] = set(more)
        kept = modules = 0
        if self.tree.resolve(f"usr/bin/python{self.python}") is not None:
            dropped, kept, modules, loaded = self._modules(more)
            named |= loaded
        rest = self.tree.select(lambda e: e.path not in dropped)
        roots = [p for p in elves(rest) if not self._library(p) or p in self.own]
        dropped |= shared.unused(rest, roots, self.platform, named)
        return self._by_package(dropped, kept, modules)

    def _modules(self, more: Sequence[str]) -> tuple[set[str], int, int, set[str]]:
        """Return the standard library's files that are not reached, their counts, and texts.

        The texts are those that a module gives to a function that loads libraries.
        """
        local = f"usr/local/lib/python{self.python}/dist-packages"
        workdir = self.recipe.settings.workdir.strip("/")
        modules = Modules(
            self.tree, (self.library, local, "usr/lib/python3/dist-packages", workdir),
            self._scanned(),
        )  # fmt: skip
        starts = [*STARTUP, *more, *self._starts(modules)]
        large = any(ENCODING_WORDS_SET.intersection(row[4]) for row in self.rows.values())
        starts += [
            n for n in modules.modules
            if n.startswith("encodings.") and (large or not is_large(n))
        ]  # fmt: skip
        reached = modules.reach(starts)
        standard = {
            n: m for n, m in modules.modules.items() if m.entry.path.startswith(self.library + "/")
        }
        paths = {m.entry.path for n, m in standard.items() if n not in reached}
        loaded: set[str] = set()
        for name in reached:
            path = modules.modules[name].entry.path
            # The standard library opens none by name, but in a self-test of ctypes.
            row = None if path.startswith(self.library + "/") else self.rows.get(path)
            loaded |= set(row[3]) if row is not None else set()
        kept = sum(name in reached for name in standard)
        return paths | self._data(paths), kept, len(standard), loaded

    def _data(self, gone: set[str]) -> set[str]:
        """Return the files beside modules in folders of which no module remains."""
        below = self.tree.under(self.library)
        folders = {
            e.path.rpartition("/")[0] for e in below
            if e.path.endswith((".py", ".so")) and e.path not in gone
        }  # fmt: skip
        lost = {p.rpartition("/")[0] for p in gone} - folders - {self.library}
        return {
            e.path for e in below
            if e.kind is not Kind.DIR and any(e.path.startswith(f + "/") for f in lost)
            and not any(e.path.startswith(f + "/") for f in folders if f != self.library)
        }  # fmt: skip

    def _scanned(self) -> Any:
        rows = self.rows

        def scanner(entry: Entry) -> Scan:
            if (row := rows.get(entry.path)) is not None:
                return _scan_of(row)
            # Keyed by the fragment's own bytes: a package is scanned once ever.
            row = self.bench.fact(
                "scan-one", [SLICE_VERSION, identity((entry,))], lambda: _row(scan(entry.read()))
            )
            rows[entry.path] = row
            return _scan_of(row)

        return scanner

    def _starts(self, modules: Modules) -> Iterable[str]:
        """Yield the modules that the command line and plug-in tables name, and all own code."""
        settings = self.recipe.settings
        for word in _started(settings):
            yield word.partition(":")[0]
            if word.startswith("/") and (entry := self.tree.resolve(word)) is not None:
                found = scan(entry.read()) if entry.size < 1 << 20 else Scan()
                yield from (name for _, name, _ in found.imports)
        app = [layer_path for layer_path in self.rows if layer_path.startswith("app/")]
        here = {m.entry.path: name for name, m in modules.modules.items()}
        yield from (here[path] for path in app if path in here)
        for entry in self.own:
            if entry.path.endswith("/entry_points.txt"):
                yield from _plugins(entry.read().decode("utf-8", "replace"))

    def _library(self, path: str) -> bool:
        """Tell whether the loader finds *path* by itself, so that it stays only if it is wanted."""
        folder = path.rpartition("/")[0]
        triplet = self.platform.names.triplet
        return folder in (f"usr/lib/{triplet}", f"lib/{triplet}", "usr/lib", "lib")

    def _by_package(self, dropped: set[str], kept: int, modules: int) -> Slice:
        owners = self.files.owners
        cuts: dict[str, list[str]] = {}
        left: dict[str, int] = {}
        for path, package in owners.items():
            entry = self.files.tree.get(path)
            if path in dropped:
                cuts.setdefault(package, []).append(path)
            elif not path.startswith(_KEPT_ANYWAY) and entry is not None:
                left[package] = left.get(package, 0) + 1
        native = [path for path in elves(self.files.tree) if path in owners]
        gone = {owners[path] for path in native if path in dropped}
        # A package that had programs or libraries, and has none any more, goes wholly.
        gone -= {owners[path] for path in native if path not in dropped}
        omits = tuple(sorted(p for p in cuts if not left.get(p) or p in gone))
        rows = tuple(
            (package, tuple(_pattern(p) for p in sorted(paths)))
            for package, paths in sorted(cuts.items())
            if package not in omits
        )
        return Slice(rows, omits, kept, modules)


def _pattern(path: str) -> str:
    """Return the pattern of *path* as the package may have it, before /usr was merged."""
    return "{usr/,}" + path.removeprefix("usr/") if path.startswith("usr/lib") else path


def _plugins(text: str) -> Iterable[str]:
    for line in text.splitlines():
        if "=" in line:
            yield line.partition("=")[2].strip().partition(":")[0].split("[")[0].strip()
