"""seaslug doctor: why an image does not start, or would fail later, and what to do."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from seaslug.cli.context import Context
from seaslug.cli.options import add_image

if TYPE_CHECKING:
    from seaslug.ops.doctor import Diagnosis, Way

HELP = "Say why an image does not start, or would fail later, and what to do about it."
EXAMPLES = """\
  seaslug doctor app:1.0
  seaslug doctor docker-daemon:app:1.0             an image that Docker has
  seaslug doctor app --read-only --user 65532      as it will be started
  seaslug doctor app -- --port 8080                with these arguments instead of its command
"""
REST = "args"
NOTES = """
exit status: 0 nothing that is at least an error, 15 something that is.
Nothing is started: what happens is told from the files of the image."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_image(parser)
    how = parser.add_argument_group("how it will be started")
    how.add_argument("--user", metavar="USER[:GROUP]", default="", help="as this user")
    how.add_argument("--read-only", action="store_true", help="with a read-only root")
    how.add_argument(
        "--cap-drop", metavar="CAP", action="append", default=[],
        help="without this capability; all: without any",
    )  # fmt: skip
    parser.set_defaults(args=[])


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the diagnosis."""
    from seaslug.cli.view import view_of
    from seaslug.ops.doctor import diagnose, started
    from seaslug.ops.specimen import specimen

    found = started(specimen(context.store, view_of(args, context)), _way(args))
    return _tell(args, context, diagnose(found))


def _way(args: argparse.Namespace) -> Way:
    from seaslug.ops.doctor import Way

    return Way(args.user, args.read_only, tuple(args.cap_drop), tuple(args.args))


def _tell(args: argparse.Namespace, context: Context, found: Diagnosis) -> int:
    from seaslug.errors import JUDGED
    from seaslug.report.diagnosis import diagnosis

    if args.json:
        context.json_out(found.as_dict())
    else:
        context.out(diagnosis(found.as_dict()))
    return JUDGED if found.bad else 0
