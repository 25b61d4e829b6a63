"""An engine's own command: the options that it needs besides what is asked of it."""

from __future__ import annotations

import os
import resource
import shutil
from dataclasses import dataclass

_MODEST = 16384
_HYBRID = "/sys/fs/cgroup/unified"
PROGRAMS = ("docker", "podman")


@dataclass(frozen=True, slots=True)
class EngineCommand:
    """The command ``docker`` or ``podman``."""

    name: str

    @property
    def is_podman(self) -> bool:
        """Whether it is podman, which needs more words than Docker."""
        return self.name == "podman"

    @property
    def program(self) -> str:
        """Its path, or its name if it is not here."""
        return shutil.which(self.name) or self.name

    def why_not(self) -> str:
        """Return an empty string if it is here, else that it is not."""
        return "" if shutil.which(self.name) else f"{self.name} is not installed"

    def running(self, name: str, *, read_only: bool) -> list[str]:
        """Return the beginning of the command that runs a container called *name*."""
        argv = [self.program, *self._globals(), "run", "--name", name]
        if not self.is_podman:
            return argv
        argv += ["--pull", "never", *self._limits()]
        return [*argv, "--read-only-tmpfs=false"] if read_only else argv

    def removing(self, name: str) -> list[str]:
        """Return the command that removes a container at once."""
        # docker kills when forced; podman first asks and waits ten seconds.
        at_once = ["--time", "0"] if self.is_podman else []
        return [self.program, "rm", "--force", *at_once, name]

    def tmpfs(self, path: str, user: str) -> str:
        """Return the option for a directory in memory that *user* (``uid[:gid]``) may write to.

        runc gives it the mode of the image's directory whatever the option says, so it has to
        have the right owner as well; podman gives it that by itself.
        """
        uid, _, gid = user.partition(":")
        owner = f",uid={uid},gid={gid or uid}" if (uid + gid).isdigit() else ""
        owner = ",U" if self.is_podman else owner
        return f"{path}:rw,exec,nosuid,nodev,mode=1777,size=512m{owner}"

    def _globals(self) -> list[str]:
        """Return the options before the verb."""
        # crun gives up on a mixed hierarchy of control groups; runc does not.
        runc = shutil.which("runc") if self.is_podman and os.path.isdir(_HYBRID) else None
        return ["--runtime", runc] if runc else []

    def _limits(self) -> list[str]:
        """Return the options that keep podman within the limits that it may set."""
        # It asks for limits above our own (and above its monitor's, which are lower
        # still); raising them is for the privileged.
        flags = ["--ulimit", _limit("nofile", resource.RLIMIT_NOFILE)]
        return [*flags, "--ulimit", _limit("nproc", resource.RLIMIT_NPROC)]


def _limit(name: str, which: int) -> str:
    _, hard = resource.getrlimit(which)
    limit = _MODEST if hard == resource.RLIM_INFINITY else min(hard, _MODEST)
    return f"{name}={limit}:{limit}"
