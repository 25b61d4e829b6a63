"""seaslug explore: an image in a terminal browser."""

from __future__ import annotations

import argparse
import sys

from seaslug.cli.context import Context
from seaslug.cli.options import add_image

HELP = "Walk through an image: layers, files, packages, findings, waste, in the terminal."
EXAMPLES = """\
  seaslug explore python3                       the whole image; layers on the left
  seaslug explore python3 /usr/lib              beginning there
  seaslug explore python3 --layer 2             what layer 2 adds, changes, removes
  seaslug explore docker-daemon:app:1.0         an image of Docker's
  seaslug explore docker-archive:app.tar        or of docker save
"""
NOTES = """
Keys: Tab goes to the next pane, / searches, f filters, Enter looks into a file, ? shows all keys,
q leaves. It needs: pip install 'seaslug[explore]'. NO_COLOR=1 does without colours."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_image(parser)
    parser.add_argument("path", metavar="PATH", nargs="?", default="", help="where to begin")
    parser.add_argument(
        "--layer", metavar="N", type=int, default=-1, help="begin with this layer, 0 is the lowest"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    """Show the browser until it is left."""
    from seaslug.cli.view import view_of
    from seaslug.errors import UsageError

    _terminal(args.image)
    try:
        from seaslug.report.explore.app import Explorer
    except ImportError:
        raise UsageError(
            "the browser needs textual", hint="pip install 'seaslug[explore]'; without it: "
            f"seaslug ls {args.image}",
        ) from None  # fmt: skip
    from seaslug.ops.explore import Reader

    view = view_of(args, context)
    if not -1 <= args.layer < len(view.layers):
        raise UsageError(
            f"there is no layer {args.layer}: it has {len(view.layers)}", where=args.image,
            hint=f"they are listed by: seaslug inspect {args.image}",
        )  # fmt: skip
    context.close()
    app = Explorer(Reader(view), args.path, args.layer)
    app.run()
    return app.return_code or 0


def _terminal(image: str) -> None:
    """Raise UsageError unless there is a terminal to draw on, and to read keys from."""
    from seaslug.errors import UsageError

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "not a terminal, and the browser needs one",
            hint=f"without it: seaslug ls {image} --long, or seaslug inspect {image} --json",
        )
