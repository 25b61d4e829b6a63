"""Proof by running: an image is started, and does what it should.

Some checks hold for every image: no shell in it, none to be started, the user that
its configuration names, a read-only root that bears it. The others are data: the
``[[prove]]`` tables of its recipe.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from seaslug.errors import EngineError, ProofError, RunTimeoutError
from seaslug.oci.runnable import RunImage
from seaslug.ops import probe, shells
from seaslug.ports import BlobStore, Listener, Runner, Running, RunResult, RunSpec
from seaslug.recipe.check import Check
from seaslug.recipe.model import words
from seaslug.values.platform import Platform

DEBUG_SHELLS = "/busybox"
_PROBE = "/.seaslug/probe"
_SHOWN = 600


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one check: *reason* says why it failed, *seconds* how long it took."""

    name: str
    ok: bool
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """All outcomes for one image on one runner."""

    runner: str
    platform: Platform
    manifest: str
    outcomes: tuple[Outcome, ...]

    @property
    def ok(self) -> bool:
        """Whether every check held."""
        return all(outcome.ok for outcome in self.outcomes)

    def as_dict(self) -> dict[str, object]:
        """Return the report as JSON-ready data."""
        return {
            "runner": self.runner,
            "platform": str(self.platform),
            "digest": self.manifest,
            "ok": self.ok,
            "checks": [
                {"name": o.name, "ok": o.ok, "reason": o.reason, "seconds": round(o.seconds, 3)}
                for o in self.outcomes
            ],
        }


@dataclass(frozen=True, slots=True)
class Subject:
    """What is proved: an image, and the user to run as instead of its own (or empty)."""

    store: BlobStore
    image: RunImage
    user: str = ""


class _Failed(Exception):  # noqa: N818
    """A check does not hold; the text says why."""


def prove(subject: Subject, checks: Sequence[Check], runner: Runner, listener: Listener) -> Report:
    """Run the checks that hold for every image, then *checks*; return all outcomes.

    Raises EngineError if *runner* cannot start anything at all.
    """
    jobs = [*_always(subject, runner)]
    known = words(subject.image.platform)
    jobs += [(check.name, _runs(subject, check.filled(known), runner)) for check in checks]
    listener.begin("prove", len(jobs), "items")
    outcomes = []
    for name, job in jobs:
        outcomes.append(_timed(name, job))
        listener.advance("prove", 1)
    failed = sum(not outcome.ok for outcome in outcomes)
    listener.end("prove", f"{failed} of {len(jobs)} failed" if failed else f"{len(jobs)} held")
    image = subject.image
    return Report(runner.name, image.platform, image.manifest.text, tuple(outcomes))


def require(report: Report, name: str) -> None:
    """Raise ProofError, naming what failed, unless every check of *report* held."""
    failed = [outcome for outcome in report.outcomes if not outcome.ok]
    if failed:
        lines = "".join(f"\n  {o.name}: {o.reason}" for o in failed)
        raise ProofError(
            f"{len(failed)} of {len(report.outcomes)} checks failed on {report.runner}{lines}",
            where=name,
        )


def _timed(name: str, job: Callable[[], None]) -> Outcome:
    begun = time.monotonic()
    reason = ""
    try:
        job()
    except _Failed as failed:
        reason = str(failed)
    except RunTimeoutError as late:
        reason = late.what + _said(RunResult(0, late.stdout, late.stderr))
    except EngineError as error:
        reason = str(error)
    return Outcome(name, not reason, reason, time.monotonic() - begun)


def _always(subject: Subject, runner: Runner) -> Iterator[tuple[str, Callable[[], None]]]:
    scanned = shells.scan(subject.store, subject.image)
    debug = f"{DEBUG_SHELLS[1:]}/busybox" in scanned.tree
    allowed = DEBUG_SHELLS if debug else ""

    def no_shell() -> None:
        if found := scanned.outside(allowed):
            raise _Failed(f"shells: {shells.listed(found)}")

    title = f"no shell outside {DEBUG_SHELLS}" if debug else "no shell in it"
    yield title, no_shell
    yield "/bin/sh cannot be started", _no_start(subject, runner, "/bin/sh")
    if debug:
        shell = Check("", ("/busybox/sh", "-c", "echo from busybox"), stdout="^from busybox$")
        yield "the debug shell starts", _runs(subject, shell, runner)
    user = subject.user or subject.image.user or "0"
    yield f"runs as {user}, without privileges", _probed(subject, runner, _right_user)
    yield "its root is read-only, /tmp is writable", _probed(subject, runner, _right_root)


