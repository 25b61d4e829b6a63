"""The command line, in this process or as a process of its own, each with a store of its own."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seaslug.cli.main import main
from support.kept import kept
from support.server import closed_port

# CI forbids Python to write bytecode, which would have every process compile all of it anew.
# Options rather than the environment: what the command starts is to know nothing of it.
COMMAND = (
    sys.executable, "-X", f"pycache_prefix={kept('bytecode')}",
    "-c", "import sys; sys.dont_write_bytecode = False; "
    "from seaslug.cli.main import script; script()",
)  # fmt: skip


@dataclass(frozen=True)
class Done:
    """What a command left: its exit status, its results, its words for people."""

    status: int
    out: str
    err: str
    raw: bytes = b""
    """stdout as bytes; of a command in this process only"""

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The error without progress: from the line that begins with ``seaslug:`` on."""
        at = self.err.find("seaslug: ")
        return self.err[at:] if at >= 0 else ""


class Cli:
    """Runs commands on the store in *home*; *options* go behind every command."""

    def __init__(self, home: Path, *options: str, env: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.options = options
        nowhere = f"http://127.0.0.1:{closed_port()}"
        # Nothing but the loopback is reached, not even the public snapshot archive.
        self.env = {
            "SEASLUG_HOME": str(home), "XDG_CONFIG_HOME": str(home.parent / "no-config"),
            "SEASLUG_MIRROR": f"{nowhere}/debian",
            "SEASLUG_SECURITY_MIRROR": "",
            "SEASLUG_NPM_REGISTRY": nowhere,
            "http_proxy": nowhere,
            "https_proxy": nowhere, "HTTPS_PROXY": nowhere, "no_proxy": "", "NO_PROXY": "",
            **(env or {}),
        }  # fmt: skip

    def __call__(self, *args: object) -> Done:
        """Run a command in this process."""
        raw, err = io.BytesIO(), io.StringIO()
        out = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
        with (
            _environment(self.env), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)
        ):  # fmt: skip
            try:
                status = main([*map(str, args), *self.options])
            except SystemExit as exit:
                status = exit.code if isinstance(exit.code, int) else 1
        data = raw.getvalue()
        return Done(status, data.decode("utf-8", "replace"), err.getvalue(), data)

    def start(self, *args: object, **more: Any) -> subprocess.Popen[str]:
        """Start a command as a process of its own."""
        also = more.pop("preexec_fn", None)

        def first() -> None:
            _interruptible()
            if also is not None:
                also()

        return subprocess.Popen(
            [*COMMAND, *map(str, args), *self.options],
            env={**os.environ, **self.env}, text=True, preexec_fn=first,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,
        )  # fmt: skip

    def finish(self, process: subprocess.Popen[str], timeout: float = 60) -> Done:
        """Wait for a started command."""
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return Done(process.returncode, out, err)


def harm(home: Path) -> list[str]:
    """Return what is wrong with the store in *home*: leftovers, wrong names, dangling names."""
    found = [f"staging/{path.name} was left" for path in sorted(home.glob("staging/*"))]
    for path in sorted(home.glob("blobs/sha256/*")):
        if hashlib.sha256(path.read_bytes()).hexdigest() != path.name:
            found.append(f"blobs/sha256/{path.name} holds something else")
    index = home / "index.json"
    for row in json.loads(index.read_bytes())["manifests"] if index.exists() else ():
        if not (home / "blobs" / "sha256" / row["digest"].removeprefix("sha256:")).exists():
            found.append(f"{row['annotations']} leads to nothing")
    for path in home.glob("actions/*/*.json"):
        try:
            json.loads(path.read_bytes())
        except ValueError:
            found.append(f"actions/{path.name} is no JSON")
    hidden = [p for p in (home / "archive").rglob(".*") if p.is_file()]
    return found + [f"{path} was left" for path in hidden]


def _interruptible() -> None:
    """Undo what a shell does to what it starts in the background: there Ctrl-C is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Any:
    old = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(old)
