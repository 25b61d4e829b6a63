"""Fetching: bounded, resumed, retried; every way a server can be bad ends in a clear error."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters.http import Fetcher, NotFoundError, first_of
from seaslug.errors import ArchiveError, IntegrityError, NetworkError, TrustError
from support.server import Server, closed_port

DATA = bytes(range(256)) * 4000


@pytest.fixture
def server() -> Iterator[Server]:
    with Server({"file": DATA, "empty": b"", "a b+ü": b"odd"}) as made:
        yield made


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher(timeout=2, pause=0.01)


def test_files_come_whole(server: Server, fetcher: Fetcher) -> None:
    assert fetcher.get(f"{server.url}/file", len(DATA)) == DATA
    assert fetcher.get(f"{server.url}/empty", 0) == b""
    assert fetcher.get(f"{server.url}/a%20b+%C3%BC", 10) == b"odd"


@pytest.mark.parametrize("offset", [0, 1, 70_000, len(DATA) - 1])
@pytest.mark.parametrize("ranges", [True, False])
def test_from_an_offset(server: Server, fetcher: Fetcher, offset: int, ranges: bool) -> None:
    if not ranges:
        server.fail("*", "no-range")
    found = fetcher.stream(f"{server.url}/file", offset=offset, limit=len(DATA))
    assert b"".join(found) == DATA[offset:]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_second_attempt_helps(server: Server, fetcher: Fetcher, status: int) -> None:
    server.fail("*", "status", status, times=2)
    assert fetcher.get(f"{server.url}/file", len(DATA)) == DATA


@pytest.mark.parametrize(("kind", "amount"), [("break", 5000), ("break", 0), ("stall", 5000)])
def test_a_broken_connection_is_tried_again(
    server: Server, fetcher: Fetcher, kind: str, amount: int
) -> None:
    server.fail("*", kind, amount, times=1)
    fetcher.timeout = 0.3
    assert fetcher.get(f"{server.url}/file", len(DATA)) == DATA


def test_what_is_not_there_is_not_asked_for_again(server: Server, fetcher: Fetcher) -> None:
    with pytest.raises(NotFoundError, match="answers 404"):
        fetcher.get(f"{server.url}/nothing", 10)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("kind", "amount", "text", "error", "said"),
    [
        ("status", 500, "", NetworkError, "answers 500"),
        ("status", 403, "", NetworkError, "answers 403"),
        ("break", 100, "", NetworkError, "ended too early"),
        ("stall", 100, "", NetworkError, "timed out"),
        ("huge", 1 << 40, "", NetworkError, "ended too early"),
        ("endless", 0, "", IntegrityError, "more than"),
        ("loop", 0, "", NetworkError, "redirects more than 5 times"),
        ("away", 0, "file:///etc/passwd", NetworkError, "not HTTP"),
        ("away", 0, "gopher://x/", NetworkError, "not HTTP"),
    ],
)
def test_bad_servers(
    server: Server, fetcher: Fetcher, kind: str, amount: int, text: str,
    error: type[ArchiveError], said: str,
) -> None:  # fmt: skip
    server.fail("*", kind, amount, text=text)
    fetcher.timeout = 0.3
    with pytest.raises(error, match=said):
        fetcher.get(f"{server.url}/file", len(DATA))


def test_no_byte_more_than_the_limit_is_taken(server: Server, fetcher: Fetcher) -> None:
    with pytest.raises(IntegrityError, match=f"more than {len(DATA) - 1} bytes"):
        fetcher.get(f"{server.url}/file", len(DATA) - 1)


def test_redirects_are_followed(server: Server, fetcher: Fetcher) -> None:
    with Server({"there": b"found"}) as other:
        server.fail("file", "away", text=f"{other.url}/there")
        assert fetcher.get(f"{server.url}/file", 10) == b"found"
    server.fail("near", "away", text="/empty")
    assert fetcher.get(f"{server.url}/near", 10) == b""


def test_nobody_listens(fetcher: Fetcher) -> None:
    url = f"http://127.0.0.1:{closed_port()}/file"
    with pytest.raises(NetworkError, match="does not answer") as caught:
        fetcher.get(url, 10)
    assert caught.value.where == url


def test_a_server_that_came_back_is_asked_again(fetcher: Fetcher) -> None:
    """A kept connection that the server has closed meanwhile is no failure."""
    with Server({"file": DATA}) as server:
        server.fail("*", "break", len(DATA), times=1)
        for _ in range(3):
            assert b"".join(fetcher.stream(f"{server.url}/file", limit=len(DATA))) == DATA


@pytest.mark.parametrize("form", ["file://{}", "{}"])
def test_files_and_folders(fetcher: Fetcher, tmp_path: Path, form: str) -> None:
    path = tmp_path / "name with spaces"
    path.write_bytes(b"hello")
    text = str(path).replace(" ", "%20") if form.startswith("file") else str(path)
    url = form.format(text)
    assert fetcher.get(url, 5) == b"hello"
    assert b"".join(fetcher.stream(url, offset=2, limit=5)) == b"llo"
    with pytest.raises(IntegrityError):
        fetcher.get(url, 4)
    with pytest.raises(NotFoundError):
        fetcher.get(url + "x", 4)
    with pytest.raises(NetworkError):
        fetcher.get(form.format(tmp_path), 1 << 20)


def test_the_environments_proxy(
    server: Server, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy is asked for the whole address; the loopback is never asked for through one."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "spared.example")
    monkeypatch.setenv("http_proxy", server.url)
    server.files = {"http://far.example/file": b"by proxy", "file": b"direct"}
    assert fetcher.get("http://far.example/file", 10) == b"by proxy"
    assert fetcher.get(f"{server.url}/file", 10) == b"direct"
    monkeypatch.setenv("https_proxy", server.url)
    with pytest.raises(NetworkError):
        fetcher.get("https://far.example/file", 10)


def test_stopping_breaks_off_what_other_threads_fetch(server: Server) -> None:
    fetcher = Fetcher(timeout=30, pause=10)
    server.fail("file", "stall", 100)
    failed: list[BaseException] = []

    def fetch() -> None:
        try:
            fetcher.get(f"{server.url}/file", len(DATA))
        except NetworkError as error:
            failed.append(error)

    thread = threading.Thread(target=fetch)
    thread.start()
    server.asked.wait(5)
    time.sleep(0.1)
    with fetcher.stopped():
        thread.join(2)
        assert not thread.is_alive() and len(failed) == 1
    server.heal()
    assert fetcher.get(f"{server.url}/file", len(DATA)) == DATA


# The first address that works.


def answer(url: str) -> str:
    errors: dict[str, ArchiveError] = {
        "down": NetworkError("is down", where=url),
        "gone": NotFoundError("has it not", where=url),
        "lies": IntegrityError("lies", where=url, hint="use another"),
        "old": TrustError("is old", where=url, hint="--allow-expired"),
    }
    if url in errors:
        raise errors[url]
    return url


@pytest.mark.parametrize("urls", [["good"], ["down", "good"], ["gone", "lies", "old", "good"]])
def test_the_first_that_works(urls: list[str]) -> None:
    assert first_of(urls, answer) == "good"


@pytest.mark.parametrize(
    ("urls", "kind", "hint"),
    [
        ([], NetworkError, "--mirror"),
        (["down"], NetworkError, "--mirror"),
        (["gone"], NotFoundError, "--mirror"),
        (["gone", "gone"], NotFoundError, "--mirror"),
        (["gone", "down"], NetworkError, "--mirror"),
        (["gone", "lies", "down"], IntegrityError, "use another"),
        (["lies", "old", "down"], TrustError, "--allow-expired"),
    ],
)
def test_every_failure_is_listed(urls: list[str], kind: type[ArchiveError], hint: str) -> None:
    with pytest.raises(ArchiveError) as caught:
        first_of(urls, answer)
    assert type(caught.value) is kind
    assert hint in caught.value.hint
    for url in urls:
        assert url in str(caught.value)
