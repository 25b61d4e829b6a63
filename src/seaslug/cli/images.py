"""seaslug images: what is in the store."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from seaslug.cli.context import Context

HELP = "List the images of the store: names, platforms, sizes, when their content is from."
EXAMPLES = """\
  seaslug images
  seaslug images --json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: none of its own."""


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the table."""
    from seaslug.report.table import table
    from seaslug.values.words import megabytes

    rows = [
        row
        for name, top in sorted(context.store.tags().items())
        for row in _rows(context, name, top)
    ]
    if args.json:
        context.json_out({"images": rows})
        return 0
    if not rows:
        context.err("the store has no images yet; make one: seaslug build static")
        return 0
    context.out(
        table(
            ("NAME", "PLATFORM", "DIGEST", "SIZE", "CONTENT FROM"),
            [
                (
                    r["name"],
                    r["platform"],
                    r["digest"][7:19],
                    megabytes(r["size"]),
                    _day(r["created"]),
                )
                for r in rows
            ],
            align="<<<><",
        )
    )
    return 0


def _rows(context: Context, name: str, top: Any) -> list[dict[str, Any]]:
    from seaslug.oci import images
    from seaslug.oci.read import Manifest, parse

    rows = []
    for descriptor, platform in images.images(context.store, top):
        manifest = parse(context.store.read(descriptor.digest), name)
        assert isinstance(manifest, Manifest)
        notes = dict(manifest.annotations)
        rows.append(
            {
                "name": name,
                "platform": platform,
                "digest": descriptor.digest.text,
                "size": sum(layer.size for layer in manifest.layers),
                "created": notes.get("org.opencontainers.image.created", ""),
                "index": top.digest.text if top.digest != descriptor.digest else None,
            }
        )
    return rows


def _day(created: str) -> str:
    try:
        return datetime.fromisoformat(created).astimezone(UTC).strftime("%Y-%m-%d")
    except ValueError:
        return ""
