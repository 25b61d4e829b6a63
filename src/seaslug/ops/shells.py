"""Finding shells in an image: by name, through links, and by what is inside programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seaslug.oci.runnable import RunImage
from seaslug.ports import BlobStore
from seaslug.tar.compress import decompress
from seaslug.tar.reader import Member, members
from seaslug.values.tree import Entry, Kind, Tree

NAMES = frozenset((
    "ash", "bash", "busybox", "csh", "dash", "elvish", "fish", "ksh", "ksh93", "lksh", "mksh", "nu",
    "oksh", "osh", "pdksh", "posh", "pwsh", "rbash", "rksh", "rzsh", "sash", "sh", "static-sh",
    "tcsh", "toybox", "xonsh", "yash", "zsh", "zsh5",
))  # fmt: skip
# What a renamed shell still says of itself.
_MARKS = (b"BusyBox v", b"GNU bash, version", b"@(#)MIRBSD KSH", b"toybox %s", b"zsh: ")
_LONGEST = max(map(len, _MARKS))
_PIECE = 1 << 20
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


@dataclass(frozen=True, slots=True)
class Shells:
    """Paths in the image that would start a shell, and the paths of all its files."""

    found: tuple[str, ...]
    tree: Tree

    def outside(self, directory: str) -> tuple[str, ...]:
        """Return the shells that do not lie in *directory* (all of them, if it is empty)."""
        if not directory:
            return self.found
        prefix = directory.strip("/") + "/"
        return tuple(path for path in self.found if not _really(self.tree, path).startswith(prefix))


def scan(store: BlobStore, image: RunImage) -> Shells:
    """Read every layer of *image* and return its shells. Raises HostileError, StoreError."""
    tree, marked = Tree(), set[str]()
    for digest, media_type in image.layers:
        kind = "gzip" if "gzip" in media_type else "zstd" if "zstd" in media_type else "none"
        chunks = decompress(kind, _pieces(store.get(digest).path))
        tree, marked = _lay(tree, marked, members(chunks))
    return Shells(_shells(tree, marked), tree)


def _lay(tree: Tree, marked: set[str], layer: Iterator[Member]) -> tuple[Tree, set[str]]:
    new: list[Entry] = []
    gone: list[str] = []
    marks: set[str] = set()
    for member in layer:
        head, _, name = member.path.rpartition("/")
        if name == _OPAQUE:
            gone += [entry.path for entry in tree.under(head)]
        elif name.startswith(_WHITEOUT):
            gone.append(f"{head}/{name.removeprefix(_WHITEOUT)}".lstrip("/"))
        elif member.path:
            if _is_program(member) and _says_shell(member):
                marks.add(member.path)
            new.append(Entry(member.path, member.kind, member.mode, target=member.target))
    kept = tree.without(gone) if gone else tree
    fresh = {entry.path for entry in new}
    survivors = {path for path in marked if path not in fresh and path in kept}
    return Tree(new).over(kept), survivors | marks


def _is_program(member: Member) -> bool:
    return member.kind is Kind.FILE and member.mode & 0o111 != 0 and ".so" not in member.path


def _says_shell(member: Member) -> bool:
    held = b""
    for at, piece in enumerate(member.content):
        data = held + bytes(piece)
        if at == 0 and not data.startswith(b"\x7fELF"[: len(data)]):
            return False
        if any(mark in data for mark in _MARKS):
            return True
        held = data[-_LONGEST:]
    return False


def _shells(tree: Tree, marked: set[str]) -> tuple[str, ...]:
    found = []
    for entry in tree:
        if entry.kind is Kind.DIR:
            continue
        if entry.path.rpartition("/")[2] in NAMES or entry.path in marked or entry.target:
            real = _really(tree, entry.path)
            target = tree.get(real)
            named = {entry.path.rpartition("/")[2], real.rpartition("/")[2]} & NAMES
            if target is not None and _executable(target) and (named or real in marked):
                found.append("/" + entry.path)
    return tuple(found)


def _executable(entry: Entry) -> bool:
    return entry.kind is Kind.FILE and entry.mode & 0o111 != 0


def _really(tree: Tree, path: str) -> str:
    entry = tree.resolve(path.lstrip("/"))
    return entry.path if entry is not None else ""


def _pieces(path: str) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            yield piece


def listed(paths: Sequence[str], limit: int = 5) -> str:
    """Return *paths* as a few words."""
    more = f" and {len(paths) - limit} more" if len(paths) > limit else ""
    return ", ".join(paths[:limit]) + more
