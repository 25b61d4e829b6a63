"""seaslug build: from a project, a program, a member of the family or a recipe to an image."""

from __future__ import annotations

import argparse
import time
from typing import Any

from seaslug.cli.applications import add_application
from seaslug.cli.context import Context
from seaslug.cli.deliver import add_registry
from seaslug.cli.options import add_archive, add_platform, add_pyc, add_subject
from seaslug.errors import UsageError

HELP = "Build an image of an application or of a base, without Docker and without root."
EXAMPLES = """\
  seaslug build                                     the project in this folder
  seaslug build ./target/release/server -t me/server:1.2 --load
  seaslug build -t registry.example/me/app:1.2 --push --platform linux/amd64,linux/arm64
  seaslug build . --watch --load                    again, whenever a file changes
  seaslug build static                              prints the digest; the image is in the store
  seaslug build python3:nonroot --platform linux/amd64,linux/arm64 -o oci:out/python3
  seaslug build cc-debian12:debug -o docker-archive:cc.tar -t cc:debug
  seaslug build base --load                         into the Docker or podman that is there
  seaslug build ./my-family.toml --with git,libpq5  a recipe of one's own, and more packages
  seaslug build python3 --lock python3.lock         the same bytes, today, tomorrow, anywhere
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_subject(parser, optional=True)
    add_platform(parser)
    own = parser.add_argument_group("applications")
    add_application(own)
    own.add_argument("--watch", action="store_true", help="build again whenever a file changes")
    out = parser.add_argument_group("output")
    out.add_argument(
        "-o", "--output", metavar="WHERE", action="append", default=[],
        help="oci:DIR[:tag], oci-archive:FILE, docker-archive:FILE, docker-daemon:NAME, "
        "podman:NAME, containerd:[NAMESPACE/]NAME, kind:[CLUSTER/]NAME or "
        "minikube:[PROFILE/]NAME; more than one is fine",
    )  # fmt: skip
    out.add_argument(
        "-t",
        "--tag",
        metavar="NAME",
        action="append",
        default=[],
        help="name it; more than one is fine",
    )
    out.add_argument(
        "--load", action="store_true", help="load into the Docker or podman that is there"
    )
    out.add_argument(
        "--push", action="store_true",
        help="push it to every name of -t, HOST/PATH[:TAG]; prints NAME@sha256:…",
    )  # fmt: skip
    lock = parser.add_argument_group("lock")
    lock.add_argument(
        "--lock",
        metavar="FILE",
        help="use this lock; made if missing, renewed if the recipe changed",
    )
    lock.add_argument(
        "--locked",
        action="store_true",
        help="fail if the recipe has changed since the lock was made",
    )
    add_pyc(lock)
    shape = parser.add_argument_group("layers")
    shape.add_argument("--compression", choices=("gzip", "zstd", "none"), default="gzip")
    shape.add_argument(
        "--level", type=int, metavar="N", help="compression level (gzip 1-12, zstd 1-19)"
    )
    shape.add_argument("--layers", choices=("grouped", "single", "per-package"), default="grouped")
    add_registry(parser)
    add_archive(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Build once, or again and again."""
    if not args.watch:
        return _build(args, context)
    from seaslug.recipe import catalog

    if not catalog.is_application(args.subject):
        raise UsageError("--watch is for projects", where=args.subject)
    from seaslug.adapters.project import read_project, state
    from seaslug.cli.applications import place_of
    from seaslug.cli.watch import watch

    place = place_of(args.subject)
    config = read_project(place, args.config).config
    return watch(lambda: _build(args, context), lambda: state(place, config), context)


def _build(args: argparse.Namespace, context: Context) -> int:
    """Build, name, put out, sum up."""
    from seaslug.adapters.transports.out import parse_output

    begun, clock = time.monotonic(), time.time_ns()
    outputs = [parse_output(text) for text in args.output]
    targets = _targets(args)
    if _quickly(args, context, outputs, targets, begun):
        return 0
    from seaslug.cli import noted
    from seaslug.cli.lockfile import lock_for
    from seaslug.cli.workspace import platforms_of, recipe_of, workspace

    with workspace(args, context) as seaslug, context.store.session():
        app = _application(args, context, seaslug)
        recipe = app.recipe if app is not None else recipe_of(args, seaslug)
        wanted = tuple(p for p, _ in app.layers) if app is not None else platforms_of(args, recipe)
        lock = lock_for(args, context, seaslug, recipe, wanted, app)
        result = seaslug.build(
            recipe,
            wanted,
            lock=lock,
            pyc=not args.no_pyc,
            compression=args.compression,
            level=args.level,
            layers=args.layers,
            app=app,
        )
        names = args.tag or [_default_tag(recipe)]
        platform = "" if len(result.images) > 1 else str(result.images[0].platform)
        for name in names:
            context.store.tag(name, result.descriptor, platform)
        placed = _place(args, context, outputs, result, names)
        pushed = [_pushed(args, context, result, target) for target in targets]
        _report(args, context, result, names, (placed, pushed), time.monotonic() - begun)
        noted.keep(args, context, seaslug, result, names, app, clock)
    return 0


