"""Layers laid over each other in a fresh directory, as a container's root.

Nothing is written through a symlink: every parent directory is resolved
against what this code itself has put there, inside the root, before the
operating system sees a path. The directory must belong to us alone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import replace

from seaslug.errors import EngineError, HostileError
from seaslug.oci.files import MAX_BYTES, OPAQUE, WHITEOUT, layer_chunks
from seaslug.oci.runnable import RunImage
from seaslug.ports import BlobStore
from seaslug.tar.reader import Member, members
from seaslug.values.tree import MAX_LINKS, Kind, follow

MAX_ENTRIES = 2_000_000


def unpack(store: BlobStore, image: RunImage, into: str, *, owners: bool) -> None:
    """Lay the layers of *image* over each other in the existing, empty directory *into*.

    With *owners*, files get the ids that the layers say (needs root). Raises
    HostileError for members that would escape or explode, EngineError for a layer
    that cannot be read.
    """
    root = _Root(into, owners)
    for digest, media_type in image.layers:
        try:
            root.lay(layer_chunks(store.get(digest).path, media_type))
        except OSError as error:
            raise EngineError(f"a layer cannot be unpacked: {error}", where=str(digest)) from error
    root.finish()


def unpack_tar(chunks: Iterable[bytes | memoryview], into: str, *, owners: bool) -> None:
    """Write what one tar holds below the existing, empty directory *into*.

    It is no layer: a name that looks like a whiteout is a name. Without *owners*, no file gets a
    setuid or setgid bit, which would be another user's. Raises HostileError as unpack does,
    EngineError where it cannot be written.
    """
    root = _Root(into, owners)
    try:
        for member in members(chunks):
            root.add(member if owners else replace(member, mode=member.mode & 0o1777))
        root.finish()
    except OSError as error:
        raise EngineError(f"cannot be written: {error.strerror}", where=error.filename) from error


class _Root:
    """The directory under construction, with a memory of every link and directory in it."""

    def __init__(self, into: str, owners: bool) -> None:
        self._into = into
        self._owners = owners
        self._links: dict[str, str] = {}
        self._dirs: dict[str, tuple[int, int]] = {"": (0o755, 0)}
        # All that is not a directory: asking the disk of every file takes longer than writing it.
        self._files: set[str] = set()
        self._bytes = 0
        self._entries = 0

    def lay(self, chunks: Iterable[bytes]) -> None:
        """Lay one layer, a tar stream, over what is there."""
        mine: set[str] = set()
        for member in members(chunks):
            self._count(member)
            path = self._place(member.path)
            head, _, name = path.rpartition("/")
            if name == OPAQUE:
                self._clear(head, mine)
            elif name.startswith(WHITEOUT):
                self._white_out(head, name.removeprefix(WHITEOUT))
            else:
                mine.add(path)
                self._put(member, path)

    def add(self, member: Member) -> None:
        """Write one member."""
        self._count(member)
        self._put(member, self._place(member.path))

    def finish(self) -> None:
        """Give directories their modes, innermost first: a read-only one takes no files."""
        for path in sorted(self._dirs, reverse=True):
            mode, mtime = self._dirs[path]
            os.chmod(self._real(path), mode)
            os.utime(self._real(path), (mtime, mtime))

    def _count(self, member: Member) -> None:
        self._entries += 1
        self._bytes += member.size
        if self._entries > MAX_ENTRIES or self._bytes > MAX_BYTES:
            raise HostileError("the image unpacks to more than seaslug allows", where=member.path)

    def _real(self, path: str) -> str:
        return os.path.join(self._into, path) if path else self._into

    def _place(self, path: str) -> str:
        """Return the place of a member, its parents resolved and made."""
        if not path:
            return ""
        head, _, name = path.rpartition("/")
        parent = self._resolve(head)
        self._make_dirs(parent)
        return _join(parent, name)

    def _resolve(self, path: str) -> str:
        real = follow(path, self._links.get)
        if real is None:
            raise HostileError("symbolic links lead in a circle", where=path)
        return real

    def _make_dirs(self, path: str) -> None:
        if path in self._dirs:
            return
        self._make_dirs(path.rpartition("/")[0])
        if path in self._files:
            raise HostileError("a file is in the place of a directory", where=path)
        os.mkdir(self._real(path), 0o755)
        self._dirs[path] = (0o755, 0)

    def _put(self, member: Member, path: str) -> None:
        if member.kind is Kind.DIR:
            self._put_dir(member, path)
            return
        if not path:
            raise HostileError("the root of the image is not a directory")
        self._remove(path)
        self._files.add(path)
        if member.kind is Kind.HARDLINK:
            self._hard_link(member, path)
        elif member.kind is Kind.SYMLINK:
            os.symlink(member.target, self._real(path))
            self._links[path] = member.target
            self._own(member, path)
            os.utime(self._real(path), (member.mtime, member.mtime), follow_symlinks=False)
        else:
            self._write(member, self._real(path))
            self._own(member, path)
            self._finish_file(member, self._real(path))

    def _own(self, member: Member, path: str) -> None:
        if self._owners:
            os.chown(self._real(path), member.uid, member.gid, follow_symlinks=False)

    def _finish_file(self, member: Member, real: str) -> None:
        os.chmod(real, member.mode)  # after chown, which clears the setuid bit
        if self._owners:
            for name, value in member.xattrs:
                os.setxattr(real, name, value)
        os.utime(real, (member.mtime, member.mtime))

    def _put_dir(self, member: Member, path: str) -> None:
        if path not in self._dirs:
            self._remove(path)
            os.mkdir(self._real(path), 0o755)
        self._dirs[path] = (member.mode, member.mtime)
        self._own(member, path)

    def _hard_link(self, member: Member, path: str) -> None:
        target = self._place(member.target)
        if target in self._dirs:
            raise HostileError("a hard link to a directory", where=member.path)
        if not os.path.lexists(self._real(target)):
            raise HostileError(f"a hard link to {member.target!r}, not there", where=member.path)
        os.link(self._real(target), self._real(path), follow_symlinks=False)
        if target in self._links:
            self._links[path] = self._links[target]

    def _write(self, member: Member, real: str) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with open(os.open(real, flags, 0o600), "wb", buffering=0) as target:
            for piece in member.content:
                view = memoryview(piece)
                while view:
                    view = view[target.write(view) :]

    def _white_out(self, head: str, name: str) -> None:
        if name in ("", ".", ".."):
            raise HostileError("a whiteout of nothing that a layer can hold", where=head or "/")
        self._remove(_join(head, name))

    def _remove(self, path: str) -> None:
        if path in self._files:
            os.unlink(self._real(path))
            self._files.discard(path)
            self._links.pop(path, None)
        elif path in self._dirs:
            shutil.rmtree(self._real(path))
            self._forget(path)

    def _forget(self, path: str) -> None:
        """Forget the directory *path* and all below it."""
        below = path + "/"
        for memory in (self._dirs, self._links):
            for known in [k for k in memory if k == path or k.startswith(below)]:
                del memory[known]
        self._files = {known for known in self._files if not known.startswith(below)}

    def _clear(self, path: str, keep: set[str]) -> None:
        for name in os.listdir(self._real(path)):
            inner = _join(path, name)
            if not any(k == inner or k.startswith(inner + "/") for k in keep):
                self._remove(inner)


def inside(root: str, path: str) -> str | None:
    """Return where *path* leads when *root* is the root directory, as a path out here.

    Links are followed, ``..`` stays inside. None for a circle; the place need not exist.
    """
    todo, done, links = path.split("/")[::-1], list[str](), 0
    while todo:
        part = todo.pop()
        if part in ("", "."):
            continue
        if part == "..":
            del done[-1:]
            continue
        here = os.path.join(root, *done, part)
        if not os.path.islink(here):
            done.append(part)
            continue
        links += 1
        if links > MAX_LINKS:
            return None
        target = os.readlink(here)
        if target.startswith("/"):
            done = []
        todo.extend(target.split("/")[::-1])
    return os.path.join(root, *done)


def discard(directory: str) -> None:
    """Remove *directory* with all below it, whatever the modes of its directories."""
    for parent, names, _ in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    shutil.rmtree(directory, ignore_errors=True)


def _join(head: str, name: str) -> str:
    return f"{head}/{name}" if head else name
