"""Blobs at a registry and its mirrors: are they there, and their bytes, gone on with after cuts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from seaslug.adapters.registry import trouble
from seaslug.adapters.registry.link import Ask, Link
from seaslug.adapters.registry.manifests import AbsentError
from seaslug.adapters.registry.message import Request, Response, shown
from seaslug.errors import IntegrityError, RegistryError, SeaslugError, UnreachableError
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

_RANGE = r"bytes ([0-9]{1,18})-[0-9]+/(?:[0-9]+|\*)"


def has(link: Link, repository: str, digest: Digest) -> bool:
    """Tell whether the registry has a blob."""
    with link.call(repository, Ask("HEAD", f"blobs/{digest}")) as answer:
        if answer.status in (200, 400, 404, 405):
            return answer.status == 200
        where = f"{link.where(repository)} {digest}"
        raise trouble.refused(answer, link.host, where, "cannot be asked for a blob")


def read(
    links: Sequence[Link], repository: str, wanted: Descriptor, offset: int = 0
) -> Iterator[bytes]:
    """Yield a blob's bytes from *offset* on, from the first server that has it; not verified.

    After a cut it goes on where it was; when a server gives up, the next one goes on.
    Raises AbsentError, IntegrityError if more comes than promised, RegistryError.
    """
    reader = _Reader(repository, wanted, offset)
    for link in links:
        try:
            yield from reader.all_from(link)
            return
        except RegistryError as error:
            if link is links[-1]:
                if isinstance(error, AbsentError) and wanted.urls and is_foreign(wanted):
                    break
                raise
    yield from reader.elsewhere(links[-1])


def is_foreign(wanted: Descriptor) -> bool:
    """Tell whether a layer is of a kind that may not be passed on by registries."""
    return "nondistributable" in wanted.media_type or ".foreign." in wanted.media_type


class _Reader:
    """Bytes of one blob, counted, over as many answers as it takes."""

    def __init__(self, repository: str, wanted: Descriptor, offset: int) -> None:
        self._repository = repository
        self._wanted = wanted
        self._count = offset

    def all_from(self, link: Link) -> Iterator[bytes]:
        """Yield the rest from *link*; attempts that bring nothing are counted."""
        failures = 0
        while self._count < self._wanted.size:
            before = self._count
            try:
                with self._asked(link) as answer:
                    yield from self._rest(answer)
            except UnreachableError:
                failures = failures + 1 if self._count == before else 1
                if failures >= link.transport.patience.attempts:
                    raise
                link.transport.wait(failures)

    def elsewhere(self, link: Link) -> Iterator[bytes]:
        """Yield the rest from the addresses that a foreign layer names."""
        problem: SeaslugError = RegistryError("no address to have it from", where=self._where(link))
        for url in self._wanted.urls[:8]:
            try:
                parts = urlsplit(link.transport.absolute(url))
                if parts.scheme != "https" or "@" in parts.netloc:
                    continue
                request = Request("GET", parts.geturl(), self._range())
                with link.transport.send(request) as answer:
                    if answer.status not in (200, 206):
                        problem = RegistryError(f"answers {answer.status}", where=shown(url))
                        continue
                    yield from self._rest(answer)
                    return
            except RegistryError as error:
                problem = error
        raise problem

    def _asked(self, link: Link) -> Response:
        ask = Ask("GET", f"blobs/{self._wanted.digest}", headers=self._range())
        answer = link.call(self._repository, ask)
        if answer.status in (200, 206):
            return answer
        found = trouble.read(answer)
        if found.status == 416:
            raise IntegrityError(
                f"no more than {self._count} of the {self._wanted.size} bytes that were promised",
                where=self._where(link),
            )
        if found.has(404, "BLOB_UNKNOWN"):
            raise AbsentError("the registry does not have this blob", where=self._where(link))
        raise trouble.explained(found, link.host, self._where(link), "a blob cannot be read")

    def _range(self) -> dict[str, str]:
        return {"Range": f"bytes={self._count}-"} if self._count else {}

    def _rest(self, answer: Response) -> Iterator[bytes]:
        """Yield what is missing, of an answer that may begin at the beginning again."""
        skip = self._count - self._start(answer)
        for piece in answer.stream():
            if len(piece) <= skip:
                skip -= len(piece)
                continue
            fresh = piece[skip:]
            skip = 0
            if self._count + len(fresh) > self._wanted.size:
                raise IntegrityError(
                    f"more than the {self._wanted.size} bytes that were promised",
                    where=self._wanted.digest.text,
                )
            self._count += len(fresh)
            yield fresh
        if self._count < self._wanted.size:
            raise UnreachableError(
                f"ends after {self._count} of {self._wanted.size} bytes", where=answer.shown
            )

    def _start(self, answer: Response) -> int:
        if answer.status != 206:
            return 0
        found = re.fullmatch(_RANGE, (answer.headers["Content-Range"] or "").strip())
        start = int(found.group(1)) if found else -1
        if not 0 <= start <= self._count:
            raise RegistryError("sends another part than it was asked for", where=answer.shown)
        return start

    def _where(self, link: Link) -> str:
        return f"{link.where(self._repository)} {self._wanted.digest}"
