"""What a build leaves for the next one: the plan of an image whose last layer may be edited.

See :mod:`seaslug.apps.edits`. There is none where an edit could change more than one layer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seaslug.apps.edits import MAX_LAYER, Plan
from seaslug.apps.model import ROOT
from seaslug.lock.model import Lock
from seaslug.oci import media
from seaslug.ops.app.prepare import Application
from seaslug.ops.build import Builder, Built
from seaslug.ops.making import Maker
from seaslug.tar import member, splice
from seaslug.values.digest import Digest
from seaslug.values.tree import Kind

NAME = "application"
_LAYER = f"seaslug: {NAME}"


def plan(
    app: Application, lock: Lock, built: Sequence[Built], builder: Builder, row: str, title: str
) -> Plan | None:  # fmt: skip
    """Return the plan of the image *built* of *app*; None if every edit takes a full build.

    *row* is its one row of the store's index, *title* what stands before its size where
    people are told of it.
    """
    compression, config = builder.options.compression, app.project.config
    if not app.copied or config.files or config.certificates or len(built) != 1:
        return None
    if any(x.sliced for _, top in app.layers for x in top if x.name == NAME):
        return None
    if (compression.kind, builder.options.layers) != ("gzip", "grouped") or not row:
        return None
    image = built[0]
    found = _layer(builder.store, image.manifest.digest)
    if found is None:
        return None
    settings, layer, diff_id = found
    data = _unpacked(builder.store, layer)
    places = splice.files(data)
    interpreter: tuple[str, Sequence[str]] = ("", ())
    if any(path.endswith(".pyc") for path in places):
        kept = Maker(builder, app.recipe, lock, lock.on(image.platform)).interpreter()
        if kept is None:
            return None
        interpreter = kept
    parts = f" in {image.layers} layers, {image.packages} packages; "
    return Plan(
        app.detection.kind, (row, title, parts, diff_id),
        ((image.manifest.digest.text, image.manifest.size), settings, layer),
        (compression.level, image.size), _files(app, data, places), interpreter,
    )  # fmt: skip


def _layer(store: Any, manifest: Digest) -> tuple[tuple[str, int], tuple[str, int], str] | None:
    """Return config and layer as (digest, size), and the layer's diff id."""
    read = json.loads(store.read(manifest))
    config = json.loads(store.read(Digest(read["config"]["digest"])))
    at = [i for i, said in enumerate(config["history"]) if said["created_by"] == _LAYER]
    if len(at) != 1 or len(config["history"]) != len(read["layers"]):
        return None
    layer = read["layers"][at[0]]
    if layer["mediaType"] != media.layer_type("gzip") or layer["size"] > MAX_LAYER:
        return None
    settings = (read["config"]["digest"], read["config"]["size"])
    return settings, (layer["digest"], layer["size"]), config["rootfs"]["diff_ids"][at[0]]


def _unpacked(store: Any, layer: tuple[str, int]) -> bytes:
    """Return the layer's tar; nothing of one that is too large for edits."""
    try:
        return member.plain(store.read(Digest(layer[0])), MAX_LAYER)
    except ValueError:
        return b""


def _files(
    app: Application, data: bytes, places: Mapping[str, tuple[int, int]]
) -> Iterator[tuple[str, str]]:  # fmt: skip
    """Yield (path in the image, path on this machine) of what lies in the layer as it is."""
    for entry in app.project.tree:
        path = f"{ROOT}/{entry.path}"
        place = places.get(path) if entry.kind is Kind.FILE else None
        if place is None or entry.size != place[1]:
            continue
        if entry.read() == splice.content(data, place):
            yield path, f"{app.project.folder}/{entry.path}"
