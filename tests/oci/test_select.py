from __future__ import annotations

import pytest

from seaslug.errors import UnknownNameError, UsageError
from seaslug.oci import select
from seaslug.oci.read import IndexEntry, IndexManifest
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def entry(platform: str, notes: tuple[tuple[str, str], ...] = ()) -> IndexEntry:
    digest = Digest.of(f"{platform} {notes}".encode())
    return IndexEntry(Descriptor(MANIFEST, digest, 2, notes), platform)


@pytest.mark.parametrize(
    ("text", "normal"),
    [("linux/amd64", "linux/amd64"), ("amd64", "linux/amd64"), ("x86_64", "linux/amd64"),
     ("linux/amd64/v1", "linux/amd64"), ("linux/amd64/v3", "linux/amd64/v3"),
     ("arm64", "linux/arm64"), ("linux/arm64/v8", "linux/arm64"), ("aarch64", "linux/arm64"),
     ("arm", "linux/arm/v7"), ("armhf", "linux/arm/v7"), ("armel", "linux/arm/v6"),
     ("linux/arm/v5", "linux/arm/v5"), ("linux/arm/v8", "linux/arm/v8"),
     ("i386", "linux/386"), ("Linux/AMD64", "linux/amd64"), ("windows/amd64", "windows/amd64"),
     ("linux/loong64", "linux/loong64"), ("ppc64el", "linux/ppc64le")],
)  # fmt: skip
def test_platforms_have_one_spelling(text: str, normal: str) -> None:
    assert select.normal(text) == normal


@pytest.mark.parametrize("text", ["", "linux/", "linux//v7", "linux/arm/v7/x/y"])
def test_no_platform(text: str) -> None:
    with pytest.raises(UsageError):
        select.normal(text)


@pytest.mark.parametrize(
    ("there", "wanted", "chosen"),
    [
        (("linux/arm/v6", "linux/arm/v7"), "linux/arm", "linux/arm/v7"),
        (("linux/arm/v7", "linux/arm/v6"), "linux/arm/v6", "linux/arm/v6"),
        (("linux/arm/v6", "linux/arm/v5"), "linux/arm/v7", "linux/arm/v6"),
        (("linux/arm64/v8",), "linux/arm64", "linux/arm64/v8"),
        (("linux/arm64",), "linux/arm64/v8", "linux/arm64"),
        (("windows/amd64", "linux/amd64"), "amd64", "linux/amd64"),
        (("linux/amd64/v3", "linux/amd64"), "amd64", "linux/amd64"),
    ],
)
def test_the_entry_for_a_platform(there: tuple[str, ...], wanted: str, chosen: str) -> None:
    assert select.choose([entry(p) for p in there], wanted, "it").platform == chosen


@pytest.mark.parametrize("wanted", ["linux/arm/v6", "linux/arm64", "linux/s390x"])
def test_a_platform_that_is_not_there_names_those_that_are(wanted: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        select.choose([entry("linux/arm/v7"), entry("linux/amd64")], wanted, "it")
    assert "linux/amd64, linux/arm/v7" in caught.value.hint


def test_an_arm_image_of_a_newer_variant_is_never_taken() -> None:
    with pytest.raises(UnknownNameError):
        select.choose([entry("linux/arm/v7")], "linux/arm/v6", "it")


def test_attestations_are_no_platforms_and_follow_their_image() -> None:
    amd, arm = entry("linux/amd64"), entry("linux/arm64")
    proofs = [
        entry("unknown/unknown", (
            ("vnd.docker.reference.digest", image.descriptor.digest.text),
            ("vnd.docker.reference.type", "attestation-manifest"),
        ))
        for image in (amd, arm)
    ]  # fmt: skip
    index = IndexManifest(b"", "", (amd, arm, *proofs))
    assert select.images_of(index) == (amd, arm)
    assert select.attached(index, [arm]) == (proofs[1],)
