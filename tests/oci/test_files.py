"""An image's files: layers laid over each other, by a slow model of the specification."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.errors import HostileError, UnknownNameError
from seaslug.oci import files, media
from seaslug.values.descriptor import Descriptor
from seaslug.values.tree import Kind
from support.images import BlobDir, folder, layer, link, member

Made = list[tuple[tarfile.TarInfo, bytes]]


def listing(place: Path, *layers: Made, ours: bool = False) -> files.Listing:
    store, rows = BlobDir(place), []
    for made in layers:
        stored = store.put([layer(*made)])
        rows.append(Descriptor(media.LAYER, stored.digest, stored.size))
    return files.listing(store, rows, lambda path: path.startswith(files.STATUS), ours=ours)  # type: ignore[arg-type]


def shown(found: files.Listing) -> str:
    return " ".join(f"{p.entry.path}@{p.layer}" for p in found.files)


CASES: dict[str, tuple[list[Made], str]] = {
    "whiteout": ([[member("a"), member("b")], [member(".wh.a")]], "b@0"),
    "whiteout of a folder": (
        [[folder("d"), member("d/x"), member("dd")], [member(".wh.d")]], "dd@0"
    ),
    "whiteout of nothing": ([[member("a")], [member("x/.wh.b")]], "a@0"),
    "whiteout, then anew": ([[member("a")], [member(".wh.a")], [member("a")]], "a@2"),
    "whiteout hides lower layers only": ([[member("a")], [member("a"), member(".wh.a")]], "a@1"),
    "opaque": (
        [[folder("d"), member("d/old"), member("e")],
         [member("d/new"), folder("d"), member("d/.wh..wh..opq")]],
        "d@1 d/new@1 e@0",
    ),
    "opaque root": ([[member("a"), member("d/x")], [member(".wh..wh..opq"), member("b")]], "b@1"),
    "replaced": ([[member("a", b"1")], [member("a", b"22")]], "a@1"),
    "file over folder": ([[folder("d"), member("d/x"), member("d/y/z")], [member("d")]], "d@1"),
    "file over an implied folder": ([[member("d/x")], [member("d")]], "d@1"),
    "folder over folder": ([[folder("d"), member("d/x")], [folder("d")]], "d@1 d/x@0"),
    "folder over link": (
        [[folder("u"), link("l", "u")], [folder("l"), member("l/x")]], "l@1 l/x@1 u@0"
    ),
    "through a link": (
        [[folder("u/lib"), link("lib", "u/lib")], [member("lib/x")], [member("lib/.wh.x")]],
        "lib@0 u/lib@0",
    ),
    "through links that leave the root": (
        [[link("up", "../../../etc")], [member("up/x")]], "etc/x@1 up@0"
    ),
    "the root itself": ([[folder("./"), member("./a")]], "a@0"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_layers_over_each_other(tmp_path: Path, name: str) -> None:
    layers, expected = CASES[name]
    assert shown(listing(tmp_path, *layers)) == expected


def test_links_in_a_circle(tmp_path: Path) -> None:
    with pytest.raises(HostileError, match="circle"):
        listing(tmp_path, [link("a", "b"), link("b", "a"), member("a/x")])


def test_packages_of_our_own_images_are_told_by_their_place(tmp_path: Path) -> None:
    status = files.STATUS
    made = [
        member("etc/front"), member(f"{status}one", b"Package: one"), member("usr/one"),
        member(f"{status}one.md5sums"), member("usr/npm"),
        member(f"{status}two", b"Package: two"), member("usr/two"), member(f"{status}two.md5sums"),
    ]  # fmt: skip
    found = listing(tmp_path, made, ours=True)
    owners = {p.entry.path: p.package for p in found.files if p.entry.path.startswith("usr")}
    assert owners == {"usr/npm": files.NO_STANZA, "usr/one": "one", "usr/two": "two"}
    assert next(p for p in found.files if p.entry.path == "etc/front").package == ""
    assert found.texts[f"{status}one"] == b"Package: one"


def test_packages_of_other_images_are_told_by_their_sums(tmp_path: Path) -> None:
    sums = b"0  usr/one\n0  usr/gone\nno sum at all\n\xff  usr/\xff\n"
    lists = [member(f"{files.STATUS}one.md5sums", sums)]
    found = listing(tmp_path, [member("usr/one"), member("usr/two")], lists)
    assert [p.package for p in found.files if p.entry.path.startswith("usr")] == ["one", ""]


def test_a_sum_file_of_absurd_size(tmp_path: Path) -> None:
    with pytest.raises(HostileError, match="far larger"):
        listing(tmp_path, [member(f"{files.STATUS}x.md5sums", bytes((16 << 20) + 1))])


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a", "a"), ("/a", "a"), ("l", "a"), ("d/../a", "a"), ("d/up", "a"), ("", ""), ("..", "")],
)
def test_find_follows_links(tmp_path: Path, path: str, expected: str) -> None:
    made = listing(tmp_path, [member("a"), link("l", "/a"), folder("d"), link("d/up", "../../a")])
    assert files.find(made.files, path.strip("/"), "image").entry.path == expected


@pytest.mark.parametrize("path", ["b", "loop", "a/b", "dangling"])
def test_find_says_what_is_near(tmp_path: Path, path: str) -> None:
    made = listing(tmp_path, [member("a"), link("loop", "loop"), link("dangling", "x")])
    with pytest.raises(UnknownNameError):
        files.find(made.files, path, "image")


# Any layers: the listing against a model that does what the specification says, word by word.

NAMES = st.sampled_from(["a", "b", "a/c", "a/d", "a/c/e", "f/g"])


@st.composite
def stacks(draw: Any) -> list[list[tuple[str, str]]]:
    """Layers as rows of (what, path): a file, a folder, a whiteout, an opaque mark."""
    kinds = st.sampled_from(["file", "dir", "gone", "opaque"])
    rows = st.lists(st.tuples(kinds, NAMES), max_size=4, unique_by=lambda row: row[1])
    return draw(st.lists(rows, min_size=1, max_size=4))


def model(stack: list[list[tuple[str, str]]]) -> dict[str, str]:
    root: dict[str, str] = {}
    for rows in stack:
        for what, path in rows:
            if what in ("gone", "opaque"):
                root = {
                    p: k for p, k in root.items()
                    if not p.startswith(path + "/") and (what == "opaque" or p != path)
                }  # fmt: skip
        for what, path in rows:
            if what == "file":
                root = {p: k for p, k in root.items() if not p.startswith(path + "/")}
            if what in ("file", "dir"):
                root[path] = what
    return root


@settings(deadline=None, max_examples=150)
@given(stack=stacks())
def test_any_layers_are_what_the_specification_says(
    tmp_path_factory: pytest.TempPathFactory, stack: list[list[tuple[str, str]]]
) -> None:
    made: list[Made] = []
    for rows in stack:
        items: Made = []
        for what, path in sorted(rows, key=lambda row: row[0] not in ("gone", "opaque")):
            head, slash, name = path.rpartition("/")
            if what == "gone":
                items.append(member(f"{head}{slash}.wh.{name}"))
            elif what == "opaque":
                items.append(member(f"{path}/.wh..wh..opq"))
            else:
                items.append(folder(path) if what == "dir" else member(path))
        made.append(items)
    found = listing(tmp_path_factory.mktemp("blobs"), *made)
    kinds = {p.entry.path: "dir" if p.entry.kind is Kind.DIR else "file" for p in found.files}
    assert kinds == model(stack)
