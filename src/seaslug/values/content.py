"""Bytes with a known size, wherever they lie: in memory, or inside a file of the store."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Protocol


class Content(Protocol):
    """What a regular file contains."""

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def read(self, offset: int = 0, size: int = -1) -> bytes:
        """Return *size* bytes from *offset* (fewer at the end; all of them for -1)."""
        ...


@dataclass(frozen=True, slots=True)
class Inline:
    """Content held in memory; for small, computed files."""

    data: bytes

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.data)

    def read(self, offset: int = 0, size: int = -1) -> bytes:
        """Return *size* bytes from *offset*."""
        return self.data[offset:] if size < 0 else self.data[offset : offset + size]


@dataclass(frozen=True, slots=True)
class FileSlice:
    """*size* bytes at *offset* of the file at *path* (usually a blob of the store)."""

    path: str
    offset: int
    size: int

    def read(self, offset: int = 0, size: int = -1) -> bytes:
        """Return *size* bytes from *offset*, both relative to the slice."""
        left = max(0, self.size - offset)
        want = left if size < 0 else min(size, left)
        if not want:
            # An offset out of a hostile file may be more than the kernel takes.
            return b""
        with open(self.path, "rb", buffering=0) as file:
            return os.pread(file.fileno(), want, self.offset + offset)
