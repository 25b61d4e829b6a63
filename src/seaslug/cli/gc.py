"""seaslug gc: free what nothing refers to."""

from __future__ import annotations

import argparse
import re
import time

from seaslug.cli.context import Context

HELP = "Remove from the store what no image needs. Recent packages stay, for the next build."
EXAMPLES = """\
  seaslug gc                     what no image needs and is older than 7 days
  seaslug gc --older 1h          ... than an hour
  seaslug gc --all               everything but the images themselves
  seaslug gc --all --dry-run     what would that free?
"""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--older", metavar="TIME", default="7d", help="30m, 12h, 7d, 2w (default: 7d)"
    )
    parser.add_argument("--all", action="store_true", help="whatever its age")
    parser.add_argument("--dry-run", action="store_true", help="remove nothing, only tell")


def run(args: argparse.Namespace, context: Context) -> int:
    """Collect."""
    from seaslug.ops.collect import doomed
    from seaslug.values.words import megabytes

    before = time.time() - (-3600.0 if args.all else _seconds(args.older))
    store = context.store
    with store.alone():
        rows = list(store.contents())
        gone = list(doomed(store, rows, before))
        if not args.dry_run:
            for digest, _, _ in gone:
                store.discard(digest)
            store.forget_gone()
            store.forget_before(before)
    freed, total = sum(row[1] for row in gone), sum(row[1] for row in rows)
    if args.json:
        context.json_out(
            {
                "blobs": len(gone),
                "bytes": freed,
                "left_blobs": len(rows) - len(gone),
                "left_bytes": total - freed,
                "dry_run": args.dry_run,
            }
        )
        return 0
    verb = "would free" if args.dry_run else "freed"
    context.out(f"{verb} {megabytes(freed)} in {len(gone)} blobs")
    left = f"{megabytes(total - freed)} stay in {len(rows) - len(gone)} blobs"
    context.err(left if args.all else f"{left}; what is younger than {args.older} goes with --all")
    return 0


def _seconds(text: str) -> float:
    from seaslug.errors import UsageError

    found = re.fullmatch(r"(\d+)([smhdw])", text)
    if not found:
        raise UsageError(f"not a time: {text!r}", where="--older", hint="write 30m, 12h, 7d or 2w")
    return int(found[1]) * float(_UNITS[found[2]])
