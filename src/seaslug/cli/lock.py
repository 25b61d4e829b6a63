"""seaslug lock: resolve now, write what was resolved."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from seaslug.cli.applications import add_application, application
from seaslug.cli.context import Context
from seaslug.cli.options import add_archive, add_platform, add_pyc, add_subject

HELP = "Resolve a recipe against the archive as it is now, and write down what was chosen."
EXAMPLES = """\
  seaslug lock python3 -o python3.lock
  seaslug lock python3 -o python3.lock --platform linux/amd64,linux/arm64
  seaslug lock . -o seaslug.lock                    the project in this folder
  seaslug lock ./my-family.toml                     the lock on stdout
  seaslug lock python3 -o python3.lock --check      what would change? exit 4 if anything
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_subject(parser)
    add_application(parser.add_argument_group("applications"))
    parser.add_argument("-o", "--output", metavar="FILE", help="write the lock here, not to stdout")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; say how FILE differs, exit 4 if it does",
    )
    add_platform(parser)
    add_pyc(parser)
    add_archive(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Lock, and say what changed since the file was last written."""
    from seaslug.cli.lockfile import read_lock, write_lock
    from seaslug.cli.workspace import platforms_of, recipe_of, workspace
    from seaslug.errors import LockError, UsageError
    from seaslug.lock.codec import encode
    from seaslug.lock.diff import lines
    from seaslug.recipe.catalog import is_application

    with workspace(args, context) as seaslug:
        app = application(args, seaslug, args.subject) if is_application(args.subject) else None
        recipe = app.recipe if app is not None else recipe_of(args, seaslug)
        path = Path(args.output) if args.output else None
        old = read_lock(path) if path is not None and path.exists() else None
        wanted = platforms_of(args, recipe) or (
            tuple(p.platform for p in old.platforms) if old else ()
        )
        if app is not None:
            wanted = tuple(platform for platform, _ in app.layers)
        lock = seaslug.lock(recipe, wanted, pyc=not args.no_pyc)
        lock = replace(lock, slice=app.slice if app is not None else None)
    changes = lines(old, lock) if old else ()
    if args.check:
        for change in changes:
            context.out(change)
        if old is None:
            raise UsageError("--check needs a lock to compare with", hint="name it with -o FILE")
        context.err(
            f"{path}: {len(changes)} changes" if changes else f"{path}: nothing would change"
        )
        return LockError.exit_status if changes else 0
    text = encode(lock)
    if path is None:
        context.out(text.rstrip("\n"))
        return 0
    write_lock(path, text)
    if args.json:
        context.json_out({"lock": str(path), "recipe": lock.recipe.text, "changes": list(changes)})
    for change in changes:
        context.err(f"  {change}")
    counts = ", ".join(f"{p.platform} {len(p.packages)}" for p in lock.platforms)
    context.err(
        f"{path}: {lock.subject}, packages: {counts}"
        + ("; as before" if old and not changes else "")
    )
    return 0
