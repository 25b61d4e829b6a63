"""Runners that hand the image to an engine: Docker or podman, through their own command.

The image is streamed to ``load`` under a name of our own, which goes again when the
runner is closed; a container is removed as soon as its run is over.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import secrets
import shutil
from collections.abc import Sequence
from functools import cached_property

from seaslug.adapters.launch import GRACE, wait_until
from seaslug.adapters.process import Child, Completed, complete, pour
from seaslug.errors import EngineError, RunTimeoutError
from seaslug.oci.runnable import RunImage, read_image
from seaslug.ports import BlobStore, Running, RunResult, RunSpec
from seaslug.values.digest import Digest

_START_LIMIT = 30.0
_MODEST = 16384
_HYBRID = "/sys/fs/cgroup/unified"
# What runc and crun say when it is the program, and not they, that cannot start.
_NOT_STARTABLE = ("exec:", "exec user process", "executable file", "open executable")
_MISSING = ("not found", "no such file", "not a directory")


class EngineRunner:
    """Starts images in Docker or podman."""

    def __init__(self, store: BlobStore, name: str) -> None:
        """*name* is ``docker`` or ``podman``."""
        self.name = name
        self._store = store
        self._loaded: dict[Digest, str] = {}

    def why_not(self) -> str:
        """Return why this engine cannot work here, or an empty string."""
        return self._obstacle

    def run(self, manifest: Digest, spec: RunSpec) -> RunResult:
        """Start the image, wait for its end; see ports.Runner."""
        return self._begin(manifest, spec).wait(spec.timeout)

    def start(self, manifest: Digest, spec: RunSpec) -> Running:
        """Start the image and return at once; see ports.Runner."""
        return self._begin(manifest, spec)

    def close(self) -> None:
        """Take the names of loaded images away from the engine again."""
        while self._loaded:
            _, reference = self._loaded.popitem()
            with contextlib.suppress(EngineError):
                complete([self._program, "image", "rm", "--force", reference])

    @property
    def _program(self) -> str:
        return shutil.which(self.name) or self.name

    @cached_property
    def _obstacle(self) -> str:
        if shutil.which(self.name) is None:
            return f"{self.name} is not installed"
        form = "{{.Server.Version}}" if self.name == "docker" else "{{.Client.Version}}"
        try:
            answer = complete([self._program, "version", "--format", form], timeout=20)
        except EngineError as error:
            return error.what
        return "" if answer.status == 0 else answer.complaint

    def _begin(self, manifest: Digest, spec: RunSpec) -> _EngineRunning:
        image = read_image(self._store, manifest)
        image.argv(spec)
        if reason := self.why_not():
            raise EngineError(f"{self.name} cannot be used here: {reason}")
        reference = self._load(image)
        name = "seaslug-" + secrets.token_hex(8)
        argv = [self._program, *self.globals(), "run", "--name", name, *self._flags(image, spec)]
        words = spec.argv[1:] if spec.argv else spec.args
        return _EngineRunning((self._program, name), [*argv, reference, *words], spec)

    def globals(self) -> list[str]:
        """Return the options that the engine's command needs before its verb."""
        # crun gives up on a mixed hierarchy of control groups; runc does not.
        hybrid = self.name == "podman" and os.path.isdir(_HYBRID)
        runc = shutil.which("runc") if hybrid else None
        return ["--runtime", runc] if runc else []

    def _flags(self, image: RunImage, spec: RunSpec) -> list[str]:
        flags = ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        flags += ["--platform", str(image.platform)]
        flags += self._own_flags(spec)
        flags += ["--interactive"] if spec.stdin else []
        flags += ["--read-only"] if spec.read_only else []
        flags += ["--user", spec.user] if spec.user else []
        flags += ["--workdir", spec.workdir] if spec.workdir else []
        flags += ["--entrypoint", spec.argv[0]] if spec.argv else []
        for path in spec.tmpfs:
            flags += ["--tmpfs", tmpfs(self.name, path, spec.user or image.user)]
        for source, path in spec.mounts:
            flags += ["--mount", _bind(os.path.realpath(source), path)]
        for name, value in spec.env:
            flags += ["--env", f"{name}={value}"]
        if spec.port:
            return [*flags, "--publish", f"127.0.0.1::{spec.port}/tcp"]
        return flags if spec.network else [*flags, "--network", "none"]

    def _own_flags(self, spec: RunSpec) -> list[str]:
        if self.name == "docker":
            return []
        flags = ["--pull", "never", *self.limits()]
        return [*flags, "--read-only-tmpfs=false"] if spec.read_only else flags

    @staticmethod
    def limits() -> list[str]:
        """Return the options that keep podman within the limits that it may set."""
        # It asks for limits above our own (and above its monitor's, which are lower
        # still); raising them is for the privileged.
        flags = ["--ulimit", _limit("nofile", resource.RLIMIT_NOFILE)]
        return [*flags, "--ulimit", _limit("nproc", resource.RLIMIT_NPROC)]

    def _load(self, image: RunImage) -> str:
        if image.manifest not in self._loaded:
            # A name of this runner alone: another's closing must not take the image away.
            reference = f"localhost/seaslug-run:{image.manifest.hex[:24]}-{secrets.token_hex(4)}"
            self._loaded[image.manifest] = reference
            load(self._store, image, (self._program, "load"), reference)
        return self._loaded[image.manifest]


