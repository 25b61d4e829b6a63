"""Projects from this machine's folders: their files less what is ignored, their configuration."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from seaslug.adapters import folders
from seaslug.apps import document, ignore
from seaslug.apps.config import AppConfig
from seaslug.apps.model import TIME
from seaslug.apps.project import Project
from seaslug.errors import ProjectError, UsageError
from seaslug.ports import Listener
from seaslug.values.content import FileSlice
from seaslug.values.tree import Entry, Kind, Tree

_CONFIGS = (document.FILE, "pyproject.toml")


def read_project(
    path: str, config: str = "", exclude: Sequence[str] = (), listener: Listener | None = None
) -> Project:
    """Return the project at *path*: a folder, or a single file (a binary, a jar).

    *exclude* are patterns of files to leave out beside those that are always left out;
    *listener* hears of it if there are many files.

    The configuration is the file *config*, else the folder's own; for a single file, that of
    the current folder. Raises UsageError, RecipeError, ProjectError.
    """
    place = os.path.abspath(os.path.expanduser(path))
    if os.path.isdir(place):
        found = read_config(config) if config else config_of(place)
        found = replace(found, exclude=(*found.exclude, *exclude))
        tree = _tree(place, found, listener)
        return Project(place, tree, found, named=_named(place, found, tree))
    if not os.path.isfile(place):
        raise UsageError(
            "no such file or folder", where=path,
            hint="name a project folder, a binary, a jar, or a member of the family "
            "(seaslug families)",
        )  # fmt: skip
    found = read_config(config) if config else config_of(os.getcwd())
    folder, _, name = place.rpartition("/")
    try:
        size = os.stat(place).st_size
        with open(place, "rb"):
            pass
    except OSError as error:
        raise ProjectError(f"cannot be read: {error.strerror}", where=path) from None
    entry = Entry(name, Kind.FILE, 0o755, mtime=TIME, content=FileSlice(place, 0, size))
    tree = Tree([entry])
    return Project(folder, tree, found, name, _named(folder, found, tree))


def read_config(path: str) -> AppConfig:
    """Return the configuration in the file at *path*. Raises UsageError, RecipeError."""
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as file:
            return document.from_text(file.read(), path)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the configuration: {error}", where=path) from None


def config_of(folder: str) -> AppConfig:
    """Return the configuration of the project in *folder*; an empty one if it has none."""
    for name in _CONFIGS:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            shown = os.path.relpath(path)
            found = read_config(shown if len(shown) < len(path) else path)
            if found != AppConfig(where=found.where) or name == document.FILE:
                return found
    return AppConfig()


def state(path: str, config: AppConfig) -> int:
    """Return a number that changes when the project at *path*, or its configuration, does."""
    place = os.path.abspath(os.path.expanduser(path))
    if not os.path.isdir(place):
        seen = os.stat(place)
        return hash((seen.st_mtime_ns, seen.st_size))
    rules, prune = _rules(place, config)
    wanted = {document.FILE, ".dockerignore", *config.named()}

    def ignored(path: str) -> bool:
        return path not in wanted and rules.match(path)

    return folders.state(place, ignored, prune=prune)


def _tree(folder: str, config: AppConfig, listener: Listener | None) -> Tree:
    rules, prune = _rules(folder, config)
    return folders.read(folder, rules.match, prune=prune, listener=listener)


def _named(folder: str, config: AppConfig, tree: Tree) -> Tree:
    """Return what *config* names and *tree* does not have, because it is ignored."""
    wanted = (path for path in config.named() if tree.get(path) is None and not tree.under(path))
    return Tree(entry for path in wanted for entry in folders.named(folder, path))


def _rules(folder: str, config: AppConfig) -> tuple[ignore.Ignore, bool]:
    """Return what is left out of the project, and whether all below a left out folder is too."""
    text = ""
    try:
        with open(os.path.join(folder, ".dockerignore"), encoding="utf-8-sig") as file:
            text = file.read(1 << 20)
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"cannot be read: {error}", where=".dockerignore") from None
    with os.scandir(folder) as found:
        names = [item.name for item in found]
    rules = ignore.patterns(text, (*config.exclude, *ignore.built(names)))
    return rules, not ignore.takes_back(text, config.exclude)
