"""seaslug check: what is bad in an image, by rules, and what to do about it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from seaslug.cli.context import Context
from seaslug.cli.options import add_image
from seaslug.cli.output import add_format, format_of, write

if TYPE_CHECKING:
    from seaslug.apps.config import CheckConfig
    from seaslug.rules.ignores import Ignore
    from seaslug.rules.model import Severity

HELP = "Judge an image by rules: security, secrets, waste, metadata, and whether it can start."
EXAMPLES = """\
  seaslug check python3:nonroot
  seaslug check docker-archive:app.tar --profile strict --fail-on warn
  seaslug check docker-daemon:app:1.0 --profile cis
  seaslug check app -o check.sarif                   for code scanning; also .html, .md, .json
  seaslug check app --format junit -o check.xml      for a build server
"""
NOTES = """
Findings are ignored, each with a reason, by [check] in seaslug.toml, or [tool.seaslug.check] in
pyproject.toml, of this folder.

exit status: 0 nothing at or above --fail-on, 15 something that is. The rules: seaslug rules."""
_SEVERITIES = ("info", "warn", "error", "fatal", "never")
_FORMATS = ("text", "json", "sarif", "junit", "markdown", "html")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_image(parser)
    parser.add_argument("--profile", choices=("default", "strict", "cis"), help="how strict")
    parser.add_argument(
        "--fail-on", choices=_SEVERITIES, help="how bad a finding must be to fail (default: error)"
    )
    add_format(parser, _FORMATS)
    parser.add_argument("--config", metavar="FILE", help="the configuration with what to ignore")


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the judgement."""
    from seaslug.cli.view import view_of
    from seaslug.errors import JUDGED
    from seaslug.ops.judge import judge
    from seaslug.ops.specimen import specimen
    from seaslug.report.findings import summary, written
    from seaslug.rules.catalog import profile

    shape, config = format_of(args, _FORMATS), _config(args)
    asked = profile(args.profile or config.profile or "default")
    limit = (
        _limit(args.fail_on or config.fail_on) if args.fail_on or config.fail_on else asked.limit
    )
    ignores = _ignores(config)
    found = judge(specimen(view_of(args, context)), asked, ignores)
    text = written(found, shape, limit)
    if args.output:
        write(args.output, text)
        context.err(f"{args.output}: {summary(found)}")
    else:
        context.out(text)
    return JUDGED if limit is not None and found.fails(limit) else 0


def _config(args: argparse.Namespace) -> CheckConfig:
    """Return what the configuration says, without importing its reader where there is none."""
    import os

    from seaslug.apps.config import CheckConfig

    if args.config:
        from seaslug.adapters.project import read_config

        return read_config(args.config).check
    if not any(map(os.path.isfile, ("seaslug.toml", "pyproject.toml"))):
        return CheckConfig()
    from seaslug.adapters.project import config_of

    return config_of(os.getcwd()).check


def _ignores(config: CheckConfig) -> tuple[Ignore, ...]:
    from seaslug.rules.catalog import rule
    from seaslug.rules.ignores import Ignore

    return tuple(Ignore(rule(name).id, reason, path) for name, reason, path in config.ignore)


def _limit(word: str) -> Severity | None:
    from seaslug.rules.model import Severity

    return None if word == "never" else Severity[word.upper()]
