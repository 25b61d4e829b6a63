"""seaslug prove: start an image and see that it does what it should."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from seaslug.cli.context import Context
from seaslug.cli.options import add_archive, add_platform, add_subject

if TYPE_CHECKING:
    from seaslug.ops.prove import Report
    from seaslug.recipe.check import Check
    from seaslug.values.digest import Digest

HELP = "Start an image and see that it does what it should; exit status 12 when it does not."
EXAMPLES = """\
  seaslug prove python3:nonroot                built if need be, then its recipe's checks
  seaslug prove static --runner unshare        without an engine, in namespaces of its own
  seaslug prove cc --platform linux/arm64      through qemu, on another machine
  seaslug prove base --user 1000:0             as another user than the image's own
  seaslug prove sha256:0f1e...                 any image of the store: no shell, user, root
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_subject(parser)
    add_platform(parser)
    how = parser.add_argument_group("how")
    how.add_argument(
        "--runner",
        metavar="NAME",
        help="docker, podman, bwrap or unshare (default: the first that works)",
    )
    how.add_argument("--user", metavar="UID[:GID]", default="", help="run as this user")
    how.add_argument("--lock", metavar="FILE", help="build from this lock")
    add_archive(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Build or find the image, start it, tell what came of it."""
    from seaslug.adapters.runners import pick
    from seaslug.oci.runnable import read_image
    from seaslug.ops.prove import Subject, prove

    runner = pick(context.store, args.runner)
    reports = []
    try:
        manifests, checks = _images(args, context)
        for manifest in manifests:
            subject = Subject(context.store, read_image(context.store, manifest), args.user)
            reports.append(prove(subject, checks, runner, context.listener))
    finally:
        runner.close()
    context.close()
    return _tell(args, context, reports)


def _images(args: argparse.Namespace, context: Context) -> tuple[list[Digest], tuple[Check, ...]]:
    """Return the manifests to prove, and the checks of the recipe if there is one."""
    from pathlib import Path

    from seaslug.cli.lockfile import read_lock
    from seaslug.cli.workspace import platforms_of, recipe_of, workspace
    from seaslug.values.digest import Digest

    if args.subject.startswith("sha256:"):
        return [Digest(args.subject)], ()
    if not args.extra and _only_in_store(args.subject, context):
        return [context.store.tags()[args.subject].digest], ()
    with workspace(args, context) as seaslug:
        recipe = recipe_of(args, seaslug)
        lock = read_lock(Path(args.lock)) if args.lock else None
        result = seaslug.build(recipe, platforms_of(args, recipe), lock=lock)
        return [image.manifest.digest for image in result.images], recipe.checks


def _only_in_store(name: str, context: Context) -> bool:
    from seaslug.errors import SeaslugError
    from seaslug.recipe.catalog import looks_like_path, members, parse_reference

    if looks_like_path(name):
        return False
    try:
        known = parse_reference(name).name in members()
    except SeaslugError:
        known = False
    return not known and name in context.store.tags()


def _tell(args: argparse.Namespace, context: Context, reports: list[Report]) -> int:
    from seaslug.errors import ProofError

    ok = all(report.ok for report in reports)
    if args.json:
        context.json_out({"ok": ok, "reports": [report.as_dict() for report in reports]})
        return 0 if ok else ProofError.exit_status
    for report in reports:
        context.out(f"{args.subject}  {report.platform}  on {report.runner}")
        width = max(len(outcome.name) for outcome in report.outcomes)
        for outcome in report.outcomes:
            mark = "✓" if outcome.ok else "✗"
            context.out(f"  {mark} {outcome.name:<{width}}  {outcome.seconds:7.2f} s")
            if outcome.reason:
                context.out("      " + outcome.reason.replace("\n", "\n      "))
        failed = sum(not outcome.ok for outcome in report.outcomes)
        total = len(report.outcomes)
        context.err(f"  {failed} of {total} checks failed" if failed else f"  {total} checks held")
    return 0 if ok else ProofError.exit_status
