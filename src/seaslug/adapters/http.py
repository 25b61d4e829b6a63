"""Fetching over HTTP, from files and folders: bounded, resumed, retried.

http.client is enough here and starts in a third of the time of its betters. One
connection is kept per thread and host.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import TypeVar
from urllib.parse import unquote, urljoin, urlsplit
from weakref import WeakSet

from seaslug import __version__
from seaslug.adapters import wire
from seaslug.errors import ArchiveError, IntegrityError, NetworkError, TrustError

CHUNK = 256 << 10
MAX_REDIRECTS = 5
ATTEMPTS = 3
_LONGEST = 30

T = TypeVar("T")


class NotFoundError(NetworkError):
    """The server answers, and has no such file."""

    code = "not-found"


class Fetcher:
    """Fetches addresses. ``timeout`` is in seconds per read; ``pause`` before a second attempt."""

    def __init__(self, timeout: float = 30.0, pause: float = 0.5) -> None:
        self.timeout = timeout
        self.pause = pause
        self._local = threading.local()
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._stopped = threading.Event()

    def get(self, url: str, limit: int, headers: Mapping[str, str] | None = None) -> bytes:
        """Return the whole body. Raises NetworkError, or IntegrityError past *limit* bytes."""

        def whole() -> bytes:
            body = b"".join(self.stream(url, limit=limit, headers=headers))
            return body

        return self.insist(url, whole)

    def stream(
        self, url: str, *, offset: int = 0, limit: int, headers: Mapping[str, str] | None = None
    ) -> Iterator[bytes]:
        """Yield the body from *offset* on, in one attempt. Raises NetworkError, IntegrityError."""
        parts = urlsplit(url)
        if parts.scheme in ("", "file"):
            yield from _file(unquote(parts.path) if parts.scheme else url, offset, limit)
            return
        wanted = {"User-Agent": f"seaslug/{__version__}", "Accept-Encoding": "identity"}
        wanted.update(headers or {})
        if offset:
            wanted["Range"] = f"bytes={offset}-"
        answer = self._open(url, wanted)
        count = offset if answer.status == 206 else 0
        skip = offset - count
        try:
            while chunk := answer.read(CHUNK):
                count += len(chunk)
                if count > limit:
                    raise IntegrityError(f"sends more than {limit} bytes", where=url)
                if skip >= len(chunk):
                    skip -= len(chunk)
                    continue
                yield chunk[skip:]
                skip = 0
            if answer.length:
                raise NetworkError("the connection ended too early", where=url)
        except (OSError, HTTPException) as error:
            raise NetworkError(f"the connection broke: {wire.said(error)}", where=url) from None
        finally:
            if not answer.isclosed():
                self._drop(url)

    def insist(self, url: str, action: Callable[[], T]) -> T:
        """Return what *action* gives, tried again after a pause when the network fails."""
        for attempt in range(ATTEMPTS):
            try:
                return action()
            except NotFoundError:
                raise
            except NetworkError:
                if attempt + 1 == ATTEMPTS or self.stopped_within(self.pause * (2**attempt)):
                    raise
        raise AssertionError("unreachable")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Break off what other threads fetch; until the block is left, nothing is fetched."""
        self._stopped.set()
        for held in tuple(self._sockets):
            with suppress(OSError):
                socket.socket.shutdown(held, socket.SHUT_RDWR)
        try:
            yield
        finally:
            self._stopped.clear()

    def stopped_within(self, seconds: float) -> bool:
        """Wait, and tell whether fetching was stopped meanwhile."""
        return self._stopped.wait(seconds)

    def _open(self, url: str, headers: Mapping[str, str]) -> HTTPResponse:
        for _ in range(MAX_REDIRECTS):
            answer = self._request(url, headers)
            if answer.status in (301, 302, 303, 307, 308):
                target = urljoin(url, answer.headers.get("Location", ""))
                self._drop(url)
                if urlsplit(target).scheme not in ("http", "https"):
                    raise NetworkError("redirects to something that is not HTTP", where=url)
                if urlsplit(url).scheme == "https" and urlsplit(target).scheme == "http":
                    raise NetworkError("redirects from HTTPS to plain HTTP", where=url)
                url = target
                continue
            if answer.status in (200, 206):
                return answer
            self._drop(url)
            said = f"answers {answer.status} {answer.reason}"
            if answer.status in (404, 410):
                raise NotFoundError(said, where=url)
            if answer.status in wire.AGAIN:
                self.stopped_within(min(wire.asked_for(answer.headers["Retry-After"]), _LONGEST))
            raise NetworkError(said, where=url)
        raise NetworkError(f"redirects more than {MAX_REDIRECTS} times", where=url)

    def _request(self, url: str, headers: Mapping[str, str]) -> HTTPResponse:
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        proxy = wire.through_proxy(parts.scheme, parts.netloc)
        sent = {**headers, **(proxy or {})}
        while True:
            if self._stopped.is_set():
                raise NetworkError("stopped", where=url)
            connection, kept = self._connection(url)
            try:
                connection.request("GET", path if proxy is None else url, headers=sent)
                self._sockets.add(connection.sock)
                return connection.getresponse()
            except (OSError, HTTPException) as error:
                # A kept connection may have been closed by the server meanwhile.
                self._drop(url)
                if not kept or isinstance(error, TimeoutError):
                    raise NetworkError(f"does not answer: {wire.said(error)}", where=url) from None

    def _connection(self, url: str) -> tuple[HTTPConnection, bool]:
        """Return a connection, and whether it was used before."""
        parts = urlsplit(url)
        kept: dict[str, HTTPConnection] = self._local.__dict__.setdefault("kept", {})
        key = f"{parts.scheme}://{parts.netloc}"
        used = key in kept
        if not used:
            if not parts.netloc:
                raise NetworkError("an address without a host", where=key)
            kept[key] = wire.connection(parts.scheme, parts.netloc, self.timeout)
        return kept[key], used

    def _drop(self, url: str) -> None:
        parts = urlsplit(url)
        kept = self._local.__dict__.get("kept", {})
        old = kept.pop(f"{parts.scheme}://{parts.netloc}", None)
        if old is not None:
            old.close()