def _no_start(subject: Subject, runner: Runner, program: str) -> Callable[[], None]:
    def job() -> None:
        spec = RunSpec(argv=(program, "-c", "echo a shell"), user=subject.user)
        result = runner.run(subject.image.manifest, spec)
        if result.status not in (126, 127) or b"a shell\n" in result.stdout:
            raise _Failed(f"{program} was started{_said(result)}")

    return job


def _probed(
    subject: Subject, runner: Runner, judge: Callable[[Subject, probe.Answers], None]
) -> Callable[[], None]:
    def job() -> None:
        platform = subject.image.platform
        with host_file(probe.program(platform), 0o755) as path:
            spec = RunSpec(argv=(_PROBE,), user=subject.user, mounts=((path, _PROBE),))
            result = runner.run(subject.image.manifest, spec)
        answers = probe.read(result.stdout, platform)
        if result.status != 0 or answers is None:
            raise _Failed(f"the probe ended with status {result.status}{_said(result)}")
        judge(subject, answers)

    return job


def _right_user(subject: Subject, answers: probe.Answers) -> None:
    wanted = (subject.user or subject.image.user or "0").partition(":")[0]
    wanted = {"root": "0", "nonroot": "65532", "nobody": "65534"}.get(wanted, wanted)
    if wanted.isdigit() and answers.uid != int(wanted):
        raise _Failed(f"runs as uid {answers.uid}, not {wanted}")
    if answers.no_new_privileges != 1:
        raise _Failed("the runner let it gain privileges")


def _right_root(subject: Subject, answers: probe.Answers) -> None:
    if answers.create_in_root != -probe.EROFS:
        raise _Failed(f"creating a file in / gave {_errno(answers.create_in_root)}")
    if answers.create_in_tmp < 0:
        raise _Failed(f"creating a file in /tmp gave {_errno(answers.create_in_tmp)}")


def _errno(result: int) -> str:
    return os.strerror(-result) if result < 0 else "no error"


def _runs(subject: Subject, check: Check, runner: Runner) -> Callable[[], None]:
    def job() -> None:
        with ExitStack() as files:
            mounts = tuple(
                (files.enter_context(host_file(text.encode(), 0o755)), path)
                for path, text in check.files
            )
            spec = RunSpec(
                argv=check.argv, args=check.args, user=check.user or subject.user, env=check.env,
                port=check.port, mounts=mounts, stdin=check.stdin.encode(), timeout=check.timeout,
            )  # fmt: skip
            if check.port:
                _serves(check, runner.start(subject.image.manifest, spec))
            else:
                _judge(check, runner.run(subject.image.manifest, spec))

    return job


def _judge(check: Check, result: RunResult) -> None:
    if check.refused:
        if result.status not in (126, 127):
            raise _Failed(f"it was started{_said(result)}")
        return
    if result.status != check.status:
        raise _Failed(f"status {result.status}, not {check.status}{_said(result)}")
    for name, pattern, data in (
        ("stdout", check.stdout, result.stdout),
        ("stderr", check.stderr, result.stderr),
    ):
        if pattern and not re.search(pattern, data.decode("utf-8", "replace"), re.MULTILINE):
            raise _Failed(f"{name} has no {pattern!r}{_said(result)}")


def _serves(check: Check, running: Running) -> None:
    end = time.monotonic() + check.timeout
    seen = "no answer"
    try:
        host, port = running.address
        while time.monotonic() < end and not running.ended():
            status, body, seen = _get(host, port, check.path)
            if status == check.http_status and re.search(check.body, body, re.MULTILINE):
                return
            time.sleep(0.05)
    finally:
        said = _said(running.stop(grace=0))
    raise _Failed(f"{check.path} on port {check.port}: {seen}{said}")


def _get(host: str, port: int, path: str) -> tuple[int, str, str]:
    import http.client

    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(1 << 20).decode("utf-8", "replace")
        return answer.status, body, f"status {answer.status}, {body[:_SHOWN]!r}"
    except (OSError, http.client.HTTPException) as error:
        return 0, "", str(error) or type(error).__name__
    finally:
        connection.close()


def _said(result: RunResult) -> str:
    parts = []
    for name, data in (("stdout", result.stdout), ("stderr", result.stderr)):
        text = data[-_SHOWN:].decode("utf-8", "replace").strip()
        if text:
            parts.append(f"; {name}: {text}")
    return "".join(parts)


@contextmanager
def host_file(data: bytes, mode: int) -> Iterator[str]:
    """Give the path of a file of this machine with *data*, for a mount."""
    fd, path = tempfile.mkstemp(prefix="seaslug-check-")
    try:
        with open(fd, "wb") as file:
            file.write(data)
        os.chmod(path, mode)
        yield path
    finally:
        os.unlink(path)
