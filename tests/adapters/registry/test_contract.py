"""What a registry and its client owe each other: the simulator and Debian's docker-registry."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from seaslug.adapters.registry import uploads
from seaslug.adapters.registry.client import Client
from seaslug.adapters.registry.source import RegistrySource
from seaslug.adapters.registry.target import RegistryTarget
from seaslug.adapters.registry.trouble import RefusedError
from seaslug.errors import IntegrityError, RegistryError, UnknownNameError, UsageError
from seaslug.oci import media
from seaslug.values.digest import Digest
from seaslug.values.reference import Reference
from support.cutter import Cutter
from support.listening import Heard
from support.pushing import described, image, noise, opener, row
from support.registry import Registry

Clients = Callable[..., Client]


@pytest.fixture(params=["simulator", "distribution"])
def host(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "simulator":
        with Registry() as registry:
            yield registry.host
    else:
        yield request.getfixturevalue("distribution").host


@pytest.fixture
def name(host: str, request: pytest.FixtureRequest) -> str:
    """A repository of the test's own."""
    return f"{host}/t/{request.node.originalname.replace('_', '-')}"


@pytest.fixture
def client(host: str, clients: Clients) -> Client:
    return clients(host)


def target(client: Client, name: str, tag: str = "1") -> RegistryTarget:
    return RegistryTarget(client, Reference.parse(f"{name}:{tag}"))


def source(client: Client, name: str) -> RegistrySource:
    return RegistrySource(client, Reference.parse(name))


def path(name: str) -> str:
    return name.partition("/")[2]


@pytest.mark.parametrize("docker", [False, True])
def test_what_was_pushed_comes_back_as_it_was(client: Client, name: str, docker: bool) -> None:
    name = f"{name}-{docker}".lower()
    made = image(noise(300_000, 2), noise(70_000, 3), docker=docker)
    there = target(client, name)
    assert not there.holds(made.top)
    assert made.push(there) == ["sent"] * 3
    here = source(client, f"{name}:1")
    assert here.top() == made.top
    assert here.manifest(made.top) == made.raw
    for one, data in made.blobs:
        assert b"".join(here.open(one)) == data
        assert b"".join(here.open(one, one.size - 5)) == data[-5:]
    assert here.known_as == name


def test_where_it_is_now_is_told_by_digest(client: Client, name: str) -> None:
    made = image(b"layer")
    there = target(client, name)
    made.push(there)
    assert there.finish(made.top, b"") == f"{name}@{made.top.digest}"
    pinned = source(client, f"{name}@{made.top.digest}")
    assert pinned.top() == made.top


def test_what_is_pushed_again_is_there(client: Client, name: str) -> None:
    made = image(noise(200_000))
    made.push(target(client, name))
    again = target(client, name)
    assert again.holds(made.top)
    assert made.push(again) == ["there", "there"]
    assert not again.holds(image(b"other").top)


def test_a_large_blob_is_looked_for_under_other_tags(client: Client, name: str) -> None:
    made = image(noise(200_000))
    made.push(target(client, name))
    assert made.push(target(client, name, "2")) == ["there", "sent"]


def test_blobs_are_mounted_from_a_repository_that_has_them(client: Client, name: str) -> None:
    made = image(noise(200_000, 7))
    made.push(target(client, f"{name}/a"))
    origins = ["elsewhere.example/x", f"{name}/a"]
    assert made.push(target(client, f"{name}/b"), origins) == ["mounted", "mounted"]
    assert b"".join(source(client, f"{name}/b:1").open(made.blobs[0][0])) == made.blobs[0][1]


def test_a_mount_that_does_not_come_about_is_sent(client: Client, name: str) -> None:
    made = image(noise(200_000, 8))
    origins = [f"{name}/none", f"{name}/of-these"]
    assert made.push(target(client, name), origins) == ["sent", "sent"]


def test_two_push_images_that_share_layers_at_once(client: Client, name: str) -> None:
    shared = [noise(400_000, n) for n in range(4)]
    images = [image(*shared, noise(1000, 10 + n)) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: images[n].push(target(client, name, str(n))), range(4)))
    for number, made in enumerate(images):
        here = source(client, f"{name}:{number}")
        assert here.top() == made.top
        assert all(b"".join(here.open(one)) == data for one, data in made.blobs)


def test_an_index_of_indexes_keeps_its_bytes(client: Client, name: str) -> None:
    made = image(b"one layer")
    there = target(client, name)
    for one, data in made.blobs:
        there.put_blob(one, opener(data))
    there.put_manifest(made.top, made.raw)
    inner = _index(row(made.top))
    there.put_manifest(described(inner, media.INDEX), inner)
    outer = _index({**row(described(inner, media.INDEX)), "annotations": {"a": "b"}})
    top = described(outer, media.INDEX)
    there.finish(top, outer)
    here = source(client, f"{name}:1")
    assert here.top() == top
    assert here.manifest(top) == outer
    assert here.manifest(described(inner, media.INDEX)) == inner
    # All that the index leads to is known to be there.
    again = target(client, name)
    assert again.put_blob(*_sendable(made.blobs[0])) == "there"


def test_tags_come_page_by_page(client: Client, name: str) -> None:
    made = image(b"tagged")
    made.push(target(client, name, "t00"))
    for number in range(1, 25):
        client.put_manifest(path(name), f"t{number:02}", made.raw, made.top.media_type)
    every = {f"t{n:02}" for n in range(25)}
    assert sorted(client.tags(path(name))) == sorted(every)
    assert len(every.intersection(client.tags(path(name), 7))) == 7


