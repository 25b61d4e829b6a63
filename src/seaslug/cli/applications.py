"""Projects and programs on the command line: what build, choose and run share."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from seaslug.cli.context import Context

if TYPE_CHECKING:
    from seaslug.api import Workspace
    from seaslug.lock.model import Lock
    from seaslug.ops.app.prepare import Application


def add_application(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add the options that only projects and programs have."""
    parser.add_argument(
        "--kind", metavar="KIND", default="",
        help="what kind of project it is, where that is not clear: python, node, go, rust, java",
    )  # fmt: skip
    parser.add_argument(
        "--whole", action="store_true",
        help="leave nothing out of the runtime, and start nothing to prove that it may be",
    )  # fmt: skip
    parser.add_argument("--no-health", action="store_true", help="add no health check")
    parser.add_argument(
        "--init", action="store_true", help="put a small init before it, which passes signals on"
    )
    parser.add_argument(
        "--jlink", action="store_true", help="for Java: a runtime of the modules it needs"
    )
    parser.add_argument(
        "--config", metavar="FILE", default="",
        help="its configuration (default: seaslug.toml, or [tool.seaslug] in pyproject.toml)",
    )  # fmt: skip


def place_of(subject: str) -> str:
    """Return the folder or file that *subject* means: that of a seaslug.toml is its folder."""
    if os.path.basename(subject) == "seaslug.toml":
        return os.path.dirname(subject) or "."
    return subject


def application(
    args: argparse.Namespace,
    seaslug: Workspace,
    subject: str,
    lock: Lock | None = None,
    *,
    slice: bool = True,
) -> Application:
    """Return the application that *subject* names, sliced unless *slice* is false."""
    from seaslug.api import platforms

    config = args.config
    if not config and os.path.basename(subject) == "seaslug.toml":
        config = subject
    return seaslug.application(
        place_of(subject), platforms(args.platform), variant=args.variant or "",
        kind=args.kind, config=config, lock=lock,
        slice=slice and not args.whole, settings=_settings(args), exclude=_own_files(args),
    )  # fmt: skip


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """Return what the options say, as keys of the configuration."""
    found: dict[str, Any] = {}
    if args.no_health:
        found["health"] = False
    if args.init:
        found["init"] = True
    if args.jlink:
        found["java"] = {"jlink": True}
    return found


def _own_files(args: argparse.Namespace) -> list[str]:
    """Return patterns of what seaslug itself writes beside a project: a lock."""
    lock = getattr(args, "lock", None)
    return [f"**/{os.path.basename(lock)}"] if lock else []


def tell(context: Context, app: Application) -> None:
    """Print what was found, what was chosen, and why."""
    for line in lines(app):
        context.err(line)


def lines(app: Application) -> list[str]:
    """Return what was found, what was chosen, and why, as people read it."""
    recipe = app.recipe
    rows = [f"{recipe.name}: {app.detection.title}"]
    rows += [_row("found", e.what, e.where) for e in app.detection.evidence]
    rows.append(_row("base", recipe.base))
    told = set(app.detection.evidence)
    rows += [_row("because", e.what, e.where) for e in app.evidence if e not in told]
    settings = recipe.settings
    rows.append(_row("starts", " ".join((*settings.entrypoint, *settings.cmd))))
    if settings.ports:
        rows.append(_row("ports", ", ".join(settings.ports)))
    check = settings.healthcheck
    rows.append(_row("health", " ".join(check.test[1:]) if check is not None else "no check"))
    if app.slicing:
        rows.append(_row("slice", app.slicing))
    rows += [_row("note", note) for note in app.notes]
    return rows


def _row(key: str, what: str, where: str = "") -> str:
    return f"  {key:<8} {what}{f'  ({where})' if where else ''}"


def data(app: Application) -> dict[str, Any]:
    """Return what was found and chosen, for ``--json``."""
    settings = app.recipe.settings
    check = settings.healthcheck
    return {
        "name": app.recipe.name,
        "kind": app.detection.kind,
        "title": app.detection.title,
        "evidence": [{"what": e.what, "where": e.where} for e in app.detection.evidence],
        "base": app.recipe.base,
        "because": [{"what": e.what, "where": e.where} for e in app.evidence],
        "packages": sorted(
            p for level in app.recipe.levels if level.name == "with" for p in level.packages
        ),
        "entrypoint": list(settings.entrypoint),
        "cmd": list(settings.cmd),
        "workdir": settings.workdir,
        "user": settings.user,
        "ports": list(settings.ports),
        "env": dict(settings.env),
        "health": list(check.test) if check is not None else None,
        "kubernetes": _kubernetes(app),
        "layers": {
            str(platform): [{"name": x.name, "size": x.size, "files": len(x.entries)} for x in top]
            for platform, top in app.layers
        },
        "slice": app.slicing,
        "notes": list(app.notes),
    }


def _kubernetes(app: Application) -> Any:
    from seaslug.apps.probe.check import kubernetes

    return kubernetes(app.health) if app.health is not None else None
