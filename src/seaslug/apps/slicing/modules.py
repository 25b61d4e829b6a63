"""Python modules in a tree, and which of them can be reached from where an application starts."""

from __future__ import annotations

import fnmatch
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from seaslug.apps.slicing.edges import followed
from seaslug.apps.slicing.scan import Scan, in_binary, scan
from seaslug.values.tree import Entry, Kind, Tree

Scanner = Callable[[Entry], Scan]
_EXTENSION = re.compile(r"(?P<name>\w+)(?:\.(?:cpython-\w+(?:-[\w-]+)?|abi3))?\.so\Z")

_DEFINED = (
    rb"(?m)^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+NAME\b"
    rb"|^[^#\n]*(?<![\w.])NAME[ \t]*(?::[^=\n]+)?=(?!=)"
    rb"|\bimport\b(?:[^\n(]|\\\n)*\bNAME\b|\bimport[ \t]*\([^)]*\bNAME\b"
    rb"|[\[(,{][ \t\n]*['\"]NAME['\"][ \t\n]*[,\])}:]|^(?:def __getattr__\b|from\b.*\*)"
)
"""Definitions, assignments, imports, texts (as in ``__all__``), or anything at all."""

STARTUP = (
    "encodings", "codecs", "site", "os", "io", "abc", "stat", "posixpath", "genericpath",
    "_collections_abc", "_sitebuiltins", "sitecustomize", "usercustomize", "importlib.util",
    "importlib.machinery", "importlib.abc", "importlib.metadata", "importlib.resources", "runpy",
    "pkgutil", "zipimport", "warnings", "traceback", "linecache", "tokenize", "signal",
    "threading", "logging", "locale", "_strptime", "datetime", "unicodedata", "stringprep",
    "sysconfig", "subprocess", "tempfile", "platform", "copyreg",
    "collections.abc", "queue", "contextvars", "__future__", "keyword", "reprlib", "functools",
)  # fmt: skip
"""What the interpreter itself loads, or loads when something happens: an error, an encoding."""

INTERACTIVE = frozenset({"code", "cmd", "pdb", "readline", "this", "test", "site"})
"""Modules that no compiled one imports, whose names are common words in them."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module: its dotted name, its file, whether it is a package."""

    name: str
    entry: Entry
    package: bool


