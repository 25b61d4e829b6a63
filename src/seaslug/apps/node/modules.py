"""The folder node_modules: its packages, what of it a platform can use, what never is used.

Left out: what the package managers note down for themselves, commands (``.bin``), packages
for other platforms, documentation, type declarations, settings of tools for development, sources
and leftovers of C and C++, libraries of other systems.
Licences stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from seaslug.values.tree import Entry, Kind, Tree

FOLDER = "node_modules"
GENERATED = ".prisma"
"""The one dot folder in node_modules that programs load code from."""

_PACKAGE = re.compile(r"(?:.*/)?node_modules/(?:@[^/]+/)?[^/@.][^/]*\Z", re.DOTALL)
_LICENCE = re.compile(r"(licen[cs]e|copying|notice|copyright|unlicen[cs]e)", re.IGNORECASE)
_DOCUMENT = re.compile(r"\.(md|markdown)\Z", re.IGNORECASE)
_TYPES = re.compile(r"\.d\.[cm]?ts(\.map)?\Z")
_NATIVE = re.compile(
    r"\.(c|cc|cpp|cxx|h|hh|hpp|o|a|obj|gyp|gypi|mk|vcxproj|d|dll|dylib|exe|lib|pdb)\Z"
)
_LEFTOVER = re.compile(
    r"/build/(?:Release|Debug)/(?:obj(?:\.target)?|\.deps)/|/\.(?:github|circleci|vscode|idea)/"
)
_TOOLING = re.compile(
    r"\A\.(?:git(?:attributes|ignore|modules)|npmignore|editorconfig|eslint(?:rc|ignore).*|nycrc.*"
    r"|prettier(?:rc|ignore).*|travis\.yml|jshintrc|borp\.yaml|taprc|mocharc.*|babelrc)\Z"
)
_KEEPS_TYPES = ("typescript",)
_BUILDERS = re.compile(r"node-gyp|prebuild|node-pre-gyp|cmake-js|napi-postinstall|install/check")
_LIMIT = 1 << 20
_SCRIPTS = ("preinstall", "install", "postinstall")


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package: its ``folder`` in the tree, and what its package.json says.

    ``script`` is what would run when it is installed, empty if nothing; ``native`` tells that
    this builds, or fetches, an addon. ``builds`` are packages that it takes the one for its
    platform of, as optional dependencies.
    """

    folder: str
    name: str
    os: tuple[str, ...] = ()
    cpu: tuple[str, ...] = ()
    libc: tuple[str, ...] = ()
    script: str = ""
    native: bool = False
    builds: tuple[str, ...] = ()

    def fits(self, cpu: str) -> bool:
        """Tell whether it is for Linux with *cpu* (Node's name) and glibc."""
        return _allows(self.os, "linux") and _allows(self.cpu, cpu) and _allows(self.libc, "glibc")


def _allows(said: tuple[str, ...], name: str) -> bool:
    """Tell whether a list such as ``["linux", "!ia32"]`` allows *name*; an empty one does."""
    wanted = [text for text in said if not text.startswith("!")]
    return f"!{name}" not in said and (not wanted or name in wanted or "any" in wanted)


def packages(tree: Tree) -> tuple[Package, ...]:
    """Return every package in the folders node_modules of *tree*, in the order of folders."""
    return tuple(_packages(tree))


def _packages(tree: Tree) -> Iterator[Package]:
    for entry in tree:
        folder, _, name = entry.path.rpartition("/")
        if name == "package.json" and entry.kind is Kind.FILE and _PACKAGE.match(folder):
            yield _package(folder, entry, tree)


def _package(folder: str, entry: Entry, tree: Tree) -> Package:
    data = read(entry)
    scripts = data.get("scripts")
    scripts = scripts if isinstance(scripts, dict) else {}
    lines = [str(scripts[name]) for name in _SCRIPTS if name in scripts]
    gyp = f"{folder}/binding.gyp" in tree
    return Package(
        folder=folder,
        name=str(data.get("name") or folder.rpartition(f"{FOLDER}/")[2]),
        os=_texts(data.get("os")),
        cpu=_texts(data.get("cpu")),
        libc=_texts(data.get("libc")),
        script="; ".join(lines) or ("node-gyp rebuild" if gyp else ""),
        native=gyp or any(map(_BUILDERS.search, lines)),
        builds=_names(data.get("optionalDependencies")),
    )


