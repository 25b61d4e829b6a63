"""seaslug rebase: new base layers under the same application layers, if it still fits."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from seaslug.cli.context import Context
from seaslug.cli.deliver import add_registry
from seaslug.cli.options import add_archive

if TYPE_CHECKING:
    from seaslug.ops.rebase.rebase import Outcome, Rebased
    from seaslug.values.descriptor import Descriptor

HELP = (
    "Put new base layers under an application's own, without building it again. First it is\n"
    "proved that it fits: every library, symbol version, symbol, interpreter, user and program\n"
    "that it had is still there; exit status 12, and no new image, when something is not."
)
EXAMPLES = """\
  seaslug rebase app                                its own base, of the packages as they are now
  seaslug rebase app --onto python3:nonroot --dry-run     would it fit?
  seaslug rebase app --onto python3-debian12:nonroot -t app:bookworm
  seaslug rebase app --onto mybase@sha256:0f1e...   an image of the store, as it is
  seaslug rebase theirs --from oldbase --onto docker://reg.example/base:2   built by others
  seaslug rebase app --prove                        and start it before it gets the name
"""
_SHOWN = 6
_NAMELESS = "what shall the result be called?"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "app", metavar="APP", help="an image: of the store, or in any place that copy reads"
    )
    parser.add_argument(
        "--onto", metavar="BASE", default="",
        help="a member of the family, of the packages as they are now, or an image: of the store, "
        "docker://…, oci:DIR … (default: the member that APP was built on)",
    )  # fmt: skip
    parser.add_argument(
        "--from", dest="old", metavar="OLD_BASE", default="",
        help="the image that APP was built on, where it does not tell",
    )  # fmt: skip
    parser.add_argument("-t", "--tag", metavar="NAME", action="append", default=[],
                        help="name the result so (default: as APP is called)")  # fmt: skip
    parser.add_argument("--platform", metavar="P[,P]", action="append", default=[],
                        help="which ones of an index (default: all)")  # fmt: skip
    parser.add_argument("--lock", metavar="FILE", help="the packages of this lock")
    how = parser.add_argument_group("how")
    how.add_argument("--dry-run", action="store_true", help="make nothing, only say if it fits")
    how.add_argument("--force", action="store_true", help="make it although it does not fit")
    how.add_argument("--prove", action="store_true", help="start it, before it gets the name")
    how.add_argument("--runner", metavar="NAME", help="docker, podman, bwrap or unshare")
    add_archive(parser)
    add_registry(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Rebase, prove, name; exit status 12 if it does not fit."""
    from pathlib import Path

    from seaslug.cli.lockfile import read_lock
    from seaslug.cli.workspace import workspace
    from seaslug.errors import ProofError, UsageError
    from seaslug.ops.rebase.rebase import put
    from seaslug.values.place import STORE, parse_place

    if parse_place(args.app).transport != STORE and not (args.tag or args.dry_run):
        raise UsageError(_NAMELESS, where=args.app, hint="-t NAME")

    lock = read_lock(Path(args.lock)) if args.lock else None
    wanted = [part.strip() for text in args.platform for part in text.split(",") if part.strip()]
    with workspace(args, context) as seaslug, context.store.session():
        app = _here(args.app, wanted, args, context).rpartition("@")[2]
        names = _names(app, args, context)
        able = wanted or _platforms(app, context)
        onto = _here(args.onto, able, args, context)
        old = _here(args.old, able, args, context).rpartition("@")[2]
        outcome = seaslug.rebase(app, onto, old=old, platforms=wanted, lock=lock)
        made = None
        if not args.dry_run and (outcome.fits or args.force):
            made = put(context.store, outcome)
            proofs = _proved(args, context, outcome) if args.prove else []
            for name in names:
                one = "" if len(outcome.images) > 1 else outcome.images[0].parts.app.platform
                context.store.tag(name, made, one)
        else:
            proofs = []
    context.close()
    _report(args, context, outcome, made, names if made else [], proofs)
    return 0 if outcome.fits or made else ProofError.exit_status


def _here(
    text: str, platforms: Sequence[str], args: argparse.Namespace, context: Context
) -> str:  # fmt: skip
    """Return *text*, of an image elsewhere its name and digest once it is in the store."""
    from seaslug.cli.deliver import delivery
    from seaslug.ops.transfer.plan import Wish
    from seaslug.values.place import FILES, STORE, parse_place

    place = parse_place(text) if text else None
    if place is None or place.transport == STORE:
        return text
    wish = Wish(tuple(platforms), everything=not platforms)
    top = delivery(args, context).bring(place, wish)
    name = "" if place.transport in FILES else place.name.partition("@")[0]
    return f"{name}@{top.digest.text}"


