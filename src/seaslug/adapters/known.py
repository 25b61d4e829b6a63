"""What is known of the archive's suites: whose word is kept, and how long it holds.

Read on every build, so little is imported here: no HTTP, no OpenPGP, no solver.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Trust:
    """How far the archive is believed, and how often it is asked. ``max_age`` is in seconds."""

    refresh: bool = False
    offline: bool = False
    allow_expired: bool = False
    allow_downgrade: bool = False
    keyring: str = ""
    max_age: float = 3600.0


@dataclass(frozen=True, slots=True)
class Known:
    """The kept states of suites below *home*, the store's folder for the archive."""

    home: Path
    trust: Trust
    now: Callable[[], float] = time.time

    def fingerprint(self, suites: Sequence[str]) -> list[str] | None:
        """Return what identifies the state of *suites* as it is known and fresh, else None."""
        if self.trust.refresh:
            return None
        found = []
        for suite in suites:
            state = self.state(suite)
            if state is None or not (self.trust.offline or self.fresh(state)):
                return None
            if self.expired(state.get("valid_until")) and not self.trust.allow_expired:
                return None
            found.append(f"{suite} {state['release']}")
        return found

    def fresh_until(self, suites: Sequence[str]) -> tuple[float, list[str]]:
        """Return until when what is known of *suites* is fresh, and the files that say so."""
        until, files = float("inf"), []
        for suite in suites:
            state = self.state(suite)
            if state is None or self.trust.refresh:
                return 0.0, []
            if not self.trust.offline:
                until = min(until, float(state["asked"]) + self.trust.max_age)
            if not self.trust.allow_expired:
                until = min(until, state.get("valid_until") or until)
            files.append(str(self.folder(suite) / "state.json"))
        return until, files

    def folder(self, suite: str) -> Path:
        """Return where the suite's InRelease and state lie."""
        return self.home / root_of(suite) / suite

    def state(self, suite: str) -> dict[str, Any] | None:
        """Return what was kept when the suite's release was last believed, None if unreadable."""
        try:
            found = json.loads((self.folder(suite) / "state.json").read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and "date" in found and "asked" in found else None

    def fresh(self, state: dict[str, Any]) -> bool:
        """Tell whether the mirror need not be asked again yet."""
        over = self.expired(state.get("valid_until")) and not self.trust.allow_expired
        return 0 <= self.now() - float(state["asked"]) < self.trust.max_age and not over

    def expired(self, valid_until: int | None) -> bool:
        """Tell whether a Valid-Until, in seconds since 1970, is over."""
        return valid_until is not None and valid_until < self.now()


def root_of(suite: str) -> str:
    """Return the archive that *suite* belongs to."""
    return "debian-security" if suite.endswith("-security") else "debian"
