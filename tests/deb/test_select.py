"""Selections: which paths are taken, where they go, which scripts are left out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.deb.select import Selection, merged, merged_link
from seaslug.errors import UsageError
from seaslug.values.tree import Tree, directory, file, symlink


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("usr/bin/x", ["usr/bin/x"], ["usr/bin/xy", "usr/bin", "x", "usr/bin/x/y", "/usr/bin/x"]),
        ("usr/bin/*", ["usr/bin/x", "usr/bin/.x"], ["usr/bin/x/y", "usr/bin", "usr/binx"]),
        ("usr/*/x", ["usr/a/x"], ["usr/a/b/x", "usr/x"]),
        ("usr/**", ["usr/x", "usr/x/y", "usr/"], ["usr", "usrx"]),
        ("**/x", ["a/x", "a/b/x"], ["x", "a/xx"]),
        ("**.py", ["a.py", "a/b.py"], ["a.pyc", "apy"]),
        ("**", ["a", "a/b", "a\nb", "é"], []),
        ("a?c", ["abc", "aéc"], ["ac", "a/c", "abbc"]),
        ("lib{a,b}.so", ["liba.so", "libb.so"], ["lib.so", "libc.so", "liba,b.so"]),
        ("lib{a,b/*}.so*", ["liba.so.1", "libb/x.so"], ["libb/x/y.so"]),
        ("{a,b{c,d}}", ["a", "bc", "bd"], ["b", "bcd"]),
        ("{,un}zip", ["zip", "unzip"], ["un"]),
        # All else stands for itself.
        ("a.b+(c)[d]^$|\\", ["a.b+(c)[d]^$|\\"], ["axb+(c)[d]^$|\\"]),
        ("a,b}", ["a,b}"], ["a", "b"]),
        ("libstdc++.so.6*", ["libstdc++.so.6.0.33"], ["libstdccc.so.6"]),
    ],
)
def test_globs(glob: str, yes: list[str], no: list[str]) -> None:
    only, drop = Selection(only=(glob,)), Selection(drop=(glob,))
    assert [path for path in yes + no if only.takes(path)] == yes
    assert [path for path in yes + no if not drop.takes(path)] == yes


@pytest.mark.parametrize("glob", ["{a", "a{b,{c}"])
def test_a_brace_that_is_not_closed_is_named(glob: str) -> None:
    with pytest.raises(UsageError, match="not closed"):
        Selection(drop=(glob,)).takes("a")


@pytest.mark.parametrize(
    ("selection", "taken"),
    [
        (Selection(), "a/x a/y b/x"),
        (Selection(drop=("a/*",)), "b/x"),
        (Selection(drop=("a/*",), keep=("a/x",)), "a/x b/x"),
        (Selection(drop=("**",), keep=("b/**",)), "b/x"),
        (Selection(keep=("a/x",)), "a/x a/y b/x"),
        (Selection(drop=("a/*", "b/*")), ""),
        # What is named by ``only`` is all, whatever else is said.
        (Selection(only=("a/*",)), "a/x a/y"),
        (Selection(only=("a/*",), drop=("a/y",)), "a/x a/y"),
        (Selection(only=("nothing",), keep=("**",)), ""),
    ],
)
def test_what_is_taken(selection: Selection, taken: str) -> None:
    assert [path for path in ("a/x", "a/y", "b/x") if selection.takes(path)] == taken.split()


@pytest.mark.parametrize(
    ("moves", "path", "place"),
    [
        ([], "a/b", "a/b"),
        ([("a/b", "c")], "a/b", "c"),
        ([("a/b", "c")], "a/bb", "a/bb"),
        ([("a/b", "c")], "a/b/d", "a/b/d"),
        ([("a/", "b/")], "a/x/y", "b/x/y"),
        ([("a/", "")], "a/x/y", "x/y"),
        ([("a/", "b/")], "a", "a"),
        ([("a/", "b/")], "aa/x", "aa/x"),
        # Patterns see the path that the package has, so nothing moves twice; the first wins.
        ([("a/", "b/"), ("b/", "c/")], "a/x", "b/x"),
        ([("a/x", "one"), ("a/", "two/")], "a/x", "one"),
        ([("a/", "two/"), ("a/x", "one")], "a/x", "two/x"),
    ],
)
def test_moves(moves: list[tuple[str, str]], path: str, place: str) -> None:
    assert Selection(moves=tuple(moves)).place(path) == place


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("bin/sh", "usr/bin/sh"),
        ("sbin/x", "usr/sbin/x"),
        ("lib/x86_64-linux-gnu/libc.so.6", "usr/lib/x86_64-linux-gnu/libc.so.6"),
        ("lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2"),
        ("lib", "usr/lib"),
        ("usr/bin/x", "usr/bin/x"),
        ("etc/x", "etc/x"),
        ("library/x", "library/x"),
        ("opt/bin/x", "opt/bin/x"),
        ("", ""),
    ],
)
def test_usrmerge(path: str, new: str) -> None:
    assert merged(path) == new
    assert Selection(usrmerge=True).place(path) == new
    assert Selection(usrmerge=False).place(path) == path


@pytest.mark.parametrize("move", [("x/tool", "bin/tool"), ("x/", "bin/")])
def test_a_move_never_lands_under_an_alias(move: tuple[str, str]) -> None:
    assert Selection(moves=(move,), usrmerge=True).place("x/tool") == "usr/bin/tool"


@pytest.mark.parametrize(
    ("path", "target", "text"),
    [
        ("lib/a/libx.so", "libx.so.1", "libx.so.1"),
        ("lib/a/libx.so", "/lib/a/libx.so.1", "/lib/a/libx.so.1"),
        ("lib/a/libx.so", "../b/libx.so.1", "../b/libx.so.1"),
        ("lib64/ld.so.2", "../lib/a/ld.so.2", "../lib/a/ld.so.2"),
        ("bin/tool", "../usr/share/tool", "../share/tool"),
        ("bin/tool", "../etc/alternatives/tool", "../../etc/alternatives/tool"),
        ("sbin/tool", "../bin/tool", "../bin/tool"),
        ("lib/a/x", "../../usr/lib/a/y", "y"),
        ("lib/here", ".", "."),
        ("lib/root", "..", "../.."),
        ("lib/x", "./y", "y"),
        ("bin/x", "../../../../etc/x", "../../etc/x"),
        # What stays where it is keeps its text: the aliases are there to be followed.
        ("usr/lib/x", "../../lib/y", "../../lib/y"),
        ("etc/x", "../bin/y", "../bin/y"),
    ],
)
def test_links_of_merged_paths(path: str, target: str, text: str) -> None:
    found = merged_link(path, target)
    assert found.rstrip("/") == text


# Up first, then down: a text that goes down into an alias and up again means another place
# as soon as the alias is a link, and no package has one.
ups = st.lists(st.sampled_from(["..", "."]), max_size=4)
downs = st.lists(st.sampled_from(["a", "b", ".", "bin", "lib", "usr"]), max_size=4)
targets = st.builds(lambda up, down: "/".join([*up, *down]) or ".", ups, downs)


@settings(deadline=None)
@given(
    st.sampled_from(["bin/x", "lib/a/x", "lib/a/b/x", "usr/lib/x", "usr/x", "x", "etc/a/x"]),
    targets,
)
def test_a_merged_link_leads_where_it_led(path: str, target: str) -> None:
    """Where everything is below /usr and the aliases are links, both ends meet."""
    aliases = [symlink("bin", "usr/bin"), symlink("lib", "usr/lib")]
    before = Tree([symlink(path, target)])
    after = Tree([*aliases, symlink(merged(path), merged_link(path, target))])
    led = before.realpath(path)
    if led is None or led == path:
        return
    assert after.realpath(merged(path)) == Tree(aliases).realpath(led)


SCRIPTS = ["#!/bin/sh", "#!/bin/bash -e", "#! /bin/sh", "#!/usr/bin/env bash", "#!/bin/dash",
    "#!/usr/bin/env -S bash -e", "#!/usr/bin/perl -w", "#!/usr/bin/perl5.40", "#!\t/bin/ksh",
    "#!/usr/local/bin/zsh", "#!/usr/bin/env perl", "#!/usr/bin/awk -f", "#!/bin/sed -f",
    "#!/usr/bin/tclsh8.6", "#!/sbin/sh", "#!/bin/sh\r", "#!/usr/bin/ruby"]  # fmt: skip
OTHERS = ["", "\x7fELF", "#!/usr/bin/python3", "#!/usr/bin/env python3", "#!/usr/bin/node",
    "#!/usr/bin/shellcheck", "#!/bin/shed", "# /bin/sh", " #!/bin/sh", "#!/usr/share/sh",
    "#!/usr/bin/env node", "echo", "#!", "#!/opt/sh"]  # fmt: skip


@pytest.mark.parametrize("end", ["\n", "\necho hello\n", ""])
@pytest.mark.parametrize("line", SCRIPTS)
def test_scripts_that_no_image_can_run(line: str, end: str) -> None:
    first = (line + end).encode()
    assert Selection(scripts=False).refuses_script(0o755, first)
    assert Selection(scripts=False).refuses_script(0o100, first)
    assert not Selection(scripts=False).refuses_script(0o644, first), "a library of functions"
    assert not Selection(scripts=True).refuses_script(0o755, first)


@pytest.mark.parametrize("line", OTHERS)
def test_what_is_no_such_script(line: str) -> None:
    assert not Selection(scripts=False).refuses_script(0o755, f"{line}\n".encode())


CHANGES = [
    Selection(), Selection(drop=("a",)), Selection(keep=("a",)), Selection(only=("a",)),
    Selection(moves=(("a", "b"),)), Selection(scripts=False), Selection(usrmerge=True),
    Selection(drop=("a", "b")), Selection(drop=("a,b",)),
]  # fmt: skip


def test_the_digest_tells_selections_apart() -> None:
    assert len({selection.digest for selection in CHANGES}) == len(CHANGES)
    assert Selection(drop=("a",)).digest == Selection(drop=("a",)).digest


def test_directories_and_files_are_placed_alike() -> None:
    selection = Selection(usrmerge=True)
    tree = Tree([directory(selection.place("lib/x")), file(selection.place("lib/x/y"), b"")])
    assert [entry.path for entry in tree] == ["usr/lib/x", "usr/lib/x/y"]


def test_what_a_slice_cuts_is_out_whatever_is_kept() -> None:
    chosen = Selection(drop=("usr/lib/**",), keep=("usr/lib/gconv/*",), cuts=("usr/lib/gconv/a",))
    assert chosen.takes("usr/lib/gconv/b") and not chosen.takes("usr/lib/gconv/a")
    assert not Selection(only=("etc/*",), cuts=("etc/a",)).takes("etc/a")
    assert Selection().digest != Selection(cuts=("etc/a",)).digest
