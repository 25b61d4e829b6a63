"""What engines are asked, and what they answer."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from seaslug.adapters.engines.dial import call
from seaslug.adapters.engines.endpoint import Endpoint
from seaslug.adapters.engines.wire import Answer, BadAnswerError, Wire
from seaslug.errors import EngineError

_MAX_ANSWER = 64 << 20


class Api:
    """One connection to the engine *name* at *endpoint*; not for several threads at once."""

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self.endpoint = endpoint
        self._name = name
        self._wire: Wire | None = None

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; what is asked next calls again."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def get(self, path: str) -> Any:
        """Return the JSON at *path*, None if there is nothing. Raises EngineError."""
        status, data = self.ask("GET", path)
        if status == 404:
            return None
        try:
            return json.loads(_good(self._name, status, data))
        except (ValueError, RecursionError):
            raise EngineError(f"{self._name} answers what is no JSON", where=path) from None

    def post(self, path: str, body: Iterable[bytes] | None = None) -> bytes:
        """Send *body*, a tar, and return the answer. Raises EngineError."""
        status, data = self.ask("POST", path, body)
        return _good(self._name, status, data)

    def ask(self, method: str, path: str, body: Iterable[bytes] | None = None) -> tuple[int, bytes]:
        """Return status and answer. Raises EngineError if there is none."""
        answer = self._send(method, path, body)
        with self._explained():
            data = bytearray()
            for piece in answer.pieces:
                data += piece
                if len(data) > _MAX_ANSWER:
                    raise BadAnswerError("far too much")
        if answer.last:
            self.close()
        return answer.status, bytes(data)

    @contextlib.contextmanager
    def stream(self, path: str) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Give status and bytes of the answer at *path*, as they come. Raises EngineError."""
        answer = self._send("GET", path, None)
        try:
            yield answer.status, self._pieces(answer)
        finally:
            self.close()

    def _pieces(self, answer: Answer) -> Iterator[bytes]:
        with self._explained():
            yield from answer.pieces

    def _send(self, method: str, path: str, body: Iterable[bytes] | None) -> Answer:
        with self._explained():
            if self._wire is not None and body is None:
                # It may have hung up in the meantime; such a request can be repeated.
                with contextlib.suppress(OSError, BadAnswerError):
                    return self._sent(method, path, body)
                self.close()
            return self._sent(method, path, body)

    def _sent(self, method: str, path: str, body: Iterable[bytes] | None) -> Answer:
        try:
            if self._wire is None:
                self._wire = Wire(call(self.endpoint))
            try:
                self._wire.request(method, path, body)
            except (BrokenPipeError, ConnectionResetError):
                # It has said why before it had read everything.
                if body is None:
                    raise
            return self._wire.answer()
        except BaseException:
            self._hang_up_early()
            raise

    def _hang_up_early(self) -> None:
        """Hang up, but keep what ssh said of it."""
        said = self._wire.line.complaint() if self._wire is not None else ""
        self.close()
        if said:
            raise EngineError(f"{self._name} cannot be reached by ssh: {said}") from None

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, BadAnswerError) as error:
            self.close()
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise EngineError(
                f"{self._name} does not answer at {self.endpoint.address}: {said}",
                hint=f"is it running? {self._name.lower()} version",
            ) from None


def path(text: str) -> str:
    """Return *text* as it goes into a path; slashes stay."""
    return quote(text, safe="/:@")


def _good(name: str, status: int, data: bytes) -> bytes:
    if status < 300:
        return data
    text = data.decode("utf-8", "replace").strip()
    with contextlib.suppress(ValueError, AttributeError, RecursionError):
        found = json.loads(data)
        text = str(found.get("message") or found.get("cause") or text)
    raise EngineError(f"{name} answers {status}: {text[:400]}")
