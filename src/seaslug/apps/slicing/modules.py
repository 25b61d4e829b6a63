"""Python modules in a tree, and which of them can be reached from where an application starts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from seaslug.apps.slicing.edges import followed
from seaslug.apps.slicing.scan import Scan, in_binary, scan
from seaslug.values.tree import Entry, Kind, Tree

Scanner = Callable[[Entry], Scan]
_EXTENSION = re.compile(r"(?P<name>\w+)(?:\.(?:cpython-\w+(?:-[\w-]+)?|abi3))?\.so\Z")

STARTUP = (
    "encodings", "codecs", "site", "os", "io", "abc", "stat", "posixpath", "genericpath",
    "_collections_abc", "_sitebuiltins", "sitecustomize", "usercustomize", "importlib.util",
    "importlib.machinery", "importlib.abc", "importlib.metadata", "importlib.resources", "runpy",
    "pkgutil", "zipimport", "warnings", "traceback", "linecache", "tokenize", "signal",
    "threading", "logging", "locale", "_strptime", "datetime", "unicodedata", "stringprep",
    "sysconfig", "ctypes.util", "subprocess", "tempfile", "platform", "pprint", "copyreg",
    "collections.abc", "queue", "contextvars", "__future__", "keyword", "reprlib", "functools",
)  # fmt: skip
"""What the interpreter itself loads, or loads when something happens: an error, an encoding."""

INTERACTIVE = frozenset({"code", "cmd", "pdb", "this", "test", "site"})
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
            done.add(name)
            module = self.modules[name]
            standard = module.entry.path.startswith(self._standard)
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

    def _named(self, text: str) -> Iterator[str]:
        """Yield the modules that *text* names, if what follows the last of them is in it.

        ``logging.StreamHandler`` is a class of a module; ``cmd.exe`` is not.
        """
        names = list(self._known(text))
        rest = text[len(names[-1]) + 1 :].partition(".")[0] if names else ""
        word = rb"(?<!\w)%s(?!\w)" % re.escape(rest.encode())
        if rest and not re.search(word, self.modules[names[-1]].entry.read()):
            return
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
