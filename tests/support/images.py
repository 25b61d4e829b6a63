"""Images made by hand, without the code under test: tar by tarfile, JSON by json."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from seaslug.errors import StoreError
from seaslug.ports import Stored
from seaslug.values.digest import Digest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


class BlobDir:
    """The part of a blob store that runners use: a directory of blobs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def put(self, chunks: Iterable[bytes | memoryview]) -> Stored:
        data = b"".join(chunks)
        digest = Digest.of(data)
        path = self.root / digest.hex
        path.write_bytes(data)
        return Stored(digest, len(data), str(path))

    def get(self, digest: Digest) -> Stored:
        path = self.root / digest.hex
        if not path.exists():
            raise StoreError("no such blob", where=str(digest))
        return Stored(digest, path.stat().st_size, str(path))

    def read(self, digest: Digest, limit: int = 64 << 20) -> bytes:
        return Path(self.get(digest).path).read_bytes()

    def chunks(self, wanted: Any) -> Iterable[bytes]:
        return iter([Path(self.get(wanted.digest).path).read_bytes()])


def member(
    name: str,
    data: bytes = b"",
    *,
    mode: int = 0o644,
    uid: int = 0,
    link: str = "",
    kind: bytes = tarfile.REGTYPE,
) -> tuple[tarfile.TarInfo, bytes]:
    """Return one tar member with its content."""
    info = tarfile.TarInfo(name)
    info.mode, info.uid, info.gid, info.type, info.linkname = mode, uid, uid, kind, link
    info.size = len(data)
    return info, data


def folder(name: str, mode: int = 0o755, uid: int = 0) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, mode=mode, uid=uid, kind=tarfile.DIRTYPE)


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, link=target, kind=tarfile.SYMTYPE)


def layer(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Return an uncompressed layer."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def image(
    store: Any,
    layers: Iterable[bytes],
    config: Mapping[str, Any] | None = None,
    *,
    packing: str = "gzip",
    arch: str = "amd64",
) -> Digest:
    """Put an image with these uncompressed *layers* into *store*; return its manifest."""
    packed, diff_ids = [], []
    for data in layers:
        diff_ids.append(Digest.of(data).text)
        packed.append(descriptor(store, _pack(data, packing), LAYER + _suffix(packing)))
    body = {
        "architecture": arch,
        "os": "linux",
        "config": dict(config or {}),
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(store, json.dumps(body).encode(), CONFIG),
        "layers": packed,
    }
    return store.put([json.dumps(manifest).encode()]).digest


def descriptor(store: Any, data: bytes, media_type: str) -> dict[str, Any]:
    stored = store.put([data])
    return {"mediaType": media_type, "digest": stored.digest.text, "size": stored.size}


def _suffix(packing: str) -> str:
    return "" if packing == "none" else "+" + packing


def _pack(data: bytes, packing: str) -> bytes:
    if packing == "gzip":
        return gzip.compress(data, 1, mtime=0)
    if packing == "zstd":
        try:
            from compression import zstd
        except ImportError:
            from backports import zstd
        return bytes(zstd.compress(data))
    return data
