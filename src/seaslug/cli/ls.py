"""seaslug ls: files, with the layer and the package they come from."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from seaslug.cli.context import Context
from seaslug.cli.options import add_image

if TYPE_CHECKING:
    from seaslug.oci.files import Placed

HELP = "List the files of an image, each with the layer and the package that it comes from."
EXAMPLES = """\
  seaslug ls python3                          everything
  seaslug ls python3 /usr/bin /etc            below these folders
  seaslug ls python3 '*.so*' --long           by pattern; with mode, owner, size and time
  seaslug ls python3 --package libssl3t64     what one package brought
"""
_LETTERS = {"file": "-", "dir": "d", "link": "l", "hard": "-"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_image(parser)
    parser.add_argument("paths", metavar="PATH", nargs="*", help="folders, files or patterns")
    parser.add_argument("-l", "--long", action="store_true", help="mode, owner, size, time")
    parser.add_argument("--package", metavar="NAME", help="only what this package brought")
    parser.add_argument("--layer", metavar="N", type=int, help="only what this layer shows")


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the files."""
    from seaslug.cli.view import view_of
    from seaslug.errors import UnknownNameError

    view = view_of(args, context)
    if args.package and args.package not in {p.name for p in view.packages}:
        raise UnknownNameError(
            "package", args.package, [p.name for p in view.packages], where=view.found.name
        )
    shown = list(_chosen(view.files, args))
    if args.json:
        context.json_out({"files": [_data(item) for item in shown]})
        return 0
    if not shown:
        context.err("nothing there fits")
        return 1
    for line in _lines(shown, args.long):
        context.out(line)
    return 0


def _chosen(files: Sequence[Placed], args: argparse.Namespace) -> Iterator[Placed]:
    from fnmatch import fnmatchcase

    wanted = [path.strip("/") for path in args.paths]

    def fits(path: str) -> bool:
        return not wanted or any(
            not want
            or path == want
            or path.startswith(want + "/")
            or ("/" not in want and fnmatchcase(path.rpartition("/")[2], want))
            or fnmatchcase(path, want)
            for want in wanted
        )

    for item in files:
        if (
            fits(item.entry.path)
            and (not args.package or item.package == args.package)
            and (args.layer is None or item.layer == args.layer)
        ):
            yield item


def _lines(shown: Sequence[Placed], long: bool) -> Iterator[str]:
    owner = max(len(item.package) for item in shown)
    size = max(len(str(item.entry.size)) for item in shown)
    for item in shown:
        entry = item.entry
        name = f"/{entry.path}" + (f" -> {entry.target}" if entry.target else "")
        head = f"{item.layer}  {item.package or '-':<{max(owner, 1)}}  "
        if long:
            when = datetime.fromtimestamp(entry.mtime, UTC).strftime("%Y-%m-%d %H:%M")
            mode = f"{_LETTERS[entry.kind.value]}{entry.mode:04o}"
            head += f"{mode}  {entry.uid}:{entry.gid:<5}  {entry.size:>{size}}  {when}  "
        yield head + name


def _data(item: Placed) -> dict[str, object]:
    entry = item.entry
    found: dict[str, object] = {
        "path": "/" + entry.path, "kind": entry.kind.value, "mode": f"{entry.mode:04o}",
        "uid": entry.uid, "gid": entry.gid, "size": entry.size, "mtime": entry.mtime,
        "layer": item.layer, "package": item.package or None,
    }  # fmt: skip
    if entry.target:
        found["target"] = entry.target
    return found
