"""seaslug doctor: why an image does not start, or would fail later, and what to do."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from seaslug.cli.context import Context
from seaslug.cli.options import add_archive

if TYPE_CHECKING:
    from seaslug.ops.doctor import Diagnosis, Way
    from seaslug.ops.look import View
    from seaslug.rules.specimen import Specimen

HELP = "Say why an image does not start, or would fail later, and what to do about it."
EXAMPLES = """\
  seaslug doctor app:1.0
  seaslug doctor docker-daemon:app:1.0               an image that Docker has
  seaslug doctor app --read-only --user 65532        as it will be started
  seaslug doctor app --error -                       what it printed: docker logs app 2>&1 | ...
  seaslug doctor ./server --on static                a program on a base, before there is an image
  seaslug doctor app --online                        with packages as Debian's archive has them
  seaslug doctor app --run                           started, watched, its health check asked
  seaslug doctor app --run --cap-drop all --network
  seaslug doctor app -- --port 8080                  with these arguments instead of its command
"""
REST = "args"
NOTES = """
exit status: 0 nothing that is at least an error, 15 something that is.
Without --run nothing is started: what happens is told from the files of the image.
Without --online an index of contents that the store has already is asked, else a table of common
libraries, and Debian's rule for the names of packages."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    from seaslug.cli.deliver import add_registry

    parser.add_argument(
        "image", metavar="IMAGE", nargs="?", default="",
        help="a name of the store, or a place (see: seaslug copy); with --on a program's file; "
        "may be left out with --error",
    )  # fmt: skip
    parser.add_argument("--platform", metavar="P", help="which one of an index, e.g. linux/arm64")
    parser.add_argument(
        "--error", metavar="TEXT", help="what was printed; - reads it from stdin: explain that"
    )
    parser.add_argument(
        "--on", metavar="BASE", default="",
        help="IMAGE is a program: judge it on this image, or member of the family",
    )  # fmt: skip
    parser.add_argument(
        "--run", action="store_true",
        help="start it, and confirm or refute what was found",
    )  # fmt: skip
    parser.add_argument(
        "--runner", metavar="NAME",
        help="docker, podman, bwrap or unshare (default: the first that works)",
    )  # fmt: skip
    parser.add_argument(
        "--online", action="store_true",
        help="ask Debian's archive which package has a missing library or program: its index of "
        "contents, 10 to 30 MB, is fetched once",
    )  # fmt: skip
    how = parser.add_argument_group("how it will be started")
    how.add_argument("--user", metavar="USER[:GROUP]", default="", help="as this user")
    how.add_argument("--read-only", action="store_true", help="with a read-only root")
    how.add_argument(
        "--cap-drop", metavar="CAP", action="append", default=[],
        help="without this capability; all: without any",
    )  # fmt: skip
    how.add_argument(
        "--network", action="store_true",
        help="with --run: with the engine's network; by default it has none",
    )  # fmt: skip
    add_registry(parser)
    add_archive(parser)
    parser.set_defaults(args=[])


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the diagnosis, or what an error message comes from."""
    from seaslug.errors import UsageError
    from seaslug.ops.doctor import diagnose, started

    if not args.image and (args.error is None or args.on):
        raise UsageError("no image is named", hint="seaslug doctor IMAGE (see: seaslug images)")
    if args.run:
        return _run(args, context)
    text = _read(args.error)
    found = None
    if args.image:
        image = _knowing(args, context, _specimen(args, context))
        found = diagnose(started(image, _way(args)))
    if args.error is not None:
        return _explain(args, context, text, found)
    assert found is not None
    return _tell(args, context, found)


def _run(args: argparse.Namespace, context: Context) -> int:
    """Diagnose the image, start it, and print both."""
    from seaslug.adapters.runners import pick
    from seaslug.errors import JUDGED, UsageError
    from seaslug.ops.doctor import diagnose, started
    from seaslug.ops.specimen import specimen
    from seaslug.ops.trial import ENGINES, as_dict, tried
    from seaslug.report.diagnosis import diagnosis

    if args.on or args.error is not None:
        raise UsageError("--run starts an image as it is", hint="leave --on and --error out")
    runner = pick(context.store, args.runner)
    if runner.name not in ENGINES:
        args.cap_drop = ["all"]
    try:
        with context.store.session():
            view = _here(args, context)
            found = started(_knowing(args, context, specimen(view)), _way(args))
            trial = tried(view.found.descriptor.digest, found, _way(args), runner)
    finally:
        runner.close()
    data = as_dict(trial, diagnose(found))
    context.close()
    context.json_out(data) if args.json else context.out(diagnosis(data))
    return 0 if trial.well and not (trial.alone and diagnose(found).bad) else JUDGED


def _here(args: argparse.Namespace, context: Context) -> View:
    """Return the image with all its layers in the store."""
    from seaslug.cli.view import view_of
    from seaslug.values.place import STORE, parse_place

    place = parse_place(args.image)
    if place.transport == STORE:
        return view_of(args, context)
    from seaslug.cli.deliver import delivery, wish
    from seaslug.oci.images import image_at
    from seaslug.ops.look import View

    top = delivery(args, context).bring(place, wish(args))
    return View(context.store, image_at(context.store, top.digest, str(place)))


def _read(error: str | None) -> str:
    import sys

    from seaslug.rules.runtime.recognise import MAX_TEXT

    if error != "-":
        return error or ""
    tail = ""
    while piece := sys.stdin.read(MAX_TEXT):
        tail = (tail + piece)[-MAX_TEXT:]
    return tail


def _specimen(args: argparse.Namespace, context: Context) -> Specimen:
    from dataclasses import replace

    from seaslug.cli.view import view_of
    from seaslug.ops.doctor import beside
    from seaslug.ops.specimen import specimen

    if not args.on:
        return specimen(view_of(args, context))
    named = argparse.Namespace(**{**vars(args), "image": _built(args, context)})
    base = replace(specimen(view_of(named, context)), name=args.on)
    return beside(base, args.image)


def _knowing(args: argparse.Namespace, context: Context, image: Specimen) -> Specimen:
    """Return *image* with what knows Debian's packages for its platform."""
    from dataclasses import replace

    from seaslug.cli.workspace import workspace

    if image.known is None:
        return image
    online = args.online and not args.offline
    return replace(image, packages=workspace(args, context).packages(image.known, online=online))


