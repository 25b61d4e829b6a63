"""Folders of this machine as trees, and trees as folders. No link leads out of either."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace

from seaslug.apps import ignore
from seaslug.apps.model import TIME
from seaslug.errors import ProjectError
from seaslug.ports import Listener
from seaslug.values.content import FileSlice, Inline
from seaslug.values.tree import Entry, Kind, Tree

MAX_FILES = 1_000_000
_MANY = 10_000
_TASK = "read the project"


def read(
    folder: str,
    ignored: Callable[[str], bool] | None = None,
    *,
    prune: bool = True,
    listener: Listener | None = None,
) -> Tree:
    """Return what lies below *folder*; modes are 0755 or 0644, owner root, one time for all.

    *ignored* tells what to leave out by relative path; with *prune*, all below an ignored
    folder as well, unlooked at. Sockets, devices and pipes are left out. *listener* hears of it
    if there are many. Raises ProjectError for links that lead out of the folder, and for more
    than a million files.
    """
    real = os.path.realpath(folder)
    entries: list[Entry] = []
    outside: list[str] = []
    for path, item in _walk(real, ignored, prune):
        try:
            entry = _entry(real, path, item, outside)
        except OSError as error:
            raise ProjectError(f"cannot be read: {error.strerror}", where=item.path) from None
        if entry is not None:
            entries.append(entry)
        if listener is not None and len(entries) == _MANY:
            listener.begin(_TASK)
        if len(entries) > MAX_FILES:
            raise ProjectError(
                f"more than {MAX_FILES:,} files", where=folder,
                hint="leave folders out in a .dockerignore, or by exclude in seaslug.toml",
            )  # fmt: skip
    if listener is not None and len(entries) >= _MANY:
        listener.end(_TASK, f"{len(entries):,} files")
    if outside:
        shown = ", ".join(outside[:5]) + (" ..." if len(outside) > 5 else "")
        raise ProjectError(
            f"links that lead out of the project: {shown}", where=folder,
            hint="put the files themselves there, or leave the links out in a .dockerignore",
        )  # fmt: skip
    return Tree(entries)


def named(folder: str, path: str) -> list[Entry]:
    """Return the file at *path* below *folder*, or the folder with what is below it.

    Nothing if it is not there. What is never wanted, and secrets, stay out of a folder, as
    they are not what was named. Raises ProjectError for a path that leads out.
    """
    root = os.path.realpath(folder)
    place = os.path.realpath(os.path.join(root, path))
    if not place.startswith(root.rstrip("/") + "/"):
        raise ProjectError(f"{path} leads out of the project", where=folder)
    if os.path.isdir(place):
        below = read(place, ignore.patterns("").match)
        return [replace(entry, path=f"{path}/{entry.path}") for entry in below]
    try:
        seen = os.stat(place)
    except OSError:
        return []
    entry = _file(path, place, seen)
    return [entry] if entry is not None else []


def _walk(
    root: str, ignored: Callable[[str], bool] | None, prune: bool
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    todo = [""]
    while todo:
        below = todo.pop()
        try:
            with os.scandir(os.path.join(root, below)) as found:
                items = sorted(found, key=lambda item: item.name)
        except OSError as error:
            where = os.path.join(root, below)
            raise ProjectError(f"cannot be read: {error.strerror}", where=where) from None
        for item in items:
            path = f"{below}/{item.name}" if below else item.name
            out = ignored is not None and ignored(path)
            if item.is_dir(follow_symlinks=False) and not (out and prune):
                todo.append(path)
            if not out:
                yield path, item


def _entry(root: str, path: str, item: os.DirEntry[str], outside: list[str]) -> Entry | None:
    if item.is_symlink():
        target = _inside(root, path, os.readlink(item.path))
        if target is None:
            outside.append(path)
            return None
        return Entry(path, Kind.SYMLINK, 0o777, mtime=TIME, target=target)
    if item.is_dir(follow_symlinks=False):
        return Entry(path, Kind.DIR, 0o755, mtime=TIME)
    return _file(path, item.path, item.stat(follow_symlinks=False))


def _file(path: str, place: str, seen: os.stat_result) -> Entry | None:
    if not stat.S_ISREG(seen.st_mode):
        return None
    mode = 0o755 if seen.st_mode & 0o100 else 0o644
    content = FileSlice(place, 0, seen.st_size) if seen.st_size else Inline(b"")
    return Entry(path, Kind.FILE, mode, mtime=TIME, content=content)


def _inside(root: str, path: str, target: str) -> str | None:
    """Return the link's target, relative, if it stays below *root*; None if it does not."""
    here = os.path.join(root, os.path.dirname(path))
    place = os.path.normpath(os.path.join(here, target))
    if place != root and not place.startswith(root + os.sep):
        return None
    return os.path.relpath(place, here) if os.path.isabs(target) else target


def state(folder: str, ignored: Callable[[str], bool], *, prune: bool = True) -> int:
    """Return a number that changes when a file below *folder* is changed, added or removed."""
    rows = []
    for path, item in _walk(os.path.realpath(folder), ignored, prune):
        with contextlib.suppress(OSError):
            seen = item.stat(follow_symlinks=False)
            if not stat.S_ISDIR(seen.st_mode):
                rows.append((path, seen.st_mtime_ns, seen.st_size, seen.st_mode))
    return hash(tuple(rows))


def write(folder: str, tree: Tree) -> None:
    """Write the files, links and folders of *tree* below *folder*, which is ours alone."""
    for entry in tree:
        path = os.path.join(folder, entry.path)
        if entry.kind is Kind.DIR:
            os.makedirs(path, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if entry.kind is Kind.SYMLINK:
            os.symlink(entry.target, path)
        elif entry.kind is Kind.HARDLINK:
            os.link(os.path.join(folder, entry.target), path)
        else:
            _write_file(path, entry)


def _write_file(path: str, entry: Entry) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o700 if entry.mode & 0o100 else 0o600), "wb") as file:
        for at in range(0, entry.size, 4 << 20):
            assert entry.content is not None
            file.write(entry.content.read(at, 4 << 20))
