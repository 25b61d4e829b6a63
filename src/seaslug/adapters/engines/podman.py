"""podman: by its service where one listens, else by its command."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from seaslug.adapters.engines.api import Api, path
from seaslug.adapters.engines.command import EngineCommand
from seaslug.adapters.engines.endpoint import Endpoint, podman_endpoint
from seaslug.adapters.process import complete, pour, streamed
from seaslug.adapters.transports import dockertar
from seaslug.adapters.transports.dockertar import For, chunks, docker_files, manifest_of, tagged
from seaslug.errors import EngineError, UnknownNameError
from seaslug.ports import BlobStore
from seaslug.values.descriptor import Descriptor

_V = "/v4.0.0/libpod/images"


class Service:
    """podman's own API."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def why_not(self) -> str:
        """Return an empty string if it answers, else why not."""
        try:
            with self._api() as api:
                status, answer = api.ask("GET", "/libpod/_ping")
        except EngineError as error:
            return error.what
        return "" if (status, answer) == (200, b"OK") else "does not answer as podman does"

    def load(self, store: BlobStore, image: Descriptor, names: Sequence[str]) -> str:
        """Load *image* under *names*; returns ``there`` or ``whole``. Raises EngineError."""
        identity = manifest_of(store, image).config.digest.hex
        with self._api() as api:
            if not api.get(f"{_V}/{identity}/json"):
                api.post(f"{_V}/load", chunks(docker_files(store, image, names, For())))
                return "whole"
            for name in names:
                repository, _, tag = _local(name).rpartition(":")
                api.post(f"{_V}/{identity}/tag?repo={path(repository)}&tag={path(tag)}")
            return "there"

    @contextmanager
    def save(self, name: str) -> Iterator[Iterator[bytes]]:
        """Give an OCI archive of *name*, layers unpacked. Raises UnknownNameError."""
        where = f"{_V}/{path(name)}/get?format=oci-archive&compress=false"
        with self._api() as api:
            if api.get(f"{_V}/{path(name)}/json") is None:
                rows = api.get(f"{_V}/json") or []
                known = [n for row in rows for n in row.get("Names") or ()]
                raise UnknownNameError("image", name, known, where="podman")
            with api.stream(where) as (status, pieces):
                if status != 200:
                    text = b"".join(pieces).decode("utf-8", "replace").strip()[:400]
                    raise EngineError(f"podman answers {status}: {text}", where=name)
                yield pieces

    def _api(self) -> Api:
        return Api(self._endpoint, "podman")


class Command:
    """podman's command."""

    def __init__(self) -> None:
        self._command = EngineCommand("podman")

    def why_not(self) -> str:
        """Return an empty string if it is here, else why not."""
        return self._command.why_not()

    def load(self, store: BlobStore, image: Descriptor, names: Sequence[str]) -> str:
        """Load *image* under *names*; returns ``there`` or ``whole``. Raises EngineError."""
        identity = manifest_of(store, image).config.digest.hex
        program = self._program()
        if names and complete([program, "image", "exists", identity]).status == 0:
            done = complete([program, "tag", identity, *map(_local, names)])
            if done.status == 0:
                return "there"
        files = docker_files(store, image, names, For())
        done = pour([program, "load"], lambda out: dockertar.pour(files, out))
        if done.status != 0:
            raise EngineError(f"podman load failed: {done.complaint[-400:]}")
        return "whole"

    @contextmanager
    def save(self, name: str) -> Iterator[Iterator[bytes]]:
        """Give an OCI archive of *name*, layers unpacked. Raises UnknownNameError."""
        program = self._program()
        if complete([program, "image", "exists", name]).status != 0:
            raise UnknownNameError("image", name, self._names(program), where="podman")
        with streamed([program, "save", "--format", "oci-archive", "--uncompressed", name]) as out:
            yield out

    def _program(self) -> str:
        if why := self.why_not():
            raise EngineError(why, hint="install it, or use -o docker-archive:FILE")
        return self._command.program

    @staticmethod
    def _names(program: str) -> list[str]:
        done = complete([program, "images", "--format", "json"])
        try:
            rows = json.loads(done.stdout) if done.status == 0 else []
            return [str(name) for row in rows for name in row.get("Names") or ()]
        except (ValueError, AttributeError, TypeError):
            return []


def podman() -> Service | Command:
    """Return the service that CONTAINER_HOST names or that listens, else the command."""
    endpoint = podman_endpoint()
    if endpoint is not None:
        service = Service(endpoint)
        import os

        if os.environ.get("CONTAINER_HOST") or not service.why_not():
            return service
    return Command()


def _local(name: str) -> str:
    """Return the name that podman gives what it loads: a short one is local."""
    from seaslug.values.reference import has_host

    return tagged(name if has_host(name) else f"localhost/{name}")
