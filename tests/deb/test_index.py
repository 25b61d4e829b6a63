"""The index of a Packages file: every name is found in it, and nothing else."""

from __future__ import annotations

import mmap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.deb.index import Index, build
from seaslug.errors import HostileError

# Few letters, so that names which are prefixes of each other come up all the time;
# a plus and a full stop sort around the space and the digits.
names = st.text("ab+-.0", min_size=1, max_size=4).map(lambda text: "a" + text)
provisions = st.lists(st.tuples(names, st.sampled_from(["", "1", "2:3~x"])), max_size=3)
stanzas = st.lists(st.tuples(names, provisions), max_size=12)


def packages(rows: list[tuple[str, list[tuple[str, str]]]]) -> bytes:
    out = []
    for number, (name, provided) in enumerate(rows):
        text = f"Package: {name}\nVersion: {number}\n"
        if provided:
            shown = [f"{n} (= {v})" if v else n for n, v in provided]
            text += f"Provides: {', '.join(shown)}\n"
        out.append(text + "Description: one\n Package: not a stanza\n")
    return "\n".join(out).encode()


@settings(deadline=None)
@given(stanzas, names)
def test_every_name_is_found(rows: list[tuple[str, list[tuple[str, str]]]], other: str) -> None:
    raw = packages(rows)
    index = Index(build(raw), raw)
    assert sorted(index.names()) == sorted({name for name, _ in rows})
    for name in {*(name for name, _ in rows), other}:
        versions = [str(at) for at, row in enumerate(rows) if row[0] == name]
        found = index.stanzas(name)
        assert sorted(s["Version"] for s in found) == sorted(versions)
        assert all(s["Package"] == name and s["Description"] for s in found)


@settings(deadline=None)
@given(stanzas, names)
def test_every_provider_is_found(rows: list[tuple[str, list[tuple[str, str]]]], other: str) -> None:
    raw = packages(rows)
    index = Index(build(raw), raw)
    for name in {*(n for _, provided in rows for n, _ in provided), other}:
        expected = {
            (str(at), next(v for n, v in provided if n == name) or None)
            for at, (_, provided) in enumerate(rows)
            if name in dict(provided)
        }
        assert {(s["Version"], v) for s, v in index.providers(name)} == expected


def test_names_that_begin_alike() -> None:
    rows = [(n, []) for n in ("git", "git-lfs", "gi", "git+", "gita", "git0", "git.x", "g++", "g")]
    raw = packages(rows)
    index = Index(build(raw), raw)
    assert [len(index.stanzas(name)) for name, _ in rows] == [1] * len(rows)
    assert [len(index.stanzas(n)) for n in ("", "gi ", "git-", "gitz", "git-lf", "zz", "+")] == [
        0, 0, 0, 0, 0, 0, 0,
    ]  # fmt: skip


def test_a_file_without_packages() -> None:
    index = Index(build(b""), b"")
    assert (index.names(), index.stanzas("a"), index.providers("a")) == ((), (), ())


@pytest.mark.parametrize("tail", ["", "\n", "\n\n"])
def test_the_first_and_the_last_stanza(tail: str) -> None:
    raw = f"Package: b\nVersion: 1\n\nPackage: a\nVersion: 2{tail}".encode()
    index = Index(build(raw), raw)
    assert index.stanzas("b") == ({"Package": "b", "Version": "1"},)
    assert index.stanzas("a") == ({"Package": "a", "Version": "2"},)


def test_several_versions_of_one_name() -> None:
    raw = b"Package: a\nVersion: 1\n\nPackage: b\nVersion: 9\n\nPackage: a\nVersion: 2\n"
    index = Index(build(raw), raw)
    assert sorted(s["Version"] for s in index.stanzas("a")) == ["1", "2"]
    assert index.names() == ("a", "b")


def test_over_memory_maps(tmp_path: Path) -> None:
    raw = packages([("a", [("cc", "1")]), ("ab", [])])
    maps = []
    for name, data in (("index", build(raw)), ("packages", raw)):
        (tmp_path / name).write_bytes(data)
        with (tmp_path / name).open("rb") as file:
            maps.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    index = Index(*maps)
    assert index.names() == ("a", "ab")
    assert len(index.stanzas("ab")) == 1
    assert [(s["Package"], v) for s, v in index.providers("cc")] == [("a", "1")]


RAW = packages([("aa", [("cc", "1")]), ("ab", []), ("b", [])])


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"seaslug-index 1",
        b"seaslug-index 1\nP \n",
        b"seaslug-index 1\nP x\n",
        b"seaslug-index 1\nP 1" + b"0" * 30 + b"\n",
        build(RAW).replace(b"index 1", b"index 2"),
        build(RAW)[:30],
        build(RAW)[:-1],
        RAW,
    ],
)
def test_a_damaged_index_is_refused(damaged: bytes) -> None:
    with pytest.raises(HostileError, match="package index"):
        Index(damaged, RAW)


def test_an_index_of_another_file_is_refused() -> None:
    index = Index(build(RAW), RAW[:100])
    with pytest.raises(HostileError, match="does not fit"):
        index.stanzas("b")


@settings(deadline=None)
@given(st.integers(20, len(build(RAW)) - 1), st.integers(0, 255))
def test_a_changed_byte_finds_nothing_or_is_refused(at: int, byte: int) -> None:
    changed = bytearray(build(RAW))
    changed[at] = byte
    try:
        index = Index(bytes(changed), RAW)
        for name in ("aa", "ab", "b", "cc", "zz"):
            index.stanzas(name)
            index.providers(name)
    except HostileError:
        pass
