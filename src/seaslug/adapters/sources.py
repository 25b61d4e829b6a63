"""Debian's archive and the npm registry behind one face: a source of packages."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from seaslug.adapters.known import Known, Trust
from seaslug.adapters.store import Store
from seaslug.errors import UsageError
from seaslug.ports import ArchiveChoice, ArchiveState, Listener, Stored
from seaslug.values.debian import Package

if TYPE_CHECKING:
    from seaslug.adapters.archive import DebianArchive
    from seaslug.adapters.http import Fetcher
    from seaslug.adapters.npm import NpmRegistry
    from seaslug.deb.universe import Universe


class Sources:
    """Packages by name of their archive: ``npm``, else Debian's."""

    def __init__(self, store: Store, listener: Listener, choice: ArchiveChoice) -> None:
        self._store, self._listener, self._choice = store, listener, choice

    @cached_property
    def _fetcher(self) -> Fetcher:
        from seaslug.adapters.http import Fetcher

        return Fetcher(_timeout(os.environ.get("SEASLUG_TIMEOUT", "")))

    @cached_property
    def _trust(self) -> Trust:
        choice = self._choice
        return Trust(
            refresh=choice.refresh, offline=choice.offline, allow_expired=choice.allow_expired,
            allow_downgrade=choice.allow_downgrade, keyring=choice.keyring,
        )  # fmt: skip

    @cached_property
    def _known(self) -> Known:
        return Known(self._store.root / "archive", self._trust)

    @cached_property
    def debian(self) -> DebianArchive:
        """Debian's archive."""
        from seaslug.adapters.archive import DebianArchive
        from seaslug.adapters.mirrors import find
        from seaslug.adapters.openpgp import Verifier

        mirrors = find(self._choice.mirrors, self._choice.security_mirrors)
        return DebianArchive(
            self._store, self._fetcher, mirrors, Verifier(), self._listener, self._trust
        )

    @cached_property
    def npm(self) -> NpmRegistry:
        """The npm registry."""
        from seaslug.adapters.npm import NpmRegistry

        return NpmRegistry(self._store, self._fetcher, self._listener, offline=self._choice.offline)

    def fingerprint(self, suites: Sequence[str]) -> list[str] | None:
        """Return what identifies the state of *suites* as far as it is known and fresh."""
        return self._known.fingerprint(suites)

    def fresh_until(self, suites: Sequence[str]) -> tuple[float, list[str]]:
        """Return until when what is known of *suites* is fresh, and the files that say so."""
        return self._known.fresh_until(suites)

    def suites(
        self, suites: Sequence[str], arch: str, home: Sequence[str] = ()
    ) -> tuple[tuple[ArchiveState, ...], Universe]:
        """Return the verified states of *suites* and the packages of *arch* in them."""
        return self.debian.suites(suites, arch, home)

    def fetch(
        self, packages: Sequence[Package], states: Sequence[ArchiveState]
    ) -> Iterator[tuple[Package, Stored]]:
        """Bring every package into the store; yields them as they arrive."""
        for package in packages:
            if package.archive == "npm":
                yield package, self.npm.fetch(package)
        yield from self.debian.fetch([p for p in packages if p.archive != "npm"], states)


def _timeout(text: str) -> float:
    """Return how long a silent mirror is waited for, in seconds."""
    try:
        seconds = float(text or 30)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86400:
        raise UsageError(f"not a time in seconds: {text!r}", where="SEASLUG_TIMEOUT")
    return seconds
