"""Downloads, manifests and lists of a registry, or a way to it, that fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from seaslug.adapters.registry.client import Client
from seaslug.adapters.registry.target import RegistryTarget
from seaslug.adapters.store import Store
from seaslug.errors import HostileError, IntegrityError, RegistryError, UnreachableError
from seaslug.values.descriptor import Descriptor
from seaslug.values.reference import Reference
from support.listening import Heard
from support.pushing import image
from support.registry import Registry
from support.server import closed_port

from .conftest import BLOB, DATA, QUICK

Clients = Callable[..., Client]
BLOBS, MANIFESTS = "/v2/a/blobs/sha256*", "*/manifests/*"


# Downloads.


@pytest.mark.parametrize("at", [0, 1, 65_536, 200_000, 399_999])
@pytest.mark.parametrize("ranges", [True, False])
def test_a_cut_download_goes_on(registry: Registry, client: Client, at: int, ranges: bool) -> None:
    registry.ranges = ranges
    registry.fail("GET", BLOBS, "cut", at, times=2)
    assert b"".join(client.blob("a", BLOB)) == DATA
    asked = [one.headers.get("Range") for one in registry.seen("GET", BLOBS)]
    assert asked[:2] == [None, f"bytes={at}-" if at else None]


def test_a_download_that_brings_nothing_is_given_up(registry: Registry, client: Client) -> None:
    registry.fail("GET", BLOBS, "cut", 0, times=-1)
    with pytest.raises(UnreachableError, match="the connection"):
        list(client.blob("a", BLOB))
    assert len(registry.seen("GET", BLOBS)) == QUICK.attempts


def test_attempts_that_bring_something_do_not_count(registry: Registry, client: Client) -> None:
    registry.fail("GET", BLOBS, "cut", 65_536, times=5)
    assert b"".join(client.blob("a", BLOB)) == DATA


def test_a_stalled_download_goes_on(registry: Registry, clients: Clients) -> None:
    registry.add_blob("a", DATA)
    registry.fail("GET", BLOBS, "stall", 100_000)
    client = clients(registry.host, replace(QUICK, timeout=0.3))
    assert b"".join(client.blob("a", BLOB)) == DATA


def test_a_slow_download_arrives(registry: Registry, client: Client) -> None:
    registry.fail("GET", BLOBS, "slow", 20_000)
    assert b"".join(client.blob("a", BLOB)) == DATA


def test_wrong_bytes_leave_nothing_in_the_store(
    registry: Registry, client: Client, tmp_path: Path
) -> None:
    store = Store(tmp_path / "store")
    registry.fail("GET", BLOBS, "flip", times=-1)
    with pytest.raises(IntegrityError, match="came instead"):
        store.receive(BLOB, lambda at: client.blob("a", BLOB, at))
    assert store.find(BLOB.digest) is None
    registry.heal()
    assert store.receive(BLOB, lambda at: client.blob("a", BLOB, at)).size == len(DATA)


@pytest.mark.parametrize("kind", ["longer", "endless"])
def test_more_than_promised_is_refused(registry: Registry, client: Client, kind: str) -> None:
    registry.fail("GET", BLOBS, kind, 5)
    with pytest.raises(IntegrityError, match="more than the 400000 bytes"):
        list(client.blob("a", BLOB))


@pytest.mark.parametrize("ranges", [True, False])
def test_less_than_promised_is_told(registry: Registry, client: Client, ranges: bool) -> None:
    longer = Descriptor(BLOB.media_type, BLOB.digest, BLOB.size + 9)
    registry.ranges = ranges
    expected = IntegrityError if ranges else UnreachableError
    with pytest.raises(expected, match="400000 of"):
        list(client.blob("a", longer))
    registry.fail("GET", BLOBS, "shorter", 9, times=1)
    assert b"".join(client.blob("a", BLOB)) == DATA


def test_another_part_than_asked_for_is_refused(registry: Registry, client: Client) -> None:
    registry.fail("GET", BLOBS, "headers", headers={"Content-Range": "bytes 200000-1/1"})
    with pytest.raises(RegistryError, match="another part"):
        list(client.blob("a", BLOB, 100_000))


# Manifests and lists.


def test_a_wrong_manifest_is_refused(registry: Registry, client: Client) -> None:
    made = image(b"x")
    registry.add_manifest("a", made.raw, tag="1")
    other = image(b"y").raw.decode()
    registry.fail("GET", MANIFESTS, "body", text=other)
    with pytest.raises(IntegrityError, match="came instead"):
        client.get_manifest("a", made.top.digest.text)
    headers = {"Docker-Content-Digest": made.top.digest.text}
    registry.fail("GET", MANIFESTS, "body", text=other, headers=headers)
    with pytest.raises(IntegrityError, match="came instead"):
        client.get_manifest("a", "1")


@pytest.mark.parametrize("text", ["", "[]", "<html>", '{"a"', "[" * 100_000])
def test_what_is_no_manifest_is_refused(registry: Registry, client: Client, text: str) -> None:
    registry.fail("GET", MANIFESTS, "body", text=text)
    with pytest.raises(HostileError, match="not a manifest"):
        client.get_manifest("a", "1")


def test_a_manifest_over_4_mib_is_refused(registry: Registry, client: Client) -> None:
    registry.add_manifest("a", image(b"x").raw, tag="1")
    registry.fail("GET", "/v2/a/*", "endless", times=-1)
    with pytest.raises(HostileError, match="more than 4 MiB"):
        client.get_manifest("a", "1")
    with pytest.raises(HostileError, match="more than 4 MiB"):
        client.tags("a")


def test_a_registry_that_says_no_digest_is_asked_for_all_of_it(
    registry: Registry, client: Client
) -> None:
    made = image(b"x")
    registry.digests = False
    registry.add_manifest("a", made.raw, made.top.media_type, "1")
    assert client.resolve("a", "1") == made.top
    assert client.head_manifest("a", "none") is None


def test_an_image_of_schema_1_is_named(registry: Registry, client: Client) -> None:
    kind = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    registry.add_manifest("a", b'{"schemaVersion": 1}', kind, "1")
    with pytest.raises(RegistryError, match="schema 1"):
        client.get_manifest("a", "1")


def test_lists_come_in_pages(registry: Registry, client: Client) -> None:
    made = image(b"x")
    registry.page = 3
    for number in range(10):
        registry.add_manifest("a", made.raw, tag=f"t{number}")
        one = image(str(number).encode(), subject={"digest": made.top.digest.text})
        registry.add_manifest("a", one.raw)
    assert client.tags("a") == tuple(f"t{n}" for n in range(10))
    assert len(registry.seen("GET", "*/tags/*")) == 4
    assert len(client.referrers("a", made.top.digest)) == 10
    assert client.tags("a", 4) == tuple(f"t{n}" for n in range(4))


def test_a_list_without_end_is_given_up(registry: Registry, client: Client) -> None:
    registry.page, registry.loop = 3, True
    for number in range(9):
        registry.add_manifest("a", image(b"x").raw, tag=f"t{number}")
    with pytest.raises(RegistryError, match="no end"):
        client.tags("a")


def test_a_list_does_not_go_on_elsewhere(registry: Registry, client: Client) -> None:
    registry.add_manifest("a", image(b"x").raw, tag="1")
    link = '<http://127.0.0.1:1/v2/a/tags/list?n=1>; rel="next"'
    registry.fail("GET", "*/tags/*", "headers", headers={"Link": link})
    with pytest.raises(RegistryError, match="another host"):
        client.tags("a")


@pytest.mark.parametrize("filters", [True, False])
def test_referrers_are_filtered_by_whoever_does_it(
    registry: Registry, client: Client, filters: bool
) -> None:
    registry.filters = filters
    made = image(b"x")
    for kind in ("a/sbom", "a/signature"):
        subject = {"digest": made.top.digest.text}
        registry.add_manifest("a", image(b"y", subject=subject, artifactType=kind).raw)
    (found,) = client.referrers("a", made.top.digest, "a/sbom")
    assert found.artifact_type == "a/sbom"


def test_without_the_api_referrers_are_noted_under_a_tag(
    registry: Registry, client: Client
) -> None:
    registry.api = False
    made = image(b"x")
    subject = {"digest": made.top.digest.text}
    for number in range(2):
        one = image(bytes([number]), subject=subject, artifactType=f"a/{number}")
        for blob, data in one.blobs:
            registry.add_blob("a", data, blob.media_type)
        target = RegistryTarget(client, Reference.parse(f"{client.host}/a:1"))
        target.put_manifest(one.top, one.raw)
    assert [x.artifact_type for x in client.referrers("a", made.top.digest)] == ["a/0", "a/1"]
    assert list(registry.tags["a"]) == [f"sha256-{made.top.digest.hex}"]


# Patience.


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_registry_in_trouble_is_asked_again(
    registry: Registry, client: Client, status: int
) -> None:
    registry.add_manifest("a", image(b"x").raw, tag="1")
    registry.fail("HEAD", "*", "status", status, times=3, headers={"Retry-After": "0"})
    assert client.resolve("a", "1").digest == image(b"x").top.digest
    registry.fail("*", "*", "status", status, times=-1)
    with pytest.raises(RegistryError, match=str(status)) as caught:
        client.get_manifest("a", "1")
    assert "try again later" in caught.value.hint
    assert len(registry.seen("GET", MANIFESTS)) == QUICK.attempts


def test_how_long_to_wait_is_heeded_within_reason(registry: Registry, client: Client) -> None:
    registry.add_manifest("a", image(b"x").raw, tag="1")
    registry.fail("GET", "*", "status", 429, headers={"Retry-After": "3600"})
    with pytest.raises(RegistryError, match="none for 3600 s") as caught:
        client.get_manifest("a", "1")
    assert f"seaslug login {client.host}" in caught.value.hint
    registry.fail(
        "GET", "*", "status", 503, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
    )
    assert client.get_manifest("a", "1")[1] == image(b"x").raw


def test_nobody_there(clients: Clients) -> None:
    host = f"127.0.0.1:{closed_port()}"
    with pytest.raises(UnreachableError, match="does not answer"):
        clients(host).resolve("a", "1")
    with pytest.raises(UnreachableError, match="no such host"):
        clients("registry.invalid").resolve("a", "1")


def test_warnings_are_shown_once(registry: Registry, client: Client, heard: Heard) -> None:
    registry.add_manifest("a", image(b"x").raw, tag="1")
    warning = {"Warning": '299 - "this tag ends \\"soon\\"\x1b[31m"'}
    registry.fail("*", "*", "headers", times=-1, headers=warning)
    client.get_manifest("a", "1")
    client.get_manifest("a", "1")
    assert heard.said == [f'{client.host} says: this tag ends "soon" [31m']
