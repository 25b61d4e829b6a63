"""Manifests, indices and configs as they come, read into typed values. The bytes are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seaslug.errors import HostileError, SeaslugError
from seaslug.oci import media
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

MAX_MANIFEST = 4 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image manifest and its own bytes."""

    raw: bytes
    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One row of an index; *platform* reads ``linux/arm/v7`` and is empty where none is given."""

    descriptor: Descriptor
    platform: str


@dataclass(frozen=True, slots=True)
class IndexManifest:
    """An image index and its own bytes."""

    raw: bytes
    media_type: str
    entries: tuple[IndexEntry, ...]


def parse(raw: bytes, where: str = "manifest") -> Manifest | IndexManifest:
    """Return what *raw* is. Raises HostileError if it is neither manifest nor index."""
    data = json_object(raw, where)
    if "manifests" in data and ("layers" in data or "config" in data):
        # Readers would differ in what they see (CVE-2021-41190).
        raise HostileError("both a manifest and an index", where=where)
    try:
        if "manifests" in data:
            entries = tuple(_entry(row) for row in data["manifests"])
            return IndexManifest(raw, str(data.get("mediaType", media.INDEX)), entries)
        return Manifest(
            raw,
            str(data.get("mediaType", media.MANIFEST)),
            descriptor(data["config"]),
            tuple(descriptor(row) for row in data["layers"]),
            tuple(sorted((str(k), str(v)) for k, v in (data.get("annotations") or {}).items())),
        )
    except (KeyError, TypeError, ValueError, AttributeError, SeaslugError) as error:
        raise HostileError(f"not a manifest: {error}", where=where) from None


def json_object(raw: bytes, where: str) -> dict[str, Any]:
    """Return the JSON object in *raw*, at most 4 MiB of it. Raises HostileError."""
    if len(raw) > MAX_MANIFEST:
        raise HostileError(f"larger than {MAX_MANIFEST >> 20} MiB", where=where)
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise HostileError(f"not JSON: {error}", where=where) from None
    if not isinstance(data, dict):
        raise HostileError("not a JSON object", where=where)
    return data


def subject_of(raw: bytes) -> str:
    """Return the digest that a manifest names as its subject, or an empty string."""
    if b'"subject"' not in raw:
        return ""
    try:
        subject = json.loads(raw).get("subject")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return str(subject.get("digest", "")) if isinstance(subject, dict) else ""


def descriptor(data: Mapping[str, Any]) -> Descriptor:
    """Return the descriptor in JSON data."""
    size = data["size"]
    if type(size) is not int or size < 0:
        raise ValueError(f"a size of {size!r}")
    notes = tuple(sorted((str(k), str(v)) for k, v in (data.get("annotations") or {}).items()))
    urls = tuple(str(url) for url in data.get("urls") or ())
    return Descriptor(str(data["mediaType"]), Digest(data["digest"]), size, notes, urls)


def _entry(row: Mapping[str, Any]) -> IndexEntry:
    platform = row.get("platform") or {}
    parts = (platform.get("os"), platform.get("architecture"), platform.get("variant"))
    return IndexEntry(descriptor(row), "/".join(str(part) for part in parts if part))