class _EngineRunning:
    """A container, and the engine's command that is attached to it."""

    def __init__(self, container: tuple[str, str], argv: Sequence[str], spec: RunSpec) -> None:
        self._program, self._name = container
        self._port = spec.port
        # docker kills when forced; podman first asks and waits ten seconds.
        self._at_once = ["--time", "0"] if self._program.endswith("podman") else []
        self._result: RunResult | None = None
        self._child = Child(argv, stdin=spec.stdin)

    @property
    def address(self) -> tuple[str, int]:
        """Where the engine publishes the port."""
        if not self._port:
            raise EngineError("the run was not given a port")
        found: list[str] = []

        def published() -> bool:
            answer = complete([self._program, "port", self._name, f"{self._port}/tcp"])
            found[:] = answer.stdout.decode().split()
            return bool(found) or self._child.poll() is not None

        if not wait_until(published, _START_LIMIT, 0.05) or not found:
            raise EngineError(f"the port is not published: {self.logs().strip()}")
        host, _, port = found[0].rpartition(":")
        return (host, int(port))

    def logs(self) -> str:
        """Return what it has printed so far, stdout first."""
        return (self._child.stdout + self._child.stderr).decode("utf-8", "replace")

    def ended(self) -> bool:
        """Tell whether it has ended by itself."""
        return self._child.poll() is not None

    def stop(self, grace: float = GRACE) -> RunResult:
        """Ask it to end, then end it, and remove every trace; safe to call twice."""
        if self._result is None:
            stopping = [self._program, "stop", "--time", str(round(grace)), self._name]
            with contextlib.suppress(EngineError):
                complete(stopping)
            return self._finish(self._child.wait(GRACE) or self._child.kill())
        return self._result

    def wait(self, timeout: float) -> RunResult:
        """Return how it ended. Raises RunTimeoutError after *timeout* seconds, having ended it."""
        try:
            done = self._child.wait(timeout)
        except BaseException:
            self._remove()
            raise
        if done is None:
            self._remove()
            done = self._child.wait(GRACE) or self._child.kill()
            raise RunTimeoutError(timeout, done.stdout, done.stderr)
        return self._finish(done)

    def _finish(self, done: Completed) -> RunResult:
        try:
            self._result = self._judge(done)
        finally:
            self._remove()
        return self._result

    def _remove(self) -> None:
        with contextlib.suppress(EngineError):
            complete([self._program, "rm", "--force", *self._at_once, self._name])

    def _judge(self, done: Completed) -> RunResult:
        """Tell the engine's own failures from what the program itself ended with."""
        if done.status not in (125, 126, 127, -9):
            return RunResult(done.status, done.stdout, done.stderr)
        if done.status == -9 or self._began():
            return RunResult(137 if done.status == -9 else done.status, done.stdout, done.stderr)
        text = done.stderr.decode("utf-8", "replace").lower()
        if not any(sign in text for sign in _NOT_STARTABLE):
            raise EngineError(done.complaint, where=self._program)
        missing = any(sign in text for sign in _MISSING)
        return RunResult(127 if missing else 126, done.stdout, done.stderr)

    def _began(self) -> bool:
        asked = [self._program, "inspect", "--format", "{{json .State}}", self._name]
        with contextlib.suppress(EngineError, ValueError):
            answer = complete(asked)
            state = json.loads(answer.stdout) if answer.status == 0 else {}
            return bool(state) and not str(state.get("StartedAt", "0001")).startswith("0001")
        return False


def tmpfs(engine: str, path: str, user: str) -> str:
    """Return the option for a directory in memory that *user* (``uid[:gid]``) may write to.

    runc gives it the mode of the image's directory whatever the option says, so it has to
    have the right owner as well; podman gives it that by itself.
    """
    uid, _, gid = user.partition(":")
    owner = f",uid={uid},gid={gid or uid}" if (uid + gid).isdigit() else ""
    owner = ",U" if engine == "podman" else owner
    return f"{path}:rw,exec,nosuid,nodev,mode=1777,size=512m{owner}"


def load(store: BlobStore, image: RunImage, command: Sequence[str], reference: str) -> None:
    """Stream *image* into ``docker load`` or ``podman load`` under the name *reference*."""
    from seaslug.adapters.loadtar import write_docker_archive

    done = pour(command, lambda out: write_docker_archive(store, image, out, reference))
    if done.status != 0:
        raise EngineError(f"the image cannot be loaded: {done.complaint}", where=" ".join(command))


def _bind(source: str, path: str) -> str:
    for text in (source, path):
        if "," in text or '"' in text:
            raise EngineError("engines take no comma or quote in the path of a mount", where=text)
    return f"type=bind,source={source},target={path},readonly"


def _limit(name: str, which: int) -> str:
    _, hard = resource.getrlimit(which)
    limit = _MODEST if hard == resource.RLIM_INFINITY else min(hard, _MODEST)
    return f"{name}={limit}:{limit}"
