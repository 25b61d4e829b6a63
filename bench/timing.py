"""Whole processes, measured side by side: A B A B, after a warm-up, medians and spread.

A *method* is a command line made fresh for every run; making it is not timed. What the
system writes back from earlier runs is flushed before the clock starts.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MEASURED = ("wall", "cpu", "peak")


class BenchError(Exception):
    """A command under measurement failed; the text is the end of what it said."""


def _nothing(_: Path) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Method:
    """One way to do the work.

    ``prepare`` gets a fresh folder and returns the command; ``finish`` gets the same folder
    after the run. ``elsewhere`` says that a daemon does the work: only the wall time counts.
    """

    name: str
    prepare: Callable[[Path], Sequence[str]]
    finish: Callable[[Path], None] = _nothing
    elsewhere: bool = False
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Work:
    """One row group: the work, what is meant by it, and the methods; the first one is ours."""

    key: str
    title: str
    methods: tuple[Method, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds of wall and CPU time, and the largest process's resident memory in bytes."""

    wall: float
    cpu: float
    peak: int


def measure(work: Work, runs: int, temporary: Path) -> dict[str, list[Sample]]:
    """Run every method *runs* times in turn, after one round that is not counted."""
    samples: dict[str, list[Sample]] = {method.name: [] for method in work.methods}
    for run in range(runs + 1):
        for method in work.methods:
            fresh = temporary / "run"
            fresh.mkdir()
            try:
                command = method.prepare(fresh)
                os.sync()
                sample = _run(command, method.env, fresh)
                method.finish(fresh)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
            if run:
                samples[method.name].append(sample)
        sys.stderr.write(f"\r{work.title}: {run}/{runs}\x1b[K")
    sys.stderr.write("\r\x1b[K")
    return samples


def summary(samples: Sequence[Sample]) -> dict[str, dict[str, float]]:
    """Return median, least and most of every measure."""
    found = {}
    for name in MEASURED:
        values = [getattr(sample, name) for sample in samples]
        found[name] = {
            "median": round(statistics.median(values), 4),
            "least": round(min(values), 4),
            "most": round(max(values), 4),
        }
    return found


def _run(command: Sequence[str], env: dict[str, str], fresh: Path) -> Sample:
    # wait4 tells the use of this one child and of what it waited for, not of all children.
    log = fresh / "said"
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, str(log), flags, 0o600),
    ]
    begun = time.perf_counter()
    child = os.posix_spawnp(
        command[0], list(command), {**environment(), **env}, file_actions=actions
    )
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - begun
    if status:
        said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise BenchError(f"status {status} from {' '.join(command)[:200]}\n{said}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def keep_bytecode(folder: Path) -> None:
    """Let Python keep bytecode in *folder*, as it does wherever seaslug is installed."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)


def environment() -> dict[str, str]:
    """Return the environment of everything that runs here: ours, less what names a store."""
    return {k: v for k, v in os.environ.items() if k != "SEASLUG_HOME"} | {"LC_ALL": "C.UTF-8"}
