"""The packages of languages that an image has, and which files are whose."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from seaslug.anatomy.packages.model import Library
from seaslug.anatomy.rootfs import Rootfs
from seaslug.values.tree import Kind

_MODULES = "node_modules/"
_CACHE = "/__pycache__/"


class Told(NamedTuple):
    """A *library*, and the *path* in the image of the file that tells it."""

    path: str
    library: Library

    @property
    def label(self) -> str:
        """Its name for people, with the language, for names are the same across languages."""
        return f"{self.library.name} ({self.library.kind})"


def libraries(root: Rootfs) -> tuple[Told, ...]:
    """Return all that can be seen; what one file tells stays in its order, its own first."""
    found = []
    for path, item in root.placed.items():
        at, origin = item.origin
        if item.entry.kind is Kind.FILE and at < len(root.layers):
            found += [Told(path, one) for one in root.layers[at].libraries.get(origin, ())]
    return tuple(found)


def claims(root: Rootfs, told: tuple[Told, ...], owned: Mapping[str, str]) -> dict[str, str]:
    """Return the label of the library that each file belongs to which no package owns."""
    if not told:
        return {}
    own: dict[str, str] = {}
    for one in told:
        own.setdefault(one.path, one.label)
    recorded = dict(_recorded(root, own))
    folders = {posixpath.dirname(path): label for path, label in own.items()
               if path.endswith("/package.json")}  # fmt: skip
    found = {}
    for path, item in root.placed.items():
        if path in owned or item.entry.kind is Kind.DIR:
            continue
        label = recorded.get(path) or recorded.get(_source(path)) or own.get(path)
        label = label or folders.get(_module(path), "")
        if label:
            found[path] = label
    return found


def _recorded(root: Rootfs, own: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the files that the RECORD beside each Python package's METADATA lists."""
    for path, label in own.items():
        folder = posixpath.dirname(path)
        item = root.placed.get(f"{folder}/RECORD") if path.endswith("/METADATA") else None
        if item is None or item.origin[0] >= len(root.layers):
            continue
        top = posixpath.dirname(folder)
        for record in root.layers[item.origin[0]].records.get(item.origin[1], ()):
            for name in record.paths:
                yield posixpath.normpath(posixpath.join("/", top, name)).lstrip("/"), label


def _module(path: str) -> str:
    """Return the innermost folder of a Node.js package that *path* is in; empty for none."""
    at = path.rfind("/" + _MODULES) + 1
    if not at and not path.startswith(_MODULES):
        return ""
    start = at + len(_MODULES)
    parts = path[start:].split("/", 2)
    count = 2 if parts[0].startswith("@") else 1
    return path[:start] + "/".join(parts[:count])


def _source(path: str) -> str:
    head, cache, name = path.rpartition(_CACHE)
    return f"{head}/{name.partition('.')[0]}.py" if cache else ""
