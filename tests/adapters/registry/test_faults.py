"""A registry, or the way to it, that fails: what is tried again, what is given up, what is said."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seaslug.adapters.registry import uploads
from seaslug.adapters.registry.client import Client
from seaslug.adapters.registry.target import RegistryTarget
from seaslug.adapters.store import Store
from seaslug.errors import (
    HostileError,
    IntegrityError,
    LoginError,
    RegistryError,
    UnreachableError,
)
from seaslug.values.reference import Reference
from support.listening import Heard
from support.pushing import described, image, noise, opener
from support.registry import Registry
from support.server import closed_port
from support.tokens import TokenServer

from .conftest import QUICK

Clients = Callable[..., Client]
DATA = noise(400_000)
BLOB = described(DATA)
PASSWORD = "pass word, and more"
BLOBS, UPLOADS, MANIFESTS = "/v2/a/blobs/sha256*", "*/uploads/*", "*/manifests/*"


@pytest.fixture
def client(registry: Registry, clients: Clients) -> Client:
    registry.add_blob("a", DATA)
    return clients(registry.host)


@pytest.fixture
def login(tmp_path: Path) -> str:
    return str(tmp_path / "auth.json")


def put(client: Client, data: bytes = DATA, *origins: str) -> str:
    target = RegistryTarget(client, Reference.parse(f"{client.host}/b:1"))
    return target.put_blob(described(data), opener(data), origins)


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


# Uploads.


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


# Who we are.


def test_tokens_that_end_on_the_way(heard: Heard, clients: Clients) -> None:
    with TokenServer() as server, Registry.with_tokens(server) as registry:
        client = clients(registry.host)
        made = image(DATA)
        target = RegistryTarget(client, Reference.parse(f"{client.host}/b:1"))
        assert not target.holds(made.top)
        server.expire()
        assert target.put_blob(BLOB, opener(DATA)) == "sent"
        server.expire()
        assert made.push(target) == ["there", "sent"]
        server.expire()
        assert b"".join(client.blob("b", BLOB)) == DATA


def test_a_token_that_ends_before_the_bytes_go(clients: Clients) -> None:
    with TokenServer() as server, Registry.with_tokens(server) as registry:
        client = clients(registry.host)
        registry.delay = 0.1
        expired: list[bool] = []

        def opened(offset: int) -> Iterator[bytes]:
            # The bytes are asked for when the PUT with its token is on its way already.
            if not expired:
                server.expire()
            expired.append(True)
            return opener(DATA)(offset)

        target = RegistryTarget(client, Reference.parse(f"{client.host}/b:1"))
        assert target.put_blob(BLOB, opened) == "sent"
        assert len(expired) > 1
        assert registry.has("b", BLOB.digest.text)


def test_storage_elsewhere_is_not_told_who_asks(clients: Clients, login: str) -> None:
    with Registry.with_login("ann", PASSWORD) as registry, Registry() as storage:
        registry.add_blob("a", DATA)
        storage.blobs, registry.storage = registry.blobs, storage.url
        client = clients(registry.host, authfile=_login(login, registry.host))
        storage.fail("GET", "*", "cut", 70_000)
        assert b"".join(client.blob("a", BLOB)) == DATA
        assert any("Authorization" in one.headers for one in registry.requests)
        assert len(storage.requests) == 2
        assert not any("Authorization" in one.headers for one in storage.requests)


def test_redirects_end(registry: Registry, client: Client) -> None:
    registry.fail("GET", BLOBS, "away", times=-1)
    with pytest.raises(RegistryError, match="redirects more than 5 times"):
        list(client.blob("a", BLOB))


@pytest.mark.parametrize("away", ["ftp://host/x", "http://user:word@host/x", "file:///etc/passwd"])
def test_redirects_to_odd_places_are_refused(registry: Registry, client: Client, away: str) -> None:
    registry.fail("GET", BLOBS, "away", text=away)
    with pytest.raises(RegistryError, match="not HTTP"):
        list(client.blob("a", BLOB))


def test_no_error_tells_a_password(clients: Clients, login: str) -> None:
    with Registry.with_login("ann", PASSWORD) as registry:
        client = clients(registry.host, authfile=_login(login, registry.host))
        registry.add_blob("a", DATA)
        assert client.has_blob("a", BLOB.digest)
        told = registry.requests[-1].headers["Authorization"]
        for text in (told, PASSWORD, f"ann:{PASSWORD}"):
            registry.fail("GET", "*", "status", 400, text=f"I was told {text}, what now?")
            with pytest.raises(RegistryError, match="I was told") as caught:
                list(client.blob("a", BLOB))
            assert PASSWORD not in str(caught.value)
            assert told.partition(" ")[2] not in str(caught.value)


def test_who_may_not_is_told_so(registry: Registry, client: Client) -> None:
    text = '{"errors": [{"code": "DENIED", "message": "quota\\u001b[2J is used up"}]}'
    registry.fail("*", "*", "status", 403, text=text, times=-1)
    with pytest.raises(LoginError, match=r"DENIED: quota \[2J is used up") as caught:
        client.get_manifest("a", "1")
    assert f"seaslug login {client.host}" in caught.value.hint


def _login(file: str, host: str) -> str:
    token = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    Path(file).write_text(json.dumps({"auths": {host: {"auth": token}}}))
    return file
