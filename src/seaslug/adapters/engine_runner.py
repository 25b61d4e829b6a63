"""Runners that hand the image to an engine: Docker or podman, through their own command.

The image is streamed to ``load`` under a name of our own, which goes again when the
runner is closed; a container is removed as soon as its run is over.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from seaslug.adapters.engines.command import EngineCommand
from seaslug.adapters.launch import GRACE, wait_until
from seaslug.adapters.process import Child, Completed, complete
from seaslug.errors import EngineError, RunTimeoutError
from seaslug.oci.images import image_at
from seaslug.oci.runnable import RunImage, read_image
from seaslug.ports import BlobStore, Running, RunResult, RunSpec
from seaslug.values.digest import Digest

_START_LIMIT = 30.0
# What runc and crun say when it is the program, and not they, that cannot start.
_NOT_STARTABLE = ("exec:", "exec user process", "executable file", "open executable")
_MISSING = ("not found", "no such file", "not a directory")


class EngineRunner:
    """Starts images in Docker or podman."""

    def __init__(self, store: BlobStore, name: str) -> None:
        """*name* is ``docker`` or ``podman``."""
        self.name = name
        self._store = store
        self._command = EngineCommand(name)
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
                complete([self._command.program, "image", "rm", "--force", reference])

    @cached_property
    def _obstacle(self) -> str:
        if why := self._command.why_not():
            return why
        form = "{{.Client.Version}}" if self._command.is_podman else "{{.Server.Version}}"
        try:
            answer = complete([self._command.program, "version", "--format", form], timeout=20)
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
        argv = self._command.running(name, read_only=spec.read_only)
        argv += [*self._flags(image, spec), reference]
        words = spec.argv[1:] if spec.argv else spec.args
        return _EngineRunning((self._command, name), [*argv, *words], spec)

    def _flags(self, image: RunImage, spec: RunSpec) -> list[str]:
        flags = [word for name in spec.dropped for word in ("--cap-drop", name)]
        flags += ["--security-opt", "no-new-privileges"] if "ALL" in spec.dropped else []
        flags += ["--platform", str(image.platform)]
        flags += ["--interactive"] if spec.stdin else []
        flags += ["--read-only"] if spec.read_only else []
        flags += ["--user", spec.user] if spec.user else []
        flags += ["--workdir", spec.workdir] if spec.workdir else []
        flags += ["--entrypoint", spec.argv[0]] if spec.argv else []
        for path in spec.tmpfs:
            flags += ["--tmpfs", self._command.tmpfs(path, spec.user or image.user)]
        for source, path in spec.mounts:
            flags += ["--mount", _bind(os.path.realpath(source), path)]
        for name, value in spec.env:
            flags += ["--env", f"{name}={value}"]
        if spec.port:
            return [*flags, "--publish", f"127.0.0.1::{spec.port}/tcp"]
        return flags if spec.network else [*flags, "--network", "none"]

    def _load(self, image: RunImage) -> str:
        if image.manifest not in self._loaded:
            # A name of this runner alone: another's closing must not take the image away.
            reference = f"localhost/seaslug-run:{image.manifest.hex[:24]}-{secrets.token_hex(4)}"
            self._loaded[image.manifest] = reference
            load(self._store, image, self._command, reference)
        return self._loaded[image.manifest]


class _EngineRunning:
    """A container, and the engine's command that is attached to it."""

    def __init__(
        self, container: tuple[EngineCommand, str], argv: Sequence[str], spec: RunSpec
    ) -> None:
        self._command, self._name = container
        self._program = self._command.program
        self._port = spec.port
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

    def exec(self, argv: Sequence[str], timeout: float = 60.0) -> RunResult:
        """Run a second program inside; see ports.Running."""
        if not wait_until(lambda: self._began() or self.ended(), _START_LIMIT, 0.05):
            raise EngineError(f"it did not start within {_START_LIMIT:.0f} s")
        child = Child([self._program, "exec", self._name, *argv])
        done = child.within(timeout)
        if done is None:
            raise RunTimeoutError(timeout, child.stdout, child.stderr)
        if done.status and not self._state().get("Running"):
            raise EngineError("what was started has ended")
        unstarted = _not_startable(done) if done.status in (125, 126, 127, 255) else None
        return unstarted or RunResult(done.status, done.stdout, done.stderr)

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
            complete(self._command.removing(self._name))

    def _judge(self, done: Completed) -> RunResult:
        """Tell the engine's own failures from what the program itself ended with."""
        if done.status not in (125, 126, 127, -9):
            return RunResult(done.status, done.stdout, done.stderr)
        if done.status == -9 or self._began():
            return RunResult(137 if done.status == -9 else done.status, done.stdout, done.stderr)
        unstarted = _not_startable(done)
        if unstarted is None:
            raise EngineError(done.complaint, where=self._program)
        return unstarted

    def _began(self) -> bool:
        return not str(self._state().get("StartedAt", "0001")).startswith("0001")

    def _state(self) -> dict[str, Any]:
        """Return what the engine says of the container, nothing if it knows none."""
        asked = [self._program, "inspect", "--format", "{{json .State}}", self._name]
        with contextlib.suppress(EngineError, ValueError):
            answer = complete(asked)
            return dict(json.loads(answer.stdout)) if answer.status == 0 else {}
        return {}


def _not_startable(done: Completed) -> RunResult | None:
    """Return what came of a program that the engine could not start, None if that is not why."""
    text = (done.stdout + done.stderr).decode("utf-8", "replace").lower()
    if not any(sign in text for sign in _NOT_STARTABLE):
        return None
    missing = any(sign in text for sign in _MISSING)
    return RunResult(127 if missing else 126, done.stdout, done.stderr)


def load(store: BlobStore, image: RunImage, command: EngineCommand, reference: str) -> None:
    """Load *image* into the engine under the name *reference*. Raises EngineError."""
    descriptor = image_at(store, image.manifest).descriptor
    if command.is_podman:
        from seaslug.adapters.engines.podman import Command

        # Its service may be another user's.
        Command().load(store, descriptor, [reference])
        return
    from seaslug.adapters.engines.docker import Docker

    with Docker() as docker:
        docker.load(store, descriptor, [reference])


def _bind(source: str, path: str) -> str:
    for text in (source, path):
        if "," in text or '"' in text:
            raise EngineError("engines take no comma or quote in the path of a mount", where=text)
    return f"type=bind,source={source},target={path},readonly"
