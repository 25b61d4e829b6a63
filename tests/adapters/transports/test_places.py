"""The contract of sources and targets: what goes in comes out again, byte for byte."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seaslug.adapters.pool import spread
from seaslug.adapters.store import Store
from seaslug.adapters.transports.layout import LayoutSource, LayoutTarget, target_in
from seaslug.adapters.transports.store import StoreSource, StoreTarget
from seaslug.errors import IntegrityError, StoreError, UnknownNameError, UsageError
from seaslug.oci import media
from seaslug.oci.index import index_bytes
from seaslug.ops.collect import doomed, roots
from seaslug.ops.transfer.move import Tools, copy
from seaslug.ops.transfer.plan import Wish
from seaslug.ports import ImageSource, ImageTarget, Silent
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform
from support import images

EVERYTHING = Wish(everything=True, referrers=True)


def made(store: Store, arch: str = "amd64") -> Descriptor:
    """Return an image of three layers, two of them the same."""
    shared = images.layer(images.member("shared", b"x" * 5000))
    own = images.layer(images.member("own", arch.encode()))
    digest = images.image(store, [shared, own, shared], arch=arch)
    return Descriptor(media.MANIFEST, digest, store.get(digest).size)


def both(store: Store) -> Descriptor:
    """Return an index of two images."""
    rows = [(made(store, arch), Platform("linux", arch)) for arch in ("amd64", "arm64")]
    stored = store.put([index_bytes(rows)])
    return Descriptor(media.INDEX, stored.digest, stored.size)


def signed(store: Store, subject: Descriptor) -> Descriptor:
    """Return a manifest that refers to *subject*."""
    body = {
        "schemaVersion": 2,
        "mediaType": media.MANIFEST,
        "artifactType": "application/example",
        "config": images.descriptor(store, b"{}", "application/vnd.oci.empty.v1+json"),
        "layers": [images.descriptor(store, subject.digest.hex.encode(), "text/plain")],
        "subject": {
            "mediaType": subject.media_type, "digest": subject.digest.text, "size": subject.size,
        },
    }  # fmt: skip
    stored = store.put([json.dumps(body).encode()])
    found = Descriptor(media.MANIFEST, stored.digest, stored.size)
    store.refer(found)
    return found


class Spot:
    """A place of one kind: where to write, and where to read it then."""

    def __init__(
        self, target: Callable[[str], ImageTarget], source: Callable[[str], ImageSource]
    ) -> None:
        self.target = target
        self.source = source


def _store(folder: Path) -> Spot:
    store = Store(folder)
    return Spot(lambda n: StoreTarget(store, n), lambda n: StoreSource(store, n))


def _layout(folder: Path) -> Spot:
    return Spot(lambda n: LayoutTarget(folder, n), lambda n: LayoutSource(folder, n))


def _another_store(folder: Path) -> Spot:
    with Store(folder).session():
        pass  # now it is one
    return Spot(lambda n: target_in(folder, n), lambda n: LayoutSource(folder, n))


SPOTS = {"store": _store, "layout": _layout, "another store": _another_store}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture(params=SPOTS)
def spot(request: pytest.FixtureRequest, tmp_path: Path) -> Spot:
    found: Spot = SPOTS[request.param](tmp_path / "spot")
    return found


def tools(store: Store) -> Tools:
    return Tools(store, Silent(), spread)


def bring(store: Store, top: Descriptor, target: ImageTarget) -> Descriptor:
    return copy(StoreSource(store, top.digest.text), target, EVERYTHING, tools(store), "it").top


def tagged(store: Store, make: Callable[[Store], Descriptor]) -> Descriptor:
    top = make(store)
    store.tag("it:1", top)
    return top


@pytest.mark.parametrize("make", [made, both])
def test_the_same_image_comes_out(
    store: Store, spot: Spot, tmp_path: Path, make: Callable[[Store], Descriptor]
) -> None:
    top = tagged(store, make)
    letter = signed(store, top)
    of_letter = signed(store, letter)
    assert bring(store, top, spot.target("there:1")) == top
    back = Store(tmp_path / "back")
    moved = copy(spot.source("there:1"), StoreTarget(back, "back:1"), EVERYTHING, tools(back), "it")
    assert (moved.top.digest, moved.referrers) == (top.digest, 2)
    assert [d.digest for d in back.referrers(top.digest)] == [letter.digest]
    assert [d.digest for d in back.referrers(letter.digest)] == [of_letter.digest]
    assert {row[0] for row in back.contents()} == {row[0] for row in store.contents()}


@pytest.mark.parametrize("make", [made, both])
def test_the_second_time_there_is_nothing_to_do(
    store: Store, spot: Spot, make: Callable[[Store], Descriptor]
) -> None:
    top = tagged(store, make)
    assert not spot.target("a").holds(top)
    bring(store, top, spot.target("a"))
    assert spot.target("a").holds(top)
    assert not spot.target("b").holds(top)
    wish = Wish(everything=True)
    again = copy(StoreSource(store, "it:1"), spot.target("a"), wish, tools(store), "it")
    other = copy(StoreSource(store, "it:1"), spot.target("b"), wish, tools(store), "it")
    assert (again.same, other.same, set(other.counts)) == (True, False, {"there"})


def test_what_a_source_says(store: Store, spot: Spot) -> None:
    top = tagged(store, made)
    bring(store, top, spot.target("there:1"))
    source = spot.source("there:1")
    assert (source.top(), source.known_as, source.referrers(top.digest)) == (top, "", ())
    layer = images_layers(source.manifest(top))[0]
    whole = b"".join(source.open(layer))
    assert Digest.of(whole) == layer.digest
    assert b"".join(source.open(layer, 7)) == whole[7:]
    assert b"".join(source.open(layer, layer.size)) == b""
    source.close()


def images_layers(raw: bytes) -> list[Descriptor]:
    return [
        Descriptor(row["mediaType"], Digest(row["digest"]), row["size"])
        for row in json.loads(raw)["layers"]
    ]


def test_an_unknown_name_names_the_nearest(store: Store, spot: Spot) -> None:
    bring(store, tagged(store, made), spot.target("there:1"))
    with pytest.raises(UnknownNameError) as caught:
        spot.source("three:1").top()
    assert caught.value.nearest == ("there:1",)


def test_a_digest_is_a_name(store: Store, spot: Spot) -> None:
    top = tagged(store, both)
    bring(store, top, spot.target("there:1"))
    assert spot.source(top.digest.text).top().digest == top.digest
    assert spot.source(top.digest.hex[:12]).top().digest == top.digest


def test_a_blob_that_is_not_there_or_not_as_long(store: Store, spot: Spot) -> None:
    bring(store, tagged(store, made), spot.target("a"))
    missing = Descriptor("x", Digest.of(b"missing"), 7)
    with pytest.raises(StoreError):
        list(spot.source("a").open(missing))
    top = spot.source("a").top()
    longer = Descriptor(top.media_type, top.digest, top.size + 1)
    with pytest.raises(IntegrityError):
        list(spot.source("a").open(longer))


@pytest.mark.parametrize("sent", [b"wrong", b"right and more", b"righ", b""])
def test_wrong_bytes_leave_nothing(spot: Spot, tmp_path: Path, sent: bytes) -> None:
    wanted = Descriptor("x", Digest.of(b"right"), 5)
    with pytest.raises(IntegrityError):
        spot.target("a").put_blob(wanted, lambda offset: iter([sent[offset:]]))
    left = [p for p in (tmp_path / "spot/blobs/sha256").iterdir() if p.is_file()]
    assert left == []


def test_a_source_that_breaks_leaves_no_name(store: Store, spot: Spot, tmp_path: Path) -> None:
    top = tagged(store, both)
    last = min(roots(store))
    os.unlink(store.root / "blobs/sha256" / last.hex)
    with pytest.raises(StoreError):
        bring(store, top, spot.target("a"))
    index = tmp_path / "spot/index.json"
    assert not index.exists() or json.loads(index.read_bytes())["manifests"] == []


# What layouts alone can be.


def layout(store: Store, folder: Path, *names: str, make: object = made) -> Descriptor:
    top: Descriptor = make(store)  # type: ignore[operator]
    store.tag("it:1", top)
    bring(store, top, LayoutTarget(folder, *names))
    return top


def test_the_only_image_needs_no_name(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    top = layout(store, folder)
    assert LayoutSource(folder).top() == top
    signed(store, top)
    bring(store, top, LayoutTarget(folder, "a"))
    assert LayoutSource(folder).top() == top, "a signature is no second image"
    bring(store, both(store), LayoutTarget(folder, "b"))
    with pytest.raises(UsageError, match="holds 2 images") as caught:
        LayoutSource(folder).top()
    assert "a, b" in caught.value.hint


def test_an_image_inside_an_index_has_a_digest(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    layout(store, folder, "a", make=both)
    inner = made(store, "arm64")
    assert LayoutSource(folder, f"@{inner.digest}").top().digest == inner.digest
    with pytest.raises(UnknownNameError):
        LayoutSource(folder, f"@{Digest.of(b'no')}").top()


def test_what_is_no_layout(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no OCI layout"):
        LayoutSource(tmp_path / "not there")
    with pytest.raises(StoreError, match="no OCI layout"):
        LayoutSource(tmp_path)


def test_a_layout_without_images(tmp_path: Path) -> None:
    (tmp_path / "oci-layout").write_text("{}")
    with pytest.raises(StoreError, match="holds no image"):
        LayoutSource(tmp_path).top()


ROWS = ['{"mediaType": "x"}', '{"digest": "sha256:1"}', '{"digest": 1, "size": -1}', "{}"]


@pytest.mark.parametrize("row", ROWS)
def test_rows_that_say_nothing(tmp_path: Path, row: str) -> None:
    (tmp_path / "oci-layout").write_text("{}")
    (tmp_path / "index.json").write_text(f'{{"manifests": [{row}]}}')
    with pytest.raises(StoreError, match="malformed entry"):
        LayoutSource(tmp_path).top()


def test_a_damaged_manifest(store: Store, tmp_path: Path) -> None:
    top = layout(store, tmp_path / "out", "a")
    path = tmp_path / "out/blobs/sha256" / top.digest.hex
    raw = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b" " + raw[1:])
    with pytest.raises(IntegrityError):
        LayoutSource(tmp_path / "out", "a").manifest(top)


def test_a_pipe_is_no_blob(store: Store, tmp_path: Path) -> None:
    layout(store, tmp_path / "out", "a")
    path = tmp_path / "out/blobs/sha256" / Digest.of(b"").hex
    os.mkfifo(path)
    with pytest.raises(StoreError, match="no file"):
        list(LayoutSource(tmp_path / "out").open(Descriptor("x", Digest.of(b""), 0)))


def test_other_rows_and_fields_of_an_index_stay(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    layout(store, folder, "a")
    index = json.loads((folder / "index.json").read_bytes())
    index["annotations"] = {"theirs": "1"}
    index["manifests"][0]["platform"] = {"os": "linux", "architecture": "amd64"}
    (folder / "index.json").write_text(json.dumps(index))
    bring(store, both(store), LayoutTarget(folder, "b"))
    after = json.loads((folder / "index.json").read_bytes())
    assert after["annotations"] == {"theirs": "1"}
    assert after["manifests"][0] == index["manifests"][0]
    assert len(after["manifests"]) == 2


def test_blobs_of_the_store_become_links(store: Store, tmp_path: Path) -> None:
    top = made(store)
    bring(store, top, LayoutTarget(tmp_path / "out", "a", store=store))
    for digest, _, _ in store.contents():
        assert (tmp_path / "out/blobs/sha256" / digest.hex).samefile(store.get(digest).path)


# What refers to images, in the store.


@pytest.fixture
def letter(store: Store) -> Iterator[tuple[Descriptor, Descriptor]]:
    top = tagged(store, both)
    yield top, signed(store, top)


def test_referrers_stay_as_long_as_their_subject(
    store: Store, letter: tuple[Descriptor, Descriptor]
) -> None:
    late = 2.0**40
    assert list(doomed(store, store.contents(), late)) == []
    store.untag("it:1")
    gone = [row[0] for row in doomed(store, store.contents(), late)]
    assert letter[1].digest in gone
    for digest in gone:
        store.discard(digest)
    store.forget_gone()
    assert json.loads((store.root / "index.json").read_bytes())["manifests"] == []


def test_referrers_are_no_names(store: Store, letter: tuple[Descriptor, Descriptor]) -> None:
    assert set(store.tags()) == {"it:1"}
    store.refer(letter[1])
    assert len(store.referrers(letter[0].digest)) == 1
