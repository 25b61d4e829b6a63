"""One platform's image as a tree, and the search for what is not needed in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from seaslug.apps.model import PACKAGES, AppLayer
from seaslug.apps.slicing import deep, shared
from seaslug.apps.slicing.edges import ENCODING_WORDS, STUB_WORDS, is_large
from seaslug.apps.slicing.modules import STARTUP, Modules
from seaslug.apps.slicing.scan import Scan, scan
from seaslug.ops.app.libraries import elves
from seaslug.ops.app.workbench import Workbench
from seaslug.ops.making import Files
from seaslug.recipe.model import Recipe, Settings
from seaslug.values.identity import identity
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

SLICE_VERSION = 15
_LARGE = frozenset(ENCODING_WORDS)
_STUBS = frozenset(STUB_WORDS)
_KEPT_ANYWAY = ("var/lib/dpkg/", "usr/share/doc/", "usr/share/common-licenses/")


@dataclass(frozen=True, slots=True)
class Slice:
    """What is left out: paths by package, and packages of which nothing remains.

    ``kept`` and ``modules`` count Python's own modules, 0 where there are none. ``bytecode``
    are Python sources among the cuts of which the bytecode stays; ``own`` are, by platform,
    files of packages that the application brings.
    """

    cuts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    omits: tuple[str, ...] = ()
    kept: int = 0
    modules: int = 0
    bytecode: tuple[str, ...] = ()
    own: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def row(self) -> list[Any]:
        """Return all of it, JSON-ready."""
        return [self.cuts, self.omits, self.kept, self.modules, self.bytecode, self.own]

    @classmethod
    def read(cls, row: Sequence[Any]) -> Slice:
        """Return what :meth:`row` was made of."""
        cuts, omits, kept, modules, bytecode, own = row
        return cls(
            _table(cuts), tuple(omits), kept, modules, tuple(bytecode), _table(own)
        )  # fmt: skip


def _table(rows: Sequence[Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((name, tuple(paths)) for name, paths in rows)


@dataclass(frozen=True, slots=True)
class Ask:
    """How far to go: ``more`` are modules and libraries to keep in any case.

    ``compiled`` says that Python is precompiled, without which its sources stay; ``zones``
    that time zones stay whoever asks for them.
    """

    more: tuple[str, ...] = ()
    deep: bool = False
    compiled: bool = True
    zones: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What is left out of Python: paths of the base's (``gone``) and of packages (``own``).

    ``named`` are texts that may name libraries; the rest is as in :class:`Slice`.
    """

    gone: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    bytecode: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    kept: int = 0
    modules: int = 0


def started(settings: Settings) -> tuple[str, ...]:
    """Return the words of all command lines: the application's, and its health check's."""
    check = settings.healthcheck
    return (*settings.entrypoint, *settings.cmd, *(check.test[1:] if check is not None else ()))


def row_of(found: Scan) -> list[Any]:
    """Return a scan, JSON-ready."""
    return [
        list(found.imports), list(found.loaded), list(found.texts), list(found.libraries),
        list(found.words), list(found.beside), list(found.patterns), list(found.needs),
    ]  # fmt: skip


def _scan_of(row: list[Any]) -> Scan:
    imports = tuple((level, name, tuple(names)) for level, name, names in row[0])
    return Scan(imports, *(tuple(part) for part in row[1:]))


