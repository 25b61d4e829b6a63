"""A program about to be started in an unpacked root: who runs it, what file it is, how.

Answers the questions that an engine answers for itself, from the image's own
files, without ever following a link out of its root.
"""

from __future__ import annotations

import os
import platform as machine
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass

from seaslug.adapters.unpack import inside
from seaslug.errors import EngineError, UsageError
from seaslug.values.platform import Platform

NOT_FOUND, NOT_EXECUTABLE = 127, 126
QEMU_INSIDE = "/dev/.qemu"
_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class User:
    """Numeric ids and the home directory of who runs the program."""

    uid: int
    gid: int
    home: str


@dataclass(frozen=True, slots=True)
class NotStartable:
    """Why a program cannot be started: status 126 or 127, and the reason."""

    status: int
    reason: str


def find_user(root: str, text: str) -> User:
    """Read ``uid[:gid]`` or names by the root's own passwd and group.

    Raises EngineError for a name that is not there.
    """
    who, _, group = (text or "0").partition(":")
    rows = _rows(root, "/etc/passwd", 7)
    row = next((r for r in rows if who in (r[0], r[2])), None)
    if row is None and not who.isdigit():
        raise EngineError(f"the image has no user {who!r}", where="/etc/passwd")
    uid = int(row[2] if row else who)
    gid = _find_group(root, group) if group else int(row[3] if row else 0)
    return User(uid, gid, (row[5] if row else "") or "/")


def _find_group(root: str, text: str) -> int:
    if text.isdigit():
        return int(text)
    row = next((r for r in _rows(root, "/etc/group", 4) if r[0] == text), None)
    if row is None:
        raise EngineError(f"the image has no group {text!r}", where="/etc/group")
    return int(row[2])


def _rows(root: str, path: str, fields: int) -> list[list[str]]:
    place = inside(root, path)
    if place is None or not os.path.isfile(place):
        return []
    with open(place, encoding="utf-8", errors="replace") as file:
        rows = [line.rstrip("\n").split(":") for line in file.read(_LIMIT).split("\n")]
    return [row for row in rows if len(row) == fields and row[2].isdigit()]


def find_program(root: str, name: str, path: str, workdir: str) -> str | NotStartable:
    """Return the path in the container of the program *name*, looked for as execvp does."""
    if "/" in name:
        places = [os.path.join(workdir, name)]
    else:
        places = [os.path.join(part or workdir, name) for part in path.split(":")]
    found = NotStartable(NOT_FOUND, f"{name}: not found in the image")
    for place in places:
        real = inside(root, place)
        if real is None or not os.path.isfile(real):
            if real is not None and os.path.isdir(real) and "/" in name:
                found = NotStartable(NOT_EXECUTABLE, f"{name}: is a directory")
            continue
        if os.stat(real).st_mode & 0o111:
            return place
        found = NotStartable(NOT_EXECUTABLE, f"{name}: is not executable")
    return found


def ensure_place(root: str, path: str, *, directory: bool) -> None:
    """Make *path* exist in *root*, as a place to mount something on."""
    if not path.startswith("/"):
        raise UsageError(f"not an absolute path in the container: {path!r}")
    place = inside(root, path)
    if place is None:
        raise EngineError("symbolic links lead in a circle", where=path)
    if os.path.lexists(place):
        return
    os.makedirs(place if directory else os.path.dirname(place), mode=0o755, exist_ok=True)
    if not directory:
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644))


def place_in(root: str, path: str) -> str:
    """Return *path* with all links resolved inside *root*, as a path in the container."""
    place = inside(root, path) or root
    return place[len(root.rstrip("/")) :] or "/"


def emulator(wanted: Platform) -> str:
    """Return the qemu program that must be named to run *wanted* here, empty for none.

    None is needed for this machine's own programs and where the kernel has qemu
    registered with the F flag. Raises EngineError if there is no way.
    """
    if _native(wanted) or _registered(wanted.names.qemu):
        return ""
    program = shutil.which(f"qemu-{wanted.names.qemu}-static")
    if program is None:
        raise EngineError(
            f"this machine cannot run {wanted} programs",
            hint="install qemu-user-static, or prove the image on a machine of that kind",
        )
    return program


def _native(wanted: Platform) -> bool:
    here = machine.machine().lower()
    return wanted.names.uname == here or (wanted.arch == "386" and here == "x86_64")


def _registered(qemu: str) -> bool:
    try:
        with open(f"/proc/sys/fs/binfmt_misc/qemu-{qemu}", encoding="ascii") as file:
            text = file.read(4096)
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags:")), "")
    return text.startswith("enabled") and "F" in flags


def is_file(path: str) -> bool:
    """Return whether *path* out here is anything but a directory; EngineError if absent."""
    try:
        return not stat.S_ISDIR(os.stat(path).st_mode)
    except OSError as error:
        raise EngineError(f"cannot mount: {error.strerror}", where=path) from error


def with_home(env: Mapping[str, str], user: User, hostname: str) -> dict[str, str]:
    """Return *env* with HOME and HOSTNAME where the image does not set them."""
    return {"HOME": user.home, "HOSTNAME": hostname, **env}