def _built(args: argparse.Namespace, context: Context) -> str:
    """Return what names the base: itself, or the digest of the family's member, built now."""
    from seaslug.recipe.catalog import is_member

    if args.on in context.store.tags() or not is_member(args.on):
        return str(args.on)
    from seaslug.api import platforms
    from seaslug.cli.workspace import workspace

    with workspace(args, context) as seaslug:
        recipe = seaslug.recipe(args.on)
        wanted = platforms([args.platform] if args.platform else [], recipe)
        return seaslug.build(recipe, wanted).images[0].manifest.digest.text


def _way(args: argparse.Namespace) -> Way:
    from seaslug.ops.doctor import Way

    dropped, words = tuple(args.cap_drop), tuple(args.args)
    return Way(args.user, args.read_only, dropped, words, args.network)


def _tell(args: argparse.Namespace, context: Context, found: Diagnosis) -> int:
    from seaslug.errors import JUDGED
    from seaslug.report.diagnosis import diagnosis

    if args.json:
        context.json_out(found.as_dict())
    else:
        context.out(diagnosis(found.as_dict()))
    return JUDGED if found.bad else 0


def _explain(
    args: argparse.Namespace, context: Context, text: str, found: Diagnosis | None
) -> int:  # fmt: skip
    from seaslug.errors import JUDGED
    from seaslug.ops.doctor import explain
    from seaslug.report.diagnosis import messages

    told = [one.as_dict() for one in explain(text, found)]
    if args.json:
        image = found.as_dict() if found is not None else None
        context.json_out({"messages": told, "diagnosis": image})
    elif told:
        context.out(messages(told))
    elif found is not None and found.findings:
        context.err("no message in it is known; what the image itself tells:")
        return _tell(args, context, found)
    else:
        context.out("no message in it is known")
    return JUDGED if found is not None and found.bad else 0
