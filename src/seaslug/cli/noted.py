"""What a build leaves for the same command again, and what it finds: see :mod:`again`."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from typing import Any

from seaslug.cli.context import Context
from seaslug.values.descriptor import Descriptor

_TICK = 10_000_000  # what the times of files may lag behind the clock, in ns


@dataclass(frozen=True, slots=True)
class Found:
    """An image that needs no build: what it is, its name, and what people are told of it."""

    descriptor: Descriptor
    name: str
    told: tuple[str, ...]


def found(context: Context) -> Found | None:
    """Return the project's image if its note, or an edit, has it; it is in the store."""
    from seaslug.apps import edits
    from seaslug.cli import again
    from seaslug.oci import media
    from seaslug.values.digest import Digest

    lines = again.settled(again.plain(context.argv))
    plan = edits.decode(lines) if lines is not None else None
    if lines is None or plan is None:
        return None
    descriptor = Descriptor(media.MANIFEST, Digest(plan.image[0]), plan.image[1])
    told = [row[4:] for row in lines if row.startswith("err ") and "{seconds}" not in row]
    return Found(descriptor, plan.title.partition("  ")[0], tuple(told))


def keep(
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
        [] if args.quiet else [line(names[0], image, "as built before") for image in result.images]
    )
    told += [] if args.quiet else ["  {seconds} s"]
    rows = [*own, *again.index(str(store.root / "index.json"), [store.row(n) for n in names])]
    if app is not None and len(names) == 1:
        rows += _plan(app, result, store.row(names[0]), names[0], files)
    rows += [f"out {result.descriptor.digest.text}", *(f"err {line}" for line in told)]
    again.note(again.plain(context.argv), until, files, rows)


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
    paths += [os.path.join(project.folder, entry.path) for entry in project.named]
    paths += [os.path.abspath(project.config.where)] if project.config.where else []
    return [path for path in dict.fromkeys(paths) if os.path.exists(path)]


def line(name: str, image: Any, how: str) -> str:
    """Return what people are told of an image, and *how* it came about."""
    return (
        f"{name}  {image.platform}  {image.size / 1e6:.2f} MB in {image.layers} layers, "
        f"{image.packages} packages; {how}"
    )
