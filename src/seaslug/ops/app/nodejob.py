"""One Node.js project on its way to one platform."""

from __future__ import annotations

from dataclasses import dataclass

from seaslug.apps.node.lockfile import LockFile
from seaslug.apps.node.manifest import Manifest
from seaslug.apps.node.release import CPU, Release
from seaslug.apps.project import Project
from seaslug.ops.app.workbench import Workbench
from seaslug.values.content import FileSlice
from seaslug.values.platform import Platform

_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Job:
    """The project, what was read of it, and where it goes."""

    project: Project
    platform: Platform
    bench: Workbench
    manifest: Manifest
    lock: LockFile | None
    release: Release

    @property
    def cpu(self) -> str:
        """Node's own name of the platform's architecture."""
        return CPU[self.platform.arch]

    @property
    def scripts(self) -> bool:
        """Whether install scripts of dependencies may run."""
        return bool(self.project.config.of("node").get("scripts"))

    @property
    def hosted(self) -> bool:
        """Whether programs for the platform run on this machine."""
        return self.bench.host == self.platform

    @property
    def manager(self) -> str:
        """The package manager: that of the lock, else of packageManager, else npm."""
        said = self.manifest.manager.partition("@")
        if self.lock is not None:
            return self.lock.manager
        if said[0] == "yarn":
            return "yarn" if said[2].startswith("1.") else "berry"
        return said[0] if said[0] in ("npm", "pnpm") else "npm"

    def settings(self) -> bytes:
        """Return the project's own .npmrc: the tools need it, the image must not have it.

        That is why it is not in the project's tree.
        """
        try:
            return FileSlice(f"{self.project.folder}/.npmrc", 0, _LIMIT).read()
        except OSError:
            return b""
