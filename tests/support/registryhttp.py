"""The HTTP of the simulated registry: routes, answers, and how they go wrong."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from seaslug.oci import media
from seaslug.values.digest import Digest

if TYPE_CHECKING:
    from support.registry import Registry

_PIECE = 64 << 10
_ROUTE = re.compile(r"/v2/(.+)/(blobs/uploads|blobs|manifests|tags|referrers)/([^/]*)")


class Http:
    """Listens on a port of the loopback."""

    def __init__(self, site: Registry, context: ssl.SSLContext | None) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.site = site
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{'https' if context else 'http'}://{self.host}"
        if context:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    site: Registry

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, or does not trust us, is none of our worries."""


class _HungUpError(Exception):
    """The connection is gone."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        from support.registry import Fault, Seen

        self.site = self.server.site
        self._left = int(self.headers.get("Content-Length", "0"))
        self.site.requests.append(Seen(self.command, self.path, dict(self.headers)))
        self.site.ports.add(self.client_address[1])
        self.site.over.wait(self.site.delay)
        parts = urlsplit(self.path)
        self.query = parse_qs(parts.query)
        self.fault = self.site.fault_for(self.command, parts.path) or Fault("", "", "")
        with contextlib.suppress(_HungUpError, OSError):
            self._before(parts.path)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def _before(self, path: str) -> None:
        fault = self.fault
        if fault.kind == "status":
            self._answer(fault.amount, fault.headers, fault.text.encode())
        elif fault.kind == "away":
            self._answer(307, {"Location": fault.text or self.path})
        elif fault.kind == "body":
            self._answer(200, fault.headers, fault.text.encode())
        elif self.site.most and self._left > self.site.most:
            self._answer(413)
        elif path.startswith("/storage/"):
            self._blob("", path.removeprefix("/storage/"), direct=True)
        else:
            self._route(path)

    def _route(self, path: str) -> None:
        found = _ROUTE.fullmatch(path)
        repository, kind, rest = found.groups() if found else ("", "", "")
        scope = f"repository:{repository}:{_action(self.command)}" if repository else ""
        if not self.site.allows(self.headers.get("Authorization", ""), scope):
            assert self.site.challenge is not None
            said = self.site.challenge(scope) if scope else self.site.challenge()
            self._refuse(401, "UNAUTHORIZED", {"WWW-Authenticate": said})
        elif not repository:
            self._answer(200 if path == "/v2/" else 404)
        elif kind == "blobs/uploads":
            self._upload(repository, rest)
        elif kind == "blobs":
            self._blob(repository, rest)
        elif kind == "manifests":
            self._manifest(repository, rest)
        elif kind == "tags":
            self._tags(repository)
        else:
            self._referrers(repository, rest)

    # Blobs.

    def _blob(self, repository: str, digest: str, *, direct: bool = False) -> None:
        site = self.site
        blob = site.blobs.get(digest)
        if blob is None or not (direct or site.has(repository, digest)):
            self._refuse(404, "BLOB_UNKNOWN")
            return
        if site.storage and not direct and self.command == "GET":
            self._answer(307, {"Location": f"{site.storage}/storage/{digest}"})
            return
        start, status, headers = 0, 200, {"Docker-Content-Digest": digest}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        size = blob.size
        if wanted and site.ranges:
            start, status = int(wanted[1]), 206
            if start >= size:
                self._answer(416)
                return
            end = min(int(wanted[2]) + 1, size) if wanted[2] else size
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
            size = end
        from support.registry import pieces_of

        self._answer(status, headers, _first(pieces_of(blob, start), size - start), size - start)

    def _upload(self, repository: str, name: str) -> None:
        site = self.site
        if self.command == "POST":
            self._begin(repository)
            return
        upload = site.uploads.get(name)
        if upload is None:
            self._refuse(404, "BLOB_UPLOAD_UNKNOWN")
            return
        if self.command == "DELETE":
            del site.uploads[name]
            self._answer(204)
        elif self.command == "GET":
            self._progress(204, repository, name)
        elif self.command == "PATCH":
            self._patch(repository, name)
        else:
            self._take(name)
            digest = self.query["digest"][0]
            if site.commit(name, digest):
                self._answer(201, {"Docker-Content-Digest": digest})
            else:
                self._refuse(400, "DIGEST_INVALID")

    def _begin(self, repository: str) -> None:
        digest, origin = self.query.get("mount", [""])[0], self.query.get("from", [""])[0]
        readable = self.site.allows(
            self.headers.get("Authorization", ""), f"repository:{origin}:pull"
        )
        if digest and self.site.mounts and readable and self.site.has(origin, digest):
            self.site.linked.setdefault(repository, set()).add(digest)
            self._answer(201, {"Docker-Content-Digest": digest})
            return
        headers = {"OCI-Chunk-Min-Length": str(self.site.least)} if self.site.least else {}
        self._progress(202, repository, self.site.begin(repository), headers)

    def _patch(self, repository: str, name: str) -> None:
        begin = self.headers.get("Content-Range", "0-").partition("-")[0]
        if int(begin) != self.site.uploads[name].size:
            self._progress(416, repository, name)
            return
        self._take(name)
        self._progress(202, repository, name)

    def _progress(
        self, status: int, repository: str, name: str, more: Mapping[str, str] | None = None
    ) -> None:
        size = self.site.uploads[name].size
        location = f"/v2/{repository}/blobs/uploads/{name}?state=a%3Db"
        self._answer(
            status, {"Location": location, "Range": f"0-{max(0, size - 1)}", **(more or {})}
        )

    def _take(self, name: str) -> None:
        """Take the body into an upload, as far as it comes."""
        most = self.fault.amount if self.fault.kind == "cut-up" else self._left
        try:
            self.site.append(name, self._incoming(most))
        except OSError:
            self._left = 1
        if self._left:
            if not self.site.partial:
                self.site.uploads.pop(name, None)
            self._hang_up()

    def _incoming(self, most: int) -> Iterator[bytes]:
        while most and (piece := self.rfile.read1(min(most, _PIECE))):
            most -= len(piece)
            self._left -= len(piece)
            yield piece

    # Manifests and lists.

    def _manifest(self, repository: str, selector: str) -> None:
        if self.command == "PUT":
            self._put(repository, selector)
            return
        found = self.site.manifest(repository, selector)
        if found is None:
            self._refuse(404, "MANIFEST_UNKNOWN")
        elif self.command == "DELETE":
            known = self.site.tags.get(repository, {})
            if known.pop(selector, None) is None:
                del self.site.manifests[repository, selector]
            self._answer(202)
        else:
            kind, raw = found
            self._answer(
                200, {"Content-Type": kind, "Docker-Content-Digest": Digest.of(raw).text}, raw
            )

    def _put(self, repository: str, selector: str) -> None:
        raw = b"".join(self._incoming(self._left))
        if self._left:
            self._hang_up()
        lacking = self.site.lacking(repository, raw)
        if lacking:
            self._refuse(400, "MANIFEST_BLOB_UNKNOWN")
            return
        tag = "" if selector.startswith("sha256:") else selector
        kind = self.headers.get("Content-Type", media.MANIFEST)
        made = self.site.add_manifest(repository, raw, kind, tag)
        headers = {"Docker-Content-Digest": made.digest.text}
        subject = (json.loads(raw).get("subject") or {}).get("digest")
        if subject and self.site.api:
            headers["OCI-Subject"] = subject
        self._answer(201, headers)

    def _tags(self, repository: str) -> None:
        rows = sorted(self.site.tags.get(repository, {}))
        if repository not in self.site.tags:
            self._refuse(404, "NAME_UNKNOWN")
            return
        after = self.query.get("last", [""])[0]
        rows = [row for row in rows if row > after]
        most = min(int(self.query.get("n", ["1000"])[0]), self.site.page or 1000)
        headers = {}
        if self.site.loop or len(rows) > most:
            last = "" if self.site.loop else f"&last={rows[most - 1]}"
            headers["Link"] = f'</v2/{repository}/tags/list?n={most}{last}>; rel="next"'
        self._json({"name": repository, "tags": rows[:most]}, headers)

    def _referrers(self, repository: str, subject: str) -> None:
        if not self.site.api:
            self._answer(404, {"Content-Type": "text/plain"}, b"404 page not found\n")
            return
        rows = self.site.referrers(repository, subject)
        kind = self.query.get("artifactType", [""])[0]
        headers = {}
        if kind and self.site.filters:
            rows = [row for row in rows if row["artifactType"] == kind]
            headers["OCI-Filters-Applied"] = "artifactType"
        start = int(self.query.get("start", ["0"])[0])
        end = start + (self.site.page or 1000)
        if end < len(rows):
            headers["Link"] = f'</v2/{repository}/referrers/{subject}?start={end}>; rel="next"'
        index = {"schemaVersion": 2, "mediaType": media.INDEX, "manifests": rows[start:end]}
        self._json(index, {**headers, "Content-Type": media.INDEX})

    # Answers.

    def _json(self, data: object, headers: Mapping[str, str]) -> None:
        self._answer(200, headers, json.dumps(data).encode())

    def _refuse(self, status: int, code: str, headers: Mapping[str, str] | None = None) -> None:
        rows = {"errors": [{"code": code, "message": code.replace("_", " ").lower()}]}
        kind = {"Content-Type": "application/json"}
        self._answer(status, {**kind, **(headers or {})}, json.dumps(rows).encode())

    def _answer(
        self,
        status: int,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] = b"",
        size: int = -1,
    ) -> None:
        fault = self.fault
        if fault.kind in ("lost", "cut-up"):
            self._hang_up()
        size = len(body) if isinstance(body, bytes) else size
        if fault.kind == "shorter":
            size = max(0, size - fault.amount)
            body = _first([body] if isinstance(body, bytes) else body, size)
        self.send_response(status)
        for name, value in {**(headers or {}), **fault.headers}.items():
            if self.site.digests or name != "Docker-Content-Digest":
                self.send_header(name, value)
        if self._left or fault.kind == "endless":
            self.send_header("Connection", "close")
            self.close_connection = True
        if fault.kind != "endless":
            more = fault.amount if fault.kind == "longer" else 0
            self.send_header("Content-Length", str(size + more))
        self.end_headers()
        if self.command != "HEAD":
            self._body([body] if isinstance(body, bytes) else body)
        self._drain()
        self.close_connection = self.close_connection or fault.kind == "leave"

    def _body(self, pieces: Iterable[bytes]) -> None:
        fault, sent = self.fault, 0
        for piece in pieces:
            if fault.kind in ("cut", "stall") and sent + len(piece) > fault.amount:
                self.wfile.write(piece[: fault.amount - sent])
                self.site.over.wait(30 if fault.kind == "stall" else 0)
                self._hang_up()
            if fault.kind == "slow":
                self._slowly(piece, fault.amount)
            else:
                self.wfile.write(bytes(b ^ 1 for b in piece) if fault.kind == "flip" else piece)
            sent += len(piece)
        if fault.kind == "longer":
            self.wfile.write(bytes(fault.amount))
        while fault.kind == "endless" and not self.site.over.is_set():
            self.wfile.write(bytes(_PIECE))

    def _slowly(self, piece: bytes, amount: int) -> None:
        for at in range(0, len(piece), amount):
            self.wfile.write(piece[at : at + amount])
            if self.site.over.wait(0.01):
                self._hang_up()

    def _drain(self) -> None:
        """Read a little of a body that nobody wanted, so that the answer is not lost with it."""
        if 0 < self._left <= _PIECE:
            for _ in self._incoming(self._left):
                pass

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        raise _HungUpError

    def log_message(self, format: str, *args: object) -> None:
        pass


def _action(method: str) -> str:
    if method in ("GET", "HEAD"):
        return "pull"
    return "*" if method == "DELETE" else "push"


def _first(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:size]
        size -= len(piece)
        if size <= 0:
            return
