"""What ``docker save`` wrote, brought into the store.

::

    manifest.json                  [{Config, RepoTags, Layers}], one row an image
    <hex>.json, <id>/layer.tar     until version 24; a layer that is there twice is a link
    oci-layout, index.json, blobs  since 25, and in what seaslug writes: the raw manifest

Layers stay as they come, mostly unpacked; the manifest is the raw one where there is
one, else it is made from them. Nothing counts before its diff id is right.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from seaslug.adapters import rows
from seaslug.adapters.transports.arrived import Arrived
from seaslug.adapters.transports.members import packing
from seaslug.errors import HostileError, IntegrityError, SeaslugError, UnknownNameError, UsageError
from seaslug.oci import media, select
from seaslug.oci.files import layer_chunks
from seaslug.oci.plain import canonical, plain
from seaslug.oci.read import IndexManifest, Manifest, json_object, parse
from seaslug.ports import BlobStore, Stored
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

_DEEP = 4
_SHORTEST = 6
_MAX_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Saved:
    """One row of manifest.json: the members with config and layers, and the names."""

    config: str
    layers: tuple[str, ...]
    names: tuple[str, ...]


def bring(store: BlobStore, arrived: Arrived, name: str, where: str) -> Descriptor:
    """Return the manifest of the image *name*, or of the only one, now in *store*.

    Raises UnknownNameError, UsageError for several images without a name, HostileError,
    IntegrityError.
    """
    saved = _chosen(_saved(arrived, where), name, where)
    config = arrived.blob(saved.config)
    promised = re.search(r"([0-9a-f]{64})(?:\.json)?$", saved.config)
    if promised and promised[1] != config.digest.hex:
        raise IntegrityError(f"{config.digest} instead of {promised[1]}", where=saved.config)
    layers = _layers(store, arrived, saved, config)
    raw = _raw(arrived, config.digest, layers) or _manifest(config, layers)
    kept = store.put([raw])
    return Descriptor(parse(raw).media_type, kept.digest, kept.size)


def _saved(arrived: Arrived, where: str) -> list[Saved]:
    raw = arrived.text("manifest.json")
    if raw is None:
        raise HostileError("holds no manifest.json", where=where)
    try:
        data = json.loads(raw)
        if not isinstance(data, list) or len(data) > _MAX_ROWS:
            raise ValueError("rows")
        return [_row(item) for item in data]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise HostileError(f"not what docker save writes: {error}", where=where) from None


def _row(item: Any) -> Saved:
    names = item.get("RepoTags") or ()
    texts = (item["Config"], *item["Layers"], *names)
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a name that is no text")
    return Saved(item["Config"], tuple(item["Layers"]), tuple(names))


def _chosen(found: Sequence[Saved], name: str, where: str) -> Saved:
    known = [tag for saved in found for tag in saved.names]
    if not name:
        if len({saved.config for saved in found}) == 1:
            return found[0]
        if not found:
            raise HostileError("holds no image", where=where)
        shown = ", ".join([*known, "its ID"][:8])
        raise UsageError(
            f"holds {len(found)} images", where=where, hint=f"write :NAME behind it: {shown}"
        )
    for saved in found:
        if _spelt(name) in map(_spelt, saved.names):
            return saved
    wanted = name.removeprefix("@").removeprefix("sha256:")
    for saved in found if len(wanted) >= _SHORTEST else ():
        if saved.config.removeprefix("blobs/sha256/").startswith(wanted):
            return saved
    raise UnknownNameError("image", name, known, where=where)


def _spelt(name: str) -> str:
    """Return *name* with its tag, and without what Docker leaves out."""
    tagged = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
    return tagged.removeprefix("docker.io/").removeprefix("library/")


def _layers(store: BlobStore, arrived: Arrived, saved: Saved, config: Stored) -> list[Descriptor]:
    """Return the layers, checked against the config's diff ids."""
    data = json_object(store.read(config.digest), saved.config)
    rootfs = data.get("rootfs")
    diff_ids = rootfs.get("diff_ids") if isinstance(rootfs, dict) else None
    if not isinstance(diff_ids, list) or len(diff_ids) != len(saved.layers):
        raise HostileError("config and manifest.json differ in their layers", where=saved.config)
    checked: dict[tuple[Digest, str], Descriptor] = {}
    found = []
    for name, wanted in zip(saved.layers, diff_ids, strict=True):
        blob = arrived.blob(name)
        key = (blob.digest, str(wanted))
        if key not in checked:
            checked[key] = _layer(blob, str(wanted), name)
        found.append(checked[key])
    return found


