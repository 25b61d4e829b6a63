"""seaslug diff: what tells two images apart."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from seaslug.cli.context import Context, json_text
from seaslug.cli.deliver import add_registry
from seaslug.cli.output import add_format, emit, format_of

if TYPE_CHECKING:
    from seaslug.anatomy.difference import Difference
    from seaslug.ops.compare.diff import Side

HELP = "Show what tells two images apart: packages, files, configuration, layers; and the pull."
EXAMPLES = """\
  seaslug diff app:1 app:2
  seaslug diff docker://registry.example/me/app:1.2 app   what a push would change
  seaslug diff app:1 app:2 --all                          every file
  seaslug diff app:1 app:2 --format markdown              for a pull request
  seaslug diff app:1 app:2 -o diff.html                   a page, in one file
  seaslug diff app:1 app:2 --exit-code                    status 1 if they differ
"""
FORMATS = ("text", "json", "markdown", "html")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("before", metavar="A", help="a name of the store, or a place")
    parser.add_argument("after", metavar="B", help="what to hold against it")
    parser.add_argument("--platform", metavar="P", help="which one of an index, e.g. linux/arm64")
    parser.add_argument(
        "--all", action="store_true", dest="every",
        help="every file (default: the ten largest of each package)",
    )  # fmt: skip
    parser.add_argument(
        "--exit-code", action="store_true", help="status 1 if they differ, as git diff has it"
    )
    add_format(parser, FORMATS)
    add_registry(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the difference."""
    from seaslug.ops.compare.diff import difference

    shape = format_of(args, FORMATS)
    found = difference(_side(args.before, args, context), _side(args.after, args, context))
    emit(_shown(found, shape, args.every), args, context)
    return 1 if args.exit_code and not found.same else 0


def _side(name: str, args: argparse.Namespace, context: Context) -> Side:
    from seaslug.cli.view import view_of
    from seaslug.ops.compare.diff import Side
    from seaslug.ops.specimen import specimen

    view = view_of(argparse.Namespace(**{**vars(args), "image": name}), context)
    return Side(specimen(view), view.layers)


def _shown(found: Difference, shape: str, every: bool) -> str:
    from seaslug.report.compare import diff

    if shape == "json":
        return json_text(found.as_dict())
    if shape == "html":
        from seaslug.report.compare.diffpage import page

        return page(found)
    shown = 0 if every else diff.SHOWN
    return diff.markdown(found, shown) if shape == "markdown" else diff.text(found, shown)
