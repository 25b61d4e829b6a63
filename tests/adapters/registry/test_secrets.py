"""Who we are: told to the registry for as long as it asks, and to nobody else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seaslug.adapters.registry.client import Client
from seaslug.adapters.registry.target import RegistryTarget
from seaslug.errors import LoginError, RegistryError
from seaslug.values.reference import Reference
from support.listening import Heard
from support.pushing import image, opener
from support.registry import Registry
from support.tokens import TokenServer

from .conftest import BLOB, DATA

Clients = Callable[..., Client]
PASSWORD = "pass word, and more"
BLOBS = "/v2/a/blobs/sha256*"


@pytest.fixture
def login(tmp_path: Path) -> str:
    return str(tmp_path / "auth.json")


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
    with pytest.raises(LoginError, match=r"a stranger may not .* DENIED: quota \[2J is") as caught:
        client.get_manifest("a", "1")
    assert f"seaslug login {client.host}" in caught.value.hint


def _login(file: str, host: str) -> str:
    token = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    Path(file).write_text(json.dumps({"auths": {host: {"auth": token}}}))
    return file
