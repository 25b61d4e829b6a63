"""From parsed options to a workspace and a recipe; what build, lock, why and prove share."""

from __future__ import annotations

import argparse
import os

from seaslug.api import ArchiveChoice, Workspace, platforms
from seaslug.cli.context import Context
from seaslug.recipe.model import Recipe
from seaslug.values.platform import Platform


def workspace(args: argparse.Namespace, context: Context) -> Workspace:
    """Return the workspace over the context's store and the options of ``add_archive``."""
    options = ArchiveChoice(
        mirrors=tuple(args.mirror),
        security_mirrors=tuple(args.security_mirror),
        refresh=args.refresh,
        offline=args.offline,
        allow_expired=args.allow_expired or os.environ.get("SEASLUG_ALLOW_EXPIRED") == "1",
        allow_downgrade=args.allow_downgrade,
        keyring=args.keyring or "",
    )
    return Workspace(context.store, listener=context.listener, archive=options)


def recipe_of(args: argparse.Namespace, seaslug: Workspace) -> Recipe:
    """Return the recipe of SUBJECT, --variant and --with."""
    extra = [part.strip() for value in args.extra for part in value.split(",") if part.strip()]
    return seaslug.recipe(args.subject, variant=args.variant or "", extra=extra)


def platforms_of(args: argparse.Namespace, recipe: Recipe) -> tuple[Platform, ...]:
    """Return the platforms of --platform; empty when the option was not given."""
    return platforms(args.platform, recipe)
