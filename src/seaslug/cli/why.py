"""seaslug why: the chain of dependencies that brings a package in."""

from __future__ import annotations

import argparse

from seaslug.cli.context import Context
from seaslug.cli.options import add_archive, add_platform, add_subject

HELP = "Show which chain of dependencies brings a package into an image, or what kept it out."
EXAMPLES = """\
  seaslug why python3 libdb5.3t64
  seaslug why cc gcc-14-base
  seaslug why ./my-family.toml libldap2 --with git
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_subject(parser)
    parser.add_argument("package", metavar="PACKAGE", help="the package to explain")
    add_platform(parser)
    add_archive(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Explain one package."""
    from seaslug.api import host_platform
    from seaslug.cli.workspace import platforms_of, recipe_of, workspace
    from seaslug.errors import UnknownNameError

    with workspace(args, context) as seaslug:
        recipe = recipe_of(args, seaslug)
        platform = (*platforms_of(args, recipe), host_platform())[0]
        resolution, _ = seaslug.resolver().resolution(recipe, platform)
    names = [package.name for package in resolution.packages]
    left_out = [(asker, clause) for asker, clause in resolution.skipped if args.package in clause]
    if args.package not in names:
        if args.package in recipe.excluded or left_out:
            return _excluded(args, context, left_out)
        raise UnknownNameError(
            "package", args.package, names, where=f"{recipe.title} on {platform}"
        )
    chain = resolution.why(args.package)
    if args.json:
        context.json_out({"package": args.package, "chain": [list(step) for step in chain]})
        return 0
    for depth, (asker, clause) in enumerate(chain):
        verb = "asks for" if depth == 0 else "depends on"
        context.out(f"{'  ' * depth}{asker} {verb} {clause}")
    return 0


def _excluded(args: argparse.Namespace, context: Context, left_out: list[tuple[str, str]]) -> int:
    if args.json:
        context.json_out(
            {"package": args.package, "excluded": True, "asked_by": [list(x) for x in left_out]}
        )
        return 0
    context.out(f"{args.package} is not in the image: the recipe excludes it")
    for asker, clause in left_out:
        context.out(f"  {asker} depends on {clause}")
    return 0
