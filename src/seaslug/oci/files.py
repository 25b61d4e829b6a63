"""The files of an image: its layers laid over each other, each file with where it comes from.

In images that seaslug built, a package's share of a layer begins with its stanza below
``var/lib/dpkg/status.d`` and ends with its ``.md5sums``: what lies between them is the
package's; what follows without a stanza came from elsewhere (npm) and is marked so. In
other images the ``.md5sums`` files alone tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from seaslug.errors import HostileError, UnknownNameError
from seaslug.oci.media import compression_of
from seaslug.ports import BlobStore
from seaslug.tar.compress import decompress
from seaslug.tar.reader import Member, members
from seaslug.values.content import FileSlice
from seaslug.values.descriptor import Descriptor
from seaslug.values.tree import Entry, Kind, Tree, directory, follow, parents

STATUS = "var/lib/dpkg/status.d/"
OPAQUE, WHITEOUT = ".wh..wh..opq", ".wh."
MAX_BYTES = 16 << 30
NO_STANZA = "-"
_SMALL = 16 << 20
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Placed:
    """One path of an image. ``layer`` counts from 0; ``package`` is empty if none brought it.

    ``origin`` is the layer, and the member's path in it, where the content lies: of a hard
    link it may be a lower layer, and a path that is there no more.
    """

    entry: Entry
    layer: int
    package: str
    origin: tuple[int, str]


def layer_chunks(path: str, media_type: str) -> Iterator[bytes]:
    """Yield the plain tar bytes of the layer blob at *path*, piece by piece."""
    return decompress(compression_of(media_type), _pieces(path), MAX_BYTES)


def plain_tar(store: BlobStore, layer: Descriptor) -> Iterator[bytes]:
    """Yield the plain tar bytes of a layer, piece by piece."""
    return decompress(compression_of(layer.media_type), store.chunks(layer), MAX_BYTES)


Table = Callable[[Descriptor], Sequence[Member] | None]
"""Gives the members of a layer, without contents, where they are known; else None."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Every path of an image, sorted, and the texts of the small files that were asked for."""

    files: tuple[Placed, ...]
    texts: Mapping[str, bytes]


def listing(
    store: BlobStore,
    layers: Sequence[Descriptor],
    keep: Callable[[str], bool],
    *,
    ours: bool,
    table: Table | None = None,
) -> Listing:
    """Return what the image holds, in one pass over its layers.

    *keep* chooses the paths whose content is wanted, at most 16 MiB each; of all others
    only the size is known. *ours* says that seaslug built the image; *table* gives what is
    known of a layer without reading it. Raises StoreError, HostileError.
    """
    root = Root()
    texts: dict[str, bytes] = {}
    for layer in layers:
        root.begin()
        owner = ""
        known = table(layer) if table is not None else None
        chunks = plain_tar(store, layer) if known is None else iter(())
        for member in members(chunks) if known is None else known:
            path = root.place(member.path)
            name = path.rpartition("/")[2]
            if name.startswith(WHITEOUT):
                root.white_out(path)
                continue
            sums = path.startswith(STATUS) and name.endswith(".md5sums")
            if path.startswith(STATUS):
                owner = name.removesuffix(".md5sums")
            if member.kind is Kind.FILE and known is None and (sums or keep(path)):
                texts[path] = _small(member)
            root.put(member, path, owner if ours else "")
            if sums:
                owner = NO_STANZA
        for _ in chunks:
            pass  # whether the bytes were the right ones is known at their end
    return _listing(root.found, texts, ours)


def _listing(found: Mapping[str, Placed], texts: Mapping[str, bytes], ours: bool) -> Listing:
    """Sort, forget the texts of files that an upper layer hid, and name the owners."""
    left = {
        path: text
        for path, text in texts.items()
        if path in found and found[path].entry.kind is Kind.FILE
    }
    owners = {} if ours else _owners(left)
    return Listing(tuple(_owned(found[path], owners) for path in sorted(found) if path), left)


def tree(placed: Sequence[Placed]) -> Tree:
    """Return the paths as a tree, for following links."""
    return Tree(item.entry for item in placed)


def find(placed: Sequence[Placed], path: str, where: str) -> Placed:
    """Return what *path* leads to, links followed. Raises UnknownNameError."""
    real = tree(placed).realpath(path)
    if real == "":
        return Placed(directory(""), 0, "", (0, ""))
    found = next((p for p in placed if p.entry.path == real), None)
    if found is None:
        raise UnknownNameError("path", path, ["/" + p.entry.path for p in placed], where=where)
    return found


