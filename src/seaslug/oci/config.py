"""The configuration of an image: how it runs, and what its layers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from seaslug.oci.plain import canonical
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """Docker's health check: ``test`` as in ``["CMD", "/probe"]``; times in seconds."""

    test: tuple[str, ...]
    interval: float = 0
    timeout: float = 0
    start_period: float = 0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """How the image runs. ``created`` is in seconds since 1970; ``ports`` read ``8080/tcp``."""

    platform: Platform
    created: int = 0
    env: Pairs = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    user: str = ""
    workdir: str = ""
    labels: Pairs = ()
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None

    def to_bytes(self, history: Sequence[str], diff_ids: Sequence[Digest]) -> bytes:
        """Return the config blob for layers made by *history*, with these diff ids."""
        created = timestamp(self.created)
        data: dict[str, Any] = {
            "created": created,
            "architecture": self.platform.arch,
            "os": self.platform.os,
            "config": self._run(),
            "rootfs": {"type": "layers", "diff_ids": [d.text for d in diff_ids]},
            "history": [{"created": created, "created_by": said} for said in history],
        }
        if self.platform.variant:
            data["variant"] = self.platform.variant
        return canonical(data)

    def _run(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "User": self.user,
            "Env": [f"{key}={value}" for key, value in self.env],
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.cmd),
            "WorkingDir": self.workdir,
            "Labels": dict(self.labels),
            "ExposedPorts": {port: {} for port in self.ports},
            "Volumes": {volume: {} for volume in self.volumes},
            "StopSignal": self.stop_signal,
        }
        if self.healthcheck is not None:
            found["Healthcheck"] = _health(self.healthcheck)
        return {key: value for key, value in found.items() if value}


def timestamp(seconds: int) -> str:
    """Return *seconds* since 1970 as RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _health(check: Healthcheck) -> dict[str, Any]:
    nano = 1_000_000_000
    times = {
        "Interval": int(check.interval * nano),
        "Timeout": int(check.timeout * nano),
        "StartPeriod": int(check.start_period * nano),
        "Retries": check.retries,
    }
    return {"Test": list(check.test), **{key: value for key, value in times.items() if value}}
