"""What push, pull, copy and the looking commands share: options of registries, and words."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from seaslug.cli.context import Context

if TYPE_CHECKING:
    from seaslug.delivery import Delivery
    from seaslug.ops.transfer.move import Moved
    from seaslug.ops.transfer.plan import Wish


def add_registry(parser: argparse.ArgumentParser) -> None:
    """Add the options about registries."""
    group = parser.add_argument_group("registries")
    group.add_argument(
        "--insecure", metavar="HOST", action="append", default=[],
        help="speak plain HTTP, or TLS that nobody vouches for, with this host "
        "(the loopback needs no such word)",
    )  # fmt: skip
    group.add_argument(
        "--ca", metavar="FILE", action="append", default=[], help="a certificate to trust as well"
    )
    group.add_argument(
        "--authfile", metavar="FILE", default="",
        help="read logins from here only (default: those of docker login and podman login)",
    )  # fmt: skip
    group.add_argument("--no-mirrors", action="store_true", help="ask the registry itself")


def add_platforms(parser: argparse.ArgumentParser, default: str) -> None:
    """Add what is taken of an image; *default* says which platforms without a word."""
    parser.add_argument(
        "--platform", metavar="P[,P]", action="append", default=[],
        help=f"only these of an index, e.g. linux/arm64 (default: {default})",
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="the whole index, as it is")
    parser.add_argument(
        "--include-referrers", action="store_true", help="signatures and SBOMs of it as well"
    )


def delivery(args: argparse.Namespace, context: Context) -> Delivery:
    """Return the delivery over the context's store and the options of ``add_registry``."""
    from seaslug.adapters.registry.settings import RegistryOptions
    from seaslug.delivery import Delivery

    options = RegistryOptions(
        insecure=tuple(getattr(args, "insecure", ())),
        ca=tuple(getattr(args, "ca", ())),
        authfile=getattr(args, "authfile", ""),
        mirrors=not getattr(args, "no_mirrors", False),
    )
    return Delivery(context.store, listener=context.listener, options=options)


def wish(args: argparse.Namespace, *, everything: bool = False) -> Wish:
    """Return what --platform, --all and --include-referrers ask for."""
    from seaslug.errors import UsageError
    from seaslug.ops.transfer.plan import Wish

    given = args.platform if isinstance(args.platform, list) else [args.platform or ""]
    platforms = tuple(p.strip() for value in given for p in value.split(",") if p.strip())
    every = getattr(args, "all", False) or platforms == ("all",)
    if getattr(args, "all", False) and platforms and platforms != ("all",):
        raise UsageError("--all and --platform contradict each other", hint="leave one of them out")
    referrers = getattr(args, "include_referrers", False)
    if every or (everything and not platforms):
        return Wish((), True, referrers)
    from seaslug.api import host_platform

    return Wish(platforms, False, referrers, str(host_platform()))


def line(name: str, moved: Moved, verb: str, seconds: float) -> str:
    """Return what a copy did as people read it; *verb* is ``sent`` or ``fetched``."""
    if moved.same:
        return f"{name}: is there already ({seconds:.2f} s)"
    from seaslug.values.words import megabytes

    sent, sizes = moved.counts.get("sent", 0), megabytes(moved.bytes)
    parts = [f"{sent} blob{'s' if sent != 1 else ''} {verb} ({sizes})"] if sent else []
    parts += [f"{moved.counts[how]} {words}" for how, words in _WORDS if moved.counts.get(how)]
    if len(moved.platforms) > 1:
        parts.append(f"{len(moved.platforms)} platforms")
    if moved.referrers:
        parts.append(f"{moved.referrers} that refer to it")
    return f"{name}: {', '.join(parts) or 'named'} ({seconds:.2f} s)"


_WORDS = (("mounted", "mounted from beside it"), ("there", "there already"))


def data(moved: Moved, seconds: float) -> dict[str, Any]:
    """Return what a copy did, for ``--json``."""
    return {
        "where": moved.where,
        "digest": moved.top.digest.text,
        "media_type": moved.top.media_type,
        "platforms": [p for p in moved.platforms if p],
        "blobs": {how: moved.counts.get(how, 0) for how in ("sent", "mounted", "there")},
        "bytes": moved.bytes,
        "referrers": moved.referrers,
        "same": moved.same,
        "seconds": round(seconds, 3),
    }
