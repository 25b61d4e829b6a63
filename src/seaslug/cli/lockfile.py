"""Lock files on disk: read with clear errors, written whole or not at all."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seaslug.errors import LockError, UsageError
from seaslug.lock.codec import MAX_BYTES, decode, encode
from seaslug.lock.model import Lock

if TYPE_CHECKING:
    from seaslug.api import Workspace
    from seaslug.cli.context import Context
    from seaslug.ops.app.prepare import Application
    from seaslug.recipe.model import Recipe
    from seaslug.values.platform import Platform


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


def lock_for(
    args: argparse.Namespace, context: Context, seaslug: Workspace, recipe: Recipe,
    wanted: Sequence[Platform], app: Application | None,
) -> Lock | None:  # fmt: skip
    """Return what ``--lock`` says: the file's lock, made or renewed unless ``--locked`` forbids it.

    Without ``--lock`` there is none. Raises LockError, UsageError.
    """
    if not args.lock:
        if args.locked:
            raise UsageError("--locked needs a lock", hint="add --lock FILE")
        return None
    path = Path(args.lock)
    found = app.slice if app is not None else None
    if path.exists() or args.locked:
        lock = read_lock(path)
        if lock.recipe == recipe.digest and lock.slice == found:
            return lock
        changed = "recipe" if lock.recipe != recipe.digest else "slice"
        if args.locked:
            raise LockError(
                f"the {changed} has changed since this lock was made", where=str(path),
                hint=f"renew it with: seaslug lock {args.subject} -o {path}",
            )  # fmt: skip
        if changed == "slice":
            lock = replace(lock, slice=found)
            write_lock(path, encode(lock))
            context.err(f"{path}: the application reaches other modules, the slice is renewed")
            return lock
        context.err(f"{path}: the recipe has changed, locking again")
        wanted = wanted or tuple(p.platform for p in lock.platforms)
    lock = replace(seaslug.lock(recipe, wanted, pyc=not args.no_pyc), slice=found)
    write_lock(path, encode(lock))
    return lock
