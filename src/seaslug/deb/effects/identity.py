"""Who lives in the image and what it says it is: users, folders, name switch, os-release, time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seaslug.errors import HostileError
from seaslug.values.tree import Entry, Tree, directory, file, symlink


@dataclass(frozen=True, slots=True)
class User:
    """A line of /etc/passwd; the group has the same name and number unless told otherwise."""

    name: str
    uid: int
    home: str


USERS = (
    User("root", 0, "/root"),
    User("nobody", 65534, "/nonexistent"),
    User("nonroot", 65532, "/home/nonroot"),
)
GROUPS = (("root", 0), ("nobody", 65534), ("tty", 5), ("staff", 50), ("nonroot", 65532))

_NSSWITCH = """\
passwd:    files
group:     files
shadow:    files
hosts:     files dns
networks:  files
protocols: files
services:  files
ethers:    files
rpc:       files
"""

_DIRECTORIES = (
    ("root", 0o700, 0), ("home", 0o755, 0), ("home/nonroot", 0o700, 65532), ("tmp", 0o1777, 0),
    ("var", 0o755, 0), ("var/tmp", 0o1777, 0), ("run", 0o755, 0), ("etc", 0o755, 0),
    ("usr", 0o755, 0), ("usr/bin", 0o755, 0), ("usr/lib", 0o755, 0), ("usr/local", 0o755, 0),
    ("usr/local/bin", 0o755, 0), ("usr/local/lib", 0o755, 0), ("usr/sbin", 0o755, 0),
    ("opt", 0o755, 0),
    ("var/lib", 0o755, 0), ("var/log", 0o755, 0), ("var/cache", 0o755, 0),
)  # fmt: skip


def users(mtime: int = 0, more: Sequence[User] = ()) -> tuple[Entry, ...]:
    """Return /etc/passwd and /etc/group, *more* users after the family's own."""
    people = (*USERS, *more)
    passwd = "".join(
        f"{u.name}:x:{u.uid}:{u.uid}:{u.name}:{u.home}:/sbin/nologin\n" for u in people
    )
    groups = (*GROUPS, *((u.name, u.uid) for u in more))
    group = "".join(f"{name}:x:{gid}:\n" for name, gid in groups)
    return (
        file("etc/passwd", passwd.encode(), mtime=mtime),
        file("etc/group", group.encode(), mtime=mtime),
    )


def directories(mtime: int = 0) -> tuple[Entry, ...]:
    """Return the directories that programs rely on, with their modes and owners."""
    return tuple(directory(path, mode, uid=uid, mtime=mtime) for path, mode, uid in _DIRECTORIES)


def nsswitch(mtime: int = 0) -> tuple[Entry, ...]:
    """Return /etc/nsswitch.conf: files, and DNS for hosts."""
    return (file("etc/nsswitch.conf", _NSSWITCH.encode(), mtime=mtime),)


def os_release(tree: Tree, mtime: int = 0) -> tuple[Entry, ...]:
    """Return os-release made from base-files' own: the pretty name changes, the rest stays.

    Raises HostileError if *tree* has no usr/lib/os-release.
    """
    entry = tree.resolve("usr/lib/os-release") or tree.resolve("etc/os-release")
    if entry is None:
        raise HostileError("base-files has no os-release", where="usr/lib/os-release")
    rows = []
    for line in entry.read().decode("utf-8", "replace").splitlines():
        rows.append('PRETTY_NAME="Distroless"' if line.startswith("PRETTY_NAME=") else line)
    text = "".join(f"{row}\n" for row in rows)
    return (
        file("usr/lib/os-release", text.encode(), mtime=mtime),
        symlink("etc/os-release", "../usr/lib/os-release", mtime=mtime),
    )


def localtime(mtime: int = 0, zone: str = "Etc/UTC") -> tuple[Entry, ...]:
    """Return /etc/localtime and /etc/timezone for *zone*."""
    return (
        symlink("etc/localtime", f"/usr/share/zoneinfo/{zone}", mtime=mtime),
        file("etc/timezone", f"{zone}\n".encode(), mtime=mtime),
    )
