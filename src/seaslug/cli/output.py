"""A report goes to a file or to stdout, in the format that was asked for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from seaslug.cli.context import Context

if TYPE_CHECKING:
    from pathlib import Path

_SUFFIXES = {
    ".html": "html", ".htm": "html", ".md": "markdown", ".json": "json", ".sarif": "sarif",
    ".xml": "junit",
}  # fmt: skip


def add_format(parser: argparse.ArgumentParser, formats: tuple[str, ...]) -> None:
    """Add --format and -o."""
    parser.add_argument("--format", choices=formats, help="(default: what FILE ends in, else text)")
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of printing")


def format_of(args: argparse.Namespace, formats: tuple[str, ...]) -> str:
    """Return the format that the options name, or the end of the file's name.

    Raises UsageError for one that is not of *formats*.
    """
    from seaslug.errors import UsageError

    if args.json:
        return "json"
    suffix = args.output[args.output.rfind(".") :].lower() if args.output else ""
    found = str(args.format or _SUFFIXES.get(suffix, "text"))
    if found not in formats:
        raise UsageError(
            f"not a format here: {found}", where=args.output,
            hint=f"name the file otherwise, or say --format {' or '.join(formats)}",
        )  # fmt: skip
    return found


def emit(text: str, args: argparse.Namespace, context: Context) -> None:
    """Print *text*, or write it to the file that -o names. Raises UsageError."""
    if not args.output:
        context.out(text)
        return
    write(args.output, text)
    context.err(f"written: {args.output}")


def write(name: str, text: str) -> None:
    """Write *text* to the file *name*, whole or not at all. Raises UsageError."""
    from pathlib import Path

    from seaslug.errors import UsageError

    try:
        _write(Path(name).resolve(), f"{text}\n".encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise UsageError(
            f"cannot be written: {error.strerror}", where=name,
            hint="name a file in a folder that is there and yours: -o report.html",
        ) from None  # fmt: skip


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; a device or pipe is written to as it is."""
    import os

    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
