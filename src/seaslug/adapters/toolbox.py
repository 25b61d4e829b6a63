"""The project's own tools, run as they are; their output is shown when they fail."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from seaslug.adapters import folders
from seaslug.adapters.process import Child
from seaslug.adapters.unpack import discard
from seaslug.errors import EngineError, ToolError
from seaslug.ports import Listener
from seaslug.values.tree import Tree

TAIL = 60
_DROPPED = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "NODE_OPTIONS")


class LocalTools:
    """Programs of this machine; see ports.Toolbox. Folders lie in the place for temporary files."""

    def __init__(self, listener: Listener, caches: str = "") -> None:
        """*caches* is the folder of what tools keep from run to run; without it, they keep none."""
        self._listener = listener
        self._caches = caches
        self._folders: list[str] = []

    def __enter__(self) -> LocalTools:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def find(self, *names: str) -> str:
        """Return the path of the first of these programs; those beside our Python count too."""
        beside = os.path.dirname(sys.executable)
        for name in names:
            found = shutil.which(name) or shutil.which(name, path=beside)
            if found:
                return found
        return ""

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str] | None = None,
        task: str = "",
    ) -> str:
        """Run *argv* in *cwd* and return its stdout. Raises ToolError."""
        known = {k: v for k, v in os.environ.items() if k not in _DROPPED}
        name = task or os.path.basename(argv[0])
        self._listener.begin(name)
        try:
            child = Child(argv, env={**known, **(env or {})}, cwd=cwd)
        except EngineError as error:
            raise ToolError(error.what, hint=f"is {argv[0]} installed?") from None
        try:
            done = child.wait()
        except BaseException:
            child.kill()
            raise
        finally:
            self._listener.end(name)
        assert done is not None
        stdout, stderr = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        if done.status != 0:
            lines = [*stdout.splitlines(), *stderr.splitlines()][-TAIL:]
            how = f"signal {-done.status}" if done.status < 0 else f"status {done.status}"
            raise ToolError(f"{name} failed ({how})", "\n".join(lines), where=" ".join(argv)[:300])
        return stdout

    @contextmanager
    def folder(self) -> Iterator[str]:
        """Give a new, empty folder, which goes when the toolbox is closed."""
        made = os.path.realpath(tempfile.mkdtemp(prefix="seaslug-app-"))
        self._folders.append(made)
        yield made

    def cache(self, name: str) -> str:
        """Return the folder that tools keep their own work in under *name*."""
        if not self._caches:
            with self.folder() as made:
                return made
        path = os.path.join(self._caches, name)
        os.makedirs(path, exist_ok=True)
        return path

    def write(self, folder: str, tree: Tree) -> None:
        """Write *tree* below *folder*."""
        folders.write(folder, tree)

    def collect(self, folder: str) -> Tree:
        """Return what lies below *folder*."""
        return folders.read(folder)

    def close(self) -> None:
        """Remove every folder; read-only ones too, as Go's module cache makes them."""
        while self._folders:
            discard(self._folders.pop())
