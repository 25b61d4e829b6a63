"""An image as layers over each other with a configuration: what a rebase takes apart and joins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from seaslug.errors import HostileError
from seaslug.oci import media
from seaslug.oci.image import Layer
from seaslug.oci.images import Found
from seaslug.oci.read import json_object
from seaslug.ops.look import View
from seaslug.ports import BlobStore
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest


@dataclass(frozen=True, slots=True)
class Stack:
    """One platform's image. ``config`` is its configuration blob, ``run`` how it is run.

    ``name`` is how it was called, ``digest`` its manifest's, or empty if it has none.
    """

    name: str
    platform: str
    digest: str
    layers: tuple[Layer, ...]
    config: Mapping[str, Any]
    annotations: Mapping[str, str]

    @property
    def run(self) -> Mapping[str, Any]:
        """The part of the configuration that says how it is run."""
        found: Mapping[str, Any] = self.config.get("config") or {}
        return found

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels."""
        found: Mapping[str, str] = self.run.get("Labels") or {}
        return found

    @property
    def history(self) -> list[Mapping[str, Any]]:
        """What is told of its making; empty unless that is one row for each layer that it has."""
        rows: list[Mapping[str, Any]]
        rows = [row for row in self.config.get("history") or () if isinstance(row, dict)]
        full = [row for row in rows if not row.get("empty_layer")]
        return rows if len(full) == len(self.layers) else []

    def base(self) -> tuple[str, str]:
        """Return name and digest of the image that it says it stands on; empty where unsaid."""
        told = {**self.labels, **self.annotations}
        return told.get(BASE_NAME, ""), told.get(BASE_DIGEST, "")


BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"


def stack(store: BlobStore, found: Found) -> Stack:
    """Return the image *found* as a stack. Raises StoreError, HostileError."""
    view = View(store, found)
    config = view.config
    diff_ids = (config.get("rootfs") or {}).get("diff_ids") or []
    if len(diff_ids) != len(view.layers):
        raise HostileError(
            f"{len(view.layers)} layers, and diff ids for {len(diff_ids)}", where=found.name
        )
    layers = tuple(
        Layer(_oci(layer), Digest(diff_id), made)
        for layer, diff_id, made in zip(view.layers, diff_ids, view.history, strict=True)
    )
    notes = dict(found.manifest.annotations)
    return Stack(found.name, found.platform, found.descriptor.digest.text, layers, config, notes)


def of_bytes(name: str, platform: str, config: bytes, layers: tuple[Layer, ...]) -> Stack:
    """Return a stack that is no image yet; its labels are its annotations too."""
    data = json_object(config, name)
    made = Stack(name, platform, "", layers, data, {})
    return replace(made, annotations=dict(made.labels))


def _oci(layer: Descriptor) -> Descriptor:
    """Return the descriptor with OCI's name for Docker's type of layer: the bytes are the same."""
    if layer.media_type == media.DOCKER_LAYER:
        return replace(layer, media_type=media.layer_type("gzip"))
    return layer
