"""Proving an application by starting it: what counts, and what it says that it misses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from seaslug.apps.config import AppConfig
from seaslug.apps.probe.check import HealthCheck
from seaslug.errors import EngineError, RunTimeoutError
from seaslug.ops.app import proof
from seaslug.ports import RunResult, RunSpec
from seaslug.values.digest import Digest

IMAGE = Digest.of(b"image")


class Stage:
    """A runner whose program does what the test says; *checks* are what the next checks give."""

    name = "stage"

    def __init__(
        self, status: int | None = None, said: str = "", checks: Sequence[int | str] = ()
    ) -> None:
        self.result = RunResult(status or 0, b"", said.encode())
        self.over = status is not None
        self.checks = list(checks)
        self.asked: list[tuple[str, ...]] = []
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

    def exec(self, argv: Sequence[str], timeout: float = 60.0) -> RunResult:
        self.asked.append(tuple(argv))
        if self.over or not self.checks:
            raise EngineError("it has ended")
        what = self.checks.pop(0) if len(self.checks) > 1 else self.checks[0]
        if what == "late":
            raise RunTimeoutError(timeout, b"", b"")
        return (
            RunResult(what, b"", b"") if isinstance(what, int) else RunResult(1, b"", what.encode())
        )

    def stop(self, grace: float = 3.0) -> RunResult:
        self.stopped = True
        return self.result

    def close(self) -> None: ...


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "START_LIMIT", 1.0)
    monkeypatch.setattr(proof, "STEADY", 0.2)


HTTP = HealthCheck("http", port=8000, path="/health")


def test_the_smoke_command_decides() -> None:
    config = AppConfig(smoke=("/bin/x", "-v"))
    stage = Stage(0)
    assert proof.prove(IMAGE, config, HTTP, stage) == proof.Proof(True, "/bin/x -v")
    assert stage.specs[0].argv == ("/bin/x", "-v") and stage.specs[0].read_only
    failed = proof.prove(IMAGE, config, None, Stage(3, "first\nlast words"))
    assert not failed.ok and failed.how == "/bin/x -v: status 3: last words"


CHECKS = [
    (HTTP, "http://localhost:8000/health", "GET /health is healthy"),
    (HealthCheck("tcp", port=8000), "localhost:8000", "port 8000 takes connections"),
    (HealthCheck("grpc", port=50, service="a.B"), "localhost:50", "grpc service a.B is healthy"),
    (HealthCheck("file", path="/run/alive"), "/run/alive", "/run/alive is there"),
    (HealthCheck("exec", command=("/app/x", "--ok")), "--ok", "/app/x --ok"),
]


@pytest.mark.parametrize(("check", "last", "how"), CHECKS)
def test_every_kind_of_check_runs_inside(
    quick: None, check: HealthCheck, last: str, how: str
) -> None:
    stage = Stage(checks=[1, "late", 0])
    found = proof.prove(IMAGE, AppConfig(), check, stage)
    assert found == proof.Proof(True, how) and stage.stopped
    assert len(stage.asked) == 3 and stage.asked[0][-1] == last
    failed = proof.prove(IMAGE, AppConfig(), check, Stage(checks=["no answer"]))
    assert (failed.ok, failed.how) == (False, "not healthy within 1 s: no answer")


def test_a_check_that_misses_a_module_says_so_before_time_is_up(quick: None) -> None:
    check = HealthCheck("exec", command=("/usr/bin/python3", "-m", "app.health"))
    stage = Stage(checks=["Traceback\nModuleNotFoundError: No module named 'csv'"])
    found = proof.prove(IMAGE, AppConfig(), check, stage)
    assert (found.ok, found.missing) == (False, ("csv",))
    assert found.how.startswith("the health check failed: ModuleNotFound")


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
    ("python: No module named web.__main__; 'web' is a package", {"web.__main__"}),
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
