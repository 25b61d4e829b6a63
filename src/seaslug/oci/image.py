"""An image as a value. Manifest and config are derived from one tuple of layers."""

from __future__ import annotations

from dataclasses import dataclass

from seaslug.oci import media
from seaslug.oci.config import ImageConfig
from seaslug.oci.plain import canonical, plain
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer: its blob, the digest of its plain tar, who made it, its plain size in bytes."""

    descriptor: Descriptor
    diff_id: Digest
    created_by: str
    size_unpacked: int = 0


@dataclass(frozen=True, slots=True)
class Image:
    """An image for one platform. ``annotations`` go into the manifest."""

    platform: Platform
    config: ImageConfig
    layers: tuple[Layer, ...]
    annotations: tuple[tuple[str, str], ...] = ()

    def config_bytes(self) -> bytes:
        """Return the config blob."""
        return self.config.to_bytes(
            [layer.created_by for layer in self.layers], [layer.diff_id for layer in self.layers]
        )

    def manifest_bytes(self) -> bytes:
        """Return the manifest."""
        config = self.config_bytes()
        return canonical(
            {
                "schemaVersion": 2,
                "mediaType": media.MANIFEST,
                "config": plain(Descriptor(media.CONFIG, Digest.of(config), len(config))),
                "layers": [plain(layer.descriptor) for layer in self.layers],
                "annotations": dict(self.annotations),
            }
        )