def first_of(urls: Iterable[str], action: Callable[[str], T]) -> T:
    """Return what *action* gives for the first address that works.

    Raises the single failure, or one that lists every address with its reason: a
    TrustError if any was not to be believed, else IntegrityError, else NetworkError.
    """
    failures: list[ArchiveError] = []
    for url in urls:
        try:
            return action(url)
        except ArchiveError as error:
            failures.append(error)
    if not failures:
        raise NetworkError(
            "there is no mirror to ask",
            hint="name one: --mirror https://HOST/debian, or SEASLUG_MIRROR",
        )
    kinds = (TrustError, IntegrityError, NetworkError, ArchiveError)
    worst = next(f for kind in kinds for f in failures if isinstance(f, kind))
    kind = next(kind for kind in kinds if isinstance(worst, kind))
    if all(isinstance(failure, NotFoundError) for failure in failures):
        kind = NotFoundError
    if len(failures) == 1:
        hint = worst.hint or "try again, or name another mirror with --mirror"
        raise kind(worst.what, where=worst.where, hint=hint)
    rows = "".join(f"\n    {failure.where}: {failure.what}" for failure in failures)
    hint = worst.hint or "try again later, or name another with --mirror"
    raise kind(f"no mirror gave it:{rows}", hint=hint)


def _file(path: str, offset: int, limit: int) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            if os.fstat(file.fileno()).st_size > limit:
                raise IntegrityError(f"has more than {limit} bytes", where=path)
            file.seek(offset)
            while chunk := file.read(CHUNK):
                yield chunk
    except FileNotFoundError:
        raise NotFoundError("no such file", where=path) from None
    except OSError as error:
        raise NetworkError(f"cannot be read: {error.strerror}", where=path) from None
