"""Loading images into the engine that is there: Docker by its API, podman by its command."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from typing import IO, Any

from seaslug.adapters.layout import docker_archive
from seaslug.adapters.process import pour
from seaslug.adapters.store import Store
from seaslug.errors import EngineError
from seaslug.ports import Listener
from seaslug.values.descriptor import Descriptor

DEFAULT_SOCKET = "/var/run/docker.sock"


def load_into_any(store: Store, image: Descriptor, names: Sequence[str], listener: Listener) -> str:
    """Load *image* into Docker, else podman; return a line that says where. Raises EngineError."""
    from seaslug.adapters.layout import Output, single

    image = single(store, image, Output("--load", ""))
    reasons = []
    for engine in ("docker-daemon", "podman"):
        why = why_not(engine)
        if not why:
            listener.begin(f"load into {engine}")
            try:
                return load_into(engine, store, image, names)
            finally:
                listener.end(f"load into {engine}")
        reasons.append(f"{engine}: {why}")
    raise EngineError(
        "no engine is there to load into: " + "; ".join(reasons),
        hint="start Docker or install podman; or put the image out: -o docker-archive:FILE",
    )


def why_not(engine: str) -> str:
    """Return an empty string if *engine* can be loaded into, else the reason why not."""
    if engine == "podman":
        return "" if shutil.which("podman") else "podman is not installed"
    try:
        with _Docker() as docker:
            answer = docker.request("GET", "/_ping")
            return "" if answer == b"OK" else "does not answer as Docker does"
    except EngineError as error:
        return error.what


def load_into(engine: str, store: Store, image: Descriptor, names: Sequence[str]) -> str:
    """Load *image* under *names* into ``docker-daemon`` or ``podman``. Raises EngineError."""
    if engine == "podman":
        _podman(store, image, names)
    else:
        with _Docker() as docker:
            docker.load(store, image, names)
    return f"{engine}:{', '.join(names)}"


def _podman(store: Store, image: Descriptor, names: Sequence[str]) -> None:
    program = shutil.which("podman")
    if program is None:
        raise EngineError(
            "podman is not installed", hint="install it, or use -o docker-archive:FILE"
        )
    done = pour([program, "load"], lambda out: docker_archive(store, image, names, out, zstd=True))
    if done.status != 0:
        said = done.stderr.decode("utf-8", "replace").strip()[-400:]
        raise EngineError(f"podman load failed: {said}")


class _Docker:
    """Docker's API over its socket, or over TCP as DOCKER_HOST says."""

    def __init__(self) -> None:
        self._host = os.environ.get("DOCKER_HOST") or f"unix://{DEFAULT_SOCKET}"

    def __enter__(self) -> _Docker:
        self._connection = self._connect()
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection.close()

    def request(self, method: str, path: str, body: Any = None, headers: Any = None) -> bytes:
        """Return the answer's body. Raises EngineError."""
        try:
            self._connection.request(
                method, path, body=body, headers=headers or {}, encode_chunked=body is not None
            )
            answer = self._connection.getresponse()
            data = answer.read(16 << 20)
        except (OSError, HTTPException) as error:
            raise EngineError(
                f"Docker does not answer at {self._host}: {error}",
                hint="is it running? docker version",
            ) from None
        if answer.status >= 300:
            raise EngineError(
                f"Docker answers {answer.status}: {data.decode('utf-8', 'replace')[:400]}"
            )
        return data

    def load(self, store: Store, image: Descriptor, names: Sequence[str]) -> None:
        """Stream the image into the engine. Raises EngineError with the engine's own words."""
        read, write = os.pipe()
        from threading import Thread

        failure: list[BaseException] = []

        def produce(out: IO[bytes]) -> None:
            try:
                with out:
                    docker_archive(store, image, names, out)
            except BrokenPipeError:
                pass
            except BaseException as error:
                failure.append(error)

        thread = Thread(target=produce, args=(os.fdopen(write, "wb"),), daemon=True)
        thread.start()
        try:
            with os.fdopen(read, "rb") as source:
                chunks = iter(lambda: source.read(1 << 20), b"")
                headers = {"Content-Type": "application/x-tar", "Transfer-Encoding": "chunked"}
                said = self.request("POST", "/images/load?quiet=1", chunks, headers)
        finally:
            thread.join()
            # What went wrong here comes before what Docker makes of half an archive.
            if failure:
                raise failure[0]
        if b'"error"' in said:
            raise EngineError(
                "docker load failed: " + said.decode("utf-8", "replace").strip()[-400:]
            )

    def _connect(self) -> HTTPConnection:
        scheme, _, place = self._host.partition("://")
        if scheme == "unix":
            return _UnixConnection(place)
        if scheme == "tcp":
            return HTTPConnection(place, timeout=600)
        raise EngineError(
            f"DOCKER_HOST has a form that is not known here: {self._host}",
            hint="unix:///path or tcp://host:port; else: -o docker-archive:FILE and docker load",
        )


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=600)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
