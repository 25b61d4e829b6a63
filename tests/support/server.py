"""An HTTP server on the loopback that serves files from memory, and misbehaves when told to."""

from __future__ import annotations

import contextlib
import fnmatch
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

_PIECE = 64 << 10


@dataclass
class Fault:
    """What goes wrong for paths that fit *pattern*, *times* often (-1: always).

    Kinds: ``status`` (answers *amount*), ``break`` (closes after *amount* bytes),
    ``stall`` (says nothing more after *amount* bytes), ``slow`` (*amount* bytes per tenth of a
    second), ``loop`` (redirects to itself), ``away`` (redirects to *text*), ``huge`` (a
    Content-Length of *amount*), ``endless`` (zeros for ever), ``no-range`` (always the whole),
    ``body`` (*data* instead of the file).
    """

    pattern: str
    kind: str
    amount: int = 0
    times: int = -1
    text: str = ""
    data: bytes = b""


@dataclass(frozen=True)
class Request:
    path: str
    range: str


class Server:
    """Serves *files* (path without leading slash to bytes). Use as a context manager."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.over = threading.Event()
        self.asked = threading.Event()
        self._lock = threading.Lock()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.site = self
        self.port: int = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.down()

    def down(self) -> None:
        """Stop listening: from now on connections are refused."""
        if not self.over.is_set():
            self.over.set()
            self._http.shutdown()
            self._http.server_close()

    def fail(self, pattern: str, kind: str, amount: int = 0, **more: object) -> Fault:
        """Let requests that fit *pattern* fail from now on; see Fault."""
        fault = Fault(pattern, kind, amount, **more)  # type: ignore[arg-type]
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        self.faults.clear()

    def paths(self) -> list[str]:
        """Return what was asked for, in order."""
        return [request.path for request in self.requests]

    def fault_for(self, path: str) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.times and fnmatch.fnmatchcase(path, fault.pattern):
                    fault.times -= 1
                    return fault
        return None


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    site: Server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_GET(self) -> None:
        site = self.server.site
        path = unquote(self.path).lstrip("/")
        site.requests.append(Request(path, self.headers.get("Range", "")))
        fault = site.fault_for(path) or Fault("", "")
        site.asked.set()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._answer(site, path, fault)

    def _answer(self, site: Server, path: str, fault: Fault) -> None:
        if fault.kind == "status":
            self._short(fault.amount)
        elif fault.kind in ("loop", "away"):
            self.send_response(302)
            self.send_header("Location", fault.text or self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif fault.kind == "endless":
            self._endless(site)
        else:
            data = fault.data if fault.kind == "body" else site.files.get(path)
            if data is None:
                self._short(404)
            else:
                self._file(site, data, fault)

    def _file(self, site: Server, data: bytes, fault: Fault) -> None:
        wanted = self.headers.get("Range", "")
        start = 0
        if wanted.startswith("bytes=") and fault.kind != "no-range":
            start = int(wanted[6:].split("-")[0])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        size = fault.amount if fault.kind == "huge" else len(data) - start
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self._body(site, data[start:], fault)

    def _body(self, site: Server, body: bytes, fault: Fault) -> None:
        if fault.kind in ("break", "stall"):
            self.wfile.write(body[: fault.amount])
            if fault.kind == "stall":
                site.over.wait(60)
            self._hang_up()
        elif fault.kind == "slow":
            for at in range(0, len(body), fault.amount):
                self.wfile.write(body[at : at + fault.amount])
                if site.over.wait(0.1):
                    self._hang_up()
                    return
        else:
            self.wfile.write(body)
            if fault.kind == "huge":
                self._hang_up()

    def _endless(self, site: Server) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        while not site.over.is_set():
            self.wfile.write(bytes(_PIECE))

    def _short(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:
        pass


def closed_port() -> int:
    """Return a port on the loopback that nothing listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port
