"""Connections to a registry: kept, replaced, broken off; proxies; addresses that are none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from seaslug.adapters import wire
from seaslug.adapters.registry.client import Client
from seaslug.adapters.registry.message import Request, number, shown
from seaslug.adapters.registry.settings import Endpoint
from seaslug.adapters.registry.transport import Transport
from seaslug.errors import HostileError, RegistryError, UnreachableError
from seaslug.ports import Silent
from seaslug.values.words import printable
from support.certificates import CertificateAuthority
from support.pushing import image
from support.registry import Registry
from support.server import closed_port

from .conftest import BLOB, DATA, QUICK

Clients = Callable[..., Client]
ODD = ["http://[::1/x", "http://h:99999999/x", "http://h:port/x", "http:///x", "http://u:p@h/x",
       "ftp://h/x"]  # fmt: skip


@pytest.fixture
def transport(registry: Registry) -> Iterator[Transport]:
    made = Transport(Endpoint(registry.host, registry.url), Silent(), QUICK)
    yield made
    made.close()


@pytest.fixture
def ca(authority: CertificateAuthority) -> str:
    return str(authority.file)


@pytest.fixture
def secure(authority: CertificateAuthority) -> Iterator[Registry]:
    with Registry(context=authority.issue("transport").server()) as made:
        made.add_blob("a", DATA)
        yield made


def test_a_connection_is_kept(registry: Registry, transport: Transport) -> None:
    for _ in range(3):
        assert transport.send(Request("GET", f"{registry.url}/v2/")).read(10) == b""
    assert transport.send(Request("GET", f"{registry.url}/none")).begin(10) == b""
    assert len(registry.ports) == 1


def test_a_connection_with_tls_is_kept(secure: Registry, clients: Clients, ca: str) -> None:
    client = clients(secure.host, ca=(ca,))
    for _ in range(4):
        assert client.has_blob("a", BLOB.digest)
    assert b"".join(client.blob("a", BLOB)) == DATA
    assert len(secure.ports) == 1


def test_a_connection_that_ended_meanwhile_is_replaced(
    registry: Registry, transport: Transport
) -> None:
    # It lets us believe that it stays.
    registry.fail("GET", "*", "leave", times=3)
    for _ in range(4):
        assert transport.send(Request("GET", f"{registry.url}/v2/")).read(10) == b""
        time.sleep(0.02)
    assert len(registry.ports) == 4
    assert len(registry.requests) == 4


def test_two_answers_are_read_at_once(registry: Registry, client: Client) -> None:
    first, second = client.blob("a", BLOB), client.blob("a", BLOB)
    begun = next(first) + next(second)
    assert begun + b"".join(first) + b"".join(second)
    assert len(registry.ports) == 2


@pytest.mark.parametrize("tls", [False, True])
def test_closing_ends_what_is_on_its_way(
    registry: Registry, secure: Registry, clients: Clients, ca: str, tls: bool
) -> None:
    asked = secure if tls else registry
    asked.add_blob("a", DATA)
    asked.fail("GET", "*", "stall", 70_000, times=-1)
    client = clients(asked.host, ca=(ca,)) if tls else clients(asked.host)
    caught: list[Exception] = []

    def read() -> None:
        try:
            list(client.blob("a", BLOB))
        except UnreachableError as error:
            caught.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    while not asked.requests:
        time.sleep(0.01)
    client.close()
    reader.join(3)
    assert not reader.is_alive()
    assert caught
    with pytest.raises(UnreachableError, match="stopped"):
        client.has_blob("a", BLOB.digest)


def test_a_proxy_is_used(
    registry: Registry, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = f"http://me:a%20word@{registry.host}"
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("no_proxy", "spared.example")
    url = "http://registry.example:5000/v2/"
    assert transport.send(Request("GET", url)).status == 200
    (seen,) = registry.requests
    assert seen.path == url
    assert seen.headers["Host"] == "registry.example:5000"
    assert seen.headers["Proxy-Authorization"] == "Basic bWU6YSB3b3Jk"
    with pytest.raises(UnreachableError):
        transport.send(Request("GET", "https://registry.example/v2/"))
    assert wire.proxy_for("http", "a.spared.example") == ""
    assert wire.proxy_for("http", "127.0.0.1") == ""
    monkeypatch.setenv("http_proxy", "bare:3128")
    assert wire.proxy_for("http", "a.example") == "http://bare:3128"


@pytest.mark.parametrize("odd", ODD)
def test_addresses_that_are_none_are_refused(registry: Registry, client: Client, odd: str) -> None:
    registry.fail("GET", "/v2/a/blobs/*", "away", text=odd, times=-1)
    with pytest.raises(RegistryError):
        list(client.blob("a", BLOB))
    registry.fail("GET", "*/tags/*", "headers", headers={"Link": f'<{odd}>; rel="next"'})
    registry.add_manifest("a", image(b"").raw, tag="1")
    with pytest.raises(RegistryError):
        client.tags("a")


def test_addresses_with_odd_letters_are_asked_for(registry: Registry, client: Client) -> None:
    registry.fail("GET", "/v2/a/blobs/*", "away", text=f"/storage/{BLOB.digest}?k=\xe9 b")
    assert b"".join(client.blob("a", BLOB)) == DATA
    assert registry.requests[-1].path.endswith("?k=%E9%20b")


@pytest.mark.parametrize("text", ["-1", "\xb2", "9" * 5000, "0-99999", "bytes=0-" + "9" * 5000])
def test_numbers_that_are_none_do_no_harm(registry: Registry, client: Client, text: str) -> None:
    odd = {"OCI-Chunk-Min-Length": text, "Range": text}
    registry.fail("POST", "*", "headers", headers=odd)
    client.upload("b", BLOB, lambda at: iter([DATA[at:]]), lambda _: None).run()
    assert registry.has("b", BLOB.digest.text)
    registry.fail("GET", "*", "status", 206, headers={"Content-Range": f"bytes {text}-5/9"})
    with pytest.raises(RegistryError, match="another part"):
        list(client.blob("a", BLOB))


@pytest.mark.parametrize("kind", ["a b", "a\r\nX: y", "x" * 300, "\u263a"])
def test_media_types_that_are_none_are_refused(
    registry: Registry, client: Client, kind: str
) -> None:
    with pytest.raises(HostileError, match="media type"):
        client.put_manifest("a", "1", b"{}", kind)
    registry.add_manifest("a", image(b"", mediaType=kind).raw, tag="1")
    with pytest.raises(HostileError, match="media type"):
        client.get_manifest("a", "1")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7), ("", 0), (None, 0), ("soon", 0), ("\xb2", 0), ("9" * 99, 999_999_999),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)  # fmt: skip
def test_how_long_a_server_says_to_wait(text: str | None, seconds: float) -> None:
    assert wire.asked_for(text) == seconds


def test_what_errors_may_show() -> None:
    assert shown("https://u:p@h:1/a/b?X-Signature=secret#x") == "https://h:1/a/b"
    assert printable("a\x1b[31m\n\u202eb" + "c" * 50, 12) == "a [31m bccc…"
    assert number("12") == 12
    assert number("1_2") is None


@pytest.mark.parametrize(
    ("answered", "said"),
    [("404 page not found\n", "404 page not found"), ("<html>", "answers 400"),
     ('{"errors": [{"code": "A", "message": "b"}, {"code": "C"}]}', "A: b; C"),
     ('{"errors": "x"}', "errors"), ('{"errors": [1]}', "errors")],
)  # fmt: skip
def test_refusals_are_read(registry: Registry, client: Client, answered: str, said: str) -> None:
    headers = {"Content-Type": "text/html"} if "html" in answered else {}
    registry.fail("GET", "*", "status", 400, text=answered, headers=headers)
    with pytest.raises(RegistryError) as caught:
        client.get_manifest("a", "1")
    assert said in caught.value.what


def test_an_address_is_kept_to_its_scheme() -> None:
    transport = Transport(Endpoint("r.example", "https://r.example"), Silent(), QUICK)
    assert transport.absolute("http://r.example/x") == "https://r.example/x"
    assert transport.absolute("/x", "https://r.example/y/z") == "https://r.example/x"
    assert transport.absolute("http://other.example/x") == "http://other.example/x"
    assert transport.is_home("https://r.example:443/x")
    assert not transport.is_home("http://r.example/x")