def content(store: BlobStore, layer: Descriptor, path: str) -> Iterator[memoryview]:
    """Yield the content of the file at *path* in one layer. Raises HostileError."""
    for found, pieces in contents(store, layer):
        if found == path:
            yield from pieces
            return
    raise HostileError("no such file in the layer", where=path)


def contents(store: BlobStore, layer: Descriptor) -> Iterator[tuple[str, Iterator[memoryview]]]:
    """Yield (path, content) of each regular file of one layer; take it before the next one."""
    for member in members(plain_tar(store, layer)):
        if member.kind is Kind.FILE:
            yield member.path, member.content


class Root:
    """Layers laid over each other, as names: ``found`` is what is there so far."""

    def __init__(self) -> None:
        self.found: dict[str, Placed] = {}
        self._layer = -1
        self._fresh: set[str] = set()
        self._folders: set[str] = set()
        self._heads: dict[str, str] = {}

    def begin(self) -> None:
        """Go on with the next layer."""
        self._layer += 1
        self._fresh = set()

    def place(self, path: str) -> str:
        """Return *path* with the links among its parents followed. Raises HostileError."""
        head, slash, name = path.rpartition("/")
        if not slash:
            return path
        if head not in self._heads:
            real = follow(head, self._link)
            if real is None:
                raise HostileError("symbolic links lead in a circle", where=path)
            self._heads[head] = real
        return f"{self._heads[head]}/{name}".lstrip("/")

    def put(self, member: Member, path: str, package: str) -> None:
        """Lay *member* at *path* over what is there."""
        if path in self._folders and member.kind is not Kind.DIR:
            self._remove(p for p in [*self.found] if p.startswith(path + "/"))
        if member.kind is Kind.SYMLINK or self._link(path) is not None:
            self._heads.clear()
        if path.rpartition("/")[0] not in self._folders:  # a known folder's own are known
            self._folders.update(parents(path))
        self._fresh.add(path)
        entry, origin = _entry(member, path), (self._layer, member.path)
        if member.kind is Kind.HARDLINK:
            entry = replace(entry, target=self.place(member.target))
            shared = self.found.get(entry.target)
            origin = shared.origin if shared else (self._layer, member.target)
        self.found[path] = Placed(entry, self._layer, package, origin)

    def white_out(self, path: str) -> None:
        """Remove what a whiteout hides: lower layers' paths only, never this one's."""
        head, _, name = path.rpartition("/")
        if name == OPAQUE:
            gone = [p for p in self.found if not head or p.startswith(head + "/")]
        else:
            hidden = f"{head}/{name[len(WHITEOUT) :]}".lstrip("/")
            inside = f"{hidden}/"
            # Most whiteouts hide one file: nothing is looked through for it.
            below = self.found if hidden in self._folders else ()
            gone = [hidden] if hidden in self.found else []
            gone += [p for p in below if p.startswith(inside)]
        self._remove(p for p in gone if p not in self._fresh)

    def _remove(self, paths: Iterator[str]) -> None:
        self._heads.clear()
        for path in paths:
            del self.found[path]

    def _link(self, path: str) -> str | None:
        placed = self.found.get(path)
        return placed.entry.target if placed and placed.entry.kind is Kind.SYMLINK else None


def _entry(member: Member, path: str) -> Entry:
    size = FileSlice("", 0, member.size) if member.kind is Kind.FILE else None
    return Entry(
        path, member.kind, member.mode, member.uid, member.gid, member.mtime,
        member.target, size, member.xattrs,
    )  # fmt: skip


def _small(member: Member) -> bytes:
    if member.size > _SMALL:
        raise HostileError("far larger than such a file may be", where=member.path)
    return b"".join(bytes(piece) for piece in member.content)


def _owners(texts: Mapping[str, bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    for path, text in texts.items():
        if path.startswith(STATUS) and path.endswith(".md5sums"):
            name = path.removeprefix(STATUS).removesuffix(".md5sums")
            for line in text.decode("utf-8", "replace").splitlines():
                found[line.partition("  ")[2]] = name
    return found


def _owned(item: Placed, owners: Mapping[str, str]) -> Placed:
    if item.package or item.entry.path not in owners:
        return item
    return replace(item, package=owners[item.entry.path])


def _pieces(path: str) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            yield piece
