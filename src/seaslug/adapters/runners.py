"""Choosing what starts an image: an engine if one is there, else plain namespaces."""

from __future__ import annotations

from collections.abc import Sequence

from seaslug.adapters.engine_runner import EngineRunner
from seaslug.adapters.namespaces import BwrapRunner, UnshareRunner
from seaslug.errors import EngineError, UnknownNameError
from seaslug.ports import BlobStore, Runner

NAMES = ("docker", "podman", "bwrap", "unshare")
QUICK = ("unshare", "bwrap", "docker", "podman")
"""The quickest first: nothing has to be loaded anywhere."""


def make(store: BlobStore, name: str) -> Runner:
    """Return the runner called *name*; raises UnknownNameError for any other name."""
    if name not in NAMES:
        raise UnknownNameError("runner", name, NAMES)
    if name == "bwrap":
        return BwrapRunner(store)
    return UnshareRunner(store) if name == "unshare" else EngineRunner(store, name)


def pick(store: BlobStore, preferred: str | None = None, order: Sequence[str] = NAMES) -> Runner:
    """Return *preferred*, or the first of *order* that works here.

    Raises EngineError that says of each why it does not.
    """
    reasons = []
    for name in (preferred,) if preferred else order:
        runner = make(store, name)
        reason = runner.why_not()
        if not reason:
            return runner
        reasons.append(f"{name}: {reason}")
    raise EngineError(
        "nothing here can start an image: " + "; ".join(reasons),
        hint="install bubblewrap, or start Docker, or allow user namespaces",
    )
