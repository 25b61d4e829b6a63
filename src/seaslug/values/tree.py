"""A file tree as a value: sorted entries with unique paths.

Paths are relative to the root, with forward slashes, no leading or trailing
slash and no ``.`` or ``..`` parts; the root itself has no entry. Names that are
not UTF-8 are carried with surrogate escapes.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from seaslug.values.content import Content, Inline

MAX_LINKS = 40


class Kind(Enum):
    """What an entry is. Devices, sockets and FIFOs do not exist here."""

    FILE = "file"
    DIR = "dir"
    SYMLINK = "link"
    HARDLINK = "hard"


@dataclass(frozen=True, slots=True)
class Entry:
    """One path of a tree.

    ``mode`` is the permission bits (0o7777 at most); ``mtime`` is in whole
    seconds since 1970; ``target`` is a symlink's text or, for a hard link, the
    tree path that it shares; ``content`` is there for files only. ``xattrs`` are
    name and value pairs, sorted by name.
    """

    path: str
    kind: Kind
    mode: int
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    target: str = ""
    content: Content | None = None
    xattrs: tuple[tuple[str, bytes], ...] = ()

    @property
    def size(self) -> int:
        """Length of the content in bytes; 0 for anything but a file."""
        return self.content.size if self.content is not None else 0

    def read(self) -> bytes:
        """Return the whole content; empty for anything but a file."""
        return self.content.read() if self.content is not None else b""


def file(path: str, data: bytes, mode: int = 0o644, *, mtime: int = 0, uid: int = 0) -> Entry:
    """Return a regular file with *data*; the group id equals *uid*."""
    return Entry(path, Kind.FILE, mode, uid, uid, mtime, content=Inline(data))


def directory(path: str, mode: int = 0o755, *, mtime: int = 0, uid: int = 0) -> Entry:
    """Return a directory; the group id equals *uid*."""
    return Entry(path, Kind.DIR, mode, uid, uid, mtime)


def symlink(path: str, target: str, *, mtime: int = 0) -> Entry:
    """Return a symbolic link with the text *target*."""
    return Entry(path, Kind.SYMLINK, 0o777, mtime=mtime, target=target)


class Tree:
    """Sorted entries with unique paths; of two entries with one path the later one stays."""

    __slots__ = ("_paths", "entries")

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        unique = {entry.path: entry for entry in entries}
        self._paths = sorted(unique)
        self.entries = tuple(unique[path] for path in self._paths)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, path: str) -> bool:
        return self.get(path) is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tree) and self.lines() == other.lines()

    __hash__ = None  # type: ignore[assignment]

    def get(self, path: str) -> Entry | None:
        """Return the entry at exactly *path*, following no links."""
        at = bisect_left(self._paths, path)
        if at < len(self._paths) and self._paths[at] == path:
            return self.entries[at]
        return None

    def under(self, prefix: str) -> tuple[Entry, ...]:
        """Return the entries below the directory *prefix* (itself not among them)."""
        low = bisect_left(self._paths, prefix + "/")
        high = bisect_left(self._paths, prefix + "0")
        return self.entries[low:high]

    def over(self, lower: Tree) -> Tree:
        """Return *lower* with this tree laid over it: same paths are replaced."""
        return Tree((*lower.entries, *self.entries))

    def select(self, keep: Callable[[Entry], bool]) -> Tree:
        """Return the tree of the entries for which *keep* is true."""
        return Tree(entry for entry in self.entries if keep(entry))

    def without(self, paths: Iterable[str]) -> Tree:
        """Return the tree less *paths* and everything below them."""
        gone = tuple(paths)
        return self.select(
            lambda e: not any(e.path == p or e.path.startswith(p + "/") for p in gone)
        )

    def resolve(self, path: str) -> Entry | None:
        """Return what *path* leads to inside this root, all links followed; None if nowhere.

        Absolute link targets are relative to the root of the tree, ``..`` never
        leaves it, and a chain of more than 40 links leads nowhere.
        """
        where = self.realpath(path)
        entry = self.get(where) if where is not None else None
        if entry is not None and entry.kind is Kind.HARDLINK:
            return self.get(entry.target)
        return entry

    def realpath(self, path: str) -> str | None:
        """Return *path* with every link followed, or None for a loop.

        The last part need not exist. The root is the empty string.
        """
        return follow(path, self._link)

    def _link(self, path: str) -> str | None:
        here = self.get(path)
        return here.target if here is not None and here.kind is Kind.SYMLINK else None

    def lines(self) -> tuple[str, ...]:
        """Return one readable line per entry, e.g. ``/etc/passwd: file 0644 0:0 1a2b3c4d5e6f``."""
        return tuple(_line(entry) for entry in self.entries)


def follow(path: str, link: Callable[[str], str | None]) -> str | None:
    """Return *path* with every link followed, or None for a loop; ``..`` stays inside.

    *link* gives the target of the symbolic link at a path, and None for anything else.
    """
    todo = [part for part in reversed(path.split("/")) if part and part != "."]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part == ".":
            continue
        if part == "..":
            if done:
                done.pop()
            continue
        target = link("/".join((*done, part)))
        if target is None:
            done.append(part)
            continue
        links += 1
        if links > MAX_LINKS:
            return None
        if target.startswith("/"):
            done = []
        todo.extend(piece for piece in reversed(target.split("/")) if piece)
    return "/".join(done)


def with_mtime(entries: Iterable[Entry], mtime: int) -> tuple[Entry, ...]:
    """Return *entries*, each with this modification time."""
    return tuple(replace(entry, mtime=mtime) for entry in entries)


def parents(path: str) -> Iterator[str]:
    """Yield the directories above *path*, outermost first, without the root."""
    at = path.find("/")
    while at != -1:
        yield path[:at]
        at = path.find("/", at + 1)


def _line(entry: Entry) -> str:
    head = f"/{entry.path}: {entry.kind.value} {entry.mode:04o} {entry.uid}:{entry.gid}"
    if entry.kind is Kind.FILE:
        head += " " + hashlib.sha256(entry.read()).hexdigest()[:12]
    elif entry.target:
        head += f" -> {entry.target}"
    for name, value in entry.xattrs:
        head += f" {name}={value.hex()}"
    return head
