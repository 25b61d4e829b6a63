"""What starting an image needs to know of it: read from its manifest and config blobs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from seaslug.errors import EngineError
from seaslug.ports import BlobStore, RunSpec
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LIMIT = 4 << 20


@dataclass(frozen=True, slots=True)
class RunImage:
    """The runnable face of an image; ``layers`` are (blob digest, media type), lowest first."""

    manifest: Digest
    config: Digest
    layers: tuple[tuple[Digest, str], ...]
    platform: Platform
    env: tuple[str, ...]
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    user: str
    workdir: str

    def argv(self, spec: RunSpec) -> tuple[str, ...]:
        """Return what *spec* starts. Raises EngineError if neither it nor the image says."""
        argv = spec.argv or self.entrypoint + (spec.args or self.cmd)
        if not argv:
            raise EngineError(
                "the image has no entrypoint and no command",
                where=str(self.manifest),
                hint="say what to start, as the arguments of the run",
            )
        return argv

    def environment(self, spec: RunSpec) -> dict[str, str]:
        """Return the image's environment with *spec*'s laid over it; PATH is always there."""
        env = {"PATH": PATH}
        env.update(item.partition("=")[::2] for item in self.env if "=" in item)
        env.update(spec.env)
        return env


def read_image(store: BlobStore, manifest: Digest) -> RunImage:
    """Read the image at *manifest*.

    Raises StoreError if a blob is missing, EngineError if it is an index or malformed.
    """
    head = _json(store, manifest)
    if "manifests" in head:
        raise EngineError(
            "an index of several platforms cannot be started as it is",
            where=str(manifest),
            hint="choose one with --platform",
        )
    try:
        config_digest = Digest(head["config"]["digest"])
        layers = tuple((Digest(item["digest"]), str(item["mediaType"])) for item in head["layers"])
        config = _json(store, config_digest)
        platform = "/".join(
            filter(None, (config["os"], config["architecture"], config.get("variant", "")))
        )
        run = config.get("config") or {}
        return RunImage(
            manifest,
            config_digest,
            layers,
            Platform.parse(platform),
            _texts(run.get("Env")),
            _texts(run.get("Entrypoint")),
            _texts(run.get("Cmd")),
            str(run.get("User") or ""),
            str(run.get("WorkingDir") or "/"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"not an image manifest: {error}", where=str(manifest)) from error


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _json(store: BlobStore, digest: Digest) -> dict[str, Any]:
    stored = store.get(digest)
    if stored.size > _LIMIT:
        raise EngineError(f"{stored.size} bytes are too many for a manifest", where=str(digest))
    with open(stored.path, "rb") as file:
        raw = file.read(_LIMIT + 1)
    try:
        data = json.loads(raw)
    except ValueError as error:
        raise EngineError("not JSON", where=str(digest)) from error
    if not isinstance(data, dict):
        raise EngineError("not a JSON object", where=str(digest))
    return data
