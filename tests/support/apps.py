"""Applications built by the command line, and started in Docker as cautious people start them."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.clients import Engine, Seaslug, run
from support.docs import ROOT

EXAMPLES = ROOT / "examples"
HARD = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


@dataclass
class App:
    """A built application: its image in the store and what the build said about it."""

    name: str
    digest: str
    said: str
    config: dict[str, Any] = field(default_factory=dict)


class Apps:
    """Builds projects into Docker, and starts them there."""

    def __init__(self, seaslug: Seaslug, docker: Engine) -> None:
        self.seaslug = seaslug
        self.docker = docker

    def build(self, subject: Path | str, *options: str) -> App:
        """Build *subject* and load it into Docker."""
        name = f"localhost/seaslug-app-{secrets.token_hex(4)}:1"
        done = self.seaslug(
            "build", subject, "--allow-expired", "-t", name, "-o", f"docker-daemon:{name}", *options
        )
        self.docker.own(name)
        told = run("docker", "image", "inspect", name).json[0]
        return App(name, done.out.strip(), done.err, told["Config"])

    @contextlib.contextmanager
    def started(
        self, app: App, *args: str, port: int = 0, tmpfs: tuple[str, ...] = ("/tmp",)
    ) -> Iterator[Started]:
        """Start *app* read-only, without capabilities, as its own user."""
        name = f"seaslug-app-{secrets.token_hex(4)}"
        flags = [*HARD, "--health-interval", "1s"]
        for path in tmpfs:
            flags += ["--tmpfs", f"{path}:uid=65532,gid=65532"]
        if port:
            flags += ["--publish", f"127.0.0.1::{port}"]
        run("docker", "run", "-d", "--name", name, *flags, app.name, *args)
        try:
            yield Started(name, port)
        finally:
            subprocess.run(["docker", "rm", "-f", name], capture_output=True, timeout=60)

    def once(self, app: App, *args: str) -> str:
        """Run *app* to its end, and return what it printed."""
        return run("docker", "run", "--rm", *HARD, "--tmpfs", "/tmp", app.name, *args).out


@dataclass
class Started:
    """A running container."""

    name: str
    port: int

    @property
    def address(self) -> str:
        """Where the port is reached."""
        told = run("docker", "port", self.name, f"{self.port}/tcp").out.split()
        return f"http://{told[0]}"

    def logs(self) -> str:
        done = subprocess.run(["docker", "logs", self.name], capture_output=True, text=True)
        return done.stdout + done.stderr

    def says(self, words: str, timeout: float = 60) -> None:
        """Wait until it has printed *words*."""
        deadline = time.monotonic() + timeout
        while words not in self.logs():
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.1)

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = run("docker", "inspect", self.name).json[0]["State"]
        return state

    def get(self, path: str, *, timeout: float = 60, data: bytes | None = None) -> bytes:
        """Return the answer at *path*, once there is one."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                request = urllib.request.Request(self.address + path, data=data)
                if data is not None:
                    request.add_header("Content-Type", "application/json")
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return bytes(answer.read())
            except (OSError, urllib.error.URLError, AssertionError, IndexError) as error:
                if isinstance(error, urllib.error.HTTPError):
                    raise
                assert self.state()["Running"], self.logs()
                assert time.monotonic() < deadline, f"{error!r}\n{self.logs()}"
                time.sleep(0.2)

    def json(self, path: str, data: bytes | None = None) -> Any:
        return json.loads(self.get(path, data=data))

    def healthy(self, timeout: float = 60) -> None:
        """Wait until the health check holds."""
        deadline = time.monotonic() + timeout
        while True:
            state = self.state()
            health = state.get("Health") or {}
            if health.get("Status") == "healthy":
                return
            assert state["Running"], self.logs()
            assert health.get("Status") != "unhealthy", (health["Log"][-1], self.logs())
            assert time.monotonic() < deadline, (health, self.logs())
            time.sleep(0.3)

    def stops(self) -> None:
        """It must end by itself when it is asked to: who has to be killed ends with 137."""
        run("docker", "stop", "--time", "20", self.name)
        assert self.state()["ExitCode"] in (0, 143), (self.state(), self.logs())
