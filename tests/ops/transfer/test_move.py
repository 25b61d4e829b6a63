"""Copies between shelves in memory: order, choice of platforms, what comes along, what is saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from seaslug.adapters.pool import spread
from seaslug.adapters.store import Store
from seaslug.errors import HostileError, RegistryError, UnknownNameError, UnreachableError
from seaslug.ops.transfer import origins
from seaslug.ops.transfer.move import Moved, Tools, copy
from seaslug.ops.transfer.plan import Wish
from seaslug.ports import Silent
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from support.shelf import INDEX, Shelf, row

ALL = Wish(everything=True)
PLATFORMS = ("linux/amd64", "linux/arm64/v8", "linux/arm/v7")


@pytest.fixture
def source() -> Shelf:
    return Shelf("it", "reg.example/from")


@pytest.fixture
def target() -> Shelf:
    return Shelf("there", "reg.example/to")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def tools(store: Store) -> Tools:
    return Tools(store, Silent(), spread)


def moved(source: Shelf, target: Shelf, tools: Tools, wish: Wish = ALL) -> Moved:
    return copy(source, target, wish, tools, "it")


def several(shelf: Shelf) -> tuple[Descriptor, list[Descriptor]]:
    images = [shelf.image(platform, platform.encode(), b"shared") for platform in PLATFORMS]
    top = shelf.index(*images, platforms=PLATFORMS)
    shelf.names["it"] = top
    return top, images


def test_an_image_comes_over_byte_for_byte(source: Shelf, target: Shelf, tools: Tools) -> None:
    source.names["it"] = top = source.image("linux/amd64", b"one", b"two")
    done = moved(source, target, tools)
    assert target.names == {"there": top}
    assert target.manifests == source.manifests
    assert target.blobs == source.blobs
    assert done.where == f"reg.example/to@{top.digest}"
    assert (done.counts, done.same) == ({"sent": 3}, False)
    assert done.bytes == sum(len(data) for data in source.blobs.values())


def test_blobs_come_before_manifests_and_the_name_is_last(
    source: Shelf, target: Shelf, tools: Tools
) -> None:
    top, images = several(source)
    moved(source, target, tools)
    kinds = [target.asked.index(f"put {one.digest.hex[:6]}") for one in images]
    blobs = [target.asked.index(f"put {one.hex[:6]}") for one in source.blobs]
    assert max(blobs) < min(kinds) < target.asked.index(f"put {top.digest.hex[:6]}")
    assert target.asked[-1] == "name"


def test_a_blob_that_two_images_share_comes_once(
    source: Shelf, target: Shelf, tools: Tools
) -> None:
    several(source)
    moved(source, target, tools)
    assert source.asked.count(f"blob {Digest.of(b'shared').hex[:6]}") == 1


@pytest.mark.parametrize(
    ("wish", "at"),
    [(Wish(), 0), (Wish(usual="linux/arm64"), 1), (Wish(("arm64/v8",)), 1), (Wish(("arm",)), 2),
     (Wish(("linux/arm/v7",)), 2)],
)  # fmt: skip
def test_one_platform_is_taken_as_it_is(
    source: Shelf, target: Shelf, tools: Tools, wish: Wish, at: int
) -> None:
    _, images = several(source)
    assert moved(source, target, tools, wish).top == images[at]
    assert len(target.manifests) == 1


def test_several_platforms_become_an_index_of_them(
    source: Shelf, target: Shelf, tools: Tools
) -> None:
    _, images = several(source)
    done = moved(source, target, tools, Wish(("linux/amd64", "linux/arm/v7")))
    assert done.top.media_type == INDEX
    assert done.platforms == ("linux/amd64", "linux/arm/v7")
    assert {*target.manifests} == {images[0].digest, images[2].digest, done.top.digest}


def test_a_platform_that_is_not_there_names_those_that_are(
    source: Shelf, target: Shelf, tools: Tools
) -> None:
    several(source)
    with pytest.raises(UnknownNameError) as caught:
        moved(source, target, tools, Wish(("s390x",)))
    assert "linux/amd64, linux/arm/v7, linux/arm64" in caught.value.hint
    assert not target.blobs


def attested(shelf: Shelf) -> tuple[Descriptor, Descriptor]:
    one = shelf.image("linux/amd64")
    notes = (
        ("vnd.docker.reference.digest", one.digest.text),
        ("vnd.docker.reference.type", "attestation-manifest"),
    )
    proof = replace(shelf.image("unknown/unknown", b"proof"), annotations=notes)
    shelf.names["it"] = shelf.index(one, proof, platforms=("linux/amd64", "unknown/unknown"))
    return one, proof


def test_an_attestation_is_no_platform(source: Shelf, target: Shelf, tools: Tools) -> None:
    one, _ = attested(source)
    assert moved(source, target, tools, Wish(usual="linux/riscv64")).top == one


def test_attestations_come_along_with_the_whole(source: Shelf, target: Shelf, tools: Tools) -> None:
    _, proof = attested(source)
    done = moved(source, target, tools)
    assert proof.digest in target.manifests
    assert done.platforms == ("linux/amd64",)


def test_indexes_lie_in_indexes(source: Shelf, target: Shelf, tools: Tools) -> None:
    _, images = several(source)
    inner = source.names["it"]
    source.names["it"] = outer = source.index(inner)
    assert moved(source, target, tools, Wish(("arm64",))).top == images[1]
    assert moved(source, target, tools).top == outer
    assert inner.digest in target.manifests


def test_what_the_name_stands_for_already_is_not_read(
    source: Shelf, target: Shelf, tools: Tools
) -> None:
    several(source)
    moved(source, target, tools)
    source.asked.clear()
    assert moved(source, target, tools).same
    assert source.asked == ["top"]


def test_referrers_come_along_when_asked_for(source: Shelf, target: Shelf, tools: Tools) -> None:
    source.names["it"] = top = source.image()
    signature = source.image("linux/amd64", b"signature", subject=row(top))
    about_it = source.image("linux/amd64", b"of the signature", subject=row(signature))
    moved(source, target, tools)
    assert {*target.manifests} == {top.digest}
    done = moved(source, target, tools, Wish(everything=True, referrers=True))
    assert {*target.manifests} == {top.digest, signature.digest, about_it.digest}
    assert (done.referrers, done.same) == (2, False)
    assert target.asked[-1] == "name"


def test_a_registry_hears_where_blobs_may_be_mounted_from(
    source: Shelf, target: Shelf, tools: Tools, store: Store
) -> None:
    source.names["it"] = source.image("linux/amd64", b"one", b"two")
    one = Digest.of(b"one")
    origins.remember(store, [one], "reg.example/base")
    moved(source, target, tools)
    assert target.origins[one] == ["reg.example/from", "reg.example/base"]
    assert target.origins[Digest.of(b"two")] == ["reg.example/from"]


def test_origins_are_few_and_the_latest_is_first(store: Store) -> None:
    one = Digest.of(b"one")
    for name in [*(f"r.example/{n}" for n in range(20)), "r.example/15"]:
        origins.remember(store, [one], name)
    known = origins.recall(store, one)
    assert known[:2] == ("r.example/15", "r.example/19")
    assert len(known) == 8


def test_a_cut_leaves_no_name_and_the_next_run_goes_on(
    source: Shelf, target: Shelf, tools: Tools
) -> None:
    source.names["it"] = top = source.image("linux/amd64", b"one", b"two" * 1000)
    source.breaks = {Digest.of(b"two" * 1000)}
    with pytest.raises(UnreachableError):
        moved(source, target, tools)
    assert not target.names
    assert not target.manifests
    source.breaks.clear()
    target.parallel = 1
    moved(source, target, tools)
    assert target.names == {"there": top}
    assert target.blobs == source.blobs


def test_an_index_in_itself_or_far_too_deep_ends(
    source: Shelf, target: Shelf, tools: Tools
) -> None:
    top = source.image()
    for _ in range(8):
        top = source.index(top)
    source.names["it"] = top
    for wish in (ALL, Wish()):
        with pytest.raises(HostileError, match="deep"):
            moved(source, target, tools, wish)
    assert not target.names


def test_an_index_without_images(source: Shelf, target: Shelf, tools: Tools) -> None:
    source.names["it"] = source.index()
    with pytest.raises(HostileError, match="without images"):
        moved(source, target, tools, Wish())


@pytest.mark.parametrize(
    ("media_type", "words"),
    [("application/vnd.oci.image.manifest.v9+json", "does not know"),
     ("application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1")],
)  # fmt: skip
def test_kinds_of_the_future_and_of_the_past(
    source: Shelf, target: Shelf, tools: Tools, media_type: str, words: str
) -> None:
    source.names["it"] = source.put({"layers": []}, media_type)
    with pytest.raises(RegistryError, match=words):
        moved(source, target, tools)
    assert not target.names
