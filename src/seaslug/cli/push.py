"""seaslug push: an image of the store to a registry."""

from __future__ import annotations

import argparse
import time

from seaslug.cli.context import Context
from seaslug.cli.deliver import add_platforms, add_registry

HELP = "Push an image of the store to a registry; prints NAME@sha256:…, for who deploys it."
EXAMPLES = """\
  seaslug push app -t registry.example/me/app:1.2
  seaslug push app -t registry.example/me/app:1.2 -t registry.example/me/app:latest
  seaslug push registry.example/me/app:1.2            under the name that it was built with
  seaslug push app -t registry.example/me/app --platform linux/arm64
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "image", metavar="IMAGE", help="a name, or the beginning of a digest; see: seaslug images"
    )
    parser.add_argument(
        "-t", "--tag", "--to", dest="to", metavar="REFERENCE", action="append", default=[],
        help="where to, HOST/PATH[:TAG]; more than one is fine (default: the image's own name)",
    )  # fmt: skip
    add_platforms(parser, "all that the image has")
    add_registry(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Push to each reference."""
    from seaslug.cli.deliver import data, delivery, line, wish
    from seaslug.values.reference import Reference

    targets = [Reference.parse(text) for text in args.to or [_own(args.image)]]
    to, wanted, rows = delivery(args, context), wish(args, everything=True), []
    for target in targets:
        begun = time.monotonic()
        moved = to.push(args.image, target, wanted)
        seconds = time.monotonic() - begun
        context.close()
        context.err(line(str(target), moved, "sent", seconds))
        rows.append(data(moved, seconds))
        if not args.json:
            context.out(moved.where)
    if args.json:
        context.json_out({"pushed": rows})
    return 0


def _own(image: str) -> str:
    """Return the image's name if it says where to. Raises UsageError."""
    from seaslug.errors import UsageError
    from seaslug.values.reference import has_host

    if not has_host(image):
        raise UsageError(
            "where to?", where=image,
            hint=f"seaslug push {image} -t registry.example/me/{image.rpartition('/')[2]}",
        )  # fmt: skip
    return image
