"""seaslug build: from a project, a program, a member of the family or a recipe to an image."""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

from seaslug.cli.applications import add_application
from seaslug.cli.context import Context
from seaslug.cli.deliver import add_registry
from seaslug.cli.options import add_archive, add_platform, add_pyc, add_subject
from seaslug.errors import UsageError

HELP = "Build an image of an application or of a base, without Docker and without root."
_TICK = 10_000_000  # what the times of files may lag behind the clock, in ns
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
        help="oci:DIR[:tag], oci-archive:FILE, docker-archive:FILE, docker-daemon:NAME "
        "or podman:NAME; more than one is fine",
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
    from seaslug.recipe import catalog

    if not args.watch:
        return _build(args, context)
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
    from seaslug.cli.lockfile import lock_for
    from seaslug.cli.workspace import platforms_of, recipe_of, workspace

    begun, clock = time.monotonic(), time.time_ns()
    outputs = [parse_output(text) for text in args.output]
    targets = _targets(args)
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
        _note(args, context, seaslug, result, names, app, clock)
    return 0


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


def _note(
    args: argparse.Namespace, context: Context, seaslug: Any, result: Any, names: list[str],
    app: Any, begun: int,
) -> None:  # fmt: skip
    """Keep the answer for the same command again: see :mod:`seaslug.cli.again`."""
    from seaslug.cli import again, applications
    from seaslug.oci import images
    from seaslug.recipe import catalog

    store = context.store
    until, files = (float("inf"), []) if args.lock else seaslug.fresh_until(result.recipe)
    files += [args.lock] if args.lock else []
    own = _own_files(app, begun) if app is not None else []
    if own is None:
        return
    files += _settings_files(app) if app is not None else []
    if app is None and catalog.looks_like_path(args.subject):
        files.append(os.path.expanduser(args.subject.partition(":")[0]))
    files += [store.get(blob.digest).path for blob in images.blobs(store, result.descriptor)]
    told = [] if args.quiet or app is None else applications.lines(app)
    told += (
        [] if args.quiet else [_line(names[0], image, "as built before") for image in result.images]
    )
    told += [] if args.quiet else ["  {seconds} s"]
    rows = [*own, *again.index(str(store.root / "index.json"), [store.row(n) for n in names])]
    if app is not None and len(names) == 1:
        rows += _plan(app, result, store.row(names[0]), names[0], files)
    rows += [f"out {result.descriptor.digest.text}", *(f"err {line}" for line in told)]
    again.note(context.argv, until, files, rows)


def _plan(app: Any, result: Any, row: str, name: str, files: list[str]) -> list[str]:
    """Return the rows for edits of the project; what makes a layer's bytes is added to *files*."""
    import deflate

    from seaslug.ops.app.planned import plan

    head = f"{name}  {result.images[0].platform}  "
    found = plan(app, result.lock, result.images, result.builder, row, head)
    files.append(deflate.__file__)
    return found.encode() if found is not None else []


def _own_files(app: Any, begun: int) -> list[str] | None:
    """Return the rows of a project's files and folders: while none changes, nothing does.

    None if one was changed after *begun*, in ns since 1970: nobody knows which was built.
    """
    from seaslug.cli import again

    project = app.project
    paths = [os.path.join(project.folder, entry.path) for entry in project.tree]
    paths += [] if project.file else [project.folder]
    try:
        rows = [again.state(path) for path in paths]
        seen = [os.lstat(path) for path in (*paths, *_settings_files(app))]
    except OSError:
        return None
    late = any(max(one.st_mtime_ns, one.st_ctime_ns) > begun - _TICK for one in seen)
    return None if late else rows


def _settings_files(app: Any) -> list[str]:
    """Return the files that are no part of a project, and that decide about its image."""
    project = app.project
    names = (".dockerignore", "seaslug.toml", ".npmrc")
    paths = [os.path.join(project.folder, name) for name in names]
    paths += [os.path.abspath(project.config.where)] if project.config.where else []
    return [path for path in dict.fromkeys(paths) if os.path.exists(path)]


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
        put_out(context.store, result.descriptor, output, args.tag or names) for output in outputs
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
        context.err(_line(names[0], image, "as built before" if image.reused else made))
    for place in placed:
        context.err(f"  {place}")
    context.err(f"  {seconds:.2f} s")


def _line(name: str, image: Any, how: str) -> str:
    return (
        f"{name}  {image.platform}  {image.size / 1e6:.2f} MB in {image.layers} layers, "
        f"{image.packages} packages; {how}"
    )
