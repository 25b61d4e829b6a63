"""Threads: libraries that do long work here let go of the interpreter lock while they do it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
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