class Modules:
    """Every module below some roots of ``sys.path`` in a tree, the first root winning."""

    def __init__(self, tree: Tree, roots: Sequence[str], scanner: Scanner | None = None) -> None:
        """The first of *roots* is the standard library."""
        self.modules: dict[str, Module] = {}
        self._standard = roots[0].strip("/") + "/"
        self._scanner = scanner or (lambda entry: scan(entry.read()))
        for root in roots:
            for module in _below(tree, root):
                self.modules.setdefault(module.name, module)
        self._tops = {name.partition(".")[0] for name in self.modules} | sys.stdlib_module_names
        self._paths = any(entry.path.endswith(".pth") for entry in tree)

    def reach(self, starts: Iterable[str]) -> set[str]:
        """Return the names of all modules that can be reached from *starts*.

        What the standard library imports for some only is followed if reached code outside
        of it, of which there is more with every module, says a word that asks for it.
        """
        begin = [name for start in starts for name in self._known(start)]
        words: frozenset[str] = frozenset()
        while True:
            done, said = self._walk(begin, words)
            if said == words:
                return done
            words = said

    def _walk(self, begin: Sequence[str], words: frozenset[str]) -> tuple[set[str], frozenset[str]]:
        done: set[str] = set()
        said: set[str] = set()
        todo = list(begin)
        while todo:
            name = todo.pop()
            if name in done:
                continue
            module = self.modules[name]
            if self.hopeless(module):
                continue
            done.add(name)
            standard = self.standard(module)
            if not standard and module.entry.path.endswith(".py"):
                said.update(self._scanner(module.entry).words)
            todo += (
                other for other in self.imports(module)
                if other not in done and (not standard or followed(name, other, words))
            )  # fmt: skip
        return done, frozenset(said)

    def imports(self, module: Module) -> Iterator[str]:
        """Yield the names of modules that *module* may import, parents of packages too."""
        if module.entry.path.endswith(".so"):
            for text in in_binary(module.entry.read()):
                if text not in INTERACTIVE:
                    yield from self._known(text)
            return
        found = self._scanner(module.entry)
        for level, name, names in found.imports:
            base = _absolute(module, level, name)
            yield from self._known(base)
            for one in names:
                if one == "*":
                    continue
                yield from self._known(f"{base}.{one}" if base else one, exact=True)
        for text in found.loaded:
            yield from self._known(text.partition(":")[0])
        for text in found.texts:
            yield from self._named(text.partition(":")[0])
        if not self.standard(module):
            yield from self._put_together(module, found)

    def scanned(self, module: Module) -> Scan:
        """Return what *module*, a Python file, may import."""
        return self._scanner(module.entry)

    def hopeless(self, module: Module) -> bool:
        """Tell whether *module*, of a package, cannot be imported: what it needs is nowhere.

        Such is code for what is not installed. Where files of paths add to ``sys.path``, nobody
        knows what is nowhere.
        """
        if self._paths or "/dist-packages/" not in module.entry.path:
            return False
        if not module.entry.path.endswith(".py"):
            return False
        needs = self._scanner(module.entry).needs
        return any(name not in self._tops and name[:1] != "_" for name in needs)

    def standard(self, module: Module) -> bool:
        """Tell whether *module* is of the standard library."""
        return module.entry.path.startswith(self._standard)

    def _put_together(self, module: Module, found: Scan) -> Iterator[str]:
        """Yield the modules whose names *module* may put together as it runs.

        The standard library's are known, see :mod:`seaslug.apps.slicing.edges`.
        """
        package = module.name if module.package else module.name.rpartition(".")[0]
        if package:
            for text in found.beside:
                yield from self._known(_beside(package, text), exact=True)
        for pattern in found.patterns:
            yield from self._fitting(package + pattern if pattern[0] == "." else pattern)

    def _fitting(self, pattern: str) -> Iterator[str]:
        """Yield the modules that *pattern* fits, and the packages above them."""
        for name in fnmatch.filter(self.modules, pattern):
            yield from self._known(name)

    def _named(self, text: str) -> Iterator[str]:
        """Yield the modules that *text* names, if what follows the last of them is in it.

        ``logging.StreamHandler`` is a class of a module; ``cmd.exe`` is not.
        """
        names = list(self._known(text))
        rest = text[len(names[-1]) + 1 :].partition(".")[0] if names else ""
        if not rest or _defines(self.modules[names[-1]].entry, rest):
            yield from names

    def _known(self, name: str, *, exact: bool = False) -> Iterator[str]:
        """Yield the longest known module that *name* begins with, and the packages above it."""
        parts = name.split(".")
        if exact and name not in self.modules:
            return
        for count in range(1, len(parts) + 1):
            part = ".".join(parts[:count])
            if part in self.modules:
                yield part


def _defines(entry: Entry, name: str) -> bool:
    """Tell whether the module in *entry* may have something called *name*."""
    data, word = entry.read(), re.escape(name.encode())
    if not entry.path.endswith(".py"):
        return re.search(rb"(?<!\w)%s(?!\w)" % word, data) is not None
    return re.search(_DEFINED.replace(b"NAME", word), data) is not None


def _beside(package: str, text: str) -> str:
    """Return the module that *text* names seen from *package*: ``x`` and ``.x`` are in it."""
    name = text.lstrip(".")
    above = max(len(text) - len(name) - 1, 0)
    parts = package.split(".")
    return ".".join((*parts[: len(parts) - above], name))


def _absolute(module: Module, level: int, name: str) -> str:
    if not level:
        return name
    parts = module.name.split(".")
    cut = level - 1 if module.package else level
    base = parts[: len(parts) - cut] if cut else parts
    return ".".join((*base, *([name] if name else [])))


def _below(tree: Tree, root: str) -> Iterator[Module]:
    head = root.strip("/")
    for entry in tree.under(head) if head else tree.entries:
        if entry.kind is Kind.DIR:
            continue
        rest = entry.path[len(head) + 1 :] if head else entry.path
        folders, _, name = rest.rpartition("/")
        parts = folders.split("/") if folders else []
        if parts[:1] == ["lib-dynload"]:
            parts = parts[1:]
        if not all(part.isidentifier() for part in parts):
            continue
        if name == "__init__.py" and parts:
            yield Module(".".join(parts), entry, package=True)
        elif name.endswith(".py") and name[:-3].isidentifier():
            yield Module(".".join((*parts, name[:-3])), entry, package=False)
        elif (found := _EXTENSION.match(name)) is not None:
            stem = found["name"]
            if stem == "__init__" and parts:
                yield Module(".".join(parts), entry, package=True)
            else:
                yield Module(".".join((*parts, stem)), entry, package=False)