def _platforms(app: str, context: Context) -> list[str]:
    """Return the platforms of an image of the store."""
    from seaslug.oci import images

    return [p for _, p in images.images(context.store, images.resolve(context.store, app))]


def _names(app: str, args: argparse.Namespace, context: Context) -> list[str]:
    """Return what the result will be called. Raises UsageError if nothing tells."""
    from seaslug.errors import UsageError
    from seaslug.oci import images

    if args.tag or args.dry_run:
        return list(args.tag)
    top = images.resolve(context.store, app)
    known = context.store.tags()
    names = [n for n in (app, f"{app}:latest") if n in known]
    names = names or [n for n, found in known.items() if found.digest == top.digest][:1]
    if not names:
        raise UsageError(_NAMELESS, where=args.app, hint="-t NAME")
    return names[:1]


def _proved(args: argparse.Namespace, context: Context, outcome: Outcome) -> list[str]:
    """Start what can be started here; return how that went. Raises ProofError."""
    from seaslug.adapters.runners import QUICK, pick
    from seaslug.api import host_platform
    from seaslug.errors import ProofError
    from seaslug.ops.rebase import merge
    from seaslug.ops.rebase.started import started

    said = []
    here = str(host_platform())
    runner = pick(context.store, args.runner, QUICK)
    try:
        for one in outcome.images:
            if len(outcome.images) > 1 and one.parts.app.platform != here:
                said.append(f"{one.parts.app.platform}: not started, this machine is {here}")
                continue
            digest = merge.put(context.store, one.made).digest
            proof = started(digest, one.made.run, runner)
            if not proof.ok:
                raise ProofError(
                    f"it fits, and does not start: {proof.how}",
                    where=f"{args.app} {one.parts.app.platform}",
                    hint=f"nothing was named; build it again: seaslug build -t {args.app}",
                )
            said.append(f"{one.parts.app.platform} on {runner.name}: {proof.how}")
    finally:
        runner.close()
    return said


def _report(
    args: argparse.Namespace, context: Context, outcome: Outcome, made: Descriptor | None,
    names: list[str], proofs: list[str],
) -> None:  # fmt: skip
    if args.json:
        context.json_out(_data(outcome, made, names, proofs))
    elif made is not None:
        context.out(made.digest.text)
    for one in outcome.images:
        for line in _lines(args.app, one):
            context.err(line)
    for platform in outcome.left:
        context.err(f"{args.app}  {platform}  left out: the new base has no image for it")
    for proof in proofs:
        context.err(f"  proved: {proof}")
    if made is None:
        why = "nothing was made: --dry-run" if args.dry_run else "nothing was made; --force does it"
        context.err(f"  {why}")
    elif not outcome.fits:
        context.err("  made nevertheless: --force")


def _lines(name: str, one: Rebased) -> list[str]:
    """Return what is told of one platform's image."""
    before, after = one.parts.base, len(one.base.layers)
    changed = "all as before" if not one.changes else f"{len(one.changes)} changed: "
    few = ", ".join(one.changes[:_SHOWN])
    more = f" and {len(one.changes) - _SHOWN} more" if len(one.changes) > _SHOWN else ""
    base = f" of {one.base.name}" if one.base.name else ""
    rows = [
        f"{name}  {one.parts.app.platform}  {before} base layers replaced by {after}{base}, "
        f"{one.kept} application layers kept; {one.packages} packages, {changed}{few}{more}"
    ]
    if not one.problems:
        same = "".join(f", {runtime} as before" for runtime in one.runtimes)
        what = f"{one.checked} libraries, versions and symbols are there"
        what = what if one.checked else "it has no programs or libraries of its own to link"
        rows.append(f"  fits: {what}{same}")
    for problem in one.problems:
        rows.append(f"  does not fit: {problem.where}: {problem.what}")
        rows.append(f"    {problem.hint}")
    rows += [f"  note: {note}" for note in one.notes]
    return rows


def _data(
    outcome: Outcome, made: Descriptor | None, names: list[str], proofs: list[str]
) -> dict[str, Any]:
    return {
        "digest": made.digest.text if made is not None else "",
        "names": names,
        "fits": outcome.fits,
        "left": list(outcome.left),
        "proofs": proofs,
        "images": [
            {
                "platform": one.parts.app.platform,
                "base": {"name": one.base.name, "digest": one.base.digest,
                         "found": one.parts.how},
                "replaced": one.parts.base,
                "layers": len(one.base.layers),
                "kept": one.kept,
                "checked": one.checked,
                "packages": one.packages,
                "changes": list(one.changes),
                "problems": [problem.as_dict() for problem in one.problems],
                "notes": list(one.notes),
            }
            for one in outcome.images
        ],
    }  # fmt: skip
