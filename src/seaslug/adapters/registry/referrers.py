"""What refers to a manifest: by the API, or by the tag ``sha256-<hex>`` where there is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from seaslug.adapters.registry import manifests
from seaslug.adapters.registry.link import Ask, Link
from seaslug.adapters.registry.manifests import AbsentError
from seaslug.adapters.registry.pages import pages
from seaslug.adapters.registry.trouble import RefusedError
from seaslug.errors import HostileError, SeaslugError
from seaslug.oci import media
from seaslug.oci.plain import canonical
from seaslug.oci.read import descriptor, json_object
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

MAX_REFERRERS = 10_000
_NO_API = (400, 404, 405, 501)


@dataclass(frozen=True, slots=True)
class Referrer:
    """A manifest that has a subject, and what kind of thing it says it is."""

    descriptor: Descriptor
    artifact_type: str


def find(link: Link, repository: str, subject: Digest, kind: str = "") -> tuple[Referrer, ...]:
    """Return what refers to *subject*, of the artifact type *kind* only if that is given."""
    rows = _by_api(link, repository, subject, kind)
    if rows is None:
        rows = _by_tag(link, repository, subject)
    found = {row.descriptor.digest: row for row in rows if kind in ("", row.artifact_type)}
    return tuple(found.values())


def add(link: Link, repository: str, subject: Digest, media_type: str, raw: bytes) -> None:
    """Note the manifest *raw* under the fallback tag of *subject*; notes of others stay."""
    rows: list[Any] = []
    try:
        _, old = manifests.get(link, repository, _tag(subject))
        rows = list(json_object(old, _tag(subject)).get("manifests") or [])
    except AbsentError:
        pass
    digest = Digest.of(raw)
    if any(isinstance(row, dict) and row.get("digest") == digest.text for row in rows):
        return
    index = {
        "schemaVersion": 2, "mediaType": media.INDEX,
        "manifests": [*rows, _row(digest, media_type, raw)],
    }  # fmt: skip
    manifests.put(link, repository, _tag(subject), canonical(index), media.INDEX)


def _by_api(link: Link, repository: str, subject: Digest, kind: str) -> list[Referrer] | None:
    """Return the rows of the API, None if the registry has none."""
    query = f"?artifactType={quote(kind, safe='')}" if kind else ""
    ask = Ask("GET", f"referrers/{subject}{query}", headers={"Accept": media.INDEX})
    found: list[Referrer] = []
    try:
        for _, data in pages(link, repository, ask, "cannot be asked for referrers"):
            if "manifests" not in data:
                return found or None
            found += _rows(data, link.where(repository))
            if len(found) > MAX_REFERRERS:
                raise HostileError(
                    f"more than {MAX_REFERRERS} referrers", where=link.where(repository)
                )
    except RefusedError as error:
        if error.status in _NO_API or "NAME_UNKNOWN" in error.codes:
            return None
        raise
    return found


def _by_tag(link: Link, repository: str, subject: Digest) -> list[Referrer]:
    try:
        _, raw = manifests.get(link, repository, _tag(subject))
    except AbsentError:
        return []
    where = f"{link.where(repository)}:{_tag(subject)}"
    return _rows(json_object(raw, where), where)


def _rows(data: dict[str, Any], where: str) -> list[Referrer]:
    rows: Sequence[Any] = data.get("manifests") or []
    try:
        return [Referrer(descriptor(row), str(row.get("artifactType") or "")) for row in rows]
    except (KeyError, TypeError, ValueError, AttributeError, SeaslugError) as error:
        raise HostileError(f"not a list of referrers: {error}", where=where) from None


def _row(digest: Digest, media_type: str, raw: bytes) -> dict[str, object]:
    """Return the descriptor of a referrer, with the type and notes that its manifest has."""
    data = json.loads(raw)
    kind = data.get("artifactType") or (data.get("config") or {}).get("mediaType")
    row: dict[str, object] = {"mediaType": media_type, "digest": digest.text, "size": len(raw)}
    if kind:
        row["artifactType"] = kind
    if data.get("annotations"):
        row["annotations"] = data["annotations"]
    return row


def _tag(subject: Digest) -> str:
    return f"sha256-{subject.hex}"
