"""Measure every member of the family on linux/amd64 and write the sizes down.

    python bench/sizes.py        writes recipe/data/sizes.toml and docs/explanation/sizes.md

``published`` are the compressed sizes of the images that are known under these names, on
trixie amd64 in November 2026, measured unstripped as published with gzip per layer.
"""

from __future__ import annotations

import sys
from pathlib import Path

from seaslug.api import ArchiveChoice, Workspace
from seaslug.oci import images
from seaslug.ops.look import View
from seaslug.recipe import catalog
from seaslug.values.platform import Platform

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = {
    "static": 0.86, "base-nossl": 5.9, "base": 9.5, "cc": 10.7, "python3": 22.5, "java-base": 11.0,
}  # fmt: skip
TARGETS = {"static": 0.6, "cc": 7.5, "python3": 17.0}
AMD64 = Platform("linux", "amd64")
HEAD = (
    "# Compressed MB on linux/amd64, default distribution and layout; written by bench/sizes.py.\n"
)
PAGE = """\
# Sizes

Compressed size on linux/amd64 for each member's default distribution, gzip, in MB (10⁶ bytes),
and what its files take on disk. Written by `bench/sizes.py`; the published figures are those of
the images known under these names, on trixie, November 2026.

| image | compressed | on disk | published | smaller by |
|---|---:|---:|---:|---:|
"""
APPLICATION = """
## An application

`examples/fastapi` (FastAPI, pydantic, uvicorn) on python3, [sliced](slicing.md) in each way; of
which some 10 MB are programs and libraries in machine code that all of them need.

| slice | compressed | of the whole |
|---|---:|---:|
"""
AT_MOST = 0.60


def application(seaslug: Workspace) -> tuple[str, float]:
    """Return a table of the example's sizes, and the least as a part of the whole."""
    sizes = {}
    for way in ("off", "safe", "deep"):
        app = seaslug.application(
            str(ROOT / "examples/fastapi"), [AMD64], settings={"slice": way}
        )  # fmt: skip
        sizes[way] = seaslug.build(app.recipe, [AMD64], app=app).images[0].size
    rows = [f"| {way} | {size / 1e6:.2f} | {100 * size / sizes['off']:.0f} % |\n"
            for way, size in sizes.items()]  # fmt: skip
    return APPLICATION + "".join(rows), sizes["deep"] / sizes["off"]


def main() -> int:
    """Build, measure, write; 1 if a target is missed."""
    rows, sizes, missed = [], [], []
    with Workspace(archive=ArchiveChoice(allow_expired=True)) as seaslug:
        for name in catalog.members():
            built = seaslug.build(seaslug.recipe(name), [AMD64])
            store, digest = seaslug.store, built.descriptor.digest
            view = View(store, images.image_at(store, digest))
            size = sum(layer.size for layer in view.layers) / 1e6
            disk = sum(item.entry.size for item in view.files) / 1e6
            theirs = PUBLISHED.get(name)
            less = f"{100 - 100 * size / theirs:.0f} %" if theirs else ""
            sizes.append(f"{name} = {size:.2f}\n")
            rows.append(f"| {name} | {size:.2f} | {disk:.1f} | {theirs or ''} | {less} |\n")
            if (theirs and size > 0.75 * theirs) or size > TARGETS.get(name, size):
                missed.append(name)
            sys.stdout.write(f"{name:12} {size:7.2f} MB  {disk:7.1f} MB on disk  {less}\n")
        table, part = application(seaslug)
        missed += ["the application"] if part > AT_MOST else []
    data = ROOT / "src/seaslug/recipe/data/sizes.toml"
    data.write_text(HEAD + "".join(sizes), encoding="utf-8")
    page = ROOT / "docs/explanation/sizes.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(PAGE + "".join(rows) + table, encoding="utf-8")
    if missed:
        sys.stdout.write(f"too large: {', '.join(missed)}\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
