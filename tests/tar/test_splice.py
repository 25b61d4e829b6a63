"""Contents exchanged in tar bytes: the same as if the entries had been written anew."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.tar import member, splice
from seaslug.tar.compress import Compression
from seaslug.tar.writer import END, fragment
from seaslug.values.content import Inline
from seaslug.values.tree import Entry, Kind, Tree, directory, file, symlink

names = st.text(st.sampled_from("ab.é世"), min_size=1, max_size=70).map(lambda text: "n" + text)
paths = st.lists(names, min_size=1, max_size=5).map("/".join)
files = st.builds(
    Entry, paths, st.just(Kind.FILE), st.sampled_from([0o644, 0o755]), mtime=st.just(7),
    content=st.binary(max_size=1100).map(Inline),
    xattrs=st.sampled_from([(), (("user.a", b"1"),)]),
)  # fmt: skip
others = st.builds(directory, paths) | st.builds(symlink, paths, names)
trees = st.lists(files | others, max_size=8).map(Tree)


def written(tree: Tree) -> bytes:
    return b"".join(fragment(tree)) + END


@settings(deadline=None)
@given(trees, st.lists(st.binary(max_size=1100), max_size=8))
def test_exchanged_is_what_the_writer_writes(tree: Tree, fresh: list[bytes]) -> None:
    data = written(tree)
    places = splice.files(data)
    new = dict(zip(places, fresh, strict=False))
    after = Tree(
        replace(e, content=Inline(new[e.path])) if e.path in new else e for e in tree.entries
    )
    assert splice.exchanged(data, places, new) == written(after)


@settings(deadline=None)
@given(trees)
def test_files_are_found_where_they_lie(tree: Tree) -> None:
    data = written(tree)
    found = {path: splice.content(data, place) for path, place in splice.files(data).items()}
    plain = {e.path: e.read() for e in tree if e.kind is Kind.FILE}
    assert found.items() <= plain.items()
    short = {path for path in plain if path.isascii() and len(path) <= 100}
    assert {e.path for e in tree if e.path in short and not e.xattrs} <= set(found)


@pytest.mark.parametrize("cut", [1, 512, 700])
def test_what_is_cut_short_is_refused(cut: int) -> None:
    data = b"".join(fragment([file("a", b"x" * 600), file("b", b"y" * 600)]))
    with pytest.raises(ValueError):
        splice.files(data[:-cut])


def test_a_member_is_the_compression_s_own() -> None:
    data = b"layer" * 500
    packed = member.gzip(data, 6) + member.gzip(END, 6)
    assert packed == Compression("gzip", 6).one(data) + Compression("gzip", 6).one(END)
    assert member.plain(packed, len(data) + len(END)) == data + END


@pytest.mark.parametrize(
    "packed", [b"no gzip", member.gzip(b"x" * 99, 6)[:-9], member.gzip(b"x" * 101, 6)]
)
def test_broken_and_too_large_members_are_refused(packed: bytes) -> None:
    with pytest.raises(ValueError):
        member.plain(packed, 100)
