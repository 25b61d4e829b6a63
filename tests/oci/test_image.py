"""Images and indexes as values: manifests are derived, their bytes fixed."""

from __future__ import annotations

import json
from itertools import permutations

import pytest

from seaslug.oci import media
from seaslug.oci.config import ImageConfig
from seaslug.oci.image import Image, Layer, plain
from seaslug.oci.index import index_bytes
from seaslug.oci.read import IndexManifest, Manifest, parse
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.platform import TABLE, Platform

AMD64, ARM64, ARM = (Platform("linux", *x) for x in (("amd64",), ("arm64",), ("arm", "v7")))


def layer(name: str, compression: str = "gzip") -> Layer:
    descriptor = Descriptor(media.layer_type(compression), Digest.of(name.encode()), len(name))
    return Layer(descriptor, Digest.of(name.encode() + b" plain"), f"made {name}", 512)


IMAGE = Image(AMD64, ImageConfig(AMD64), (layer("one"), layer("two")), (("b", "2"), ("a", "1")))


def test_the_manifest_is_derived_from_the_layers() -> None:
    raw, config = IMAGE.manifest_bytes(), IMAGE.config_bytes()
    assert json.loads(raw) == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": Digest.of(config).text, "size": len(config),
        },
        "layers": [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
             "digest": Digest.of(name).text, "size": 3}
            for name in (b"one", b"two")
        ],
        "annotations": {"a": "1", "b": "2"},
    }  # fmt: skip
    made = json.loads(config)
    assert made["rootfs"]["diff_ids"] == [x.diff_id.text for x in IMAGE.layers]
    assert [row["created_by"] for row in made["history"]] == ["made one", "made two"]


def test_the_bytes_are_what_they_always_were() -> None:
    """A change here changes the digest of every image: raise the format version."""
    assert Digest.of(IMAGE.manifest_bytes()).hex == (
        "35129318e44e68577954f4c06786dd4c6faf72ecb1c4bdbf49febc0b0979b412"
    )


def test_what_is_written_is_read() -> None:
    found = parse(IMAGE.manifest_bytes())
    assert isinstance(found, Manifest)
    assert (found.raw, found.media_type) == (IMAGE.manifest_bytes(), media.MANIFEST)
    assert found.layers == tuple(x.descriptor for x in IMAGE.layers)
    assert found.annotations == (("a", "1"), ("b", "2"))
    assert found.config.digest == Digest.of(IMAGE.config_bytes())


def test_an_index_is_the_same_in_any_order() -> None:
    rows = [
        (Descriptor(media.MANIFEST, Digest.of(str(p).encode()), at), p)
        for at, p in enumerate((ARM64, AMD64, ARM))
    ]
    raw = {index_bytes(order) for order in permutations(rows)}
    assert len(raw) == 1
    found = parse(raw.pop())
    assert isinstance(found, IndexManifest)
    assert [e.platform for e in found.entries] == ["linux/amd64", "linux/arm/v7", "linux/arm64"]
    assert [e.descriptor for e in found.entries] == [
        d for d, _ in sorted(rows, key=lambda r: str(r[1]))
    ]


@pytest.mark.parametrize("platform", list(TABLE), ids=str)
def test_every_platform_is_named_as_oci_names_it(platform: Platform) -> None:
    row = json.loads(index_bytes([(Descriptor(media.MANIFEST, Digest.of(b""), 0), platform)]))
    told = row["manifests"][0]["platform"]
    assert "/".join(told[k] for k in ("os", "architecture", "variant") if k in told) == str(
        platform
    )


def test_annotations_of_a_descriptor() -> None:
    data = plain(Descriptor(media.MANIFEST, Digest.of(b""), 0, (("a", "1"),)))
    assert data["annotations"] == {"a": "1"}
    assert "annotations" not in plain(Descriptor(media.MANIFEST, Digest.of(b""), 0))


@pytest.mark.parametrize(
    ("media_type", "compression"),
    [
        (media.LAYER, "none"), (media.LAYER + "+gzip", "gzip"), (media.LAYER + "+zstd", "zstd"),
        (media.DOCKER_LAYER, "gzip"), ("application/vnd.docker.image.rootfs.diff.tar", "none"),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "gzip"),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "zstd"),
    ],
)  # fmt: skip
def test_media_types_of_layers(media_type: str, compression: str) -> None:
    assert media.compression_of(media_type) == compression
    assert media.compression_of(media.layer_type(compression)) == compression
