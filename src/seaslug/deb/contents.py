"""Debian's index of contents (``Contents-<arch>``), cut down to libraries and programs.

The index names every file of the archive, 170 MB of text; 3 MB of it is shared libraries, and
programs in the folders of PATH. What is kept is text, sorted, searched in place::

    seaslug-contents 2\\n
    <file name> <package> <directory>\\n ...

A package has one line per directory that holds the file. Source: the Debian repository
format, "Contents indices": path, white space, comma-separated [area/]section/package.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seaslug.deb.soname import for_building, preferred
from seaslug.errors import HostileError

HEAD = b"seaslug-contents 2\n"
MAX_ROWS = 1 << 20
_MAX_LINE = 1 << 20
_FIELD = re.compile(rb"\.so(?:\.[^ \t\n/]*)?[ \t]+([^ \t\n]+)\n")
_FOLDERS = re.compile(rb"(?:usr/)?lib(?:64)?(?:/|\Z)")
_PROGRAM = re.compile(rb"bin/([^ \t\n/]+)[ \t]+([^ \t\n]+)\n")
_BINS = frozenset((b"bin", b"sbin", b"usr/bin", b"usr/sbin"))
_NEVER = re.compile(rb"/debug/|\.(?:py|gz|xz|debug|conf|hmac|cache|txt|html|json)\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """A package that has a library, and the directory it puts it in (no leading slash)."""

    package: str
    folder: str


def build(chunks: Iterable[bytes]) -> bytes:
    """Return the index of the libraries and programs in a Contents file that comes in *chunks*.

    Raises HostileError for a line without end or too many libraries.
    """
    rows: set[bytes] = set()
    for block in _lines(chunks):
        for found in _FIELD.finditer(block):
            path = block[block.rfind(b"\n", 0, found.start()) + 1 : found.start(1)].rstrip(b" \t")
            folder, _, name = path.rpartition(b"/")
            if not _FOLDERS.match(folder) or b" " in path or _NEVER.search(path):
                continue
            for package in _packages(found[1]):
                rows.add(b"%s %s %s\n" % (name, package, folder))
        rows.update(_programs(block))
        if len(rows) > MAX_ROWS:
            raise HostileError("more libraries than an archive has", where="Contents")
    return HEAD + b"".join(sorted(rows))


def _programs(block: bytes) -> Iterator[bytes]:
    for found in _PROGRAM.finditer(block):
        folder = block[block.rfind(b"\n", 0, found.start()) + 1 : found.start() + 3]
        if folder in _BINS:
            for package in _packages(found[2]):
                yield b"%s %s %s\n" % (found[1], package, folder)


def is_index(data: bytes) -> bool:
    """Tell whether *data* is an index of this version."""
    return data.startswith(HEAD) and data.endswith(b"\n")


def merge(indices: Iterable[bytes]) -> bytes:
    """Return one index of what any of *indices* has."""
    return HEAD + b"".join(map(_body, indices))


class Libraries:
    """Look-ups in an index. ``triplet`` is the architecture's directory (x86_64-linux-gnu)."""

    def __init__(self, index: bytes, triplet: str) -> None:
        _body(index)
        self._index = index
        # Where the dynamic loader looks unasked; /lib is /usr/lib, or was, until merged-usr.
        self._searched = frozenset(
            f"{usr}{lib}" for usr in ("", "usr/") for lib in (f"lib/{triplet}", "lib", "lib64")
        )

    def providers(self, soname: str) -> tuple[str, ...]:
        """Return the packages that put *soname* where the loader finds it, the best first."""
        found = [p.package for p in self.places(soname) if p.folder in self._searched]
        return preferred(soname, found)

    def elsewhere(self, soname: str) -> tuple[Place, ...]:
        """Return the packages that have *soname* in a directory of their own."""
        return tuple(p for p in self.places(soname) if p.folder not in self._searched)

    def programs(self, name: str) -> tuple[str, ...]:
        """Return the packages that have the program *name* in a folder of PATH, the best first.

        The least one first (``perl-base``), then the one that is called like it.
        """
        found = {p.package for p in self.places(name) if p.folder.encode() in _BINS}
        likely = (f"{name}-base", name, f"{name}-minimal")

        def order(package: str) -> tuple[int, int, str]:
            rank = likely.index(package) if package in likely else len(likely)
            return rank, len(package), package

        return tuple(sorted(found, key=order))

    def places(self, soname: str) -> tuple[Place, ...]:
        """Return every package that has *soname*, a library or a program, with its directory."""
        prefix = b"\n" + soname.encode("utf-8", "surrogateescape") + b" "
        if not soname or b" " in prefix[1:-1] or b"\n" in prefix[1:]:
            return ()
        found: dict[Place, None] = {}
        at = self._index.find(prefix)
        while at >= 0:
            end = self._index.find(b"\n", at + 1)
            package, _, folder = self._index[at + len(prefix) : end].partition(b" ")
            found[Place(package.decode(), folder.decode("utf-8", "surrogateescape"))] = None
            at = self._index.find(prefix, end)
        return tuple(found)


def _body(index: bytes) -> bytes:
    if not is_index(index):
        raise HostileError("not an index of contents of this version")
    return index[len(HEAD) :]


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks of whole lines, each with its newline."""
    rest = b""
    for chunk in chunks:
        head, newline, tail = chunk.rpartition(b"\n")
        if newline:
            yield rest + head + newline
            rest = tail
        else:
            rest += tail
        if len(rest) > _MAX_LINE:
            raise HostileError("a line that does not end", where="Contents")
    if rest:
        yield rest + b"\n"


def _packages(field: bytes) -> Iterator[bytes]:
    for item in field.split(b","):
        name = item.rpartition(b"/")[2]
        if name and not for_building(name.decode("ascii", "replace")):
            yield name
