"""seaslug families: what can be built."""

from __future__ import annotations

import argparse
from typing import Any

from seaslug.cli.context import Context

HELP = "List the members of the family: variants, distributions, platforms and approximate sizes."
EXAMPLES = """\
  seaslug families
  seaslug families --json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: none of its own."""


def run(args: argparse.Namespace, context: Context) -> int:
    """Print the table."""
    from seaslug.recipe import catalog
    from seaslug.report.table import table

    rows = [_row(name) for name in catalog.members()]
    if args.json:
        context.json_out({"families": rows, "variants": list(catalog.variants())})
        return 0
    context.out(
        table(
            ("IMAGE", "MB", "DISTRIBUTIONS", "PLATFORMS", "WHAT IT IS"),
            [
                (
                    row["name"],
                    f"{row['compressed_mb']:.1f}" if row["compressed_mb"] else "",
                    " ".join(d.removeprefix("debian") for d in row["distributions"]),
                    str(len(row["platforms"])),
                    row["description"],
                )
                for row in rows
            ],
            align="<><><",
        )
    )
    context.out("")
    context.out("variants: " + ", ".join(catalog.variants()))
    context.out(
        "platforms: " + ", ".join(str(p) for p in catalog.distributions()["debian13"].platforms)
    )
    context.out("MB is the compressed size on linux/amd64 for the default distribution, about.")
    context.out("")
    context.out("build one: seaslug build python3-debian12:nonroot --platform linux/arm64")
    return 0


def _row(name: str) -> dict[str, Any]:
    from seaslug.api import platforms
    from seaslug.recipe import catalog, expand

    member = catalog.members()[name]
    recipe = expand.family(name)
    size = catalog.sizes().get(name)
    return {
        "name": name,
        "description": recipe.description,
        "variants": list(catalog.variants()),
        "distributions": list(member.distributions),
        "platforms": [str(p) for p in platforms(["all"], recipe)],
        "compressed_mb": size,
    }
