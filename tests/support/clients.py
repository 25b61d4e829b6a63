"""Programs that are not ours, run on what we made; and our command line as anyone starts it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.cli import COMMAND, Done
from support.real import missing, need

NO_MIRROR = 6


def run(
    program: str, *args: object, env: Mapping[str, str] | None = None, status: int = 0
) -> Done:  # fmt: skip
    """Run *program*, which must be there and must end with *status*."""
    return _run([need(program), *map(str, args)], {**os.environ, **(env or {})}, status)


def _run(argv: Sequence[str], env: Mapping[str, str], status: int) -> Done:
    done = subprocess.run(
        argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
    )
    said = f"{argv}: {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    assert done.returncode == status, said
    return Done(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Image:
    """A built image: in the store by name, as an OCI layout under the tag ``it``, as a tar."""

    name: str
    digest: str
    layout: Path
    tar: Path

    @property
    def oci(self) -> str:
        """The image as skopeo names it."""
        return f"oci:{self.layout}:it"

    def manifest(self) -> dict[str, Any]:
        """Return the manifest, read from the layout."""
        return self.blob(self.digest)

    def config(self) -> dict[str, Any]:
        """Return the configuration, read from the layout."""
        return self.blob(self.manifest()["config"]["digest"])

    def blob(self, digest: str) -> Any:
        return json.loads(self.path(digest).read_bytes())

    def path(self, digest: str) -> Path:
        return self.layout / "blobs" / digest.replace(":", "/")


class Seaslug:
    """The command line in a process of its own, on the store in *home*."""

    def __init__(self, home: Path, out: Path) -> None:
        self.home = home
        self.out = out
        self._built: dict[tuple[str, ...], Image] = {}

    def __call__(
        self,
        *args: object,
        status: int = 0,
        env: Mapping[str, str] | None = None,
        under: Sequence[str] = (),
    ) -> Done:
        """Run a command; *under* is a program, with its options, that starts it."""
        argv = [*under, *COMMAND, *map(str, args)]
        return _run(argv, {**os.environ, "SEASLUG_HOME": str(self.home), **(env or {})}, status)

    def require_mirror(self) -> None:
        """Skip, or fail where real things are required, if no mirror answers."""
        argv = [*COMMAND, "lock", "static", "--allow-expired", "-q"]
        env = {**os.environ, "SEASLUG_HOME": str(self.home)}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=300)
        if done.returncode == NO_MIRROR:
            missing(done.stderr.strip())

    def image(self, subject: str, *options: str) -> Image:
        """Return *subject* as built with *options*; the second time, what the first time made."""
        key = (subject, *options)
        if key not in self._built:
            name = f"localhost/seaslug-test-{secrets.token_hex(4)}:{subject.replace(':', '-')}"
            place = self.out / f"{len(self._built)}"
            layout, tar = place / "oci", place / "docker.tar"
            outputs = ["-o", f"oci:{layout}:it"]
            if "zstd" not in options:
                outputs += ["-o", f"docker-archive:{tar}"]
            done = self("build", subject, "--allow-expired", "-t", name, *options, *outputs)
            self._built[key] = Image(name, done.out.strip(), layout, tar)
        return self._built[key]


class Engine:
    """Docker or podman by its own command; what it was given goes when it is closed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._program = need(name)
        self._names: set[str] = set()
        done = subprocess.run([self._program, "version"], capture_output=True, text=True)
        if done.returncode:
            missing(f"{name} does not answer: {done.stderr.strip()[-200:]}")

    def own(self, name: str) -> str:
        """Remember that *name* is ours to remove."""
        self._names.add(name)
        return name

    def load(self, image: Image) -> str:
        """Load the docker-archive of *image* once; return its name."""
        if image.name not in self._names:
            run(self.name, "load", "-i", image.tar)
        return self.own(image.name)

    def run(self, name: str, *args: str) -> str:
        """Run *name* with *args* and return what it prints."""
        return run(self.name, *self._before(), "run", "--rm", *self._flags(), name, *args).out

    def _before(self) -> list[str]:
        # crun gives up on a mixed hierarchy of control groups; runc does not.
        hybrid = self.name == "podman" and os.path.isdir("/sys/fs/cgroup/unified")
        return ["--runtime", need("runc")] if hybrid else []

    def _flags(self) -> list[str]:
        # podman asks for higher limits than a container that hosts the tests may give.
        limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=100:100"]
        more = ["--pull=never", *limits] if self.name == "podman" else []
        return ["--network", "none", *more]

    def close(self) -> None:
        for name in self._names:
            subprocess.run([self._program, "image", "rm", "-f", name], capture_output=True)
