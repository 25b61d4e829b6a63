"""Child processes: what they take, what they leave, and that none of them can hold us up."""

from __future__ import annotations

import sys
import time
from typing import IO

import pytest

from seaslug.adapters.process import complete, pour
from seaslug.errors import EngineError

COUNT = "import sys; print(len(sys.stdin.buffer.read()))"
LARGE = bytes(1 << 20)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def much(out: IO[bytes]) -> None:
    for _ in range(5):
        out.write(LARGE)


def test_pour_streams_its_input() -> None:
    assert pour(python(COUNT), much).stdout.split() == [b"5242880"]


def test_pour_tells_how_it_ended() -> None:
    done = pour(python("import sys; sys.stdin.read(); sys.exit('no room')"), much)
    assert (done.status, done.complaint) == (1, "no room")


def test_pour_bears_a_reader_that_leaves_early() -> None:
    assert pour(python("import sys; sys.exit(3)"), much).status == 3


def test_pour_takes_more_output_than_a_pipe_holds() -> None:
    noisy = "import sys; print('x' * 300_000); print(len(sys.stdin.buffer.read()))"
    assert pour(python(noisy), much).stdout.split()[1] == b"5242880"


@pytest.mark.parametrize(
    "code", ["import time; time.sleep(60)", "import sys, time; sys.stdin.read(); time.sleep(60)"]
)
def test_pour_ends_a_reader_that_hangs(code: str) -> None:
    begun = time.monotonic()
    with pytest.raises(EngineError, match="took nothing for"):
        pour(python(code), much, patience=0.5)
    assert time.monotonic() - begun < 10


def test_pour_leaves_nothing_behind_when_writing_fails() -> None:
    def fail(out: IO[bytes]) -> None:
        out.write(b"some")
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        pour(python("import time; time.sleep(60)"), fail)


@pytest.mark.parametrize("run", [lambda argv: complete(argv), lambda argv: pour(argv, much)])
def test_a_program_that_is_not_there(run: object) -> None:
    assert callable(run)
    with pytest.raises(EngineError, match="cannot start no-such-program"):
        run(["no-such-program"])


def test_complete_ends_what_takes_too_long() -> None:
    with pytest.raises(EngineError, match="did not answer"):
        complete(python("import time; time.sleep(60)"), timeout=0.5)
