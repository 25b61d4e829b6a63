"""As much HTTP/1.1 as engines speak. http.client takes 25 ms to import, a fifth of a load."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seaslug.adapters.engines.dial import Line

_PIECE = 1 << 20
_MAX_LINE = 1 << 16
_MAX_HEADERS = 200


class BadAnswerError(Exception):
    """What came is no HTTP, or ends too early."""


@dataclass(frozen=True, slots=True)
class Answer:
    """*pieces* are the body, to be read to its end; *last*: the line is of no use after it."""

    status: int
    pieces: Iterator[bytes]
    last: bool


class Wire:
    """HTTP over *line*: one request, then its answer, then the next."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self._file = line.socket.makefile("rb")

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self.line.close()

    def request(self, method: str, path: str, body: Iterable[bytes] | None) -> None:
        """Send a request; *body* goes in chunks. Raises OSError."""
        lines = [f"{method} {path} HTTP/1.1", "Host: engine", "User-Agent: seaslug"]
        if body is not None:
            lines += ["Content-Type: application/x-tar", "Transfer-Encoding: chunked"]
        elif method == "POST":
            lines += ["Content-Length: 0"]
        self.line.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        if body is None:
            return
        for chunk in body:
            if chunk:
                self.line.socket.sendall(b"%x\r\n" % len(chunk))
                self.line.socket.sendall(chunk)
                self.line.socket.sendall(b"\r\n")
        self.line.socket.sendall(b"0\r\n\r\n")

    def answer(self) -> Answer:
        """Return the answer. Raises BadAnswerError, OSError."""
        status = 100
        while status in (100, 102, 103):
            words = self._line().split(None, 2)
            if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
                raise BadAnswerError("it does not speak HTTP")
            status = int(words[1])
            headers = self._headers()
        last = headers.get(b"connection", b"").lower() == b"close"
        if status in (204, 304):
            return Answer(status, iter(()), last)
        if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            return Answer(status, self._chunks(), last)
        length = headers.get(b"content-length", b"")
        if length.isdigit():
            return Answer(status, self._exactly(int(length)), last)
        return Answer(status, self._rest(), True)

    def _headers(self) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        for _ in range(_MAX_HEADERS):
            line = self._line()
            if not line:
                return found
            name, _, value = line.partition(b":")
            found[name.strip().lower()] = value.strip()
        raise BadAnswerError("too many headers")

    def _line(self) -> bytes:
        line = self._file.readline(_MAX_LINE)
        if not line.endswith(b"\n"):
            raise BadAnswerError("it hangs up" if len(line) < _MAX_LINE else "a line without end")
        return line.rstrip(b"\r\n")

    def _chunks(self) -> Iterator[bytes]:
        while True:
            size = -1
            with contextlib.suppress(ValueError):
                size = int(self._line().partition(b";")[0], 16)
            if size < 0:
                raise BadAnswerError("a malformed chunk")
            if not size:
                self._headers()
                return
            yield from self._exactly(size)
            self._line()

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self._file.read(min(size, _PIECE))
            if not piece:
                raise BadAnswerError("it hangs up in the middle of an answer")
            size -= len(piece)
            yield piece

    def _rest(self) -> Iterator[bytes]:
        while piece := self._file.read(_PIECE):
            yield piece
