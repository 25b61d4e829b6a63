"""The bytes of a blob on their way up: hashed as they go, and begun again from the middle.

The last piece is given out only when all of it has the right digest, so a registry never
gets the whole of a wrong blob.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from seaslug.errors import IntegrityError
from seaslug.ports import Opener
from seaslug.values.descriptor import Descriptor

_PIECE = 256 << 10
_MARK = 8 << 20


class Sending:
    """One blob, opened as often as it takes. ``told`` hears of bytes given out the first time."""

    def __init__(self, wanted: Descriptor, opened: Opener, told: Callable[[int], None]) -> None:
        self.wanted = wanted
        self._opened = opened
        self._told = told
        self._marks: list[tuple[int, Any]] = [(0, hashlib.sha256())]
        self._most = 0

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from *start* up to *end*. Raises IntegrityError if they are others."""
        at, hasher = self._mark(start)
        if not self.wanted.size:
            self._check(hasher.hexdigest())
        for piece in self._whole(at):
            hasher.update(piece)
            before, at = at, at + len(piece)
            self._keep(at, hasher)
            if at == self.wanted.size:
                self._check(hasher.hexdigest())
            if at > start and before < end:
                begin = max(start, before)
                yield from self._counted(piece[begin - before : end - before], begin)
            if at >= end:
                return

    def _whole(self, at: int) -> Iterator[bytes]:
        """Yield what the source has from *at* on; never more, never less than promised."""
        for chunk in self._opened(at):
            for begin in range(0, len(chunk), _PIECE):
                piece = bytes(chunk[begin : begin + _PIECE])
                at += len(piece)
                if at > self.wanted.size:
                    raise self._wrong(f"more than the {self.wanted.size} bytes promised")
                yield piece
        if at < self.wanted.size:
            raise self._wrong(f"{at} bytes instead of {self.wanted.size}")

    def _counted(self, piece: bytes, before: int) -> Iterator[bytes]:
        fresh = min(before + len(piece) - self._most, len(piece))
        yield piece
        if fresh > 0:
            self._most += fresh
            self._told(fresh)

    def _mark(self, start: int) -> tuple[int, Any]:
        """Return the last known state of the hash at or before *start*."""
        at, hasher = max((m for m in self._marks if m[0] <= start), key=lambda m: m[0])
        return at, hasher.copy()

    def _keep(self, at: int, hasher: Any) -> None:
        if at >= self._marks[-1][0] + _MARK:
            self._marks.append((at, hasher.copy()))

    def _check(self, found: str) -> None:
        if found != self.wanted.digest.hex:
            raise self._wrong(f"sha256:{found} came instead")

    def _wrong(self, what: str) -> IntegrityError:
        return IntegrityError(what, where=self.wanted.digest.text)
