"""seaslug run: an application, built and started in the engine that is there."""

from __future__ import annotations

import argparse

from seaslug.cli.applications import add_application
from seaslug.cli.context import Context
from seaslug.cli.options import add_archive, add_platform
from seaslug.errors import UsageError

HELP = "Build an application and start it: read-only, without capabilities, as its own user."
EXAMPLES = """\
  seaslug run                                       the project in this folder
  seaslug run ./target/release/server -p 8080:8000 -e LOG=debug
  seaslug run . --variant debug -- --verbose        arguments for the application after --
"""
REST = "args"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "subject", metavar="SUBJECT", nargs="?", default=".",
        help="a project folder, a program or a jar (default: this folder)",
    )  # fmt: skip
    parser.set_defaults(args=[])
    parser.usage = "seaslug run [SUBJECT] [options] [-- ARGS]"
    parser.add_argument("--variant", metavar="NAME", help="latest, nonroot, debug or debug-nonroot")
    parser.add_argument("-e", "--env", metavar="NAME=VALUE", action="append", default=[])
    parser.add_argument(
        "-p", "--publish", metavar="HERE:INSIDE", action="append", default=[],
        help="publish a port of the container on loopback (default: its own, same numbers)",
    )  # fmt: skip
    parser.add_argument(
        "--runner", metavar="NAME", default="", help="docker or podman (default: what is there)"
    )
    add_platform(parser)
    add_application(parser.add_argument_group("applications"))
    add_archive(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Build it, start it, pass on how it ended."""
    from seaslug.adapters import foreground, runners
    from seaslug.cli.applications import application, tell
    from seaslug.cli.workspace import workspace
    from seaslug.oci.runnable import read_image

    publish = tuple(_pair(text) for text in args.publish)
    engine = runners.pick(context.store, args.runner or None, foreground.ENGINES).name
    with workspace(args, context) as seaslug, context.store.session():
        app = application(args, seaslug, args.subject)
        tell(context, app)
        if len(app.layers) > 1:
            raise UsageError("one platform can run at a time", hint="choose one with --platform")
        result = seaslug.build(app.recipe, [app.layers[0][0]], app=app)
        context.close()
        config = app.project.config
        wish = foreground.Wish(
            args=tuple(args.args), env=tuple(args.env), ports=app.recipe.settings.ports,
            writable=(*(d.path for d in config.directories), *config.volumes), publish=publish,
            checked=app.health is not None,
        )  # fmt: skip
        image = read_image(context.store, result.descriptor.digest)
        return foreground.run(
            context.store, image, engine, wish, lambda text: context.err(f"seaslug: {text}")
        )


def _pair(text: str) -> tuple[int, int]:
    here, _, inside = text.partition(":")
    if not (here.isdigit() and (inside or here).isdigit()):
        raise UsageError(f"not a pair of ports: {text!r}", hint="-p 8080:8000 (here:inside)")
    return int(here), int(inside or here)
