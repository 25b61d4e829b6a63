"""Progress for people: live bars on a terminal, plain lines in a log, nothing when quiet.

The bars are rich's, imported when the first long task begins; without rich, or
without a terminal, each finished task is one line.
"""

from __future__ import annotations

import threading
import time
from typing import Any, TextIO

from seaslug.ports import Listener, Silent


def listener(stream: TextIO, *, quiet: bool = False) -> Listener:
    """Return the listener that fits *stream*."""
    if quiet:
        return Silent()
    if stream.isatty():
        try:
            return Bars(stream)
        except ImportError:
            pass
    return Lines(stream)


class Lines:
    """One line per finished task, and a count where many small ones run side by side."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._begun: dict[str, float] = {}
        self._amounts: dict[str, int] = {}

    def begin(self, task: str, total: int = 0, unit: str = "") -> None:
        """Remember when *task* began."""
        with self._lock:
            self._begun[task] = time.monotonic()
            self._amounts[task] = 0

    def advance(self, task: str, amount: int) -> None:
        """Count."""
        with self._lock:
            self._amounts[task] = self._amounts.get(task, 0) + amount

    def end(self, task: str, note: str = "") -> None:
        """Print the task with its time."""
        with self._lock:
            took = time.monotonic() - self._begun.pop(task, time.monotonic())
            amount = self._amounts.pop(task, 0)
            size = f", {amount / 1e6:.1f} MB" if amount > 100_000 else ""
            self._print(f"  {task}{': ' + note if note else ''} ({took:.1f} s{size})")

    def say(self, text: str) -> None:
        """Print *text*."""
        with self._lock:
            self._print(text)

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class Bars:
    """Live bars; short tasks leave nothing behind, ``say`` leaves a line above the bars."""

    def __init__(self, stream: TextIO) -> None:
        import importlib.util

        if importlib.util.find_spec("rich") is None:
            raise ImportError("rich")
        self._stream = stream
        self._lock = threading.RLock()
        self._progress: Any = None
        self._tasks: dict[str, Any] = {}

    def begin(self, task: str, total: int = 0, unit: str = "") -> None:
        """Show a bar for *task*; it pulses when the total is not known."""
        with self._lock:
            live = self._live()
            self._tasks[task] = live.add_task(task, total=total or None)

    def advance(self, task: str, amount: int) -> None:
        """Move the bar."""
        with self._lock:
            if task in self._tasks:
                self._progress.advance(self._tasks[task], amount)

    def end(self, task: str, note: str = "") -> None:
        """Take the bar away."""
        with self._lock:
            known = self._tasks.pop(task, None)
            if known is not None:
                self._progress.remove_task(known)

    def say(self, text: str) -> None:
        """Print *text* above the bars."""
        with self._lock:
            if self._progress is not None:
                self._progress.console.print(text, highlight=False, markup=False)
            else:
                print(text, file=self._stream, flush=True)

    def close(self) -> None:
        """Stop drawing."""
        with self._lock:
            if self._progress is not None:
                self._progress.stop()
                self._progress = None
                self._tasks.clear()

    def _live(self) -> Any:
        if self._progress is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            self._progress = Progress(
                TextColumn("  {task.description}"), BarColumn(bar_width=30), TimeElapsedColumn(),
                console=Console(file=self._stream, stderr=False), transient=True,
            )  # fmt: skip
            self._progress.start()
        return self._progress
