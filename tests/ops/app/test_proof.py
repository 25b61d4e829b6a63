"""Proving an application by starting it: what counts, and what it says that it misses."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from seaslug.apps.config import AppConfig
from seaslug.apps.probe.check import HealthCheck
from seaslug.errors import EngineError
from seaslug.ops.app import proof
from seaslug.ports import RunResult, RunSpec
from seaslug.values.digest import Digest

IMAGE = Digest.of(b"image")


class Stage:
    """A runner whose program does what the test says."""

    name = "stage"

    def __init__(self, status: int | None = None, said: str = "", port: int = 0) -> None:
        self.result = RunResult(status or 0, b"", said.encode())
        self.over = status is not None
        self.address = ("127.0.0.1", port)
        self.specs: list[RunSpec] = []
        self.stopped = False

    def why_not(self) -> str:
        return ""

    def run(self, manifest: Digest, spec: RunSpec) -> RunResult:
        self.specs.append(spec)
        return self.result

    def start(self, manifest: Digest, spec: RunSpec) -> Any:
        self.specs.append(spec)
        return self

    def logs(self) -> str:
        return self.result.stderr.decode()

    def ended(self) -> bool:
        return self.over

    def stop(self, grace: float = 3.0) -> RunResult:
        self.stopped = True
        return self.result

    def close(self) -> None: ...


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "START_LIMIT", 1.0)
    monkeypatch.setattr(proof, "STEADY", 0.2)


def served(answer: bytes) -> int:
    """Answer one connection after another on a port of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            peer, _ = listening.accept()
            with peer:
                if answer:
                    peer.recv(1000)
                    peer.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return int(listening.getsockname()[1])


def silent() -> int:
    """Take connections on a port of this machine, and wait for the other side to speak."""
    listening = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            held.append(listening.accept()[0])

    threading.Thread(target=serve, daemon=True).start()
    return int(listening.getsockname()[1])


HTTP = HealthCheck("http", port=8000, path="/health")


def test_the_smoke_command_decides() -> None:
    config = AppConfig(smoke=("/bin/x", "-v"))
    stage = Stage(0)
    assert proof.prove(IMAGE, config, HTTP, stage) == proof.Proof(True, "/bin/x -v")
    assert stage.specs[0].argv == ("/bin/x", "-v") and stage.specs[0].read_only
    failed = proof.prove(IMAGE, config, None, Stage(3, "first\nlast words"))
    assert not failed.ok and failed.how == "/bin/x -v: status 3: last words"


@pytest.mark.parametrize(("status", "ok"), [(200, True), (302, True), (404, False), (500, False)])
def test_the_health_check_by_http(quick: None, status: int, ok: bool) -> None:
    stage = Stage(port=served(f"HTTP/1.1 {status} X\r\n\r\n".encode()))
    found = proof.prove(IMAGE, AppConfig(), HTTP, stage)
    assert found.ok is ok and stage.stopped
    if ok:
        assert found.how == f"GET /health answered {status}"


def test_a_port_that_hangs_up_at_once_is_a_proxy_before_nothing(quick: None) -> None:
    check = HealthCheck("tcp", port=8000)
    assert not proof.prove(IMAGE, AppConfig(), check, Stage(port=served(b""))).ok
    assert proof.prove(IMAGE, AppConfig(), check, Stage(port=silent())).ok


def test_an_end_is_a_failure_unless_nothing_listens_and_all_went_well(quick: None) -> None:
    assert proof.prove(IMAGE, AppConfig(), None, Stage(0)).ok
    assert not proof.prove(IMAGE, AppConfig(), None, Stage(1, "oh")).ok
    found = proof.prove(IMAGE, AppConfig(), HTTP, Stage(0))
    assert (found.ok, found.how) == (False, "it ended with status 0: it said nothing")


def test_a_worker_has_to_run_for_a_while(quick: None) -> None:
    found = proof.prove(IMAGE, AppConfig(), None, Stage())
    assert found.ok and found.how.startswith("it ran for")


def test_an_engine_that_cannot_start_anything_is_said(quick: None) -> None:
    class Broken(Stage):
        def start(self, manifest: Digest, spec: RunSpec) -> Any:
            raise EngineError("no namespaces")

    with pytest.raises(EngineError, match="no namespaces"):
        proof.prove(IMAGE, AppConfig(), None, Broken())


SAID = [
    ("ModuleNotFoundError: No module named 'sqlite3'", {"sqlite3"}),
    ("ImportError: No module named 'xml.dom'", {"xml.dom"}),
    ("x: error while loading shared libraries: libpq.so.5: cannot open shared object file: No",
     {"libpq.so.5"}),
    ("OSError: libcrypt.so.1: cannot open shared object file", {"libcrypt.so.1"}),
    ("LookupError: unknown encoding: gb-18030", {"encodings.gb_18030"}),
    ("ImportError: cannot import name 'x' from 'email.mime' (y)", {"email.mime"}),
    ("all is well", set()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "names"), SAID)
def test_what_a_program_says_that_it_misses(text: str, names: set[str]) -> None:
    assert names <= set(proof.missing(text)) and bool(names) == bool(proof.missing(text))
    found = proof.prove(IMAGE, AppConfig(), None, Stage(1, text))
    assert set(found.missing) >= names
