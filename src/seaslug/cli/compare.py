"""seaslug compare: images beside each other, in figures."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from seaslug.cli.context import Context, json_text
from seaslug.cli.deliver import add_registry
from seaslug.cli.output import add_format, emit, format_of

if TYPE_CHECKING:
    from seaslug.anatomy.portrait import Portrait, Table

HELP = "Compare images: size, security, debugging, what they share, and what a pull costs."
EXAMPLES = """\
  seaslug compare static static:debug
  seaslug compare app docker-daemon:app:old docker://registry.example/me/app:1.2
  seaslug compare static cc python3 -o report.html       a page with charts, in one file
  seaslug compare app:1 app:2 --format markdown          for a pull request
  seaslug compare app:1 app:2 --bandwidth 20M,1G         pull times, in bits per second
  seaslug compare app --as-dive                          wasted bytes as dive counts them, too
"""
FORMATS = ("text", "json", "markdown", "html")
_UNITS = {"K": 10**3, "M": 10**6, "G": 10**9}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "images", metavar="IMAGE", nargs="+",
        help="names of the store, or places: docker://, docker-daemon:, docker-archive:, oci: …",
    )  # fmt: skip
    parser.add_argument("--platform", metavar="P", help="which one of an index, e.g. linux/arm64")
    add_format(parser, FORMATS)
    parser.add_argument(
        "--bandwidth", metavar="B[,B]", default="10M,100M",
        help="for pull times, in bits per second: 10M, 1G (default: 10M,100M)",
    )  # fmt: skip
    parser.add_argument(
        "--as-dive", action="store_true", help="also the wasted bytes and efficiency of dive"
    )
    add_registry(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the comparison."""
    from seaslug.ops.compare.tables import tables

    speeds = _bandwidths(args.bandwidth)
    shape = format_of(args, FORMATS)
    images = _portraits(args, context)
    found = tables(images, speeds)
    emit(_shown(images, found, shape), args, context)
    return 0


def _portraits(args: argparse.Namespace, context: Context) -> tuple[Portrait, ...]:
    from seaslug.cli.view import view_of
    from seaslug.ops.compare.portrait import portrait, with_dive
    from seaslug.ops.specimen import specimen

    found = []
    for name in args.images:
        view = view_of(argparse.Namespace(**{**vars(args), "image": name}), context)
        seen = specimen(view)
        image = portrait(seen, view.layers, view.history)
        found.append(with_dive(image, seen) if args.as_dive else image)
    return tuple(found)


def _shown(images: tuple[Portrait, ...], found: tuple[Table, ...], shape: str) -> str:
    if shape == "json":
        return json_text({
            "images": [image.as_dict() for image in images],
            "tables": [table.as_dict() for table in found],
        })  # fmt: skip
    if shape == "html":
        from seaslug.report.compare.html import page

        return page(images, found)
    if shape == "markdown":
        from seaslug.report.compare.markdown import markdown

        return markdown(found)
    from seaslug.report.compare.terminal import text

    return text(found)


def _bandwidths(text: str) -> list[int]:
    """Return bits per second. Raises UsageError."""
    from seaslug.errors import UsageError

    speeds = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        number, unit = part.rstrip("KMGkmg"), part[-1].upper()
        if not number.isdecimal() or not int(number) or len(part) - len(number) > 1:
            raise UsageError(f"not a bandwidth: {part!r}", hint="write --bandwidth 10M,100M")
        speeds.append(int(number) * _UNITS.get(unit, 1))
    return speeds
