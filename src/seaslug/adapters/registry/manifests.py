"""Manifests and indices at one server: raw bytes, verified, never rewritten."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from seaslug.adapters.registry import trouble
from seaslug.adapters.registry.link import DELETE, PUSH, Ask, Link
from seaslug.adapters.registry.message import Response, number
from seaslug.adapters.registry.pages import limited
from seaslug.adapters.registry.trouble import RefusedError
from seaslug.errors import HostileError, IntegrityError, RegistryError, UsageError
from seaslug.oci import media
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.words import printable

ACCEPT = {"Accept": ", ".join((*media.MANIFESTS, *media.INDICES))}
# What servers say that do not know HEAD here; or that speak HTTPS, which only a body tells.
_NO_HEAD = (400, 405, 501)
_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1"


class AbsentError(RegistryError):
    """The server answers, and knows of no such manifest or blob."""


def get(link: Link, repository: str, selector: str) -> tuple[Descriptor, bytes]:
    """Return what the tag or digest *selector* stands for, and its bytes, at most 4 MiB.

    Raises AbsentError, HostileError, IntegrityError, RegistryError.
    """
    where = f"{link.where(repository)} {selector}"
    with _answer(link, repository, selector, "GET") as answer:
        kind = _kind(answer)
        if kind.startswith(_SCHEMA_1):
            raise RegistryError(
                "is a Docker image of schema 1, which nothing has written since 2017",
                where=where, hint="push it again with any current tool",
            )  # fmt: skip
        raw = limited(answer, where)
        told = _digest(answer)
    found = Digest.of(raw)
    wanted = _as_digest(selector) or told
    if wanted is not None and found != wanted:
        raise IntegrityError(f"{found} came instead of {wanted}", where=where)
    return Descriptor(_media_type(raw, kind, where), found, len(raw)), raw


def head(link: Link, repository: str, selector: str) -> Descriptor | None:
    """Return what *selector* stands for, None if there is nothing."""
    try:
        with _answer(link, repository, selector, "HEAD") as answer:
            kind, told = _kind(answer), _digest(answer)
            size = number(answer.headers["Content-Length"])
    except AbsentError:
        return None
    except RefusedError as error:
        if error.status not in _NO_HEAD:
            raise
        return _whole(link, repository, selector)
    known = kind in (*media.MANIFESTS, *media.INDICES) or kind.startswith(_SCHEMA_1)
    if told is None or size is None or not known:
        # Some registries do not say it before they are asked for all of it.
        return _whole(link, repository, selector)
    wanted = _as_digest(selector)
    if wanted is not None and told != wanted:
        raise IntegrityError(f"{told} is there instead", where=f"{link.where(repository)} {wanted}")
    return Descriptor(kind, told, size)


def _whole(link: Link, repository: str, selector: str) -> Descriptor | None:
    try:
        return get(link, repository, selector)[0]
    except AbsentError:
        return None


def put(link: Link, repository: str, selector: str, raw: bytes, media_type: str) -> bool:
    """Put a manifest under a tag or its digest; tells whether its subject was taken note of.

    Raises RegistryError, and IntegrityError if the registry says it has something else now.
    """
    _check_type(media_type, f"{link.where(repository)}:{selector}")
    ask = Ask("PUT", f"manifests/{selector}", PUSH, {"Content-Type": media_type}, raw)
    with link.answer(repository, ask, (200, 201, 202), "does not take the manifest") as answer:
        told = _digest(answer)
        if told is not None and told != Digest.of(raw):
            raise IntegrityError(
                f"the registry made {told} of the manifest {Digest.of(raw)}",
                where=f"{link.where(repository)}:{selector}",
            )
        return "OCI-Subject" in answer.headers


def delete(link: Link, repository: str, selector: str) -> None:
    """Delete a tag or a manifest. Raises AbsentError, RegistryError."""
    ask = Ask("DELETE", f"manifests/{selector}", DELETE)
    with link.call(repository, ask) as answer:
        if answer.status in (400, 405) and _as_digest(selector) is None:
            raise RegistryError(
                "the registry deletes no tags, only manifests by their digest",
                where=f"{link.where(repository)}:{selector}",
                hint="that ends every tag of it; name it HOST/PATH@sha256:…",
            )
        if answer.status not in (200, 202, 204):
            raise _refused(link, repository, selector, answer, "cannot be deleted")


@contextmanager
def _answer(link: Link, repository: str, selector: str, method: str) -> Iterator[Response]:
    with link.call(repository, Ask(method, f"manifests/{selector}", headers=ACCEPT)) as answer:
        if answer.status != 200:
            raise _refused(link, repository, selector, answer, "cannot be read")
        yield answer


def _refused(link: Link, repository: str, selector: str, answer: Response, doing: str) -> Exception:
    found = trouble.read(answer)
    where = link.where(repository)
    if found.has(404, "MANIFEST_UNKNOWN", "NAME_UNKNOWN"):
        return AbsentError(f"there is no {selector}", where=where)
    return trouble.explained(found, link.host, where, doing)


def _kind(answer: Response) -> str:
    return (answer.headers["Content-Type"] or "").partition(";")[0].strip().lower()[:200]


def _digest(answer: Response) -> Digest | None:
    return _as_digest(answer.headers["Docker-Content-Digest"] or "")


def _as_digest(text: str) -> Digest | None:
    try:
        return Digest(text)
    except UsageError:
        return None


def _media_type(raw: bytes, header: str, where: str) -> str:
    """Return the media type a manifest says of itself, else the header's, else what it is."""
    data = _object(raw, where)
    inside = data.get("mediaType")
    if isinstance(inside, str) and inside:
        return _check_type(inside, where)
    if header.startswith("application/vnd."):
        return header
    return media.INDEX if "manifests" in data else media.MANIFEST


def _check_type(media_type: str, where: str) -> str:
    """Return *media_type* if it may be in a header. Raises HostileError."""
    if not re.fullmatch(r"[A-Za-z0-9!#$&^_.+/-]{1,255}", media_type):
        raise HostileError(f"a media type of {printable(media_type, 80)!r}", where=where)
    return media_type


def _object(raw: bytes, where: str) -> dict[str, Any]:
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise HostileError(f"not a manifest: {error}", where=where) from None
    if not isinstance(data, dict):
        raise HostileError("not a manifest, but some other JSON", where=where)
    return data
