"""Finding files as Node.js does: extensions, index files, the main of a folder."""

from __future__ import annotations

import posixpath
import re

from seaslug.values.tree import Kind, Tree

_ENDINGS = ("", ".js", ".cjs", ".mjs", ".json", ".node")
TYPESCRIPT = re.compile(r"(?<!\.d)\.[cm]?tsx?\Z")


def normal(folder: str, path: str) -> str:
    """Return *path* as seen from *folder*, both below one root, without ``.`` and ``..`` parts.

    The root is the empty string; a path that leaves it begins with ``../``.
    """
    made = posixpath.normpath(posixpath.join(folder, path))
    return "" if made == "." else made.lstrip("/") if made.startswith("/") else made


def exists(tree: Tree, path: str) -> bool:
    """Tell whether *path* leads to a file of *tree*."""
    entry = tree.resolve(path) if path else None
    return entry is not None and entry.kind is Kind.FILE


def resolve(tree: Tree, path: str, main: str = "") -> str:
    """Return the file that ``node PATH`` runs, or an empty string; the root has *main*."""
    for ending in _ENDINGS if path else ():
        if exists(tree, path + ending):
            return path + ending
    if not path and main:
        found = resolve(tree, normal("", main))
        if found:
            return found
    head = f"{path}/" if path else ""
    return next((head + n for n in ("index.js", "index.cjs") if exists(tree, head + n)), "")
