"""Images of a few bytes, to push and to pull."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seaslug.oci import media
from seaslug.ports import ImageTarget, Opener
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest


def noise(size: int, seed: int = 1) -> bytes:
    """Return *size* bytes that are the same each time."""
    return random.Random(seed).randbytes(size)


def described(data: bytes, media_type: str = media.LAYER) -> Descriptor:
    return Descriptor(media_type, Digest.of(data), len(data))


def opener(data: bytes, piece: int = 100_000) -> Opener:
    """Return what gives *data* in pieces, from anywhere."""

    def opened(offset: int) -> Iterator[bytes]:
        for at in range(offset, len(data), piece):
            yield data[at : at + piece]

    return opened


@dataclass(frozen=True)
class Small:
    """An image: its manifest, config and layers as bytes."""

    top: Descriptor
    raw: bytes
    blobs: tuple[tuple[Descriptor, bytes], ...]

    def push(self, target: ImageTarget, origins: Sequence[str] = ()) -> list[str]:
        """Push it in one thread; returns how each blob went, layers first."""
        how = [target.put_blob(one, opener(data), origins) for one, data in self.blobs]
        target.finish(self.top, self.raw)
        return how


def image(*layers: bytes, docker: bool = False, **more: object) -> Small:
    """Return an image; *more* goes into its manifest."""
    kinds = (media.MANIFEST, media.CONFIG, media.LAYER)
    if docker:
        kinds = (media.DOCKER_MANIFEST, media.DOCKER_CONFIG, media.DOCKER_LAYER)
    config = json.dumps({"architecture": "amd64", "os": "linux", "n": len(layers)}).encode()
    blobs = [(described(data, kinds[2]), data) for data in layers]
    blobs.append((described(config, kinds[1]), config))
    data = {
        "schemaVersion": 2, "mediaType": kinds[0], "config": row(blobs[-1][0]),
        "layers": [row(one) for one, _ in blobs[:-1]], **more,
    }  # fmt: skip
    # Spaces that no canonical form would have: the bytes must arrive as they are.
    raw = json.dumps(data, indent=3).encode() + b"\n"
    return Small(described(raw, kinds[0]), raw, tuple(blobs))


def row(one: Descriptor) -> dict[str, object]:
    return {"mediaType": one.media_type, "digest": one.digest.text, "size": one.size}
