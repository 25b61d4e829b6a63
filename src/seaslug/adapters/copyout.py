"""What a tar holds, put at a place of this machine as ``cp`` would put it.

::

    DEST is a folder       DEST/NAME
    DEST is not there      DEST, in a folder that is there
    DEST is a file         DEST, replaced by a file

All of it is unpacked beside its place first, where nothing leads out, and then moved: what
cannot be unpacked, or is in the way of a folder, leaves everything as it was. No link that lies
below DEST is followed, wherever it comes from.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable

from seaslug.adapters.unpack import discard, unpack_tar
from seaslug.errors import HostileError, UsageError


def put(chunks: Iterable[bytes | memoryview], name: str, dest: str, *, owners: bool) -> str:
    """Put the one thing that a tar holds at *dest*, as *name* if that is a folder.

    If *name* is empty, the tar is what is in a folder. Returns its place. Raises UsageError,
    HostileError, EngineError.
    """
    beside = _beside(dest, name)
    try:
        stage = tempfile.mkdtemp(prefix=".seaslug-", dir=beside)
    except OSError as error:
        raise UsageError(f"cannot be written to: {error.strerror}", where=beside) from None
    try:
        root = os.path.join(stage, "root")
        os.mkdir(root)
        unpack_tar(chunks, root, owners=owners)
        top = _top(root, name)
        target = _target(top, name, dest)
        _refuse(top, target, own=target != os.path.join(dest, name))
        _move(top, target)
    except OSError as error:
        where = error.filename2 or error.filename or dest
        raise UsageError(f"cannot be written: {error.strerror}", where=where) from None
    finally:
        discard(stage)
    return target


def _beside(dest: str, name: str) -> str:
    """Return the folder that *dest* leads into: there things are unpacked, to be moved only."""
    if os.path.isdir(dest):
        # What is in a folder may become the folder itself, if that is new; else it is merged.
        return dest
    folder = os.path.dirname(dest.rstrip("/")) or "."
    if not os.path.isdir(folder):
        raise UsageError("no such folder", where=folder, hint=f"mkdir -p {folder}")
    return folder


def _top(root: str, name: str) -> str:
    if not name:
        return root
    found = os.listdir(root)
    if len(found) != 1:
        raise HostileError(f"{len(found)} things where one was asked for", where=name)
    return os.path.join(root, found[0])


def _target(top: str, name: str, dest: str) -> str:
    if os.path.isdir(dest):
        return os.path.join(dest, name) if name else dest
    if dest.endswith("/") and not _is_folder(top):
        raise UsageError("no such folder", where=dest, hint=f"mkdir -p {dest}")
    return dest.rstrip("/")


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _refuse(source: str, target: str, *, own: bool = False) -> None:
    """Raise UsageError if anything is in the way.

    A link to a folder is taken for one only if it is *own*: DEST itself, as it was asked for.
    """
    if not os.path.lexists(target):
        return
    there = os.path.isdir(target) if own else _is_folder(target)
    if not _is_folder(source):
        if _is_folder(target):
            raise UsageError("a folder is in the way of a file", where=target)
        return
    if not there:
        raise UsageError("what is no folder is in the way of one", where=target)
    _open(source)
    for name in os.listdir(source):
        _refuse(os.path.join(source, name), os.path.join(target, name))


def _move(source: str, target: str) -> None:
    if not _is_folder(source):
        os.replace(source, target)
    elif not os.path.lexists(target):
        # Moving a folder changes its "..", which its mode may forbid.
        mode, times = _open(source), os.stat(source)
        os.rename(source, target)
        os.chmod(target, mode)
        os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
    else:
        for name in os.listdir(source):
            _move(os.path.join(source, name), os.path.join(target, name))


def _open(folder: str) -> int:
    """Let ourselves into a folder of ours; returns the mode that it had."""
    mode = stat.S_IMODE(os.stat(folder).st_mode)
    if mode & 0o700 != 0o700:
        os.chmod(folder, mode | 0o700)
    return mode
