"""From the IMAGE argument to a view of it; what inspect, ls, cat and export share."""

from __future__ import annotations

import argparse

from seaslug.cli.context import Context
from seaslug.oci import images
from seaslug.ops.look import View
from seaslug.values.place import STORE, parse_place


def view_of(args: argparse.Namespace, context: Context) -> View:
    """Return the image that IMAGE, a name or a place, and --platform name.

    Without --platform, an index gives this machine's own image if it has one. Raises
    UnknownNameError, UsageError.
    """
    from seaslug.api import host_platform

    place = parse_place(args.image)
    if place.transport != STORE:
        from seaslug.cli.deliver import delivery, wish

        return delivery(args, context).view(place, wish(args))
    platform = args.platform or ""
    top = images.resolve(context.store, args.image)
    known = [found for _, found in images.images(context.store, top)]
    if not platform and len(known) > 1 and str(host_platform()) in known:
        platform = str(host_platform())
    return View(context.store, images.image(context.store, args.image, platform))
