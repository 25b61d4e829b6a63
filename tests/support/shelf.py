"""Images on a shelf in memory: a source and a target of copies that notes what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seaslug.errors import UnknownNameError, UnreachableError
from seaslug.ports import Opener
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


class Shelf:
    """Blobs and manifests by digest, names, referrers; ``asked`` is the order of what came."""

    def __init__(self, name: str = "", repository: str = "") -> None:
        self.name = name
        self.known_as = repository
        self.parallel = 3
        self.blobs: dict[Digest, bytes] = {}
        self.manifests: dict[Digest, tuple[str, bytes]] = {}
        self.names: dict[str, Descriptor] = {}
        self.asked: list[str] = []
        self.origins: dict[Digest, list[str]] = {}
        self.breaks: set[Digest] = set()

    # making images

    def blob(self, data: bytes, media_type: str = LAYER) -> Descriptor:
        self.blobs[Digest.of(data)] = data
        return Descriptor(media_type, Digest.of(data), len(data))

    def put(self, body: Mapping[str, Any], media_type: str = MANIFEST) -> Descriptor:
        raw = json.dumps({"schemaVersion": 2, "mediaType": media_type, **body}, indent=1).encode()
        found = Descriptor(media_type, Digest.of(raw), len(raw))
        self.manifests[found.digest] = (media_type, raw)
        return found

    def image(self, platform: str = "linux/amd64", *layers: bytes, **more: Any) -> Descriptor:
        system, arch, *variant = platform.split("/")
        config = {"os": system, "architecture": arch, "rootfs": {"type": "layers", "diff_ids": []}}
        if variant:
            config["variant"] = variant[0]
        body = {
            "config": row(self.blob(json.dumps(config).encode(), CONFIG)),
            "layers": [row(self.blob(data)) for data in layers or (b"layer of " + arch.encode(),)],
            **more,
        }
        return self.put(body)

    def index(self, *entries: Descriptor, platforms: Sequence[str] = ()) -> Descriptor:
        rows = [row(entry) for entry in entries]
        for one, platform in zip(rows, platforms, strict=False):
            parts = platform.split("/")
            keys = ("os", "architecture", "variant")
            one["platform"] = dict(zip(keys, parts, strict=False))
        return self.put({"manifests": rows}, INDEX)

    # as a source

    def top(self) -> Descriptor:
        self.asked.append("top")
        if self.name not in self.names:
            raise UnknownNameError("image", self.name, list(self.names))
        return self.names[self.name]

    def manifest(self, wanted: Descriptor) -> bytes:
        self.asked.append(f"manifest {wanted.digest.hex[:6]}")
        return self.manifests[wanted.digest][1]

    def open(self, wanted: Descriptor, offset: int = 0) -> Iterator[bytes]:
        self.asked.append(f"blob {wanted.digest.hex[:6]}")
        data = self.blobs[wanted.digest]
        if wanted.digest in self.breaks:
            yield data[offset : len(data) // 2]
            raise UnreachableError("the connection broke")
        yield data[offset:]

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        return tuple(
            Descriptor(kind, digest, len(raw))
            for digest, (kind, raw) in self.manifests.items()
            if (json.loads(raw).get("subject") or {}).get("digest") == subject.text
        )

    # as a target

    def holds(self, top: Descriptor) -> bool:
        return self.names.get(self.name) == top

    def put_blob(self, wanted: Descriptor, opened: Opener, origins: Sequence[str] = ()) -> str:
        self.origins[wanted.digest] = list(origins)
        if wanted.digest in self.blobs:
            return "there"
        data = b"".join(opened(0))
        assert Digest.of(data) == wanted.digest
        self.blobs[wanted.digest] = data
        self.asked.append(f"put {wanted.digest.hex[:6]}")
        return "sent"

    def put_manifest(self, wanted: Descriptor, raw: bytes) -> None:
        self._whole(raw)
        self.manifests[wanted.digest] = (wanted.media_type, raw)
        self.asked.append(f"put {wanted.digest.hex[:6]}")

    def finish(self, top: Descriptor, raw: bytes) -> str:
        if raw:
            self.put_manifest(top, raw)
        self.names[self.name] = top
        self.asked.append("name")
        return f"{self.known_as}@{top.digest}"

    def close(self) -> None:
        self.asked.append("close")

    def _whole(self, raw: bytes) -> None:
        """Refuse, as registries do, a manifest that leads to what is not there."""
        body = json.loads(raw)
        for one in (body.get("config"), *body.get("layers", ())):
            assert one is None or Digest(one["digest"]) in self.blobs, one
        for one in body.get("manifests", ()):
            assert Digest(one["digest"]) in self.manifests, one


def row(found: Descriptor) -> dict[str, Any]:
    made: dict[str, Any] = {
        "mediaType": found.media_type, "digest": found.digest.text, "size": found.size,
    }  # fmt: skip
    if found.annotations:
        made["annotations"] = dict(found.annotations)
    return made
