"""Lists that a registry hands out page by page, and manifests, read with bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from seaslug.adapters.registry.link import Ask, Link
from seaslug.adapters.registry.message import Response
from seaslug.errors import HostileError, RegistryError
from seaslug.oci.read import MAX_MANIFEST, json_object

MAX_PAGES = 1000
_NEXT = r'<([^<>]{1,4096})>\s*;[^,]*?\brel="?next"?'


def pages(
    link: Link, repository: str, ask: Ask, doing: str
) -> Iterator[tuple[Response, dict[str, Any]]]:
    """Yield every page of a list with its answer. Raises RegistryError, also for a loop."""
    seen: set[str] = set()
    while True:
        with link.answer(repository, ask, (200,), doing) as answer:
            where = link.where(repository)
            data = json_object(limited(answer, where), where)
        yield answer, data
        found = re.search(_NEXT, answer.headers["Link"] or "")
        if found is None:
            return
        target = link.transport.absolute(found.group(1), answer.url)
        if not link.transport.is_home(target):
            raise RegistryError("a list goes on at another host", where=where)
        if target in seen or len(seen) >= MAX_PAGES:
            raise RegistryError("a list has no end", where=where)
        seen.add(target)
        ask = Ask(ask.method, target, ask.actions, ask.headers)


def limited(answer: Response, where: str) -> bytes:
    """Return a body of at most 4 MiB. Raises HostileError for a larger one."""
    found = bytearray()
    for piece in answer.stream():
        found += piece
        if len(found) > MAX_MANIFEST:
            raise HostileError(
                f"answers with more than {MAX_MANIFEST >> 20} MiB, which no manifest and no "
                "list may have", where=where,
            )  # fmt: skip
    return bytes(found)