def test_an_unknown_tag_tells_the_nearest(client: Client, name: str) -> None:
    made = image(b"some")
    for tag in ("1.20", "1.21", "latest"):
        made.push(target(client, name, tag))
    with pytest.raises(UnknownNameError, match=r"unknown tag '1\.2'") as caught:
        source(client, f"{name}:1.2").top()
    assert sorted(caught.value.nearest)[:2] == ["1.20", "1.21"]
    with pytest.raises(UnknownNameError, match=f"unknown image '{name}/none:latest'") as caught:
        source(client, f"{name}/none").top()
    assert "seaslug login" in caught.value.hint
    nobody = Digest.of(b"nobody")
    with pytest.raises(UnknownNameError, match="unknown manifest"):
        source(client, f"{name}@{nobody}").top()
    with pytest.raises(RegistryError, match="does not have this blob"):
        list(client.blob(path(name), described(b"nobody")))


def test_what_refers_to_an_image_is_found(client: Client, name: str) -> None:
    made = image(noise(10))
    made.push(target(client, name))
    subject = row(made.top)
    signed = image(b"signature", subject=subject, artifactType="test/signature")
    counted = image(b"sbom", subject=subject, artifactType="test/sbom", annotations={"k": "v"})
    assert source(client, f"{name}:1").referrers(made.top.digest) == ()
    for one in (signed, counted, signed):
        there = target(client, f"{name}:ref".rpartition(":")[0], "ref")
        for blob, data in one.blobs:
            there.put_blob(blob, opener(data))
        there.put_manifest(one.top, one.raw)
    found = source(client, f"{name}:1").referrers(made.top.digest)
    assert {x.digest for x in found} == {signed.top.digest, counted.top.digest}
    (only,) = client.referrers(path(name), made.top.digest, "test/sbom")
    assert only.descriptor.digest == counted.top.digest
    assert only.descriptor.annotations == (("k", "v"),)


def test_wrong_bytes_are_never_kept(client: Client, name: str) -> None:
    wanted, data = described(noise(500_000, 1)), bytearray(noise(500_000, 1))
    data[250_000] ^= 1
    with pytest.raises(IntegrityError, match="came instead"):
        target(client, name).put_blob(wanted, opener(bytes(data)))
    with pytest.raises(IntegrityError, match="499999 bytes instead of 500000"):
        target(client, name).put_blob(wanted, opener(noise(500_000, 1)[:-1]))
    with pytest.raises(IntegrityError, match="more than the 500000 bytes"):
        target(client, name).put_blob(wanted, opener(bytes(500_001), 300_000))
    assert not client.has_blob(path(name), wanted.digest)


def test_no_tag_leads_to_something_missing(client: Client, name: str) -> None:
    made = image(b"never sent")
    there = target(client, name)
    there.put_blob(*_sendable(made.blobs[1]))
    with pytest.raises(RefusedError, match="BLOB_UNKNOWN"):
        there.finish(made.top, made.raw)
    assert not target(client, name).holds(made.top)


def test_a_manifest_is_deleted_by_its_digest(client: Client, name: str) -> None:
    made = image(b"short lived")
    made.push(target(client, name))
    client.delete(path(name), made.top.digest.text)
    assert client.head_manifest(path(name), "1") is None
    with pytest.raises(UnknownNameError):
        client.delete(path(name), made.top.digest.text)


def test_another_digest_than_the_reference_names_is_refused(client: Client, name: str) -> None:
    made = image(b"pinned")
    pinned = RegistryTarget(client, Reference.parse(f"{name}@{Digest.of(b'other')}"))
    with pytest.raises(UsageError, match="cannot be put under another digest"):
        pinned.finish(made.top, made.raw)


def test_an_empty_blob_goes_up(client: Client, name: str) -> None:
    there = target(client, name)
    assert there.put_blob(described(b""), opener(b"")) == "sent"
    assert client.has_blob(path(name), Digest.of(b""))
    assert b"".join(client.blob(path(name), described(b""))) == b""
    with pytest.raises(IntegrityError):
        there.put_blob(described(b"x"), opener(b""))


@pytest.mark.parametrize("cuts", [(1,), (150_000, 350_000), (400_000, 800_000, 1_100_000)])
def test_an_upload_survives_cuts(
    host: str, name: str, clients: Clients, heard: Heard, cuts: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(uploads, "CHUNK", 256 << 10)
    wanted, data = described(noise(1_200_000, len(cuts))), noise(1_200_000, len(cuts))
    with Cutter(host) as wire:
        through = clients(wire.host)
        there = target(through, f"{wire.host}/{path(name)}-{len(cuts)}")
        wire.cut_up(*cuts)
        assert there.put_blob(wanted, opener(data)) == "sent"
        assert wire.cut
        assert b"".join(through.blob(f"{path(name)}-{len(cuts)}", wanted)) == data
    assert next(iter(heard.amounts.values())) == len(data)


def _index(*rows: dict[str, object]) -> bytes:
    data = {"schemaVersion": 2, "mediaType": media.INDEX, "manifests": list(rows)}
    return json.dumps(data, indent=1).encode()


def _sendable(blob: tuple[object, bytes]) -> tuple[object, object]:
    return blob[0], opener(blob[1])
