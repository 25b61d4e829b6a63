"""Image indexes: one name for the images of several platforms."""

from __future__ import annotations

from collections.abc import Iterable

from seaslug.oci import media
from seaslug.oci.plain import canonical, plain
from seaslug.values.descriptor import Descriptor
from seaslug.values.platform import Platform


def index_bytes(images: Iterable[tuple[Descriptor, Platform]]) -> bytes:
    """Return the index over *images*, in order of their platforms."""
    rows = sorted(images, key=lambda image: image[1])
    return canonical(
        {
            "schemaVersion": 2,
            "mediaType": media.INDEX,
            "manifests": [{**plain(d), "platform": platform_data(p)} for d, p in rows],
        }
    )


def platform_data(platform: Platform) -> dict[str, str]:
    """Return *platform* as JSON-ready data."""
    data = {"os": platform.os, "architecture": platform.arch}
    if platform.variant:
        data["variant"] = platform.variant
    return data
