"""Starting a rebased image, by what its configuration tells: its ports, its health check's too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seaslug.apps.config import AppConfig
from seaslug.apps.probe.check import HealthCheck
from seaslug.ops.app.proof import Proof, prove
from seaslug.ports import Runner
from seaslug.values.digest import Digest


def started(manifest: Digest, run: Mapping[str, Any], runner: Runner) -> Proof:
    """Start the image once and return what came of it. Raises EngineError if nothing starts.

    Its first TCP port has to take connections; without one, it has to run for a while or to
    end well.
    """
    ports = [text.partition("/") for text in run.get("ExposedPorts") or ()]
    numbers = sorted(int(n) for n, _, kind in ports if kind in ("", "tcp") and n.isdigit())
    check = HealthCheck("tcp", port=numbers[0]) if numbers else None
    config = AppConfig(volumes=tuple(sorted(run.get("Volumes") or ())))
    return prove(manifest, config, check, runner)
