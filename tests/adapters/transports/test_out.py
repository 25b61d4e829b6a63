"""Outputs: layouts and archives that others read, whole or not there at all."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from seaslug.adapters.store import Store
from seaslug.adapters.transports.out import parse_output, put_out
from seaslug.errors import HostileError, SeaslugError, StoreError, UnknownNameError, UsageError
from seaslug.oci import media
from seaslug.oci.index import index_bytes
from seaslug.values.descriptor import Descriptor
from seaslug.values.place import ENGINES, Place
from seaslug.values.platform import Platform
from support import images

INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


def made(store: Store, arch: str = "amd64", packing: str = "gzip") -> Descriptor:
    shared = images.layer(images.member("shared", b"x" * 5000))
    own = images.layer(images.member("own", arch.encode()))
    digest = images.image(store, [shared, own, shared], packing=packing, arch=arch)
    return Descriptor(media.MANIFEST, digest, store.get(digest).size)


def both(store: Store) -> Descriptor:
    rows = [(made(store, arch), Platform("linux", arch)) for arch in ("amd64", "arm64")]
    stored = store.put([index_bytes(rows)])
    return Descriptor(INDEX, stored.digest, stored.size)


def at(transport: str, path: Path, name: str = "") -> Place:
    """Return a place; an engine has a name instead of a path."""
    if transport in ENGINES:
        return Place(transport, "", str(path))
    return Place(transport, str(path), name)


def files_of(path: Path) -> dict[str, bytes]:
    """Return the files of a layout or of an archive of one."""
    if path.is_dir():
        return {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}
    with tarfile.open(path) as tar:
        names = tar.getnames()
        assert len(names) == len(set(names))
        return {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]


def check(files: dict[str, bytes]) -> dict[str, Any]:
    """Return the index of a layout after a walk through everything it leads to."""
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    index: dict[str, Any] = json.loads(files["index.json"])
    seen = set()

    def walk(row: dict[str, Any]) -> None:
        name = "blobs/sha256/" + row["digest"].removeprefix("sha256:")
        data = files[name]
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (name[13:], row["size"])
        seen.add(name)
        if row["mediaType"].endswith(("index.v1+json", "manifest.v1+json")):
            body = json.loads(data)
            for inner in (*body.get("manifests", ()), *body.get("layers", ())):
                walk(inner)
            if "config" in body:
                walk(body["config"])

    for row in index["manifests"]:
        walk(row)
    assert seen == {name for name in files if name.startswith("blobs/")}
    return index


def names_in(index: dict[str, Any]) -> list[str]:
    return [
        row.get("annotations", {}).get("org.opencontainers.image.ref.name", "")
        for row in index["manifests"]
    ]


@pytest.mark.parametrize("transport", ["oci", "oci-archive"])
@pytest.mark.parametrize("make", [made, both])
@pytest.mark.parametrize("names", [[], ["a:1"], ["a:1", "b:2"]])
def test_layouts_hold_everything_and_nothing_else(
    store: Store, tmp_path: Path, transport: str, make: Any, names: list[str]
) -> None:
    target = tmp_path / "deep/out"
    said = put_out(store, make(store), at(transport, target), names)
    assert said == f"{transport}:{target}"
    assert names_in(check(files_of(target))) == (names or [""])


def test_docker_archives_are_oci_archives_with_dockers_table(store: Store, tmp_path: Path) -> None:
    target = tmp_path / "out.tar"
    put_out(store, made(store), at("docker-archive", target), ["a", "h.example:5/b:2"])
    files = files_of(target)
    check(files)
    (row,) = json.loads(files["manifest.json"])
    assert row["RepoTags"] == ["a:latest", "h.example:5/b:2"]
    config = json.loads(files[row["Config"]])
    assert len(row["Layers"]) == len(config["rootfs"]["diff_ids"]) == 3
    assert all(layer in files for layer in row["Layers"])


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_the_same_image_gives_the_same_archive(
    store: Store, tmp_path: Path, transport: str
) -> None:
    for name in "ab":
        put_out(store, made(store), at(transport, tmp_path / name), ["x"])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_layout_takes_more_images_and_replaces_by_name(store: Store, tmp_path: Path) -> None:
    out = at("oci", tmp_path / "out")
    one, two = made(store), made(store, "arm64")
    put_out(store, one, out, ["a"])
    put_out(store, two, out, ["b"])
    put_out(store, two, out, ["a"])
    index = json.loads((tmp_path / "out/index.json").read_bytes())
    assert {r["digest"] for r in index["manifests"]} == {two.digest.text}
    assert sorted(names_in(index)) == ["a", "b"]


def test_a_tag_in_the_output_wins(store: Store, tmp_path: Path) -> None:
    put_out(store, made(store), at("oci", tmp_path / "out", "mine"), ["a", "b"])
    assert names_in(check(files_of(tmp_path / "out"))) == ["mine"]


def test_a_short_blob_of_an_earlier_crash_is_replaced(store: Store, tmp_path: Path) -> None:
    out = at("oci", tmp_path / "out")
    image = made(store)
    blobs = tmp_path / "out/blobs/sha256"
    blobs.mkdir(parents=True)
    (blobs / image.digest.hex).write_bytes(b"short")
    put_out(store, image, out, [])
    check(files_of(tmp_path / "out"))


# What cannot be put out.


@pytest.mark.parametrize("transport", ["docker-archive", "docker-daemon", "podman"])
def test_several_platforms_do_not_fit(store: Store, tmp_path: Path, transport: str) -> None:
    with pytest.raises(UsageError, match="holds one platform, and this image has 2") as caught:
        put_out(store, both(store), at(transport, tmp_path / "out"), ["a"])
    assert "linux/amd64|linux/arm64" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_an_attestation_is_no_second_platform(store: Store, tmp_path: Path) -> None:
    one = made(store)
    rows = [
        {"mediaType": media.MANIFEST, "digest": one.digest.text, "size": one.size,
         "platform": {"os": "linux", "architecture": "amd64"}},
        {"mediaType": media.MANIFEST, "digest": f"sha256:{'1' * 64}", "size": 7,
         "platform": {"os": "unknown", "architecture": "unknown"},
         "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
    ]  # fmt: skip
    for count, raised in ((2, None), (0, HostileError)):
        stored = store.put([json.dumps({"schemaVersion": 2, "manifests": rows[:count]}).encode()])
        top = Descriptor(INDEX, stored.digest, stored.size)
        place = at("docker-archive", tmp_path / "out.tar")
        if raised is None:
            put_out(store, top, place, ["a"])
            (row,) = json.loads(files_of(tmp_path / "out.tar")["manifest.json"])
            assert row["RepoTags"] == ["a:latest"]
        else:
            with pytest.raises(raised):
                put_out(store, top, place, ["a"])


@pytest.mark.parametrize("transport", ["oci", "oci-archive", "docker-archive", "docker-daemon"])
def test_a_digest_is_no_name_to_write_to(store: Store, tmp_path: Path, transport: str) -> None:
    place = Place(transport, str(tmp_path / "out"), f"@sha256:{'1' * 64}")
    with pytest.raises(UsageError, match="no name to write to"):
        put_out(store, made(store), place, [])
    assert not (tmp_path / "out").exists()


def test_zstd_does_not_fit_into_a_docker_archive(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="zstd") as caught:
        put_out(store, made(store, packing="zstd"), at("docker-archive", tmp_path / "o"), [])
    assert "--compression gzip" in caught.value.hint
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("transport", ["oci", "oci-archive", "docker-archive"])
def test_a_blob_that_is_gone_leaves_nothing_half_written(
    store: Store, tmp_path: Path, transport: str
) -> None:
    image = made(store)
    layer = json.loads(store.read(image.digest))["layers"][1]["digest"].removeprefix("sha256:")
    os.unlink(store.root / "blobs/sha256" / layer)
    target = tmp_path / "out"
    with pytest.raises(SeaslugError):
        put_out(store, image, at(transport, target), ["a"])
    if transport == "oci":
        assert not (target / "index.json").exists()  # without it, it is no layout yet
    else:
        assert os.listdir(tmp_path) == ["home"]


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_an_archive_that_is_there_outlives_a_failure(
    store: Store, tmp_path: Path, transport: str
) -> None:
    target = tmp_path / "out"
    put_out(store, made(store), at(transport, target), ["a"])
    before = target.read_bytes()
    other = made(store, "arm64")
    layer = json.loads(store.read(other.digest))["layers"][1]["digest"].removeprefix("sha256:")
    os.unlink(store.root / "blobs/sha256" / layer)
    with pytest.raises(SeaslugError):
        put_out(store, other, at(transport, target), ["a"])
    assert target.read_bytes() == before


@pytest.mark.parametrize("transport", ["oci", "oci-archive", "docker-archive"])
def test_a_place_that_cannot_be_written(store: Store, tmp_path: Path, transport: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written") as caught:
        put_out(store, made(store), at(transport, tmp_path / "file/out"), [])
    assert "-o" in caught.value.hint


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"manifests": [1]}'])
def test_a_folder_with_another_index_is_left_alone(store: Store, tmp_path: Path, text: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/index.json").write_text(text)
    with pytest.raises(StoreError, match="not an OCI index"):
        put_out(store, made(store), at("oci", tmp_path / "out"), ["a"])
    assert (tmp_path / "out/index.json").read_text() == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("oci:out/x", Place("oci", "out/x")),
        ("oci:/a/b:1.0", Place("oci", "/a/b", "1.0")),
        ("docker-archive:cc.tar:cc:debug", Place("docker-archive", "cc.tar", "cc:debug")),
        ("docker-daemon:h:5/a:b", Place("docker-daemon", "", "h:5/a:b")),
    ],
)
def test_outputs_are_read(text: str, expected: Place) -> None:
    assert parse_output(text) == expected


@pytest.mark.parametrize("text", ["", "oci", "oci:", ":x", "out.tar"])
def test_what_is_no_output(text: str) -> None:
    with pytest.raises(UsageError):
        parse_output(text)


def test_an_unknown_transport_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        parse_output("oci-archiv:x")
    assert "oci-archive" in caught.value.nearest
