"""A Docker that the tests make: as much of its API as loading and saving asks for."""

from __future__ import annotations

import hashlib
import io
import json
import socketserver
import tarfile
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class Dockerd:
    """Listens at *path*; how it behaves are attributes, what it was asked is ``asked``.

    ``keeps`` are the layers of its images, as it can be seen to have them; ``partial`` says
    what it makes of an archive without them: ``taken``, ``refused`` or ``ignored``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.version = "20.10.24"
        self.driver = "overlay2"
        self.partial = "taken"
        self.failure = ""
        self.raw: bytes | None = None
        self.images: dict[str, dict[str, Any]] = {}
        self.loads: list[list[str]] = []
        self.asked: list[str] = []
        self.saved = b""
        self._server = _Server(str(path), _Handler)
        self._server.docker = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def address(self) -> str:
        """What DOCKER_HOST would say."""
        return f"unix://{self.path}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def names(self) -> set[str]:
        """Return every name that it knows."""
        return {name for image in self.images.values() for name in image["RepoTags"]}

    def find(self, name: str) -> dict[str, Any] | None:
        """Return the image with this ID or name."""
        known = (i for i in self.images.values() if name in (i["Id"], *i["RepoTags"]))
        return next(known, None)

    def load(self, raw: bytes) -> dict[str, Any]:
        """Take an archive as it does; returns the line that it answers."""
        with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
            files = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}  # type: ignore[union-attr]
        self.loads.append(sorted(files))
        if self.failure:
            return {"error": self.failure, "errorDetail": {"message": self.failure}}
        (row,) = json.loads(files["manifest.json"])
        raw_config = files[row["Config"]]
        wanted = json.loads(raw_config)["rootfs"]["diff_ids"]
        missing = [n for n in row["Layers"] if n not in files]
        if missing and self.partial == "ignored":
            return {"stream": "Loaded image"}
        for number, name in enumerate(row["Layers"]):
            if name in files:
                digest = _diff_id(files[name])
                if digest != wanted[number]:
                    return {"error": f"invalid diffID for layer {number}: got {digest}"}
            elif self.partial == "refused" or not self._has(wanted[: number + 1]):
                return {"error": f"open {name}: no such file or directory"}
        self.add(raw_config, row["RepoTags"] or [])
        return {"stream": "Loaded image"}

    def add(self, config: bytes, names: list[str]) -> str:
        """Add an image; returns its ID."""
        identity = "sha256:" + hashlib.sha256(config).hexdigest()
        for image in self.images.values():
            image["RepoTags"] = [name for name in image["RepoTags"] if name not in names]
        self.images[identity] = {
            "Id": identity, "RepoTags": list(names),
            "RootFS": {"Type": "layers", "Layers": json.loads(config)["rootfs"]["diff_ids"]},
        }  # fmt: skip
        return identity

    def _has(self, chain: list[str]) -> bool:
        return any(i["RootFS"]["Layers"][: len(chain)] == chain for i in self.images.values())


def _diff_id(data: bytes) -> str:
    import gzip

    plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return "sha256:" + hashlib.sha256(plain).hexdigest()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    docker: Dockerd

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        docker, path = self.server.docker, unquote(urlsplit(self.path).path)
        docker.asked.append(f"GET {path}")
        if docker.raw is not None:
            self.wfile.write(docker.raw)
            self.close_connection = True
        elif path == "/_ping":
            self._answer(200, b"OK")
        elif path == "/version":
            self._json(200, {"Version": docker.version})
        elif path == "/images/json":
            self._json(200, list(docker.images.values()))
        elif path.endswith("/json"):
            found = docker.find(path.removeprefix("/images/").removesuffix("/json"))
            driver = {"GraphDriver": {"Name": docker.driver, "Data": None}}
            self._json(200, {**found, **driver}) if found else self._missing()
        elif docker.find(path.removeprefix("/images/").removesuffix("/get")):
            self._chunked(docker.saved)
        else:
            self._missing()

    def do_POST(self) -> None:
        docker, parts = self.server.docker, urlsplit(self.path)
        docker.asked.append(f"POST {unquote(parts.path)}")
        if parts.path == "/images/load":
            self._json(200, docker.load(self._body()))
            return
        image = docker.find(unquote(parts.path).removeprefix("/images/").removesuffix("/tag"))
        query = parse_qs(parts.query)
        assert image is not None
        image["RepoTags"].append(f"{query['repo'][0]}:{query['tag'][0]}")
        self._answer(201, b"")

    def _body(self) -> bytes:
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        found = b""
        while size := int(self.rfile.readline(), 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _missing(self) -> None:
        self._json(404, {"message": "No such image"})

    def _json(self, status: int, data: object) -> None:
        # Docker writes no spaces.
        self._answer(status, json.dumps(data, separators=(",", ":")).encode())

    def _answer(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _chunked(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(data), 1000):
            piece = data[at : at + 1000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")
