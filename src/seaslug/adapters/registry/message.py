"""What is sent to a registry and what comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse
from urllib.parse import urlsplit

from seaslug.adapters import wire
from seaslug.errors import RegistryError, UnreachableError

PIECE = 128 << 10
_DRAIN = 8 << 10


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes that may be sent more than once: *opened* gives all *size* of them anew."""

    size: int
    opened: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Request:
    """*body* of bytes makes the request safe to repeat; a Body is sent once, whoever sends goes on.

    *timeout* is how many seconds the answer may take to begin, 0 for the transport's own.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Body = b""
    timeout: float = 0.0


class Response:
    """An answer whose body is read at most once; a context manager that lets go of it.

    ``url`` is where it came from after redirects, ``secrets`` what no error may repeat of the
    request, ``caller`` who the registry was told is asking.
    """

    def __init__(
        self, answer: HTTPResponse, url: str, done: Callable[[bool], None] = lambda _: None
    ) -> None:
        self._answer = answer
        self._done: Callable[[bool], None] | None = done
        self.url = url
        self.secrets: tuple[str, ...] = ()
        self.caller = ""

    @property
    def status(self) -> int:
        """The status, three digits."""
        return self._answer.status

    @property
    def shown(self) -> str:
        """The address, as an error may show it."""
        return shown(self.url)

    @property
    def headers(self) -> HTTPMessage:
        """The headers; names in any case, ``get_all`` for those that come more than once."""
        return self._answer.headers

    def read(self, limit: int) -> bytes:
        """Return the whole body. Raises RegistryError past *limit* bytes, UnreachableError."""
        found = bytearray()
        for piece in self.stream():
            found += piece
            if len(found) > limit:
                raise RegistryError(f"answers with more than {limit} bytes", where=self.shown)
        return bytes(found)

    def begin(self, limit: int) -> bytes:
        """Return at most the first *limit* bytes of the body, however it ends."""
        found = b""
        try:
            while len(found) < limit and (piece := self._answer.read(limit - len(found))):
                found += piece
        except (OSError, HTTPException):
            self._finish(again=False)
        self.close()
        return found

    def stream(self) -> Iterator[bytes]:
        """Yield the body in small pieces. Raises UnreachableError if it is cut."""
        try:
            while piece := self._answer.read(PIECE):
                yield piece
            if self._answer.length:
                raise UnreachableError("the connection ended too early", where=self.shown)
            self._finish(again=not self._answer.will_close)
        except (OSError, HTTPException) as error:
            raise UnreachableError(
                f"the connection broke: {wire.said(error)}", where=self.shown
            ) from None
        finally:
            self._finish(again=False)

    def close(self) -> None:
        """Let go of it; the connection is kept if little of the body is left."""
        if self._done is None:
            return
        left = self._answer.length
        try:
            if not self._answer.isclosed() and left is not None and left <= _DRAIN:
                self._answer.read()
        except (OSError, HTTPException):
            self._finish(again=False)
        over = self._answer.isclosed()
        self._finish(again=over and not self._answer.will_close)

    def _finish(self, *, again: bool) -> None:
        done, self._done = self._done, None
        if done is not None:
            done(again)

    def __enter__(self) -> Response:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def number(text: str | None) -> int | None:
    """Return the number that a header says, None if it says none."""
    clean = (text or "").strip()
    return int(clean) if clean.isascii() and clean.isdigit() and len(clean) < 19 else None


def shown(url: str) -> str:
    """Return *url* without its query, in which storage hosts are given leave to be read."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:300]


def transmit(connection: HTTPConnection, request: Request, target: str) -> HTTPResponse:
    """Send *request* for *target*, a path or an address, and return the answer.

    A server that does not want all of a body may answer in the middle of it, and hang up.
    """
    headers = dict(request.headers)
    body: bytes | Iterator[bytes] | None = None
    if isinstance(request.body, Body):
        headers["Content-Length"] = str(request.body.size)
        body = request.body.opened()
    elif request.body or request.method in ("POST", "PUT", "PATCH"):
        headers["Content-Length"] = str(len(request.body))
        body = request.body or None
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.request(request.method, target, body=body, headers=headers)
    if request.timeout and connection.sock is not None:
        connection.sock.settimeout(request.timeout)
    return connection.getresponse()
