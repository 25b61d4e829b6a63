"""Threads: libraries that do long work here let go of the interpreter lock while they do it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any


class ThreadPool:
    """Two sets of threads, so that a package's parts never wait for a package."""

    def __init__(self, workers: int = 0) -> None:
        count = workers or min(8, os.cpu_count() or 2)
        self._outer = ThreadPoolExecutor(count, "seaslug")
        self._inner = ThreadPoolExecutor(count, "seaslug-part")

    def submit(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Start *function* for one package."""
        return self._outer.submit(function, *args)

    def map(self, function: Callable[..., Any], *iterables: Iterable[Any]) -> Iterable[Any]:
        """Apply *function* to the parts of one package, results in order."""
        return self._inner.map(function, *iterables)

    def close(self) -> None:
        """Let running work end, drop the rest."""
        self._outer.shutdown(wait=True, cancel_futures=True)
        self._inner.shutdown(wait=True, cancel_futures=True)


def spread(
    function: Callable[[Any], Any], items: Sequence[Any], bound: int, halt: Callable[[], None]
) -> list[Any]:
    """Return *function* of each item, at most *bound* at once.

    The first error is raised, after *halt* has told those that still run to end.
    """
    if len(items) < 2 or bound < 2:
        return [function(item) for item in items]
    pool = ThreadPoolExecutor(min(bound, len(items)), "seaslug-blob")
    try:
        running = [pool.submit(function, item) for item in items]
        done, _ = wait(running, return_when=FIRST_EXCEPTION)
        failed = [error for one in done if (error := one.exception()) is not None]
        if failed:
            raise failed[0]
        return [one.result() for one in running]
    except BaseException:
        halt()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
