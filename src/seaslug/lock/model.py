"""Locks as values: what was resolved, per platform, and from which state of the archive.

A lock names no host. Packages are found again by pool path and digest, from any
mirror; ``archives`` says which signed state they were chosen from.
"""

from __future__ import annotations

from dataclasses import dataclass

from seaslug.errors import LockError
from seaslug.ports import ArchiveState
from seaslug.values.debian import Package
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform

LOCK_VERSION = 1
FORMAT_VERSION = 1
"""Frozen: tar headers, order, layer plan, compressor. Raised when any of them changes bytes."""


@dataclass(frozen=True, slots=True)
class Locked:
    """A package and the level of the recipe that it belongs to."""

    package: Package
    level: str


@dataclass(frozen=True, slots=True)
class PlatformLock:
    """The packages of one platform, sorted by name.

    ``pyc`` tells whether precompiled Python is in. ``skipped`` are the (asker, clause)
    pairs that exclusions left unmet.
    """

    platform: Platform
    packages: tuple[Locked, ...]
    pyc: bool
    skipped: tuple[tuple[str, str], ...] = ()

    def package(self, name: str) -> Package | None:
        """Return the package called *name*, or None."""
        return next((p.package for p in self.packages if p.package.name == name), None)


@dataclass(frozen=True, slots=True)
class SliceLock:
    """What an application's slice leaves out, and that this was proved.

    ``key`` is a digest of all that decided it: while that is the same, the slice holds.
    ``cuts`` are patterns by package, ``omits`` packages left out wholly, ``how`` a sentence.
    ``bytecode`` are Python sources that only bytecode is left of; ``own`` are, by platform,
    files of the packages that the application itself brings, and is empty if these are whole.
    """

    key: Digest
    cuts: tuple[tuple[str, tuple[str, ...]], ...]
    omits: tuple[str, ...]
    how: str
    bytecode: tuple[str, ...] = ()
    own: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """``tools`` are packages that run here during the build, and are in no image.

    ``slice`` is what an application leaves out of its runtime.
    """

    subject: str
    recipe: Digest
    archives: tuple[ArchiveState, ...]
    platforms: tuple[PlatformLock, ...]
    tools: tuple[PlatformLock, ...] = ()
    format_version: int = FORMAT_VERSION
    slice: SliceLock | None = None

    def on(self, platform: Platform) -> PlatformLock:
        """Return what is locked for *platform*. Raises LockError if nothing is."""
        for locked in self.platforms:
            if locked.platform == platform:
                return locked
        have = ", ".join(str(p.platform) for p in self.platforms)
        raise LockError(
            f"the lock has nothing for {platform}",
            where=self.subject,
            hint=f"it has {have}; lock again with --platform {have.replace(' ', '')},{platform}",
        )

    def runtime(self, platform: Platform) -> PlatformLock | None:
        """Return the packages that can run on *platform*: a tool set, or those of the image."""
        return next((p for p in (*self.tools, *self.platforms) if p.platform == platform), None)