def _layer(blob: Stored, wanted: str, name: str) -> Descriptor:
    with open(blob.path, "rb") as file:
        kind = media.layer_type(packing(file.read(6), name) or "none")
    found = blob.digest.text
    if kind != media.LAYER:
        hasher = hashlib.sha256()
        for piece in layer_chunks(blob.path, kind):
            hasher.update(piece)
        found = f"sha256:{hasher.hexdigest()}"
    if found != wanted:
        raise IntegrityError(f"its diff id is {found} instead of {wanted[:80]}", where=name)
    return Descriptor(kind, blob.digest, blob.size)


def _manifest(config: Stored, layers: Sequence[Descriptor]) -> bytes:
    return canonical(
        {
            "schemaVersion": 2,
            "mediaType": media.MANIFEST,
            "config": plain(Descriptor(media.CONFIG, config.digest, config.size)),
            "layers": [plain(layer) for layer in layers],
        }
    )


def _raw(arrived: Arrived, config: Digest, layers: Sequence[Descriptor]) -> bytes | None:
    """Return the raw manifest with this config and these layers, if there is one."""
    raw = arrived.text("index.json")
    if raw is None:
        return None
    for found in _manifests(arrived, raw):
        same = [layer.digest for layer in found.layers] == [layer.digest for layer in layers]
        if found.config.digest == config and same and _came(arrived, found.config):
            return found.raw
    return None


def _came(arrived: Arrived, wanted: Descriptor) -> bool:
    found = arrived.find(wanted.digest)
    return found is not None and found.size == wanted.size


def _manifests(arrived: Arrived, raw: bytes, depth: int = 0) -> Iterator[Manifest]:
    try:
        index = parse(raw)
    except SeaslugError:
        return
    if isinstance(index, Manifest):
        yield index
        return
    for entry in select.images_of(index) if depth < _DEEP else ():
        inner = arrived.text(f"blobs/sha256/{entry.descriptor.digest.hex}")
        if inner is not None and Digest.of(inner) == entry.descriptor.digest:
            yield from _manifests(arrived, inner, depth + 1)


def bring_layout(store: BlobStore, arrived: Arrived, name: str, where: str) -> Descriptor:
    """As ``bring``, for an OCI archive: what *name* stands for, with all that it leads to.

    Raises HostileError if not all of it is there.
    """
    raw = arrived.text("index.json")
    if raw is None:
        raise HostileError("holds neither manifest.json nor index.json", where=where)
    top = rows.pick(rows.parse(raw, where, "")["manifests"], name, where)
    _whole(arrived, top, where)
    return top


def _whole(arrived: Arrived, top: Descriptor, where: str, depth: int = 0) -> None:
    if not _came(arrived, top):
        raise HostileError(f"{top.digest} is not in it, or damaged", where=where)
    if top.media_type not in (*media.MANIFESTS, *media.INDICES):
        return
    found = parse(arrived.text(f"blobs/sha256/{top.digest.hex}") or b"", where)
    if depth > _DEEP:
        raise HostileError("indexes lie in each other too deep", where=where)
    inner = (
        [entry.descriptor for entry in found.entries]
        if isinstance(found, IndexManifest)
        else [*found.layers, found.config]
    )
    for descriptor in inner:
        _whole(arrived, descriptor, where, depth + 1)
