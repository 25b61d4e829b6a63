"""The libraries of programs in a tree, found as the dynamic loader would find them.

glibc's order: RPATH of the one who asks and of who loaded it, LD_LIBRARY_PATH, RUNPATH,
ld.so.cache, the default directories. musl has one path and treats RPATH and RUNPATH alike.
All links are followed inside the tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seaslug.apps.native.loading import Libraries, Loaded, Reader, read_entry
from seaslug.deb.binary import Binary
from seaslug.values.platform import Platform
from seaslug.values.tree import Tree

MAX_LOADED = 4096


@dataclass(frozen=True, slots=True)
class Found:
    """A library that is there: its path in the tree, the name asked for, and who asked first."""

    path: str
    name: str
    by: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A library that is nowhere, and every file that wants it."""

    name: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A symbol version that the file *by* needs of *library* (the name it asks for)."""

    by: str
    library: str
    version: str


@dataclass(frozen=True, slots=True)
class Root:
    """A program or library that the closure began with; None if there is no ELF file."""

    path: str
    binary: Binary | None


@dataclass(frozen=True, slots=True)
class Needs:
    """What the roots need. Paths are tree paths, without a leading slash.

    ``unmet`` are versions that the library found does not define; ``versions`` are all that
    are needed, found or not, weak ones left out. ``interpreter`` is the dynamic loader of the
    first root that has one, ``loader_there`` tells whether the tree has it.
    """

    roots: tuple[Root, ...]
    found: tuple[Found, ...] = ()
    missing: tuple[Missing, ...] = ()
    unmet: tuple[Wanted, ...] = ()
    versions: tuple[Wanted, ...] = ()
    interpreter: str = ""
    loader_there: bool = False


def closure(
    tree: Tree,
    roots: Sequence[str],
    platform: Platform,
    library_path: Sequence[str] = (),
    reader: Reader = read_entry,
) -> Needs:
    """Return what *roots* (tree paths) need, and what of that is in *tree*.

    *library_path* are the directories of LD_LIBRARY_PATH. A root of another architecture
    is reported as it is, and not followed. *reader* says what files are, where their
    contents are not at hand.
    """
    walk = _Walk(tree, Libraries(tree, platform, tuple(library_path), reader), reader)
    starts = tuple(walk.begin(path) for path in roots)
    interpreter = next(
        (r.binary.elf.interpreter for r in starts if r.binary and r.binary.elf.interpreter), ""
    )
    return Needs(
        roots=starts,
        found=tuple(walk.found.values()),
        missing=tuple(Missing(name, tuple(by)) for name, by in sorted(walk.missing.items())),
        unmet=tuple(dict.fromkeys(walk.unmet)),
        versions=tuple(dict.fromkeys(walk.versions)),
        interpreter=interpreter,
        loader_there=bool(interpreter) and tree.resolve(interpreter) is not None,
    )


class _Walk:
    """The files seen so far, over all roots; each root is a process of its own."""

    def __init__(self, tree: Tree, libraries: Libraries, reader: Reader) -> None:
        self.tree, self.libraries, self.reader = tree, libraries, reader
        self.found: dict[str, Found] = {}
        self.missing: dict[str, dict[str, None]] = {}
        self.unmet: list[Wanted] = []
        self.versions: list[Wanted] = []

    def begin(self, path: str) -> Root:
        """Follow one root to its end, breadth first as the loader does."""
        real = self.tree.realpath(path) or path
        entry = self.tree.resolve(path)
        binary = self.reader(entry) if entry is not None else None
        if binary is None or not self.libraries.fits(binary):
            return Root(real, binary)
        first = Loaded(real, real, binary, None)
        loaded = [first]
        names: dict[str, Loaded | None] = {binary.elf.soname: first}
        self._seed(binary, names)
        for one in loaded:
            for name in one.binary.elf.needed:
                if name not in names:
                    self._load(name, one, loaded, names)
                if names.get(name) is None:
                    self.missing.setdefault(name, {})[one.real] = None
        self._check(loaded, names)
        return Root(real, binary)

    def _seed(self, binary: Binary, names: dict[str, Loaded | None]) -> None:
        """The loader is there before anything else, and answers to its own soname."""
        interpreter = binary.elf.interpreter
        loader = self.libraries.open(interpreter, None) if interpreter else None
        if loader is not None:
            names.setdefault(loader.binary.elf.soname, loader)
            names.setdefault(interpreter.rpartition("/")[2], loader)

    def _load(
        self, name: str, by: Loaded, loaded: list[Loaded], names: dict[str, Loaded | None]
    ) -> None:
        one = self.libraries.find(name, by, loaded[0])
        names[name] = one
        if one is None:
            return
        known = next((other for other in loaded if other.real == one.real), None)
        if known is not None:
            names[name] = known
            return
        if len(loaded) < MAX_LOADED:
            loaded.append(one)
        names.setdefault(one.binary.elf.soname, one)
        self.found.setdefault(one.real, Found(one.real, name, by.real))

    def _check(self, loaded: Sequence[Loaded], names: dict[str, Loaded | None]) -> None:
        for one in loaded:
            for need in one.binary.needs:
                wanted = Wanted(one.real, need.library, need.version)
                if need.weak:
                    continue
                self.versions.append(wanted)
                there = names.get(need.library)
                # A library without any versions is taken as it is, with a warning.
                defines = there.binary.defines if there is not None else ()
                if defines and need.version not in defines:
                    self.unmet.append(wanted)
