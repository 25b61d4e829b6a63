"""Uploads over a way that is cut; and how much a push asks of a registry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from seaslug.adapters.registry import uploads
from seaslug.adapters.registry.client import Client
from seaslug.adapters.registry.target import RegistryTarget
from seaslug.errors import IntegrityError, RegistryError, UnreachableError
from seaslug.values.reference import Reference
from support.listening import Heard
from support.pushing import described, image, noise, opener
from support.registry import Registry

from .conftest import BLOB, DATA, QUICK

Clients = Callable[..., Client]
UPLOADS = "*/uploads/*"


def put(client: Client, data: bytes = DATA, *origins: str) -> str:
    target = RegistryTarget(client, Reference.parse(f"{client.host}/b:1"))
    return target.put_blob(described(data), opener(data), origins)


@pytest.mark.parametrize("partial", [True, False])
@pytest.mark.parametrize("at", [0, 1, 150_000, 399_999])
def test_a_cut_upload_goes_on(
    registry: Registry, client: Client, at: int, partial: bool, heard: Heard
) -> None:
    registry.partial = partial
    registry.fail("PUT", UPLOADS, "cut-up", at)
    assert put(client) == "sent"
    assert registry.has("b", BLOB.digest.text)
    if partial and at > 1:
        (patch,) = registry.seen("PATCH")
        assert patch.headers["Content-Range"] == f"{at}-399999"
    assert list(heard.amounts.values()) == [len(DATA)]


def test_an_upload_whose_answer_is_lost_is_not_sent_again(
    registry: Registry, client: Client
) -> None:
    registry.fail("PUT", UPLOADS, "lost")
    assert put(client) == "sent"
    assert len(registry.seen("POST")) == 1
    assert not registry.uploads


def test_an_upload_that_never_gets_on_is_given_up(registry: Registry, client: Client) -> None:
    registry.fail("PUT", UPLOADS, "cut-up", 0, times=-1)
    with pytest.raises(UnreachableError):
        put(client)
    assert len(registry.seen("PUT")) == QUICK.attempts
    assert not registry.has("b", BLOB.digest.text)


def test_a_busy_registry_gets_the_blob_later(registry: Registry, client: Client) -> None:
    registry.fail("PUT", UPLOADS, "status", 429, headers={"Retry-After": "0"})
    registry.fail("POST", "*", "status", 503)
    assert put(client) == "sent"


def test_a_limit_of_a_request_leads_to_chunks(
    registry: Registry, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "CHUNK", 100_000)
    registry.most = 150_000
    assert put(client) == "sent"
    ranges = [one.headers["Content-Range"] for one in registry.seen("PATCH")]
    assert ranges == ["0-99999", "100000-199999", "200000-299999", "300000-399999"]
    registry.most = 50_000
    with pytest.raises(RegistryError, match="larger than it may be"):
        put(client, noise(400_000, 2))


def test_chunks_are_as_large_as_the_registry_wants_them(
    registry: Registry, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "CHUNK", 100_000)
    registry.partial, registry.least = False, 300_000
    registry.fail("PUT", UPLOADS, "cut-up", 5)
    assert put(client) == "sent"
    ranges = [one.headers["Content-Range"] for one in registry.seen("PATCH")]
    assert ranges == ["0-299999", "300000-399999"]


def test_a_lost_session_is_begun_again(
    registry: Registry, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "CHUNK", 150_000)
    registry.fail("PUT", UPLOADS, "status", 404)
    registry.fail("PATCH", UPLOADS, "status", 404)
    assert put(client) == "sent"
    assert len(registry.seen("POST")) == 3


def test_wrong_bytes_are_taken_back(registry: Registry, client: Client) -> None:
    target = RegistryTarget(client, Reference.parse(f"{client.host}/b:1"))
    with pytest.raises(IntegrityError):
        target.put_blob(BLOB, opener(noise(400_000, 2)))
    assert not registry.uploads
    assert not registry.has("b", BLOB.digest.text)


def test_a_registry_that_does_not_say_where(registry: Registry, client: Client) -> None:
    registry.fail("POST", "*", "status", 202, times=-1)
    with pytest.raises(RegistryError, match="does not say where"):
        put(client)


# How much is asked.


def test_a_cold_push_asks_no_more_than_it_must(registry: Registry, client: Client) -> None:
    made = image(noise(100_000, 5))
    target = RegistryTarget(client, Reference.parse(f"{client.host}/b:1"))
    assert not target.holds(made.top)
    made.push(target)
    assert registry.asked() == [
        "HEAD manifests",
        "HEAD blobs", "POST uploads", "PUT uploads",
        "POST uploads", "PUT uploads",
        "PUT manifests",
    ]  # fmt: skip


def test_a_push_over_an_older_image_asks_for_nothing_that_it_tells(
    registry: Registry, client: Client
) -> None:
    old, new = image(DATA, noise(90_000, 6)), image(DATA, noise(90_000, 7))
    old.push(RegistryTarget(client, Reference.parse(f"{client.host}/b:1")))
    registry.requests.clear()
    target = RegistryTarget(client, Reference.parse(f"{client.host}/b:1"))
    assert not target.holds(new.top)
    assert new.push(target) == ["there", "sent", "there"]
    assert registry.asked() == [
        "HEAD manifests", "GET manifests", "HEAD blobs", "POST uploads", "PUT uploads",
        "PUT manifests",
    ]  # fmt: skip


def test_a_mount_that_is_refused_goes_on_as_an_upload(registry: Registry, client: Client) -> None:
    registry.mounts = False
    assert put(client, DATA, f"{client.host}/a") == "sent"
    assert registry.asked()[1:] == ["HEAD blobs", "POST uploads", "PUT uploads"]


def test_blobs_that_the_registry_lost_are_sent_after_all(
    registry: Registry, client: Client
) -> None:
    made = image(DATA, noise(1000))
    made.push(RegistryTarget(client, Reference.parse(f"{client.host}/b:1")))
    registry.linked["b"].remove(BLOB.digest.text)
    new = image(DATA, noise(1000), annotations={"new": "yes"})
    assert new.push(RegistryTarget(client, Reference.parse(f"{client.host}/b:1"))) == ["there"] * 3
    assert registry.has("b", BLOB.digest.text)
    assert client.resolve("b", "1") == new.top
