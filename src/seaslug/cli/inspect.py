"""seaslug inspect: configuration, layers and packages of an image."""

from __future__ import annotations

import argparse
from functools import cache
from typing import TYPE_CHECKING, Any

from seaslug.cli.context import Context
from seaslug.cli.options import add_image

if TYPE_CHECKING:
    from seaslug.ops.look import Installed, View

HELP = "Show an image: how it runs, its layers, its packages and what each of them takes."
EXAMPLES = """\
  seaslug inspect python3:nonroot
  seaslug inspect python3 --platform linux/arm64
  seaslug inspect python3 --json                    packages, layers and config for scripts
  seaslug inspect 3f2a91                            the beginning of a digest will do
  seaslug inspect docker://registry.example/me/app  where it is; its layers are not fetched
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_image(parser)


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the image."""
    from seaslug.cli.view import view_of

    view = view_of(args, context)
    if args.json:
        context.json_out(_data(view))
    else:
        context.out(_text(view))
    return 0


def _layers(view: View) -> list[dict[str, Any]]:
    diff_ids = (view.config.get("rootfs") or {}).get("diff_ids") or []
    counts: dict[int, int] = {}
    for item in () if view.far else view.files:
        counts[item.layer] = counts.get(item.layer, 0) + item.entry.size
    return [
        {
            "digest": layer.digest.text,
            "diff_id": diff_ids[at] if at < len(diff_ids) else "",
            "media_type": layer.media_type,
            "size": layer.size,
            "files_size": counts.get(at, 0),
            "created_by": view.history[at],
        }
        for at, layer in enumerate(view.layers)
    ]


def _data(view: View) -> dict[str, Any]:
    found = view.found
    return {
        "name": found.name,
        "digest": found.descriptor.digest.text,
        "platform": found.platform,
        "size": sum(layer.size for layer in view.layers),
        "annotations": dict(found.manifest.annotations),
        "config": view.config,
        "layers": _layers(view),
        "packages": _packages(view),
    }


def _packages(view: View) -> list[dict[str, Any]]:
    """Return the packages; of an image that is elsewhere, what its own lock says of them."""
    if not view.far:
        return [package.as_dict() for package in _installed(view)]
    names = ("name", "version", "arch", "source")
    return [{name: row.get(name, "") for name in names} for row in view.locked]


@cache
def _installed(view: View) -> tuple[Installed, ...]:
    """Return the packages: of our images by the order of their files, else by any database."""
    from seaslug.ops.look import RECIPE_LABEL

    if RECIPE_LABEL in view.labels:
        return view.packages
    from seaslug.ops.attribution import installed
    from seaslug.ops.specimen import specimen

    known = {package.name: package for package in view.packages}
    return tuple(known.get(one.name, one) for one in installed(specimen(view)))


def _text(view: View) -> str:
    from seaslug.report.table import table
    from seaslug.values.words import megabytes

    run = view.config.get("config") or {}
    labels = view.labels
    rows = [
        ("image", view.found.name),
        ("digest", view.found.descriptor.digest.text),
        ("platform", view.found.platform),
        ("version", labels.get("org.opencontainers.image.version", "")),
        ("created", str(view.config.get("created", ""))),
        ("user", run.get("User", "") or "0"),
        ("workdir", run.get("WorkingDir", "") or "/"),
        ("entrypoint", " ".join(run.get("Entrypoint") or ())),
        ("command", " ".join(run.get("Cmd") or ())),
        *(("env", text) for text in run.get("Env") or ()),
    ]
    layers = _layers(view)
    return "\n".join((
        "\n".join(f"{key:<11} {value}" for key, value in rows if value),
        "",
        table(
            ("LAYER", "SIZE", "FILES", "DIGEST", "MADE BY"),
            [
                (str(at), megabytes(x["size"]),
                 "" if view.far else megabytes(x["files_size"]), x["digest"][7:19],
                 x["created_by"])
                for at, x in enumerate(layers)
            ],
            align="<>><<",
        ),
        "",
        _package_table(view),
        "",
        _sum(view, layers),
    ))  # fmt: skip


def _package_table(view: View) -> str:
    from seaslug.report.table import table
    from seaslug.values.words import megabytes

    if view.far:
        rows = [(str(row["name"]), str(row["version"])) for row in _packages(view)]
        return table(("PACKAGE", "VERSION"), rows, align="<<") if rows else (
            "which packages are in it is known by its layers only: seaslug ls reads them"
        )  # fmt: skip
    packages = sorted(_installed(view), key=lambda p: -p.size)
    if not packages:
        return "no packages"
    return table(
        ("PACKAGE", "VERSION", "FILES", "SIZE", "LAYER"),
        [
            (p.name, p.version, str(p.files), megabytes(p.size), str(p.layer))
            for p in packages
        ],
        align="<<>>>",
    )  # fmt: skip


def _sum(view: View, layers: list[dict[str, Any]]) -> str:
    from seaslug.values.words import megabytes

    text = f"{megabytes(sum(x['size'] for x in layers))} compressed"
    if view.far:
        return f"{text}; the layers were not fetched"
    files = megabytes(sum(x["files_size"] for x in layers))
    return f"{text}, {files} of files, {len(_installed(view))} packages"
