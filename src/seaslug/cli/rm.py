"""seaslug rm: forget images."""

from __future__ import annotations

import argparse

from seaslug.cli.context import Context

HELP = "Forget names of images. Their blobs stay until seaslug gc; built again, they come back."
EXAMPLES = """\
  seaslug rm python3:nonroot
  seaslug rm static:latest base:latest
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "images", metavar="IMAGE", nargs="+", help="names as seaslug images has them"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    """Forget every name, or none if one of them is unknown."""
    from seaslug.errors import UnknownNameError

    known = context.store.tags()
    asked = (n if n in known or f"{n}:latest" not in known else f"{n}:latest" for n in args.images)
    names = list(dict.fromkeys(asked))
    for name in names:
        if name not in known:
            raise UnknownNameError("image", name, sorted(known))
    for name in names:
        context.store.untag(name)
    if args.json:
        context.json_out({"removed": {name: known[name].digest.text for name in names}})
    else:
        for name in names:
            context.out(name)
    context.err(f"{len(names)} forgotten; free their space with: seaslug gc")
    return 0
