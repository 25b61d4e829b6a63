"""Layers: however they are cut and compressed, one root, each path once, at most eight."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaslug.api import Result
from seaslug.errors import HostileError
from seaslug.oci import files, images
from seaslug.oci.read import Manifest
from seaslug.ops.flatten import flat
from seaslug.ops.layers import MAX_LAYERS, Group, plan
from seaslug.ops.look import View
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform
from seaslug.values.tree import directory, file
from support.debs import Item, deb, folder
from support.shop import Shop

AMD64 = Platform("linux", "amd64")
MODES = ("grouped", "single", "per-package")
FOLDERS = """\
name = "many"
distribution = "debian13"
packages = ["one", "two", "three"]
effects = ["users", "directories", "usrmerge"]
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Three packages that share folders and disagree on one folder's mode."""
    with Shop(tmp_path_factory.mktemp("shop"), FOLDERS) as made:
        for at, name in enumerate(("one", "two", "three")):
            items = [
                folder("./"), folder("./usr/"), folder("./usr/share/"),
                folder("./usr/share/many/", mode=0o2755 if name == "two" else 0o755),
                Item(f"./usr/share/many/{name}", name.encode() * 2000, mtime=1_600_000_000 + at),
            ]  # fmt: skip
            made.archive.add(deb(name, items=items))
        made.archive.publish()
        yield made


def build(shop: Shop, **options: Any) -> Result:
    with shop.workspace() as seaslug:
        return seaslug.build(seaslug.recipe(str(shop.recipe)), [AMD64], **options)


def view(shop: Shop, result: Result) -> View:
    return View(shop.store, images.image_at(shop.store, result.images[0].manifest.digest))


def members(raw: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        return tar.getmembers()


def plain_layers(shop: Shop, manifest: Manifest) -> list[bytes]:
    return [
        b"".join(files.layer_chunks(shop.store.get(x.digest).path, x.media_type))
        for x in manifest.layers
    ]


def root(shop: Shop, result: Result) -> dict[str, Any]:
    """Return the merged root; a folder's time is its layer's, so it is left out."""
    raw = b"".join(map(bytes, flat(view(shop, result))))
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        found = {}
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            found[member.name] = (
                member.type, member.mode, member.uid, member.gid, member.linkname,
                0 if member.isdir() else member.mtime, file.read() if file else b"",
            )  # fmt: skip
        return found


def test_one_root_in_every_shape(shop: Shop) -> None:
    roots = {mode: root(shop, build(shop, layers=mode)) for mode in MODES}
    assert roots["grouped"] == roots["single"] == roots["per-package"]
    assert len(roots["single"]) > 20


@pytest.mark.parametrize(("mode", "count"), [("grouped", 2), ("single", 1), ("per-package", 5)])
def test_how_many_layers(shop: Shop, mode: str, count: int) -> None:
    result = build(shop, layers=mode)
    found = view(shop, result)
    assert result.images[0].layers == len(found.layers) == count
    assert len(set(found.history)) == count


@pytest.mark.parametrize("mode", MODES)
def test_each_path_once_in_a_layer_and_below_its_folder(shop: Shop, mode: str) -> None:
    """Engines refuse, or silently change, layers in which a path comes twice."""
    for raw in plain_layers(shop, view(shop, build(shop, layers=mode)).found.manifest):
        seen: set[str] = set()
        for member in members(raw):
            assert member.name not in seen, f"{member.name} comes twice"
            parent = member.name.rpartition("/")[0]
            assert not parent or parent in seen, f"{member.name} comes before its folder"
            seen.add(member.name)


@pytest.mark.parametrize("mode", MODES)
def test_a_folder_looks_the_same_in_every_layer(shop: Shop, mode: str) -> None:
    looks: dict[str, set[tuple[int, int, int]]] = {}
    for raw in plain_layers(shop, view(shop, build(shop, layers=mode)).found.manifest):
        for member in members(raw):
            if member.isdir():
                looks.setdefault(member.name, set()).add((member.mode, member.uid, member.gid))
    assert all(len(found) == 1 for found in looks.values()), looks


def test_compression_changes_blobs_and_nothing_else(shop: Shop) -> None:
    ways: list[dict[str, Any]] = [
        {"compression": "gzip"}, {"compression": "gzip", "level": 1}, {"compression": "zstd"},
        {"compression": "zstd", "level": 3}, {"compression": "none"},
    ]  # fmt: skip
    made = [view(shop, build(shop, **options)) for options in ways]
    diff_ids = [found.config["rootfs"]["diff_ids"] for found in made]
    assert all(each == diff_ids[0] for each in diff_ids)
    assert len({found.layers for found in made}) == len(ways)
    for found in made:
        raw = plain_layers(shop, found.found.manifest)
        assert [Digest.of(data).text for data in raw] == diff_ids[0]
    assert made[-1].layers[0].digest.text == diff_ids[0][0], "plain layers are their own diff ids"
    config = {found.found.manifest.config.digest for found in made}
    assert len(config) == 1


def test_two_packages_with_one_path_are_refused(tmp_path: Path) -> None:
    with Shop(tmp_path, FOLDERS) as shop:
        for name in ("one", "two", "three"):
            path = "usr/share/same" if name != "two" else "usr/share/own"
            shop.archive.add(deb(name, files={path: name}))
        shop.archive.publish()
        with pytest.raises(HostileError) as caught:
            build(shop)
    for said in ("/usr/share/same", "one", "three", "exclude, drop or only"):
        assert said in str(caught.value)


def test_a_path_that_seaslug_makes_itself_is_refused_from_a_package(tmp_path: Path) -> None:
    with Shop(tmp_path, FOLDERS) as shop:
        for name in ("one", "two", "three"):
            shop.archive.add(deb(name, files={"etc/passwd" if name == "two" else name: "x"}))
        shop.archive.publish()
        with pytest.raises(HostileError, match="brought by two and by seaslug itself"):
            build(shop)


# The plan.


def group(name: str, size: int) -> Group:
    return Group(name, (), (file(f"etc/{name}", b"x" * size),))


@given(st.lists(st.integers(0, 5000), max_size=20))
def test_never_more_than_eight_and_nothing_lost(sizes: list[int]) -> None:
    groups = [group(f"g{at}", size) for at, size in enumerate(sizes)]
    for mode in MODES:
        made = plan(groups, mode)
        assert [e.path for g in made for e in g.extra] == [e.path for g in groups for e in g.extra]
        assert [x for g in made for x in g.name.split(" + ")] == [g.name for g in groups]
    assert len(plan(groups, "grouped")) == min(len(groups), MAX_LAYERS)
    assert len(plan(groups, "single")) == min(len(groups), 1)


def test_the_smallest_neighbours_are_joined() -> None:
    groups = [group(f"g{at}", size) for at, size in enumerate((900, 5, 5, 900, 9, 900, 90, 99, 1))]
    assert [g.name for g in plan(groups, "grouped")] == [
        "g0", "g1 + g2", "g3", "g4", "g5", "g6", "g7", "g8"
    ]  # fmt: skip


def test_of_joined_groups_the_upper_one_wins() -> None:
    lower = Group("a", (), (file("etc/x", b"old"), directory("etc")))
    upper = Group("b", (), (file("etc/x", b"new"),))
    joined = plan([lower, upper], "single")[0]
    assert [(e.path, e.read()) for e in joined.extra] == [("etc/x", b"new"), ("etc", b"")]


def test_empty_groups_make_no_layers() -> None:
    assert plan([Group("a", (), ()), group("b", 1), Group("c", (), ())], "grouped") == (
        group("b", 1),
    )
