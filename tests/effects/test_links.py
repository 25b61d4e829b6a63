"""Effects that are links: locale spellings, a merged /usr, BusyBox applets."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from effects.released import package, unpack
from seaslug.deb.effects import busybox, locale, usrmerge
from seaslug.errors import HostileError
from seaslug.values.platform import TABLE, Platform
from seaslug.values.tree import Kind, Tree, file
from support.real import need

LOCALE = "usr/lib/locale"


@pytest.mark.parametrize(("shipped", "other"), [("C.utf8", "C.UTF-8"), ("C.UTF-8", "C.utf8")])
def test_the_locale_is_found_under_both_spellings(shipped: str, other: str) -> None:
    tree = Tree([file(f"{LOCALE}/{shipped}/LC_CTYPE", b"x")])
    (link,) = locale.c_utf8(tree, mtime=4)
    assert (link.path, link.target, link.mtime) == (f"{LOCALE}/{other}", shipped, 4)
    whole = Tree((*tree, link))
    assert whole.resolve(f"{LOCALE}/{other}/LC_CTYPE") == tree.entries[0]


def test_no_locale_is_an_error() -> None:
    with pytest.raises(HostileError, match=r"C\.UTF-8"):
        locale.c_utf8(Tree([file(f"{LOCALE}/de_DE.utf8/LC_CTYPE", b"x")]))


@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_a_merged_usr_has_links_into_usr(platform: Platform) -> None:
    made = usrmerge.links(platform, mtime=4)
    assert {"bin", "lib", "sbin"} <= {e.path for e in made} <= {"bin", "lib", "lib64", "sbin"}
    assert all((e.kind, e.target, e.mtime) == (Kind.SYMLINK, f"usr/{e.path}", 4) for e in made)
    top = platform.names.loader.split("/")[1]  # else no program would start
    assert top in {e.path for e in made}


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_a_merged_usr_is_that_of_base_files(platform: Platform, tmp_path: Path) -> None:
    unpack(package("trixie", platform.debian, "base-files"), tmp_path)
    want = {p.name: str(p.readlink()) for p in tmp_path.iterdir() if p.is_symlink()}
    assert {e.path: e.target for e in usrmerge.links(platform)} == want


def program(*names: str, before: bytes = b"") -> Tree:
    table = b"".join(name.encode() + b"\0" for name in names)
    return Tree(
        [file(busybox.BINARY, b"\x7fELF\0" + before + b"\0" + table + b"\0Usage: x", 0o755)]
    )


def test_each_applet_is_a_link_beside_the_binary() -> None:
    made = busybox.applets(program("[", "[[", "ash", "busybox", "cat", "sh", "udhcpc6"), mtime=4)
    names = ("[", "[[", "ash", "cat", "sh", "udhcpc6")
    assert [(e.path, e.target) for e in made] == [(f"busybox/{n}", "busybox") for n in names]
    assert {e.mtime for e in made} == {4}


def test_the_table_is_found_behind_what_looks_like_one() -> None:
    tree = program("[", "[[", "ash", "sh", "vi", before=b"\0[\0[[\0no")
    assert [e.path for e in busybox.applets(tree)][-1] == "busybox/vi"


@pytest.mark.parametrize(
    "tree", [Tree(), program("ash", "sh"), program("[", "[[", "ash", "vi"), program("[", "[[")]
)
def test_a_busybox_without_a_shell_is_an_error(tree: Tree) -> None:
    with pytest.raises(HostileError, match="applets"):
        busybox.applets(tree)


def test_the_applets_are_those_that_busybox_lists() -> None:
    path = need("busybox")
    listed = subprocess.run([path, "--list"], capture_output=True, text=True, check=True).stdout
    tree = Tree([file(busybox.BINARY, Path(path).read_bytes(), 0o755)])
    made = busybox.applets(tree)
    assert {e.path for e in made} == {f"busybox/{n}" for n in listed.split()} - {busybox.BINARY}
    assert all(e.path.startswith("busybox/") for e in made)  # none in /bin: no /bin/sh
