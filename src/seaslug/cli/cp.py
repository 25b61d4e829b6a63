"""seaslug cp: files out of images and containers, without a shell in them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from seaslug.cli.context import Context
from seaslug.errors import UnknownNameError, UsageError

HELP = "Copy files and folders out of an image, wherever it is, or out of a container."
EXAMPLES = """\
  seaslug cp python3:/etc/passwd .                    from an image of the store
  seaslug cp python3:/etc/ssl certs                   a folder, with all below it
  seaslug cp docker://registry.example/me/app:/app/config.json config.json
  seaslug cp web:/var/log/app.log .                   from a container of Docker or podman
  seaslug cp container:web:/app app                   where an image is called web as well
  seaslug cp python3:/usr/lib/os-release -            a tar on stdout
"""
_FORCED = "container:"
_MOST_LINKS = 40
Chunks = Iterable[bytes | memoryview]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    from seaslug.cli.deliver import add_registry

    parser.add_argument(
        "source", metavar="SRC",
        help="IMAGE:/PATH, a name or a place as for inspect; or CONTAINER:/PATH; "
        "FOLDER/. is what is in a folder",
    )  # fmt: skip
    parser.add_argument(
        "dest", metavar="DEST", help="a file, or a folder to put it in; - for a tar on stdout"
    )
    parser.add_argument(
        "-L",
        "--follow-link",
        action="store_true",
        help="what a link leads to, not the link (of a container, podman always does)",
    )
    parser.add_argument(
        "--owners", action="store_true", help="keep owners, setuid bits and attributes (as root)"
    )
    parser.add_argument("--platform", metavar="P", help="which one of an index, e.g. linux/arm64")
    add_registry(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Copy, and say where it is now."""
    import os

    if args.owners and os.geteuid() != 0:
        raise UsageError("only root may give files away", hint="leave --owners out")
    place, path = split(args.source)
    with _opened(args, context, place, path) as (name, chunks):
        if args.dest == "-":
            return _to_stdout(chunks, args.source)
        from seaslug.adapters.copyout import put

        target = put(chunks, name, args.dest, owners=args.owners)
    if args.json:
        context.json_out({"source": args.source, "target": target})
    else:
        context.out(target)
    return 0


def split(source: str) -> tuple[str, str]:
    """Return the place and the path of ``PLACE:/PATH``. Raises UsageError."""
    at = source.rfind(":/")
    if at <= 0 or source.startswith("://", at):
        raise UsageError(
            f"no path in {source!r}", hint=f"write {source.rstrip(':')}:/etc/passwd, for example"
        )
    path = source[at + 1 :]
    if _name(path) == "..":
        raise UsageError("a path must end in a name", where=path)
    return source[:at], path


def _to_stdout(chunks: Chunks, source: str) -> int:
    if sys.stdout.isatty():
        raise UsageError("a tar is nothing for a terminal", hint=f"seaslug cp {source} DEST")
    for chunk in chunks:
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()
    return 0


@contextmanager
def _opened(
    args: argparse.Namespace, context: Context, place: str, path: str
) -> Iterator[tuple[str, Chunks]]:
    """Give the name of what is copied, and a tar of it."""
    engine, name = _container(context, place)
    if engine:
        with _from_container(engine, name, path, args.follow_link) as chunks:
            yield _name(path), chunks
        return
    from seaslug.cli.view import view_of
    from seaslug.ops.flatten import subtree

    args.image = place
    yield subtree(view_of(args, context), path, follow=args.follow_link)


def _container(context: Context, place: str) -> tuple[str, str]:
    """Return engine and name if *place* is a container; empty if it is an image.

    Raises UsageError if it is both, UnknownNameError if it is neither.
    """
    from seaslug.adapters.engines import containers
    from seaslug.values.place import STORE, parse_place

    if place.startswith(_FORCED):
        name = place.removeprefix(_FORCED)
        found = containers.engines_with(name)
        if not found:
            raise UnknownNameError("container", name, containers.names())
        return found[0], name
    if parse_place(place).transport != STORE:
        return "", ""
    unknown = _why_no_image(context, place)
    found = containers.engines_with(place)
    if found and unknown is None:
        raise UsageError(
            f"{place} is an image of the store, and a container of {found[0]} as well",
            hint=f"write {_FORCED}{place}:/PATH for the container, {place}:latest:/PATH for the "
            "image",
        )
    if not found and unknown is not None:
        raise unknown
    return (found[0], place) if found else ("", "")


def _why_no_image(context: Context, name: str) -> UnknownNameError | None:
    from seaslug.oci import images

    try:
        images.resolve(context.store, name)
    except UnknownNameError as error:
        return error
    return None


@contextmanager
def _from_container(engine: str, name: str, path: str, follow: bool) -> Iterator[Chunks]:
    from seaslug.adapters.engines.containers import archive

    for _ in range(_MOST_LINKS):
        target = _link(engine, name, path) if follow else ""
        if not target:
            break
        path = target if target.startswith("/") else f"{path.rpartition('/')[0]}/{target}"
    if not _name(path):
        path = path.rstrip("/").removesuffix("/.") + "/."
    with archive(engine, name, path) as chunks:
        yield chunks


def _link(engine: str, name: str, path: str) -> str:
    """Return where the link at *path* leads; empty if it is none."""
    from seaslug.adapters.engines.containers import archive
    from seaslug.tar.reader import members
    from seaslug.values.tree import Kind

    with archive(engine, name, path) as chunks:
        first = next(members(chunks), None)
        return first.target if first is not None and first.kind is Kind.SYMLINK else ""


def _name(path: str) -> str:
    """Return the last part of *path*; empty for the root and for ``FOLDER/.``."""
    last = path.rstrip("/").rpartition("/")[2]
    return "" if last == "." else last
