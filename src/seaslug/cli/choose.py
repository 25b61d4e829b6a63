"""seaslug choose: what would be built of a project or a program, and why."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from seaslug.cli.applications import add_application
from seaslug.cli.context import Context
from seaslug.cli.options import add_archive, add_platform
from seaslug.errors import UsageError

if TYPE_CHECKING:
    from seaslug.ops.app.prepare import Application

HELP = "Show what a project or a program would be built on, and the evidence for it."
EXAMPLES = """\
  seaslug choose                                    the project in this folder
  seaslug choose ./target/release/server            interpreter, libraries, symbol versions
  seaslug choose app.jar --json
  seaslug choose . --kubernetes                     its health check, as probes of a container
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "subject", metavar="SUBJECT", nargs="?", default=".",
        help="a project folder, a program or a jar (default: this folder)",
    )  # fmt: skip
    parser.add_argument("--variant", metavar="NAME", help="latest, nonroot, debug or debug-nonroot")
    parser.add_argument(
        "--kubernetes", action="store_true", help="only the health check, as Kubernetes takes it"
    )
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
    if args.kubernetes:
        context.out("\n".join(_probes(app)))
    elif args.json:
        context.json_out(data(app))
    else:
        context.out("\n".join(lines(app)))
    return 0


def _probes(app: Application) -> list[str]:
    """Return the probes of a container, in YAML."""
    from seaslug.apps.probe.check import kubernetes

    if app.health is None:
        raise UsageError("there is no health check", hint="set one: [health] in seaslug.toml")
    probe = kubernetes(app.health)
    rows = []
    for name in ("readinessProbe", "livenessProbe"):
        rows += [f"{name}:", *_yaml(probe, "  ")]
    return rows


def _yaml(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    """Yield *value* in YAML; texts are quoted as JSON, which YAML takes."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield f"{indent}{key}:"
            yield from _yaml(item, indent + "  ")
        else:
            yield f"{indent}{key}: {json.dumps(item)}"
