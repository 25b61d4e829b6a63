"""seaslug test: files of structure tests, judged on an image."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from seaslug.cli.context import Context
from seaslug.cli.options import add_image
from seaslug.cli.output import add_format, emit, format_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from seaslug.ops.look import View
    from seaslug.structure.model import Suite, Verdict

HELP = "Judge an image by files of structure tests; exit status 15 when one of them fails."
EXAMPLES = """\
  seaslug test python3 -c tests.yaml                  as container-structure-test does
  seaslug test python3 -c one.yaml -c two.json        several files
  seaslug test docker://registry.example/me/app -c tests.yaml
  seaslug test python3 -c tests.yaml -o tests.xml     JUnit, for a build server
  seaslug test python3 -c tests.yaml --runner unshare --read-only
"""
NOTES = """\
files: schema 1.0.0 and 2.0.0 of container-structure-test, YAML or JSON
  fileExistenceTests, fileContentTests, licenseTests and metadataTest need no engine.
  commandTests are run without capabilities; YAML needs: pip install 'seaslug[yaml]'
"""
FORMATS = ("text", "json", "junit")
_MOST = 1 << 20


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_image(parser)
    parser.add_argument(
        "-c", "--config", metavar="FILE", action="append", required=True, help="a file of tests"
    )
    add_format(parser, FORMATS)
    how = parser.add_argument_group("commands")
    how.add_argument(
        "--runner", metavar="NAME",
        help="docker, podman, bwrap or unshare (default: the first that works)",
    )  # fmt: skip
    how.add_argument(
        "--timeout", metavar="SECONDS", type=float, default=120.0,
        help="how long one command may take (default: 120)",
    )  # fmt: skip
    how.add_argument(
        "--read-only", action="store_true",
        help="with a read-only root, as it should run; quicker where there is no engine",
    )  # fmt: skip
    how.add_argument("--no-commands", action="store_true", help="leave command tests out")


def run(args: argparse.Namespace, context: Context) -> int:
    """Judge the image and tell."""
    from seaslug.cli.view import view_of
    from seaslug.errors import JUDGED

    form, suites = format_of(args, FORMATS), _suites(args, context)
    if any(suite.commands for suite in suites):
        from seaslug.cli.export import bring

        bring(args, context)
    verdicts = []
    for verdict in _judged(view_of(args, context), suites, args, context):
        verdicts.append(verdict)
        if form == "text" and not args.output:
            from seaslug.report.structure import lines

            context.out(lines(verdict))
    _tell(form, args, verdicts, context)
    return 0 if all(verdict.ok for verdict in verdicts) else JUDGED


def _suites(args: argparse.Namespace, context: Context) -> list[Suite]:
    from dataclasses import replace
    from pathlib import Path

    from seaslug.errors import UsageError
    from seaslug.structure.load import load

    found = []
    for name in args.config:
        try:
            with Path(name).open(encoding="utf-8") as file:
                text = file.read(_MOST + 1)
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot be read: {error}", where=name) from None
        if len(text) > _MOST:
            raise UsageError("far larger than a file of tests may be", where=name)
        suite = load(text, name)
        found.append(replace(suite, commands=()) if args.no_commands else suite)
        for note in suite.notes:
            context.err(f"seaslug: {note}")
        if args.no_commands and suite.commands:
            context.err(f"seaslug: {name}: {len(suite.commands)} command tests left out")
    return found


def _judged(
    view: View, suites: Sequence[Suite], args: argparse.Namespace, context: Context
) -> Iterator[Verdict]:
    import os
    from functools import cache

    from seaslug.adapters.runners import pick
    from seaslug.ops.structure import Way, judged

    runner = cache(lambda: pick(context.store, args.runner))
    way = Way(context.store, runner, os.environ, args.timeout, args.read_only)
    try:
        yield from judged(view, suites, way)
    finally:
        if runner.cache_info().currsize:
            runner().close()


def _tell(form: str, args: argparse.Namespace, verdicts: list[Verdict], context: Context) -> None:
    from seaslug.cli.context import json_text
    from seaslug.report import structure

    if form == "json":
        emit(json_text(structure.data(args.image, verdicts)), args, context)
    elif form == "junit":
        emit(structure.junit(args.image, verdicts), args, context)
    elif args.output:
        emit("\n".join(map(structure.lines, verdicts)), args, context)
    failed = sum(not verdict.ok for verdict in verdicts)
    total = len(verdicts)
    context.err(
        f"{failed} of {total} tests failed" if failed else f"all {total} tests held"
        if total else "no tests"
    )  # fmt: skip
