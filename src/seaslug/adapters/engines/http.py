"""HTTP to an engine: over its socket, over TCP with or without TLS, over ssh."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import IO, Any
from urllib.parse import quote, urlsplit

from seaslug.adapters.engines.endpoint import Endpoint
from seaslug.errors import EngineError

_PATIENCE = 600.0
_TO_CONNECT = 30.0
_MAX_ANSWER = 64 << 20
_PIECE = 1 << 20


class Api:
    """One connection to the engine *name* at *endpoint*; not for several threads at once."""

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self.endpoint = endpoint
        self._name = name
        self._connection = connection(endpoint)

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection.close()

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
            data = answer.read(_MAX_ANSWER)
            if not answer.isclosed():
                self._connection.close()
            return answer.status, data

    @contextlib.contextmanager
    def stream(self, path: str) -> Iterator[tuple[int, Iterator[bytes]]]:
        """Give status and bytes of the answer at *path*, as they come. Raises EngineError."""
        answer = self._send("GET", path, None)
        try:
            yield answer.status, self._pieces(answer)
        finally:
            self._connection.close()

    def _pieces(self, answer: HTTPResponse) -> Iterator[bytes]:
        with self._explained():
            while piece := answer.read(_PIECE):
                yield piece

    def _send(self, method: str, path: str, body: Iterable[bytes] | None) -> HTTPResponse:
        headers = {"Host": "engine"}
        if body is not None:
            headers |= {"Content-Type": "application/x-tar", "Transfer-Encoding": "chunked"}
        with self._explained():
            try:
                self._connection.request(
                    method, path, body, headers, encode_chunked=body is not None
                )
            except (BrokenPipeError, ConnectionResetError):
                # It has said why before it had read everything.
                if body is None:
                    raise
            except BaseException:
                self._connection.close()
                raise
            return self._connection.getresponse()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, HTTPException) as error:
            said = self._connection.complaint() if isinstance(self._connection, _Ssh) else ""
            self._connection.close()
            raise EngineError(
                f"{self._name} does not answer at {self.endpoint.address}: {said or _plain(error)}",
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


def _plain(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def connection(endpoint: Endpoint) -> HTTPConnection:
    """Return a connection that is made when it is used. Raises EngineError."""
    scheme, _, place = endpoint.address.partition("://")
    if scheme in ("unix", "http+unix") and place:
        return _Unix(place)
    if scheme == "ssh" and place:
        return _Ssh(endpoint)
    if scheme in ("tcp", "http", "https") and place:
        parts = urlsplit(f"//{place}")
        with contextlib.suppress(ValueError):
            port = parts.port or (2376 if endpoint.tls else 2375)
            tls = endpoint.tls or scheme == "https"
            return _Tcp(parts.hostname or "", port, endpoint if tls else None)
    raise EngineError(
        f"an engine's address of a form that is not known here: {endpoint.address}",
        hint="it reads unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST",
    )


class _Unix(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _Tcp(HTTPConnection):
    def __init__(self, host: str, port: int, tls: Endpoint | None) -> None:
        super().__init__(host, port, timeout=_TO_CONNECT)
        self._tls = tls

    def connect(self) -> None:
        super().connect()
        if self._tls is not None:
            self.sock = _context(self._tls).wrap_socket(self.sock, server_hostname=self.host)
        self.sock.settimeout(_PATIENCE)


def _context(endpoint: Endpoint) -> Any:
    import os
    import ssl

    folder = endpoint.certificates
    ca, cert, key = (f"{folder}/{name}.pem" for name in ("ca", "cert", "key"))
    try:
        context = ssl.create_default_context(cafile=ca if os.path.exists(ca) else None)
        if not endpoint.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if os.path.exists(cert):
            context.load_cert_chain(cert, key)
    except OSError as error:
        raise EngineError(f"its certificates cannot be used: {error}", where=folder) from None
    return context


class _Ssh(HTTPConnection):
    """What ``ssh HOST docker system dial-stdio`` connects to."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__("localhost", timeout=_PATIENCE)
        self._endpoint = endpoint
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None

    def connect(self) -> None:
        ours, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        with theirs:
            try:
                self._process = subprocess.Popen(
                    self._argv(), stdin=theirs.fileno(), stdout=theirs.fileno(),
                    stderr=self._errors,
                    start_new_session=True,
                )  # fmt: skip
            except OSError:
                ours.close()
                raise
        ours.settimeout(self.timeout)
        self.sock = ours

    def close(self) -> None:
        super().close()
        if self._process is not None:
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def complaint(self) -> str:
        """Return the last line that ssh wrote to stderr."""
        if self._errors is None:
            return ""
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2)
        self._errors.seek(0)
        lines = self._errors.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def _argv(self) -> list[str]:
        parts = urlsplit(self._endpoint.address)
        host = parts.hostname or ""
        argv = ["ssh", "-o", "ConnectTimeout=30", "-T"]
        argv += ["-l", parts.username] if parts.username else []
        with contextlib.suppress(ValueError):
            argv += ["-p", str(parts.port)] if parts.port else []
        return [*argv, "--", host, *self._endpoint.dial]
