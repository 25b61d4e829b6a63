"""The handle to a program that our launcher (nsinit) started."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from seaslug.adapters.guest import NOT_EXECUTABLE, NOT_FOUND
from seaslug.adapters.process import Child, Completed
from seaslug.errors import EngineError, RunTimeoutError
from seaslug.ports import RunResult

GRACE = 3.0
_ENOENT, _ENOTDIR = 2, 20


class Launched:
    """A program in namespaces of its own; ends with :meth:`stop`, or when seaslug does."""

    def __init__(
        self,
        plan: Mapping[str, Any],
        stdin: bytes = b"",
        port: int = 0,
        cleanup: Callable[[], None] | None = None,
    ) -> None:
        """Start *plan*; *cleanup* is called once when all of it is over."""
        self._bwrap = plan["mode"] == "command"
        self._port = port
        self._cleanup = cleanup
        self._result: RunResult | None = None
        self._lifeline, self._status, self._child = _start(plan, stdin)
        self._words: dict[str, Any] = {}
        try:
            self._listen(until="child-pid" if self._bwrap else "begun")
        except BaseException:
            self._finish(self._end())
            raise

    @property
    def address(self) -> tuple[str, int]:
        """Where the port is reached; the port itself if the network is this machine's."""
        if not self._port:
            raise EngineError("the run was not given a port")
        return ("127.0.0.1", int(self._words.get("listening", self._port)))

    @property
    def pid(self) -> int:
        """Process id of the program out here, 0 if it never was there."""
        return int(self._words.get("child-pid" if self._bwrap else "pid", 0))

    def logs(self) -> str:
        """Return what it has printed so far, stdout first."""
        return (self._child.stdout + self._child.stderr).decode("utf-8", "replace")

    def ended(self) -> bool:
        """Tell whether it has ended by itself."""
        return self._child.poll() is not None

    def stop(self, grace: float = GRACE) -> RunResult:
        """Ask it to end, then end it, and remove every trace; safe to call twice."""
        if self._result is None:
            if self.pid and self._child.poll() is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(self.pid, signal.SIGTERM)
            done = self._child.wait(grace)
            self._finish(done if done is not None else self._end())
        assert self._result is not None
        return self._result

    def wait(self, timeout: float) -> RunResult:
        """Return how it ended. Raises RunTimeoutError after *timeout* seconds, having ended it."""
        if self._result is not None:
            return self._result
        try:
            done = self._child.wait(timeout)
        except BaseException:
            self._finish(self._end())
            raise
        if done is None:
            done = self._end()
            self._finish(done)
            raise RunTimeoutError(timeout, done.stdout, done.stderr)
        return self._finish(done)

    def _listen(self, until: str) -> None:
        while until not in self._words and (line := self._status.readline()):
            with contextlib.suppress(ValueError):
                self._words.update(json.loads(line))

    def _end(self) -> Completed:
        self._hang_up()
        done = self._child.wait(GRACE)
        return done if done is not None else self._child.kill()

    def _hang_up(self) -> None:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def _finish(self, done: Completed) -> RunResult:
        self._hang_up()
        self._listen(until="exit")
        self._status.close()
        if self._cleanup is not None:
            self._cleanup()
        self._result = self._judge(done)
        return self._result

    def _judge(self, done: Completed) -> RunResult:
        failed, errno = self._words.get("failed"), int(self._words.get("errno", 0))
        if failed == "exec":
            status = NOT_FOUND if errno in (_ENOENT, _ENOTDIR) else NOT_EXECUTABLE
            reason = f"cannot execute: {os.strerror(errno)}\n".encode()
            return RunResult(status, done.stdout, done.stderr + reason)
        if failed:
            raise EngineError(f"{failed} failed" + (f": {os.strerror(errno)}" if errno else ""))
        if "exit" not in self._words and done.status > 0:
            raise EngineError(f"the launcher failed: {done.complaint}")
        status = int(self._words.get("exit", 128 - done.status))
        if self._bwrap and status == 1 and done.stderr.startswith(b"bwrap: "):
            return _bwrap_failed(done)
        return RunResult(status, done.stdout, done.stderr)


def _bwrap_failed(done: Completed) -> RunResult:
    if b"execvp" not in done.stderr:
        raise EngineError(done.complaint)
    missing = done.stderr.rstrip().endswith(os.strerror(_ENOENT).encode())
    return RunResult(NOT_FOUND if missing else NOT_EXECUTABLE, done.stdout, done.stderr)


def _start(plan: Mapping[str, Any], stdin: bytes) -> tuple[int, Any, Child]:
    from seaslug.adapters import nsinit

    lifeline_here, lifeline = os.pipe()[::-1]
    status, status_there = os.pipe()
    argv = [sys.executable, "-I", "-S", nsinit.__file__, str(lifeline), str(status_there)]
    try:
        child = Child(argv, stdin=stdin, env={}, pass_fds=(lifeline, status_there))
    except BaseException:
        os.close(lifeline_here)
        os.close(status)
        raise
    finally:
        os.close(lifeline)
        os.close(status_there)
    line = json.dumps(plan).encode() + b"\n"
    while line:
        line = line[os.write(lifeline_here, line) :]
    return lifeline_here, os.fdopen(status, "rb"), child


def wait_until(done: Callable[[], bool], timeout: float, pause: float = 0.02) -> bool:
    """Return whether *done* became true within *timeout* seconds."""
    end = time.monotonic() + timeout
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True
