"""seaslug choose: what would be built of a project or a program, and why."""

from __future__ import annotations

import argparse

from seaslug.cli.applications import add_application
from seaslug.cli.context import Context
from seaslug.cli.options import add_archive, add_platform

HELP = "Show what a project or a program would be built on, and the evidence for it."
EXAMPLES = """\
  seaslug choose                                    the project in this folder
  seaslug choose ./target/release/server            interpreter, libraries, symbol versions
  seaslug choose app.jar --json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "subject", metavar="SUBJECT", nargs="?", default=".",
        help="a project folder, a program or a jar (default: this folder)",
    )  # fmt: skip
    parser.add_argument("--variant", metavar="NAME", help="latest, nonroot, debug or debug-nonroot")
    add_platform(parser)
    add_application(parser.add_argument_group("applications"))
    add_archive(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the choice."""
    from seaslug.cli.applications import application, data, lines
    from seaslug.cli.workspace import workspace

    with workspace(args, context) as seaslug:
        app = application(args, seaslug, args.subject, slice=False)
    context.close()
    if args.json:
        context.json_out(data(app))
    else:
        context.out("\n".join(lines(app)))
    return 0
