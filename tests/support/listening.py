"""A listener that remembers what it was told."""

from __future__ import annotations

import threading


class Heard:
    """``said`` are the lines; ``amounts`` what was counted, ``totals`` what was announced."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.totals: dict[str, int] = {}
        self.amounts: dict[str, int] = {}
        self.ended: list[str] = []
        self._lock = threading.Lock()

    def begin(self, task: str, total: int = 0, unit: str = "") -> None:
        with self._lock:
            self.totals[task] = total
            self.amounts[task] = 0

    def advance(self, task: str, amount: int) -> None:
        with self._lock:
            self.amounts[task] = self.amounts.get(task, 0) + amount

    def end(self, task: str, note: str = "") -> None:
        with self._lock:
            self.ended.append(task)

    def say(self, text: str) -> None:
        with self._lock:
            self.said.append(text)
