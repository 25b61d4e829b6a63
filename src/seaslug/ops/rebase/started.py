"""Starting a rebased image, by what its own configuration tells: its health check, its volumes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seaslug.apps.config import AppConfig
from seaslug.apps.probe.check import HealthCheck
from seaslug.ops.app.proof import Proof, prove
from seaslug.ports import Runner
from seaslug.values.digest import Digest

_NANO = 1_000_000_000
_LIMIT = 30.0


def started(manifest: Digest, run: Mapping[str, Any], runner: Runner) -> Proof:
    """Start the image once and return what came of it. Raises EngineError if nothing starts.

    It has to be healthy by its own check; without one, to run for a while or to end well.
    """
    config = AppConfig(volumes=tuple(sorted(run.get("Volumes") or ())))
    return prove(manifest, config, _check(run.get("Healthcheck")), runner)


def _check(told: object) -> HealthCheck | None:
    """Return the check of a configuration; None if it has none that needs no shell."""
    test = told.get("Test") if isinstance(told, dict) else None
    if not isinstance(test, list) or test[:1] != ["CMD"] or len(test) < 2:
        return None
    assert isinstance(told, dict)
    timeout = told.get("Timeout")
    seconds = timeout / _NANO if isinstance(timeout, int) and timeout > 0 else _LIMIT
    return HealthCheck("exec", command=tuple(map(str, test[1:])), timeout=min(seconds, _LIMIT))
