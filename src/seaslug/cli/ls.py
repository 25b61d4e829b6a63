"""seaslug ls: files, with the layer and the package they come from."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from seaslug.cli.context import Context
from seaslug.cli.options import add_image

if TYPE_CHECKING:
    from seaslug.oci.files import Placed
    from seaslug.ops.attribution import Sum
    from seaslug.ops.look import View

HELP = "List the files of an image, each with the layer and the package that it comes from."
EXAMPLES = """\
  seaslug ls python3                          everything
  seaslug ls python3 /usr/bin /etc            below these folders
  seaslug ls python3 '*.so*' --long           by pattern; with mode, owner, size and time
  seaslug ls python3 --package libssl3t64     what one package brought
  seaslug ls python3 --by package --top 10    what takes the room, and why it is there
  seaslug ls python3 --by layer --long        sums by layer, with the files of each
"""
_LETTERS = {"file": "-", "dir": "d", "link": "l", "hard": "-"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_image(parser)
    parser.add_argument("paths", metavar="PATH", nargs="*", help="folders, files or patterns")
    parser.add_argument("-l", "--long", action="store_true", help="mode, owner, size, time")
    parser.add_argument("--package", metavar="NAME", help="only what this package brought")
    parser.add_argument("--layer", metavar="N", type=int, help="only what this layer shows")
    parser.add_argument(
        "--by", choices=("package", "layer"), help="sums, each with why it is there"
    )
    parser.add_argument("--top", metavar="N", type=int, default=0, help="with --by: the N largest")


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the files."""
    if args.by:
        return _sums(args, context)
    from seaslug.cli.view import view_of

    view = view_of(args, context)
    files, names = _listed(view, args, context)
    _known(args.package, names, view.found.name)
    shown = list(_chosen(files, args))
    if args.json:
        context.json_out({"files": [_data(item) for item in shown]})
        return 0
    if not shown:
        context.err("nothing there fits")
        return 1
    for line in _lines(shown, args.long):
        context.out(line)
    return 0


def _listed(
    view: View, args: argparse.Namespace, context: Context
) -> tuple[Sequence[Placed], Sequence[str]]:
    """Return the files, and the names that may own them, as --by tells them.

    Of an image that is elsewhere a layer's table of contents is enough, where it has one.
    """
    if view.far:
        return view.files, [one.name for one in view.packages] if args.package else ()
    from seaslug.ops.attribution import attributed
    from seaslug.ops.specimen import specimen
    from seaslug.values.words import plain

    seen = specimen(view)
    for path, what in (row for layer in seen.root.layers for row in layer.odd):
        context.err(plain(f"passed over: /{path}, {what}"))
    files, owned = attributed(seen)
    return files, owned.labels


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


def _sums(args: argparse.Namespace, context: Context) -> int:
    """Print sums by package or layer."""
    from seaslug.cli.view import view_of
    from seaslug.ops.attribution import attributed, by_layer, by_package
    from seaslug.ops.specimen import specimen

    view = view_of(args, context)
    files, owned = attributed(specimen(view))
    _known(args.package, owned.labels, view.found.name)
    chosen = list(_chosen(files, args))
    if args.by == "layer":
        found = by_layer(chosen, view.layers, view.history)
    else:
        found = by_package(chosen, owned, view.history)
    if args.top > 0:
        found = tuple(sorted(found, key=lambda one: -one.size))[: args.top]
    if args.json:
        context.json_out({"by": args.by, "sums": [_sum_data(one, args) for one in found]})
    elif found:
        context.out(_sum_text(found, args))
    else:
        context.err("nothing there fits")
    return 0 if found or args.json else 1


def _sum_data(one: Sum, args: argparse.Namespace) -> dict[str, object]:
    number = args.by == "layer"
    found: dict[str, object] = {
        args.by: int(one.name) if number else one.name or None,
        "digest" if number else "version": one.version, "size": one.size,
        "files": len(one.files), "layers": list(one.layers), "why": list(one.why),
    }  # fmt: skip
    if args.long:
        found["paths"] = [f"/{item.entry.path}" for item in one.files]
    return found


def _sum_text(found: Sequence[Sum], args: argparse.Namespace) -> str:
    from seaslug.report.sums import sums
    from seaslug.values.words import megabytes

    head = ("SIZE", "FILES", args.by.upper(), "LAYERS" if args.by == "package" else "DIGEST", "WHY")
    rows = [
        (
            megabytes(one.size), str(len(one.files)), one.name or "-",
            ",".join(map(str, one.layers)) if args.by == "package" else one.version[7:19],
            " > ".join(one.why),
        )
        for one in found
    ]  # fmt: skip
    paths = [[f"/{p.entry.path}" for p in one.files] if args.long else [] for one in found]
    return sums(head, rows, paths)


def _known(package: str | None, names: Iterable[str], where: str) -> None:
    """Raise UnknownNameError if *package* is asked for and not there."""
    from seaslug.errors import UnknownNameError

    if package and package not in names:
        raise UnknownNameError("package", package, sorted(names), where=where)


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
