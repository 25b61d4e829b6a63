"""seaslug export: an image's root, or the image in another form."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from seaslug.cli.context import Context
from seaslug.cli.options import add_image

if TYPE_CHECKING:
    from seaslug.values.descriptor import Descriptor

HELP = "Write an image out: its merged root as a tar or a folder, or the image in another form."
EXAMPLES = """\
  seaslug export python3 -o root:rootfs                 the merged root, in a new folder
  seaslug export python3 -o tar:root.tar                the merged root as one tar
  seaslug export python3 > root.tar                     the same, to stdout
  seaslug export python3 -o oci:out/python3             the image as an OCI layout
  seaslug export cc:debug -o docker-archive:cc.tar      for docker load
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_image(parser)
    parser.add_argument(
        "-o", "--output", metavar="WHERE",
        help="root:DIR, tar:FILE (- for stdout), oci:DIR[:tag], oci-archive:FILE, "
        "docker-archive:FILE, docker-daemon:NAME, podman:NAME, containerd:[NAMESPACE/]NAME, "
        "kind:[CLUSTER/]NAME, minikube:[PROFILE/]NAME",
    )  # fmt: skip


def run(args: argparse.Namespace, context: Context) -> int:
    """Write it."""
    from seaslug.errors import UsageError

    where = args.output
    if not where:
        if sys.stdout.isatty():
            raise UsageError(
                "a tar is nothing for a terminal", hint=f"seaslug export {args.image} -o tar:FILE"
            )
        where = "tar:-"
    bring(args, context)
    kind, _, place = where.partition(":")
    if kind in ("root", "tar") and place:
        done = _root(args, context, place) if kind == "root" else _tar(args, context, place)
    else:
        done = _image(args, context, where)
    if args.json and done:
        context.json_out({"output": done})
    elif done:
        context.out(done)
    return 0


def bring(args: argparse.Namespace, context: Context) -> None:
    """Bring an image that is elsewhere into the store; from then on IMAGE is its digest."""
    from seaslug.values.place import STORE, parse_place

    place = parse_place(args.image)
    if place.transport != STORE:
        from seaslug.cli.deliver import delivery, wish

        args.image = delivery(args, context).bring(place, wish(args)).digest.text


def _tar(args: argparse.Namespace, context: Context, place: str) -> str:
    from pathlib import Path

    from seaslug.adapters.transports.out import writing
    from seaslug.cli.view import view_of
    from seaslug.ops.flatten import flat

    chunks = flat(view_of(args, context))
    if place == "-":
        for chunk in chunks:
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return ""
    with writing(Path(place).expanduser()) as out:
        for chunk in chunks:
            out.write(chunk)
    return f"tar:{place}"


def _root(args: argparse.Namespace, context: Context, place: str) -> str:
    import os
    from pathlib import Path

    from seaslug.adapters.unpack import discard, unpack
    from seaslug.cli.view import view_of
    from seaslug.errors import UsageError
    from seaslug.oci.runnable import read_image

    folder = Path(place).expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("is there already and not empty", where=place, hint="choose a new folder")
    image = read_image(context.store, view_of(args, context).found.descriptor.digest)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        unpack(context.store, image, str(folder), owners=os.geteuid() == 0)
    except BaseException:
        discard(str(folder))
        raise
    return f"root:{place}"


def _image(args: argparse.Namespace, context: Context, where: str) -> str:
    from seaslug.adapters.transports.out import parse_output, put_out
    from seaslug.cli.view import view_of
    from seaslug.oci import images

    output = parse_output(where)
    top = images.resolve(context.store, args.image)
    if args.platform or output.transport not in ("oci", "oci-archive"):
        top = view_of(args, context).found.descriptor
    names = _names(context, args.image, top)
    return put_out(context.store, top, output, names, context.listener)


def _names(context: Context, asked: str, top: Descriptor) -> list[str]:
    """Return the name that was asked for; of a digest, every name that it has."""
    tags = context.store.tags()
    for name in (asked, f"{asked}:latest"):
        if name in tags:
            return [name]
    return [name for name, known in tags.items() if known.digest == top.digest]
