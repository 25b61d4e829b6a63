"""OCI values as JSON: the bytes that depend on the data alone, and descriptors in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seaslug.values.descriptor import Descriptor


def canonical(data: Any) -> bytes:
    """Return JSON bytes that depend on the data alone: sorted keys, no spaces, UTF-8."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def plain(descriptor: Descriptor) -> dict[str, object]:
    """Return *descriptor* as JSON-ready data."""
    data: dict[str, object] = {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest.text,
        "size": descriptor.size,
    }
    if descriptor.annotations:
        data["annotations"] = dict(descriptor.annotations)
    if descriptor.urls:
        data["urls"] = list(descriptor.urls)
    return data