def _quickly(
    args: argparse.Namespace, context: Context, outputs: list[Any], targets: list[Any], begun: float
) -> bool:  # fmt: skip
    """Put out what the same command without outputs left or an edit of it gave; False if none."""
    from seaslug.cli import noted

    if args.json or not (outputs or targets or args.load or args.watch):
        return False
    with context.store.session():
        found = noted.found(context)
        if found is None:
            return False
        digest = found.descriptor.digest.text
        placed = _place(args, context, outputs, found, args.tag or [found.name])
        pushed = [_pushed(args, context, found, target) for target in targets]
        context.close()
        for line in pushed or [digest]:
            context.out(line)
        for line in (*found.told, *(f"  {place}" for place in placed)):
            context.err(line)
        context.err(f"  {time.monotonic() - begun:.2f} s")
    return True


def _application(args: argparse.Namespace, context: Context, seaslug: Any) -> Any:
    """Return SUBJECT as an application, or None if it is a base or a recipe."""
    from pathlib import Path

    from seaslug.cli.applications import application, tell
    from seaslug.cli.lockfile import read_lock
    from seaslug.recipe import catalog

    if not catalog.is_application(args.subject):
        if args.kind or args.config:
            raise UsageError("--kind and --config are for projects", where=args.subject)
        return None
    lock = read_lock(Path(args.lock)) if args.lock and Path(args.lock).exists() else None
    app = application(args, seaslug, args.subject, lock)
    tell(context, app)
    return app


def _default_tag(recipe: Any) -> str:
    if recipe.base:
        return f"{recipe.name}:{recipe.variant}"
    from seaslug.recipe.catalog import DEFAULT_DISTRIBUTION

    name = (
        recipe.name
        if recipe.distribution.name == DEFAULT_DISTRIBUTION
        else f"{recipe.name}-{recipe.distribution.name}"
    )
    return f"{name}:{recipe.variant}"


def _place(
    args: argparse.Namespace, context: Context, outputs: list[Any], result: Any, names: list[str]
) -> list[str]:
    from seaslug.adapters.transports.out import put_out

    placed = [
        put_out(context.store, result.descriptor, output, args.tag or names, context.listener)
        for output in outputs
    ]
    if args.load:
        from seaslug.adapters.engines import load_into_any

        placed.append(load_into_any(context.store, result.descriptor, names, context.listener))
    return placed


def _targets(args: argparse.Namespace) -> list[Any]:
    """Return where --push pushes to. Raises UsageError before anything is built."""
    if not args.push:
        return []
    from seaslug.values.reference import Reference, has_host

    targets = [Reference.parse(name) for name in args.tag if has_host(name)]
    if not targets:
        raise UsageError(
            "--push needs to know where to", hint="name it: -t registry.example/me/app:1.2 --push"
        )
    return targets


def _pushed(args: argparse.Namespace, context: Context, result: Any, target: Any) -> str:
    """Push what was built to *target*; returns its name with the digest."""
    from seaslug.cli.deliver import delivery, line
    from seaslug.ops.transfer.plan import Wish

    begun = time.monotonic()
    digest = result.descriptor.digest.text
    moved = delivery(args, context).push(digest, target, Wish(everything=True))
    context.err(line(str(target), moved, "sent", time.monotonic() - begun))
    return moved.where


def _report(
    args: argparse.Namespace,
    context: Context,
    result: Any,
    names: list[str],
    places: tuple[list[str], list[str]],
    seconds: float,
) -> None:
    from seaslug.cli import noted

    context.close()
    placed, pushed = places
    digest = result.descriptor.digest.text
    if args.json:
        context.json_out(
            {
                "digest": digest,
                "names": names,
                "outputs": placed,
                "pushed": pushed,
                "seconds": round(seconds, 3),
                "images": [
                    {
                        "platform": str(image.platform),
                        "digest": image.manifest.digest.text,
                        "size": image.size,
                        "layers": image.layers,
                        "packages": image.packages,
                        "reused": image.reused,
                    }
                    for image in result.images
                ],
            }
        )
    for line in () if args.json else pushed or [digest]:
        context.out(line)
    tally = result.builder.tally
    for image in result.images:
        made = f"{tally.made} pieces made, {tally.reused} reused"
        context.err(noted.line(names[0], image, "as built before" if image.reused else made))
    for place in placed:
        context.err(f"  {place}")
    context.err(f"  {seconds:.2f} s")
