"""Manifests as strangers send them: read into values, or refused, never anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaslug.errors import HostileError
from seaslug.oci import media
from seaslug.oci.read import MAX_MANIFEST, IndexManifest, Manifest, parse

DIGEST = "sha256:" + "ab" * 32
BLOB = {"mediaType": "x", "digest": DIGEST, "size": 3}
MANIFEST: dict[str, Any] = {"schemaVersion": 2, "config": BLOB, "layers": [BLOB]}
INDEX: dict[str, Any] = {"manifests": [{**BLOB, "platform": {"os": "linux"}}]}


def raw(data: Any) -> bytes:
    return json.dumps(data).encode()


def test_a_manifest_without_a_media_type_is_an_oci_one() -> None:
    found = parse(raw(MANIFEST))
    assert isinstance(found, Manifest)
    assert (found.media_type, len(found.layers)) == (media.MANIFEST, 1)
    index = parse(raw(INDEX))
    assert isinstance(index, IndexManifest)
    assert (index.media_type, index.entries[0].platform) == (media.INDEX, "linux")


def test_docker_manifests_are_read_alike() -> None:
    found = parse(raw({**MANIFEST, "mediaType": media.DOCKER_MANIFEST, "annotations": None}))
    assert found.media_type == media.DOCKER_MANIFEST
    rows = [{**BLOB, "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}}, BLOB]
    index = parse(raw({"mediaType": media.DOCKER_LIST, "manifests": rows}))
    assert isinstance(index, IndexManifest)
    assert [entry.platform for entry in index.entries] == ["linux/arm/v7", ""]


@pytest.mark.parametrize("text", [raw(MANIFEST), b" " + raw(INDEX) + b"\n"])
def test_the_bytes_are_kept(text: bytes) -> None:
    assert parse(text).raw == text


HOSTILE: list[Any] = [
    b"", b"{", b"\xff", b"[]", b"1", b"null", b'"x"', b"[" * 100_000, b'{"a":' * 100_000,
    b"{}" + b" " * MAX_MANIFEST, {},
    {**MANIFEST, "manifests": []}, {**INDEX, "layers": []},
    {"manifests": None}, {"manifests": 1}, {"manifests": "x"}, {"manifests": {"a": 1}},
    {"manifests": [1]}, {"manifests": [{**BLOB, "platform": "linux"}]},
    {**MANIFEST, "layers": None}, {**MANIFEST, "layers": [None]}, {**MANIFEST, "layers": "ab"},
    {**MANIFEST, "config": None}, {**MANIFEST, "config": []},
    {**MANIFEST, "annotations": [1]}, {**MANIFEST, "annotations": "x"},
    *({**MANIFEST, "config": {**BLOB, **bad}} for bad in (
        {"digest": None}, {"digest": "sha256:ab"}, {"digest": "sha512:" + "ab" * 64},
        {"digest": DIGEST.upper()}, {"digest": "sha256:../../etc/passwd"}, {"size": -1},
        {"size": "3"}, {"size": 1.5}, {"size": None}, {"size": True},
    )),
]  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE, ids=lambda data: repr(data)[:50])
def test_hostile_manifests_are_refused(data: Any) -> None:
    with pytest.raises(HostileError) as caught:
        parse(data if isinstance(data, bytes) else raw(data), "here")
    assert caught.value.where == "here"


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    with pytest.raises(HostileError):
        parse(data)


KEYS = st.sampled_from(
    ["manifests", "layers", "config", "digest", "size", "mediaType", "annotations", "platform",
     "os", "architecture", "x"]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.integers() | st.sampled_from([DIGEST, "x", BLOB]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=10,
)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_json_is_refused_or_read(data: dict[str, Any]) -> None:
    try:
        found = parse(raw(data))
    except HostileError:
        return
    rows = found.layers if isinstance(found, Manifest) else [e.descriptor for e in found.entries]
    assert all(row.size >= 0 and row.digest.hex for row in rows)
