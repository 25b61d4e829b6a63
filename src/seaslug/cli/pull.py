"""seaslug pull: an image of a registry into the store."""

from __future__ import annotations

import argparse
import time

from seaslug.cli.context import Context
from seaslug.cli.deliver import add_platforms, add_registry

HELP = "Pull an image into the store; cut off, the same command goes on where it was."
EXAMPLES = """\
  seaslug pull registry.example/me/app:1.2
  seaslug pull registry.example/me/app@sha256:…        exactly this one
  seaslug pull registry.example/me/app --platform linux/arm64 -t app:arm
  seaslug pull registry.example/me/app --all           every platform, the index as it is
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("reference", metavar="REFERENCE", help="HOST/PATH[:TAG][@sha256:…]")
    parser.add_argument(
        "-t", "--tag", metavar="NAME", help="what it is called here (default: the reference)"
    )
    add_platforms(parser, "this machine's")
    add_registry(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Pull it."""
    from seaslug.cli.deliver import data, delivery, line, wish
    from seaslug.values.reference import Reference

    begun = time.monotonic()
    reference = Reference.parse(args.reference)
    moved = delivery(args, context).pull(reference, args.tag or str(reference), wish(args))
    seconds = time.monotonic() - begun
    context.close()
    context.err(line(str(reference), moved, "fetched", seconds))
    if args.json:
        context.json_out(data(moved, seconds))
    else:
        context.out(moved.top.digest.text)
    return 0
