"""Lock files on disk: read with clear errors, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from seaslug.errors import LockError
from seaslug.lock.codec import MAX_BYTES, decode
from seaslug.lock.model import Lock


def read_lock(path: Path) -> Lock:
    """Return the lock in the file at *path*. Raises LockError."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise LockError("far too large for a lock", where=str(path))
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LockError(
            "no such lock", where=str(path), hint=f"make it with: seaslug lock SUBJECT -o {path}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(f"cannot be read: {error}", where=str(path)) from None
    return decode(text, str(path))


def write_lock(path: Path, text: str) -> None:
    """Write *text* to *path* by way of a file beside it. Raises LockError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise LockError(f"cannot be written: {error}", where=str(path)) from None
