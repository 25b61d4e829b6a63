"""Docker, by its API: it is sent only what it lacks.

An image whose config it has is only tagged. Else the layers are compared, by diff id and
from the bottom, with images that it has; what is shared is left out of the archive. If it
does not take that, it gets the whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from seaslug.adapters.engines.api import Api, path
from seaslug.adapters.engines.endpoint import Endpoint, docker_endpoint
from seaslug.adapters.transports.dockertar import (
    For,
    chunks,
    docker_files,
    has_zstd,
    manifest_of,
    tagged,
)
from seaslug.errors import EngineError, UnknownNameError
from seaslug.oci.read import json_object
from seaslug.ports import BlobStore
from seaslug.values.descriptor import Descriptor

_WITH_ZSTD = 23
_LOOKED_AT = 24
# Those that keep layers as they are; an image store of containerd wants blobs instead.
_KEEPING_LAYERS = ("overlay2", "aufs", "vfs")


class Docker:
    """The Docker at *endpoint*; by default the one that ``docker`` itself would ask."""

    def __init__(self, endpoint: Endpoint | None = None) -> None:
        self._api = Api(endpoint or docker_endpoint(), "Docker")

    def __enter__(self) -> Docker:
        return self

    def __exit__(self, *exc: object) -> None:
        self._api.close()

    def why_not(self) -> str:
        """Return an empty string if it answers, else why not."""
        try:
            status, answer = self._api.ask("GET", "/_ping")
        except EngineError as error:
            return error.what
        return "" if (status, answer) == (200, b"OK") else "does not answer as Docker does"

    def load(self, store: BlobStore, image: Descriptor, names: Sequence[str]) -> str:
        """Load *image* under *names*; returns ``there``, ``partly`` or ``whole``.

        Raises EngineError with Docker's own words.
        """
        manifest = manifest_of(store, image)
        identity = manifest.config.digest.text
        if self._api.get(f"/images/{identity}/json"):
            for name in names:
                self._tag(identity, name)
            return "there"
        config = json_object(store.read(manifest.config.digest), identity)
        has = self._shared(_layers_of(config.get("rootfs"), "diff_ids"), names)
        zstd = has_zstd(manifest) and self._version() >= _WITH_ZSTD
        if has and self._try(store, image, names, For(zstd, has)):
            return "partly"
        self._load(store, image, names, For(zstd))
        return "whole"

    @contextmanager
    def save(self, name: str) -> Iterator[Iterator[bytes]]:
        """Give the tar that ``docker save`` writes of *name*. Raises UnknownNameError."""
        if self._api.get(f"/images/{path(name)}/json") is None:
            raise UnknownNameError("image", name, self._names(), where="docker-daemon")
        with self._api.stream(f"/images/{path(name)}/get") as (status, pieces):
            if status != 200:
                text = b"".join(pieces).decode("utf-8", "replace").strip()[:400]
                raise EngineError(f"Docker answers {status}: {text}", where=name)
            yield pieces

    def _try(self, store: BlobStore, image: Descriptor, names: Sequence[str], reader: For) -> bool:
        """Load without the layers that are there; tell whether the image is there then."""
        try:
            self._load(store, image, names, reader)
        except EngineError:
            return False
        identity = manifest_of(store, image).config.digest.text
        return self._api.get(f"/images/{identity}/json") is not None

    def _load(self, store: BlobStore, image: Descriptor, names: Sequence[str], reader: For) -> None:
        said = self._api.post(
            "/images/load?quiet=1", chunks(docker_files(store, image, names, reader))
        )
        for line in said.splitlines():
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict) and found.get("error"):
                raise EngineError(f"docker load failed: {str(found['error'])[:400]}")

    def _tag(self, identity: str, name: str) -> None:
        repository, _, tag = tagged(name).rpartition(":")
        self._api.post(f"/images/{identity}/tag?repo={path(repository)}&tag={path(tag)}")

    def _shared(self, wanted: Sequence[str], names: Sequence[str]) -> int:
        """Return how many of the lowest layers it has, in an image that it can be seen to have."""
        best = 0
        for candidate in self._candidates(names):
            found = self._api.get(f"/images/{path(candidate)}/json") or {}
            driver = found.get("GraphDriver") or {}
            if found and driver.get("Name") not in _KEEPING_LAYERS:
                return 0
            best = max(best, _common(wanted, _layers_of(found.get("RootFS"), "Layers")))
            if best >= len(wanted) - 1:
                break
        return best

    def _candidates(self, names: Sequence[str]) -> Iterator[str]:
        """Yield images to compare with: what has the names now, then the newest."""
        yield from map(tagged, names)
        rows = self._api.get("/images/json") or []
        yield from (str(row.get("Id")) for row in rows[:_LOOKED_AT])

    def _names(self) -> list[str]:
        rows = self._api.get("/images/json") or []
        return [name for row in rows for name in row.get("RepoTags") or () if "<none>" not in name]

    def _version(self) -> int:
        text = str((self._api.get("/version") or {}).get("Version", ""))
        major = text.partition(".")[0]
        return int(major) if major.isdigit() else 0


def _layers_of(rootfs: object, key: str) -> list[str]:
    found = rootfs.get(key) if isinstance(rootfs, dict) else None
    return [str(item) for item in found] if isinstance(found, list) else []


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
