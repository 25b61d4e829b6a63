"""A trial: what a start shows of findings, libraries and files; engines that refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from rules.broken import DOCTOR, DYNAMIC, GLIBC, RUN
from rules.making import specimen
from seaslug.errors import EngineError
from seaslug.ops import trial
from seaslug.ops.doctor import Way, diagnose
from seaslug.ops.trial import Trial, as_dict, seen, tried
from seaslug.ports import RunResult, RunSpec
from seaslug.values.digest import Digest

MANIFEST = Digest.of(b"an image")
WELL = Trial("docker", -1, "", None, "", ())
NEVER = "no such thing"


class Container:
    """Has ended if it has a *status*; its health check answers *check*, or there is no exec."""

    def __init__(self, status: int, said: str, check: RunResult | None = None) -> None:
        self.status, self.said, self.check = status, said, check

    address = ("", 0)

    def logs(self) -> str:
        return self.said

    def ended(self) -> bool:
        return self.status >= 0

    def exec(self, argv: Sequence[str], timeout: float = 60.0) -> RunResult:
        if self.check is None:
            raise EngineError("it has ended")
        return self.check

    def stop(self, grace: float = 3.0) -> RunResult:
        if self.said == NEVER:
            raise EngineError("the last line")
        return RunResult(max(self.status, 0), b"", self.said.encode())


class Starter:
    """A runner whose containers are made beforehand; notes how it was asked."""

    name = "docker"

    def __init__(self, *containers: Container) -> None:
        self.containers = list(containers)
        self.asked: list[RunSpec] = []

    def why_not(self) -> str:
        return ""

    def run(self, manifest: Digest, spec: RunSpec) -> RunResult:
        return self.start(manifest, spec).stop()

    def start(self, manifest: Digest, spec: RunSpec) -> Container:
        self.asked.append(spec)
        if not self.containers:
            raise EngineError("it will not")
        return self.containers.pop(0)

    def close(self) -> None: ...


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "STEADY", 0.02)
    monkeypatch.setattr(trial, "HEALTH_LIMIT", 0.05)
    monkeypatch.setattr(trial, "_PAUSE", 0.001)


def test_a_finding_is_confirmed_or_refuted() -> None:
    fatal = diagnose(DOCTOR["IMG004"][1]()).findings[0]
    failed = replace(WELL, status=1, said="exec /app: no such file or directory")
    assert (seen(fatal, failed), seen(fatal, WELL)) == ("confirmed", "refuted")
    assert seen(fatal, replace(WELL, status=3, said="x")) == ""
    assert seen(fatal, replace(WELL, status=127, runner="unshare")) == "confirmed"
    silent = diagnose(DOCTOR["IMG016"][1]()).findings[0]
    assert seen(silent, replace(WELL, status=139)) == "confirmed"
    unhealthy = next(f for f in diagnose(DOCTOR["IMG018"][1]()).findings if f.rule == "IMG018")
    assert [seen(unhealthy, replace(WELL, healthy=h)) for h in (True, False, None)] == [
        "refuted", "confirmed", ""
    ]  # fmt: skip


def test_what_it_ended_with() -> None:
    image = DOCTOR["IMG004"][1]()
    runner = Starter(Container(1, "exec /app: no such file or directory"))
    found = tried(MANIFEST, image, Way(user="1", args=("x",), read_only=True), runner)
    assert (found.status, found.well) == (1, False)
    assert found.verdict == "ended with status 1: exec /app: no such file or directory"
    assert [(s.user, s.args, s.read_only, s.tmpfs) for s in runner.asked] == [
        ("1", ("x",), True, ())
    ]
    data = as_dict(found, diagnose(image))
    assert data["findings"][0]["seen"] == "confirmed"  # type: ignore[index]
    assert data["run"]["messages"][0]["causes"][0]["sure"] == "certain"  # type: ignore[index]


@pytest.mark.parametrize(
    "said",
    ['could not translate host name "db" to address: Temporary failure in name resolution',
     "Error: getaddrinfo EAI_AGAIN db", "dial tcp: lookup db: no such host",
     "java.net.UnknownHostException: db", "connect ECONNREFUSED 127.0.0.1:5432"],
)  # fmt: skip
def test_what_lacks_its_network_is_not_to_blame(said: str) -> None:
    image = DOCTOR["IMG011"][0]()
    found = tried(MANIFEST, image, Way(), Starter(Container(1, said)))
    assert (found.alone, found.well) == (True, True)
    assert found.verdict == f"ended for want of a network, which it was not given: {said}"
    assert as_dict(found, diagnose(image))["run"]["wants_network"]  # type: ignore[index]
    runner = Starter(Container(1, said))
    found = tried(MANIFEST, image, Way(network=True, dropped=("cap_net_raw",)), runner)
    assert (found.alone, found.well, runner.asked[0].network) == (False, False, True)
    assert runner.asked[0].dropped == ("NET_RAW",)


LOADING = """\
         1:\tfind library=libc.so.6 [0]; searching
         1:\t  trying file=/lib/x86_64-linux-gnu/libc.so.6
         1:\tcalling init: /lib/x86_64-linux-gnu/libc.so.6
         1:\tfind library=libnss_x.so.2 [0]; searching
"""


def test_libraries_that_are_looked_for_in_vain() -> None:
    image = specimen({"app": DYNAMIC, **GLIBC}, RUN)
    runner = Starter(Container(-1, "hello"), Container(-1, LOADING))
    found = tried(MANIFEST, image, Way(), runner)
    assert (found.unfound, found.status, found.said) == (("libnss_x.so.2",), -1, "hello")
    assert found.well and "ran for" in found.verdict
    assert [dict(spec.env) for spec in runner.asked] == [{}, {"LD_DEBUG": "libs"}]


SAID = """\
PermissionError: [Errno 13] Permission denied: '/data/a'
OSError: [Errno 30] Read-only file system: '/app/b'
open /var/c: permission denied
Error: EACCES: permission denied, open '/srv/d'
touch: /etc/e: Read-only file system
"""


def test_files_that_could_not_be_written() -> None:
    found = tried(MANIFEST, DOCTOR["IMG011"][0](), Way(), Starter(Container(1, SAID)))
    assert set(found.unwritten) == {"/data/a", "/app/b", "/var/c", "/srv/d", "/etc/e"}


def checked(check: RunResult | None) -> Trial:
    image = DOCTOR["IMG018"][0]()
    return tried(MANIFEST, image, Way(), Starter(Container(-1, "", check)))


def test_the_health_check() -> None:
    healthy = checked(RunResult(0, b"", b""))
    assert (healthy.healthy, healthy.verdict) == (True, "runs, and is healthy")
    sick = checked(RunResult(1, b"", b"cannot connect\n"))
    assert (sick.healthy, sick.well) == (False, False)
    assert sick.verdict == "runs, and its health check fails: cannot connect"
    assert checked(RunResult(127, b"", b"no such file")).healthy is False
    assert checked(None).healthy is False


def test_engines_that_refuse() -> None:
    image = DOCTOR["IMG020"][1]()
    assert tried(MANIFEST, image, Way(), Starter()).verdict == "ended with status 125: it will not"
    late = tried(MANIFEST, image, Way(), Starter(Container(125, NEVER)))
    assert (late.status, late.said) == (125, NEVER)
    usage = "unable to find user app\n\nRun 'docker run --help' for more information\n"
    assert replace(WELL, status=125, said=usage).verdict.endswith("unable to find user app")
