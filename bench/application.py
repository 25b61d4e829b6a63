"""An application beside its peers: an edit, and nothing to do. Its sizes are in sizes.py.

The application is examples/fastapi. Docker gets a Dockerfile as people write it for a
shell-less base: the same base, the same packages, the application copied last; so an edit
makes one small layer anew there too.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import corpus
import peers
from corpus import SEASLUG
from timing import Method, Work, environment

EXAMPLE = Path(__file__).resolve().parents[1] / "examples/fastapi"
_BASE, _MADE = "localhost/seaslug-bench-base:1", "localhost/seaslug-bench-app:1"
_DOCKERFILE = f"""\
FROM {_BASE}
COPY packages /usr/local/lib/python3.13/dist-packages
WORKDIR /app
COPY main.py /app/
ENTRYPOINT ["/usr/bin/python3.13", "-m", "uvicorn", "main:app", "--host", "0.0.0.0"]
"""


class Application:
    """The example in a folder of its own, built once, and the same as a build context."""

    def __init__(self, temporary: Path, closing: ExitStack) -> None:
        self.folder, self.store = temporary / "app", temporary / "app-store"
        self.temporary = temporary
        shutil.copytree(EXAMPLE, self.folder)
        self._number = itertools.count()
        corpus.run(*self.build())
        self.docker = peers.docker_works()
        if self.docker:
            self._context()
            closing.callback(self._forget)

    def build(self, *options: str) -> list[str]:
        """Return the command that builds it into the store."""
        return [SEASLUG, "build", str(self.folder), "-q", "--store", str(self.store), *options]

    def edited(self) -> Work:
        """One line of the application changed."""
        ours = Method("seaslug build", lambda _: self._edit(self.folder, self.build))
        loaded = Method(
            "seaslug build, into dockerd",
            lambda _: self._edit(
                self.folder, lambda: self.build("-t", _MADE, "-o", f"docker-daemon:{_MADE}")
            ),
            elsewhere=True,
        )
        both = (ours, loaded, *self._dockers(edit=True)) if self.docker else (ours,)
        return Work("app-edit", "an application, one line changed", both)

    def again(self) -> Work:
        """Nothing changed."""
        ours = Method("seaslug build", lambda _: self.build())
        return Work(
            "app-no-op", "an application, nothing changed", (ours, *self._dockers(edit=False))
        )

    def _edit(self, folder: Path, command: Callable[[], list[str]]) -> list[str]:
        with open(folder / "main.py", "a", encoding="utf-8") as file:
            file.write(f"# edit {next(self._number)}\n")
        return command()

    def _dockers(self, *, edit: bool) -> Iterator[Method]:
        if not self.docker:
            return
        command = [peers.DOCKER, "build", "-q", "-t", _MADE, str(self.temporary / "context")]
        for kit, title in (("1", "BuildKit"), ("0", "classic")):
            prepare = partial(self._edit, self.temporary / "context", lambda: command)
            yield Method(
                f"docker build, {title}",
                (lambda _, p=prepare: p()) if edit else lambda _: command,
                elsewhere=True,
                env={
                    "DOCKER_BUILDKIT": kit,
                    "DOCKER_CONFIG": str(self.temporary / "docker-config"),
                },
            )

    def _context(self) -> None:
        """Make the base in dockerd, and a folder with the packages that our image has."""
        context, root = self.temporary / "context", self.temporary / "app-root"
        store = ("--store", str(self.store), "-q")
        corpus.run(SEASLUG, "build", "python3:nonroot", *store, "-o", f"docker-daemon:{_BASE}",
                   "-t", _BASE)  # fmt: skip
        corpus.run(SEASLUG, "export", "app", *store, "-o", f"root:{root}")
        context.mkdir()
        shutil.copytree(root / "usr/local/lib/python3.13/dist-packages", context / "packages")
        shutil.copy(EXAMPLE / "main.py", context)
        (context / "Dockerfile").write_text(_DOCKERFILE, encoding="utf-8")

    def _forget(self) -> None:
        for name in (_MADE, _BASE):
            subprocess.run(
                [peers.DOCKER, "image", "rm", "-f", name], check=False, env=environment(),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        os.sync()