def read(entry: Entry | None) -> dict[str, Any]:
    """Return the object in the JSON file *entry*; an empty one if it is none."""
    try:
        text = entry.content.read(0, _LIMIT) if entry is not None and entry.content else b"{}"
        data = json.loads(text.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _texts(value: Any) -> tuple[str, ...]:
    rows = value if isinstance(value, list) else [value] if value else []
    return tuple(str(text).lower() for text in rows)


def _names(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, dict) else ()


def unprepared(found: Iterable[Package], addons: Iterable[str]) -> tuple[Package, ...]:
    """Return the packages that miss what their install script makes, as far as one can tell.

    *addons* are the folders of packages with an addon. A package of which the one for this
    platform is here as a package of its own misses nothing.
    """
    rows = tuple(found)
    here, built = {package.name for package in rows if package.cpu}, set(addons)
    return tuple(
        package for package in rows
        if package.script and package.folder not in built and not here & set(package.builds)
    )  # fmt: skip


def below(tree: Tree) -> Tree:
    """Return what of *tree* lies in a folder node_modules, such folders included."""
    return tree.select(lambda entry: FOLDER in entry.path.split("/"))


def cleaned(tree: Tree) -> Tree:
    """Return *tree* without what package managers note down in node_modules for themselves."""
    return _swept(tree.select(lambda entry: not _noted(entry.path)))


def _noted(path: str) -> bool:
    return any(
        parent == FOLDER and name.startswith(".") and name != GENERATED
        for parent, name in pairwise(path.split("/"))
    )


def for_platform(tree: Tree, found: Iterable[Package], cpu: str) -> Tree:
    """Return *tree* without the packages that say that they are for another platform."""
    others = [package.folder for package in found if not package.fits(cpu)]
    return _swept(_without(tree, others)) if others else tree


def counterparts(tree: Tree, found: Iterable[Package], cpu: str) -> Tree:
    """Return of *tree* what takes the place of those packages in *found* that are not for *cpu*.

    A program bundled on one machine has packages for that machine's platform alone.
    """
    rows = tuple(found)
    others = {package.name for package in rows if not package.fits(cpu)}
    wanted = {name for package in rows if others & set(package.builds) for name in package.builds}
    folders = [
        package.folder for package in packages(tree)
        if package.cpu and package.name in wanted and package.fits(cpu)
    ]  # fmt: skip
    return Tree(entry for folder in folders for entry in tree.under(folder))


def _without(tree: Tree, folders: list[str]) -> Tree:
    gone = set(folders)
    for folder in folders:
        gone.update(entry.path for entry in tree.under(folder))
    return tree.select(lambda entry: entry.path not in gone)


def pruned(tree: Tree) -> Tree:
    """Return *tree* without what no program loads at run time."""
    return _swept(tree.select(lambda entry: entry.kind is not Kind.FILE or _used(entry.path)))


def _used(path: str) -> bool:
    name = path.rpartition("/")[2]
    if _LICENCE.match(name):
        return True
    patterns = (_DOCUMENT, _NATIVE, _TOOLING)
    if any(pattern.search(name) for pattern in patterns) or _LEFTOVER.search(path):
        return False
    if _TYPES.search(name):
        inside = path.rpartition(f"{FOLDER}/")[2]
        return inside.partition("/")[0] in _KEEPS_TYPES
    return True


def _swept(tree: Tree) -> Tree:
    """Return *tree* without folders that hold nothing."""
    used: set[str] = set()
    for entry in tree:
        if entry.kind is not Kind.DIR:
            at = entry.path.rfind("/")
            while at > 0 and entry.path[:at] not in used:
                used.add(entry.path[:at])
                at = entry.path.rfind("/", 0, at)
    return tree.select(lambda entry: entry.kind is not Kind.DIR or entry.path in used)