class Slicer:
    """One platform's tree, and the search for what is not needed in it."""

    def __init__(
        self, recipe: Recipe, platform: Platform, files: Files, layers: Sequence[AppLayer],
        scans: Mapping[str, Mapping[str, Any]], bench: Workbench,
    ) -> None:  # fmt: skip
        self.recipe, self.platform, self.files, self.bench = recipe, platform, files, bench
        self.own = Tree(entry for layer in layers for entry in layer.entries)
        self.packages = Tree(e for x in layers if x.name == PACKAGES for e in x.entries)
        self.tree = self.own.over(files.tree)
        self.rows: dict[str, list[Any]] = {}
        for found in scans.values():
            self.rows |= found["files"]
        self.python = dict(recipe.distribution.names)["python"]
        self.library = f"usr/lib/python{self.python}"

    def find(self, ask: Ask) -> Slice:
        """Return what can be left out."""
        part = Part()
        if self.tree.resolve(f"usr/bin/python{self.python}") is not None:
            part = self._modules(ask)
        rest = self.tree.select(lambda e: e.path not in part.gone and e.path not in part.own)
        native = list(elves(rest))
        roots = [p for p in native if not self._library(p) or p in self.own]
        dropped = part.gone | shared.unused(rest, roots, self.platform, {*ask.more, *part.named})
        left = [path for path in native if path not in dropped]
        dropped |= shared.converters(rest, left, self.platform)
        return self._by_package(dropped, part)

    def _modules(self, ask: Ask) -> Part:
        """Return what is left out of Python."""
        local = f"usr/local/lib/python{self.python}/dist-packages"
        workdir = self.recipe.settings.workdir.strip("/")
        modules = Modules(
            self.tree, (self.library, local, "usr/lib/python3/dist-packages", workdir),
            self._scanned(),
        )  # fmt: skip
        encodings = (n for n in modules.modules if n.startswith("encodings."))
        starts = [
            *STARTUP, *ask.more, *self._starts(modules),
            *(self._plugged(modules) if ask.deep else ()),
            *(n for n in encodings if self._spoken(n)),
        ]  # fmt: skip
        reached = modules.reach(starts)
        standard = {n: m for n, m in modules.modules.items() if modules.standard(m)}
        paths = {m.entry.path for n, m in standard.items() if n not in reached}
        part = Part(
            frozenset(paths | self._data(paths)), named=self._named(modules, reached),
            kept=sum(name in reached for name in standard), modules=len(standard),
        )  # fmt: skip
        return self._deep(part, modules, reached, ask) if ask.deep else part

    def _deep(self, part: Part, modules: Modules, reached: set[str], ask: Ask) -> Part:
        """Return *part* with what a deep slice leaves out beside."""
        gone = deep.unread(self.files.tree, self.library)
        mine = (path for path in self.rows if path not in self.packages)
        if not (ask.zones or deep.wants_zones(modules, reached, mine)):
            gone |= {e.path for e in self.files.tree.under(deep.ZONES)}
        compiled: set[str] = set()
        if ask.compiled:
            kept = (modules.modules[name] for name in reached)
            compiled, frozen = deep.sources(kept, self.library, self.files.tree)
            gone |= compiled | frozen
        stubs = any(_STUBS.intersection(row[4]) for row in self.rows.values())
        own = deep.of_packages(modules, reached, self.packages)
        own |= deep.for_developers(self.packages, stubs=stubs)
        return replace(
            part, gone=part.gone | gone, own=frozenset(own), bytecode=frozenset(compiled)
        )  # fmt: skip

    def _plugged(self, modules: Modules) -> Iterable[str]:
        """Yield what is in packages that the application's own code names in texts.

        Frameworks look into these by names of their own, as Django does for apps and models.
        """
        mine = (row for path, row in self.rows.items() if path not in self.packages)
        texts = {text for row in mine for text in row[2]}
        for name in modules.modules:
            parts = name.split(".")
            if any(".".join(parts[:count]) in texts for count in range(2, len(parts))):
                yield name

    def _spoken(self, encoding: str) -> bool:
        """Tell whether somebody may ask for *encoding*, the name of its module."""
        return not is_large(encoding) or any(
            _LARGE.intersection(row[4]) for row in self.rows.values()
        )

    def _named(self, modules: Modules, reached: set[str]) -> frozenset[str]:
        """Return texts that reached modules give to functions that load libraries.

        The standard library opens none by name, but in a self-test of ctypes.
        """
        found = [modules.modules[name] for name in reached]
        rows = [self.rows.get(m.entry.path) for m in found if not modules.standard(m)]
        return frozenset(text for row in rows if row is not None for text in row[3])

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
                "scan-one", [SLICE_VERSION, identity((entry,))], lambda: row_of(scan(entry.read()))
            )
            rows[entry.path] = row
            return _scan_of(row)

        return scanner

    def _starts(self, modules: Modules) -> Iterable[str]:
        """Yield the modules that the command line and plug-in tables name, and all own code."""
        settings = self.recipe.settings
        for word in started(settings):
            yield word.partition(":")[0]
            yield f"{word}.__main__"  # as -m starts it
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

    def _by_package(self, dropped: frozenset[str] | set[str], part: Part) -> Slice:
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
        gone -= {owners[path] for path in (*native, *part.bytecode) if path in owners
                 and (path not in dropped or path in part.bytecode)}  # fmt: skip
        compiled = {owners[path] for path in part.bytecode if path in owners}
        omits = tuple(sorted(p for p in cuts if (not left.get(p) or p in gone)
                             and p not in compiled))  # fmt: skip
        rows = tuple(
            (package, tuple(pattern(p) for p in sorted(paths)))
            for package, paths in sorted(cuts.items())
            if package not in omits
        )
        own = ((str(self.platform), tuple(sorted(part.own))),) if part.own else ()
        return Slice(rows, omits, part.kept, part.modules, tuple(sorted(part.bytecode)), own)


def pattern(path: str) -> str:
    """Return the pattern of *path* as the package may have it, before /usr was merged."""
    return "{usr/,}" + path.removeprefix("usr/") if path.startswith("usr/lib") else path


def _plugins(text: str) -> Iterable[str]:
    for line in text.splitlines():
        if "=" in line:
            yield line.partition("=")[2].strip().partition(":")[0].split("[")[0].strip()
