"""Users, directories, name switch, os-release, time: the exact texts that programs read."""

from __future__ import annotations

import pytest

from seaslug.deb.effects import identity
from seaslug.errors import HostileError
from seaslug.values.tree import Entry, Kind, Tree, file, symlink

PASSWD = """\
root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin
"""
GROUP = """\
root:x:0:
nobody:x:65534:
tty:x:5:
staff:x:50:
nonroot:x:65532:
"""
NSSWITCH = """\
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
OS_RELEASE = """\
PRETTY_NAME="Debian GNU/Linux 13 (trixie)"
NAME="Debian GNU/Linux"
VERSION_ID="13"
VERSION="13 (trixie)"
VERSION_CODENAME=trixie
ID=debian
"""


def only(entries: tuple[Entry, ...], path: str) -> Entry:
    (found,) = [e for e in entries if e.path == path]
    return found


@pytest.mark.parametrize(
    ("entries", "path", "text"),
    [
        (identity.users(mtime=3), "etc/passwd", PASSWD),
        (identity.users(mtime=3), "etc/group", GROUP),
        (identity.nsswitch(mtime=3), "etc/nsswitch.conf", NSSWITCH),
        (identity.localtime(mtime=3), "etc/timezone", "Etc/UTC\n"),
    ],
)
def test_texts(entries: tuple[Entry, ...], path: str, text: str) -> None:
    entry = only(entries, path)
    assert entry.read().decode() == text
    assert (entry.kind, entry.mode, entry.uid, entry.gid) == (Kind.FILE, 0o644, 0, 0)
    assert {e.mtime for e in entries} == {3}


def test_more_users_come_after_the_familys() -> None:
    entries = identity.users(more=[identity.User("app", 1000, "/srv/app")])
    passwd, group = only(entries, "etc/passwd"), only(entries, "etc/group")
    assert passwd.read().decode() == PASSWD + "app:x:1000:1000:app:/srv/app:/sbin/nologin\n"
    assert group.read().decode() == GROUP + "app:x:1000:\n"


@pytest.mark.parametrize(
    ("path", "mode", "owner"),
    [
        ("root", 0o700, 0),
        ("home", 0o755, 0),
        ("home/nonroot", 0o700, 65532),
        ("tmp", 0o1777, 0),
        ("var/tmp", 0o1777, 0),
        ("run", 0o755, 0),
        ("var/lib", 0o755, 0),
        ("usr/local/bin", 0o755, 0),
        ("etc", 0o755, 0),
    ],
)
def test_directories(path: str, mode: int, owner: int) -> None:
    entry = only(identity.directories(), path)
    assert (entry.kind, entry.mode) == (Kind.DIR, mode)
    assert (entry.uid, entry.gid) == (owner, owner)


def test_directories_leave_the_links_of_a_merged_usr_free() -> None:
    tops = {e.path.partition("/")[0] for e in identity.directories()}
    assert not tops & {"bin", "sbin", "lib", "lib64"}


def test_every_directory_has_its_parents() -> None:
    paths = {e.path for e in identity.directories()}
    assert {p.rpartition("/")[0] for p in paths if "/" in p} <= paths


@pytest.mark.parametrize(
    "tree",
    [
        Tree([file("usr/lib/os-release", OS_RELEASE.encode())]),
        Tree([file("etc/os-release", OS_RELEASE.encode())]),
        Tree([
            file("usr/lib/os-release", OS_RELEASE.encode()),
            symlink("etc/os-release", "../usr/lib/os-release"),
        ]),
        Tree([file("usr/lib/os-release", OS_RELEASE.rstrip("\n").encode())]),
    ],
)  # fmt: skip
def test_os_release_is_debians_but_for_its_pretty_name(tree: Tree) -> None:
    made = Tree(identity.os_release(tree, mtime=3))
    want = OS_RELEASE.replace("Debian GNU/Linux 13 (trixie)", "Distroless")
    for path in ("usr/lib/os-release", "etc/os-release"):
        entry = made.resolve(path)
        assert entry is not None and entry.read().decode() == want
    link = made.get("etc/os-release")
    assert link is not None and link.target == "../usr/lib/os-release"


def test_no_os_release_is_an_error() -> None:
    with pytest.raises(HostileError, match="os-release"):
        identity.os_release(Tree())


def test_local_time_is_a_link_into_the_zones() -> None:
    assert only(identity.localtime(), "etc/localtime").target == "/usr/share/zoneinfo/Etc/UTC"
    berlin = identity.localtime(zone="Europe/Berlin")
    assert only(berlin, "etc/localtime").target == "/usr/share/zoneinfo/Europe/Berlin"
    assert only(berlin, "etc/timezone").read() == b"Europe/Berlin\n"
