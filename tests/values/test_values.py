"""Values: digests, contents and trees."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaslug.errors import UsageError
from seaslug.values.content import FileSlice, Inline
from seaslug.values.digest import Digest
from seaslug.values.tree import Entry, Kind, Tree, directory, file, parents, symlink

names = st.text("abcxyz", min_size=1, max_size=3)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
trees = st.lists(st.builds(file, paths, st.binary(max_size=4)), max_size=8).map(Tree)


@given(st.binary())
def test_digest_round_trip(data: bytes) -> None:
    digest = Digest.of(data)
    assert Digest(str(digest)) == digest
    assert Digest.from_hex(digest.hex) == digest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256:",
        "sha256:" + "g" * 64,
        "sha256:" + "A" * 64,
        "md5:" + "a" * 32,
        "a" * 64,
        "sha512:" + "a" * 64,
    ],
)
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(UsageError):
        Digest(text)


@given(st.binary(max_size=50), st.integers(0, 60), st.integers(-1, 60))
def test_contents_agree_wherever_the_bytes_lie(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, offset: int, size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "slice"
    path.write_bytes(b"head" + data + b"tail")
    there, here = FileSlice(str(path), 4, len(data)), Inline(data)
    assert there.size == here.size
    assert there.read(offset, size) == here.read(offset, size)


@given(trees, trees, trees)
def test_over_is_associative(a: Tree, b: Tree, c: Tree) -> None:
    assert a.over(b.over(c)) == a.over(b).over(c)


@given(st.permutations([file("b", b"1"), file("a", b"2"), directory("c"), symlink("d", "a")]))
def test_order_of_entries_does_not_matter(entries: list[Entry]) -> None:
    assert Tree(entries).lines() == Tree(sorted(entries, key=lambda e: e.path)).lines()


def test_the_later_of_two_entries_stays() -> None:
    assert Tree([file("a", b"old"), file("a", b"new")]).get("a").read() == b"new"  # type: ignore[union-attr]


ROOT = Tree(
    [
        directory("usr"),
        directory("usr/lib"),
        file("usr/lib/libc.so.6", b"elf"),
        symlink("lib", "usr/lib"),
        symlink("abs", "/usr/lib/libc.so.6"),
        symlink("up", "../../../usr/lib"),
        symlink("usr/back", "../lib/libc.so.6"),
        symlink("loop", "loop"),
        symlink("dangling", "/nowhere"),
        Entry("hard", Kind.HARDLINK, 0o644, target="usr/lib/libc.so.6"),
    ]
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("usr/lib/libc.so.6", "usr/lib/libc.so.6"),
        ("/lib/libc.so.6", "usr/lib/libc.so.6"),
        ("lib//./libc.so.6", "usr/lib/libc.so.6"),
        ("abs", "usr/lib/libc.so.6"),
        ("up/libc.so.6", "usr/lib/libc.so.6"),
        ("usr/back", "usr/lib/libc.so.6"),
        ("hard", "usr/lib/libc.so.6"),
        ("usr/../lib", "usr/lib"),
        ("loop", None),
        ("dangling", None),
        ("nothing", None),
    ],
)
def test_links_are_resolved_inside_the_root(path: str, found: str | None) -> None:
    entry = ROOT.resolve(path)
    assert (entry.path if entry else None) == found


def test_under_and_without() -> None:
    assert [e.path for e in ROOT.under("usr")] == ["usr/back", "usr/lib", "usr/lib/libc.so.6"]
    assert "usr/lib/libc.so.6" not in ROOT.without(["usr/lib"])
    assert "lib" in ROOT.without(["usr/lib"])


def test_under_does_not_take_neighbours_with_the_same_beginning() -> None:
    tree = Tree([file("a/b", b""), file("a-b", b""), file("a0", b""), file("ab", b"")])
    assert [e.path for e in tree.under("a")] == ["a/b"]


def test_lines_are_readable() -> None:
    assert Tree([file("etc/x", b"hi", 0o600, uid=5), symlink("l", "etc/x")]).lines() == (
        "/etc/x: file 0600 5:5 8f434346648f",
        "/l: link 0777 0:0 -> etc/x",
    )


def test_parents_are_outermost_first() -> None:
    assert list(parents("a/b/c")) == ["a", "a/b"]
    assert list(parents("a")) == []


def test_content_may_be_larger_than_what_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    assert FileSlice(str(path), 2, 5).read(3, 100) == b"56"
