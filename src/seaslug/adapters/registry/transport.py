"""HTTP to one registry, and to where it leads: kept connections, redirects, patience.

What another host is asked for never carries this registry's ``Authorization``, its client
certificate, or the leave to go without a certificate.
"""

from __future__ import annotations

import os
import re
import select
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from seaslug import __version__
from seaslug.adapters import wire
from seaslug.adapters.registry import tls
from seaslug.adapters.registry.message import Request, Response, shown, transmit
from seaslug.errors import RegistryError, UnreachableError
from seaslug.ports import Listener
from seaslug.values.words import printable

if TYPE_CHECKING:
    import ssl

    from seaslug.adapters.registry.settings import Endpoint

MAX_REDIRECTS = 5
_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_MOVED = (301, 302, 303, 307, 308)
_WARNING = r'299 \S+ "((?:[^"\\]|\\.)*)"'


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long: *attempts* in a row without progress, then an error.

    Times are in seconds: *pause* before the second attempt, doubled each time; *longest* that
    a registry may make us wait; *timeout* per read; *commit* for a registry to digest a blob.
    """

    attempts: int = 5
    pause: float = 0.5
    longest: float = 60.0
    timeout: float = 60.0
    commit: float = 600.0


PATIENT = Patience()


class Transport:
    """Sends requests for one registry. Safe for many threads."""

    def __init__(
        self, endpoint: Endpoint, listener: Listener, patience: Patience = PATIENT
    ) -> None:
        self.endpoint = endpoint
        self.patience = patience
        self._listener = listener
        self._home = urlsplit(endpoint.address)
        self._lock = threading.Lock()
        self._idle: dict[str, list[HTTPConnection]] = {}
        self._busy: set[HTTPConnection] = set()
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._warned: set[str] = set()
        self._closed = threading.Event()

    def send(self, request: Request) -> Response:
        """Return the answer, whatever its status, after redirects and after having waited.

        A request with a Body is sent once only. Raises UnreachableError, RegistryError.
        """
        repeat = isinstance(request.body, bytes)
        for attempt in range(1, self.patience.attempts + 1):
            last = attempt == self.patience.attempts or not repeat
            try:
                answer = self._followed(request)
            except UnreachableError as error:
                if last or isinstance(error, tls.HopelessError):
                    raise
                if attempt > 1 and isinstance(error, tls.NobodyError):
                    raise
                self.wait(attempt)
                continue
            if last or answer.status not in wire.AGAIN:
                return answer
            answer.close()
            self.wait(attempt, wire.asked_for(answer.headers["Retry-After"]))
        raise AssertionError("unreachable")

    def wait(self, attempt: int, asked: float = 0.0) -> None:
        """Pause before the next attempt, at least for the *asked* seconds.

        Raises RegistryError if that would take too long.
        """
        if asked > self.patience.longest:
            raise RegistryError(
                f"has had too many requests, and wants none for {asked:.0f} s",
                where=self.endpoint.host, hint="try again later; many registries allow more "
                f"to who logs in: seaslug login {self.endpoint.host}",
            )  # fmt: skip
        # Those that were turned away together shall not come back together.
        apart = 0.75 + os.urandom(1)[0] / 510
        own = self.patience.pause * 2 ** (attempt - 1) * apart
        if self._closed.wait(max(asked, min(own, self.patience.longest))):
            raise UnreachableError("stopped", where=self.endpoint.host)

    def absolute(self, location: str, base: str = "") -> str:
        """Return the address that *location* means, at our registry in the scheme it is known by.

        Registries behind a proxy that ends TLS tend to believe that they are plain HTTP.
        Raises RegistryError if it is no address.
        """
        try:
            url = urljoin(base or self.endpoint.address, location)
            # Headers come as Latin-1, and addresses are ASCII.
            url = quote(url.encode("latin-1"), safe=_ASCII)
            parts = urlsplit(url)
            _site(parts)
        except ValueError:
            raise RegistryError(
                f"names an address that is none: {printable(location, 120)}",
                where=self.endpoint.host,
            ) from None
        if parts.netloc == self._home.netloc and parts.scheme != self._home.scheme:
            url = parts._replace(scheme=self._home.scheme).geturl()
        return url

    def is_home(self, url: str) -> bool:
        """Tell whether *url* is at the registry itself, and may see who we are."""
        return _site(urlsplit(url)) == _site(self._home)

    def close(self) -> None:
        """Break off everything; nothing can be sent afterwards."""
        import socket

        self._closed.set()
        with self._lock:
            busy = tuple(self._busy)
            idle = [one for kept in self._idle.values() for one in kept]
            self._idle.clear()
        for one in busy:
            # A thread that reads is woken by this, not by close(); TLS shall not answer first.
            with suppress(OSError, AttributeError):
                socket.socket.shutdown(one.sock, socket.SHUT_RDWR)
        for one in idle:
            one.close()

    def _followed(self, request: Request) -> Response:
        for _ in range(MAX_REDIRECTS):
            answer = self._once(request)
            self._warn(answer.headers.get_all("Warning") or ())
            location = answer.headers["Location"]
            if answer.status not in _MOVED or not location:
                return answer
            answer.close()
            request = self._redirected(request, answer, location)
        raise RegistryError(f"redirects more than {MAX_REDIRECTS} times", where=shown(request.url))

    def _redirected(self, request: Request, answer: Response, location: str) -> Request:
        url = self.absolute(location, request.url)
        before, after = urlsplit(request.url), urlsplit(url)
        if answer.status in (301, 302, 303) and request.method not in ("GET", "HEAD"):
            raise RegistryError(f"answers {request.method} by a redirect", where=shown(request.url))
        if after.scheme not in ("http", "https") or not after.hostname or "@" in after.netloc:
            raise RegistryError("redirects to something that is not HTTP", where=shown(request.url))
        if before.scheme == "https" and after.scheme == "http":
            raise RegistryError("redirects from HTTPS to plain HTTP", where=shown(request.url))
        headers = request.headers
        if _site(before) != _site(after):
            if request.body and isinstance(request.body, bytes):
                # It may be a form with an identity token.
                what = "redirects what it was sent to another host"
                raise RegistryError(what, where=shown(request.url))
            headers = {k: v for k, v in headers.items() if k.lower() != "authorization"}
        return replace(request, url=url, headers=headers)

    def _once(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        key = f"{parts.scheme}://{parts.netloc}"
        plain_proxy = wire.through_proxy(parts.scheme, parts.netloc)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = path if plain_proxy is None else request.url
        sent = replace(request, headers={**_usual(), **request.headers, **(plain_proxy or {})})
        connection = self._take(key, parts)
        try:
            self._prepare(connection)
            answer = transmit(connection, sent, target)
        except (OSError, HTTPException) as error:
            self._give(key, connection, again=False)
            if self._closed.is_set():
                raise UnreachableError("stopped", where=self.endpoint.host) from None
            raise tls.explained(error, parts, self.endpoint.host) from None
        except BaseException:
            self._give(key, connection, again=False)
            raise
        done: Callable[[bool], None] = lambda ok: self._give(key, connection, again=ok)  # noqa: E731
        return Response(answer, request.url, done)

    def _prepare(self, connection: HTTPConnection) -> None:
        if connection.sock is None:
            connection.connect()
        connection.sock.settimeout(self.patience.timeout)

    def _take(self, key: str, parts: SplitResult) -> HTTPConnection:
        """Return a connection that is kept and still alive, or a new one."""
        found = None
        with self._lock:
            if self._closed.is_set():
                raise UnreachableError("stopped", where=self.endpoint.host)
            kept = self._idle.get(key, [])
            while kept and found is None:
                found = kept.pop()
                if found.sock is None or _readable(found.sock):
                    found.close()
                    found = None
        if found is None:
            context = self._context(parts) if parts.scheme == "https" else None
            found = wire.connection(parts.scheme, parts.netloc, self.patience.timeout, context)
        with self._lock:
            self._busy.add(found)
        return found

    def _give(self, key: str, connection: HTTPConnection, *, again: bool) -> None:
        with self._lock:
            self._busy.discard(connection)
            if again and not self._closed.is_set():
                self._idle.setdefault(key, []).append(connection)
                return
        connection.close()

    def _context(self, parts: SplitResult) -> ssl.SSLContext:
        own = parts.hostname == self._home.hostname
        with self._lock:
            if own not in self._contexts:
                self._contexts[own] = tls.context(self.endpoint, own=own)
            return self._contexts[own]

    def _warn(self, values: Iterable[str]) -> None:
        for text in (found.group(1) for value in values for found in re.finditer(_WARNING, value)):
            shown = printable(text.replace('\\"', '"'), 300)
            with self._lock:
                new = shown not in self._warned and len(self._warned) < 20
                self._warned.add(shown)
            if new:
                self._listener.say(f"{self.endpoint.host} says: {shown}")


def _usual() -> dict[str, str]:
    return {"User-Agent": f"seaslug/{__version__}", "Accept-Encoding": "identity"}


def _site(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _readable(sock: object) -> bool:
    """Tell whether an idle connection has something to say: it can only be that it ends."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)  # type: ignore[arg-type]
    return bool(poll.poll(0))
