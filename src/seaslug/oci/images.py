"""Images in the store: by name, digest or the beginning of one; and what belongs to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from seaslug.errors import HostileError, StoreError, UnknownNameError, UsageError
from seaslug.oci import media, select
from seaslug.oci.read import MAX_MANIFEST, IndexEntry, IndexManifest, Manifest, parse
from seaslug.oci.read import json_object as _json
from seaslug.ports import BlobStore
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.reference import Reference

_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Found:
    """One platform's image: its manifest, and what the name that led here stands for."""

    name: str
    top: Descriptor
    descriptor: Descriptor
    manifest: Manifest
    platform: str


def resolve(store: BlobStore, name: str) -> Descriptor:
    """Return what *name* stands for: a tag, ``name`` for ``name:latest``, or a digest's beginning.

    Raises UnknownNameError with the nearest names, UsageError for a beginning that several have.
    """
    tags = store.tags()
    for spelling in (name, f"{name}:latest"):
        if spelling in tags:
            return tags[spelling]
    full = _full(name)
    if full in tags:
        return tags[full]
    wanted = name.removeprefix("sha256:")
    if len(wanted) >= 6 and all(c in "0123456789abcdef" for c in wanted):
        known = {d.digest: d for top in tags.values() for d in _reachable(store, top)}
        hits = [d for digest, d in known.items() if digest.hex.startswith(wanted)]
        hits = hits or _unnamed(store, wanted)
        if len(hits) == 1:
            return hits[0]
        if hits:
            raise UsageError(
                f"{name} is the beginning of {len(hits)} digests", hint="write more of it"
            )
    raise UnknownNameError(
        "image",
        name,
        sorted(tags),
        hint="" if tags else "the store has no images: seaslug build static",
    )


def _unnamed(store: BlobStore, digits: str) -> list[Descriptor]:
    """Return the manifest or index with this whole digest that no name leads to, if it is here."""
    if len(digits) != 64 or store.find(Digest.from_hex(digits)) is None:
        return []
    digest = Digest.from_hex(digits)
    try:
        raw = store.read(digest, MAX_MANIFEST)
        return [Descriptor(parse(raw).media_type, digest, len(raw))]
    except (StoreError, HostileError):
        return []


def _full(name: str) -> str:
    """Return *name* as a registry's reference in full, as pulled images are called."""
    try:
        return str(Reference.parse(name))
    except UsageError:
        return ""


def image(store: BlobStore, name: str, platform: str = "") -> Found:
    """Return one platform's image. An index with several platforms needs *platform*.

    Raises UsageError that lists the platforms.
    """
    top = resolve(store, name)
    known = images(store, top)
    if not known:
        raise HostileError("an index without images", where=name)
    if platform:
        fit = select.choose([IndexEntry(d, p) for d, p in known], platform, name)
        known = [(fit.descriptor, fit.platform)]
    if len(known) > 1:
        raise UsageError(
            f"{name} has {len(known)} platforms",
            hint="choose one: --platform " + "|".join(p for _, p in known),
        )
    descriptor, where = known[0]
    found = image_at(store, descriptor.digest, name)
    return replace(found, top=top, descriptor=descriptor, platform=where or found.platform)


def image_at(store: BlobStore, digest: Digest, name: str = "") -> Found:
    """Return the image whose manifest has *digest*. Raises StoreError, HostileError."""
    manifest = parse(_read(store, digest), name or digest.text)
    if not isinstance(manifest, Manifest):
        raise HostileError("an index, not an image", where=name or digest.text)
    descriptor = Descriptor(manifest.media_type, digest, len(manifest.raw))
    return Found(name, descriptor, descriptor, manifest, _config_platform(store, manifest))


def images(store: BlobStore, top: Descriptor, depth: int = 0) -> list[tuple[Descriptor, str]]:
    """Return (manifest, platform) for each image that *top* leads to; attestations are none."""
    found = parse(_read(store, top.digest), str(top.digest))
    if not isinstance(found, IndexManifest):
        return [(top, _config_platform(store, found))]
    if depth > _MAX_DEPTH:
        raise HostileError("indexes lie too deep in each other", where=str(top.digest))
    rows: list[tuple[Descriptor, str]] = []
    for entry in select.images_of(found):
        if entry.descriptor.media_type in media.INDICES:
            rows += images(store, entry.descriptor, depth + 1)
        else:
            rows.append((entry.descriptor, entry.platform))
    return rows


def blobs(store: BlobStore, top: Descriptor) -> Iterator[Descriptor]:
    """Yield every blob that *top* needs, itself last, so that a copy is never half there."""
    found = parse(_read(store, top.digest), str(top.digest))
    if isinstance(found, IndexManifest):
        for entry in found.entries:
            yield from blobs(store, entry.descriptor)
    else:
        yield from found.layers
        yield found.config
    yield top


def _reachable(store: BlobStore, top: Descriptor) -> Iterator[Descriptor]:
    yield top
    if top.media_type in media.INDICES:
        for descriptor, _ in images(store, top):
            yield descriptor


def _config_platform(store: BlobStore, manifest: Manifest) -> str:
    config = _json(_read(store, manifest.config.digest), "config")
    parts = (config.get("os"), config.get("architecture"), config.get("variant"))
    return "/".join(str(part) for part in parts if part)


def _read(store: BlobStore, digest: Digest) -> bytes:
    return store.read(digest)
