"""seaslug tags: the tags of a repository."""

from __future__ import annotations

import argparse

from seaslug.cli.context import Context
from seaslug.cli.deliver import add_registry

HELP = "List the tags of a repository in a registry."
EXAMPLES = """\
  seaslug tags registry.example/me/app
  seaslug tags docker://registry.example/me/app --json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("repository", metavar="REPOSITORY", help="HOST/PATH")
    add_registry(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Print them, a line each."""
    from seaslug.cli.deliver import delivery
    from seaslug.values.reference import Reference

    reference = Reference.parse(args.repository)
    found = delivery(args, context).tags(reference)
    if args.json:
        context.json_out({"repository": reference.name, "tags": found})
        return 0
    for tag in found:
        context.out(tag)
    if not found:
        context.err(f"{reference.name} has no tags")
    return 0
