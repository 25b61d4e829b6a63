"""Child processes with bounded output and an end that cannot be missed.

What a child prints is kept up to a limit and drained beyond it, so an image
that prints for ever costs neither memory nor disk.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, cast

from seaslug.errors import EngineError

OUTPUT_LIMIT = 16 << 20
PATIENCE = 180.0
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Completed:
    """A finished child: exit status (negative for a signal) and its two streams."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def complaint(self) -> str:
        """The last line that the child wrote to stderr, or its status."""
        lines = self.stderr.decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else f"exit status {self.status}"


class Child:
    """A started child process whose streams are collected by threads."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        limit: int = OUTPUT_LIMIT,
        cwd: str | None = None,
    ) -> None:
        """Start *argv* in a session of its own. Raises EngineError if that is impossible."""
        try:
            self._process = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=None if env is None else dict(env),
                pass_fds=tuple(pass_fds),
                start_new_session=True,
                bufsize=0,
                cwd=cwd,
            )
        except OSError as error:
            raise EngineError(f"cannot start {argv[0]}: {error.strerror}") from error
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._out = _Collector(self._process.stdout, limit)
        self._err = _Collector(self._process.stderr, limit)
        if stdin and self._process.stdin is not None:
            threading.Thread(target=_feed, args=(self._process.stdin, stdin), daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def stdout(self) -> bytes:
        """What it has written to stdout so far."""
        return self._out.data

    @property
    def stderr(self) -> bytes:
        """What it has written to stderr so far."""
        return self._err.data

    def poll(self) -> int | None:
        """Return the exit status if it has ended, else None."""
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> Completed | None:
        """Wait for its end and return it, or None when *timeout* seconds have passed."""
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        # A grandchild that kept the pipe must not hold us: what is there by then counts.
        self._out.join(2.0)
        self._err.join(2.0)
        return Completed(status, self._out.data, self._err.data)

    def within(self, timeout: float) -> Completed | None:
        """Wait for its end and return it; it is killed, and None comes, after *timeout* seconds.

        It is killed too if the wait is broken off.
        """
        try:
            done = self.wait(timeout)
        except BaseException:
            self.kill()
            raise
        if done is None:
            self.kill()
        return done

    def kill(self) -> Completed:
        """Kill it with everything in its session's group, and return what it left."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._process.poll() is None:
                os.killpg(self._process.pid, 9)
        done = self.wait(10.0)
        return done if done is not None else Completed(-9, self.stdout, self.stderr)


def complete(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout: float = 60.0,
    env: Mapping[str, str] | None = None,
) -> Completed:
    """Run *argv* to its end. Raises EngineError if it cannot start or takes over *timeout* s."""
    done = Child(argv, stdin=stdin, env=env).within(timeout)
    if done is None:
        raise EngineError(f"{argv[0]} did not answer within {timeout:.0f} s", where=" ".join(argv))
    return done


def pour(
    argv: Sequence[str], write: Callable[[IO[bytes]], None], *, patience: float = PATIENCE
) -> Completed:
    """Run *argv* with what *write* writes as its input; for streams too large for memory.

    Raises EngineError if it cannot start, or takes nothing for *patience* seconds, or is not
    over that long after its input.
    """
    try:
        process = subprocess.Popen(
            list(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise EngineError(f"cannot start {argv[0]}: {error.strerror}") from error
    assert process.stdin and process.stdout and process.stderr
    out, err = _Collector(process.stdout, OUTPUT_LIMIT), _Collector(process.stderr, OUTPUT_LIMIT)
    taker = _Taker(process, patience)
    try:
        with contextlib.suppress(BrokenPipeError), process.stdin:
            write(cast("IO[bytes]", taker))
        status = process.wait(patience)
    except subprocess.TimeoutExpired:
        taker.give_up()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if taker.gave_up:
        process.wait()
        said = f"{argv[0]} took nothing for {patience:g} s; it was ended"
        raise EngineError(said, where=" ".join(argv))
    out.join(2.0)
    err.join(2.0)
    return Completed(status, out.data, err.data)


@contextlib.contextmanager
def streamed(argv: Sequence[str]) -> Iterator[Iterator[bytes]]:
    """Give what *argv* writes to stdout, as it comes; for streams too large for memory.

    Raises EngineError if it cannot start, or fails in the end; it is ended if it is not read
    to its end.
    """
    try:
        process = subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise EngineError(f"cannot start {argv[0]}: {error.strerror}") from error
    assert process.stdout and process.stderr
    said = _Collector(process.stderr, OUTPUT_LIMIT)
    try:
        yield _until_ended(process, said, argv)
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, 9)
        process.wait()
        process.stdout.close()


def _until_ended(
    process: subprocess.Popen[bytes], said: _Collector, argv: Sequence[str]
) -> Iterator[bytes]:
    assert process.stdout is not None
    while piece := process.stdout.read(1 << 20):
        yield piece
    status = process.wait()
    if status != 0:
        said.join(2.0)
        complaint = Completed(status, b"", said.data).complaint
        raise EngineError(f"{os.path.basename(argv[0])} failed: {complaint}", where=" ".join(argv))


class _Taker:
    """A file to write to that ends its reader if a write is not taken in time."""

    def __init__(self, process: subprocess.Popen[bytes], patience: float) -> None:
        self._process = process
        self._patience = patience
        self.gave_up = False

    def write(self, data: bytes) -> int:
        """Write all of *data*."""
        assert self._process.stdin is not None
        timer = threading.Timer(self._patience, self.give_up)
        timer.daemon = True
        timer.start()
        try:
            return self._process.stdin.write(data)
        finally:
            timer.cancel()

    def flush(self) -> None:
        """Do nothing: the pipe is flushed when it is closed."""

    def give_up(self) -> None:
        """End the reader."""
        self.gave_up = True
        self._process.kill()


class _Collector:
    """Reads one pipe to its end in a thread and keeps its first *limit* bytes."""

    def __init__(self, pipe: IO[bytes], limit: int) -> None:
        self._pipe = pipe
        self._limit = limit
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    @property
    def data(self) -> bytes:
        return bytes(self._kept)

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def _drain(self) -> None:
        with self._pipe:
            while piece := self._pipe.read(_PIECE):
                room = self._limit - len(self._kept)
                if room > 0:
                    self._kept += piece[:room]


def _feed(pipe: IO[bytes], data: bytes) -> None:
    # A program that ends without reading its input closes the pipe: not our concern.
    with contextlib.suppress(OSError), pipe:
        view = memoryview(data)
        while view:
            view = view[pipe.write(view) or 0 :]
