"""seaslug cat: the content of a file of an image."""

from __future__ import annotations

import argparse
import sys

from seaslug.cli.context import Context
from seaslug.cli.options import add_image

HELP = "Write the content of a file of an image to stdout; links are followed."
EXAMPLES = """\
  seaslug cat static /etc/passwd
  seaslug cat python3 /etc/os-release
  seaslug cat python3 /usr/share/seaslug/lock.json > python3.lock
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_image(parser)
    parser.add_argument("path", metavar="PATH", help="the file")


def run(args: argparse.Namespace, context: Context) -> int:
    """Write the file."""
    from seaslug.cli.view import view_of
    from seaslug.errors import UsageError
    from seaslug.values.tree import Kind

    view = view_of(args, context)
    item = view.at(args.path)
    if item.entry.kind is Kind.DIR:
        raise UsageError(
            "a folder, not a file",
            where=args.path,
            hint=f"list it: seaslug ls {args.image} {args.path}",
        )
    if args.json:
        data = b"".join(bytes(piece) for piece in view.read(item))
        context.json_out(
            {"path": "/" + item.entry.path, "content": data.decode("utf-8", "replace")}
        )
        return 0
    for piece in view.read(item):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
    return 0
