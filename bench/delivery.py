"""Images on their way, beside skopeo and docker: pushed, pulled, loaded.

The image is python3. A fresh registry is started for every cold push; a slow link has 28 ms
for a round trip. docker's push reads its own store and packs the layers anew each time.
"""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import corpus
import peers
from corpus import SEASLUG
from registry import Registry
from timing import Method, Work

TRIP = 0.028
_NAME = "localhost/seaslug-bench-py:1"


class Delivery:
    """The python3 image, in *store*, in a layout and, if there is one, in Docker."""

    def __init__(self, store: Path, temporary: Path, closing: ExitStack) -> None:
        self.store, self.temporary, self.closing = store, temporary, closing
        self.layout, self.tar = temporary / "py-layout", temporary / "py.tar"
        outputs = ["-o", f"oci:{self.layout}:it", "-o", f"docker-archive:{self.tar}"]
        corpus.run(SEASLUG, "build", "python3", "-q", "--store", str(store), "-t", _NAME, *outputs)
        self.docker = peers.docker_works()
        self.skopeo = peers.have("skopeo")
        self._running: list[Registry] = []
        self._number = itertools.count()
        if self.docker:
            corpus.run(peers.DOCKER, "load", "-q", "-i", str(self.tar))
            closing.callback(self._forget)

    def cold(self, delay: float = 0.0) -> Work:
        """Push to a registry that has nothing."""
        link = f", {delay * 1000:.0f} ms a round trip" if delay else ""
        return Work(
            "push-slow" if delay else "push", f"python3 to a fresh registry{link}",
            tuple(self._pushes(lambda _: self._fresh(delay))),
        )  # fmt: skip

    def warm(self, delay: float = 0.0) -> Work:
        """Push what is there already."""
        host = self._fresh(delay)
        for method in self._pushes(lambda _: host):
            subprocess.run(method.prepare(self.temporary), check=True, capture_output=True)
        link = f", {delay * 1000:.0f} ms a round trip" if delay else ""
        return Work(
            "push-again-slow" if delay else "push-again", f"python3, pushed again{link}",
            tuple(self._pushes(lambda _: host)),
        )  # fmt: skip

    def pull(self) -> Work:
        """Pull into an empty store."""
        host = self._fresh()
        for method in self._pushes(lambda _: host):
            subprocess.run(method.prepare(self.temporary), check=True, capture_output=True)
            break
        name = f"{host}/me/py:1"

        def ours(fresh: Path) -> list[str]:
            return [SEASLUG, "pull", name, "-q", "--store", str(fresh / "store")]

        def skopeo(fresh: Path) -> list[str]:
            source = ["--src-tls-verify=false", f"docker://{name}"]
            return ["skopeo", "copy", "-q", *source, f"oci:{fresh / 'layout'}:it"]

        methods = [Method("seaslug pull", ours)]
        if self.skopeo:
            methods.append(Method("skopeo copy", skopeo))
        return Work("pull", "python3 into an empty store", tuple(methods))

    def load(self) -> Work:
        """Load into Docker, which has nothing of it."""

        def emptied(command: Sequence[str]) -> Callable[[Path], Sequence[str]]:
            def prepare(_: Path) -> Sequence[str]:
                subprocess.run([peers.DOCKER, "rmi", "-f", _NAME], capture_output=True)
                return command

            return prepare

        ours = [SEASLUG, "copy", _NAME, f"docker-daemon:{_NAME}", "-q", "--store", str(self.store)]
        methods = [Method("seaslug copy", emptied(ours), elsewhere=True)]
        loaded = [peers.DOCKER, "load", "-q", "-i", str(self.tar)]
        methods.append(Method("docker load", emptied(loaded), elsewhere=True))
        if self.skopeo:
            skopeo = ["skopeo", "copy", "-q", f"oci:{self.layout}:it", f"docker-daemon:{_NAME}"]
            methods.append(Method("skopeo copy", emptied(skopeo), elsewhere=True))
        return Work("load", "python3 into Docker", tuple(methods))

    def _pushes(self, host: Callable[[Path], str]) -> list[Method]:
        def ours(fresh: Path) -> list[str]:
            to = f"{host(fresh)}/me/py:1"
            return [SEASLUG, "push", _NAME, "-t", to, "-q", "--store", str(self.store)]

        def skopeo(fresh: Path) -> list[str]:
            target = ["--dest-tls-verify=false", f"docker://{host(fresh)}/me/py:1"]
            return ["skopeo", "copy", "-q", f"oci:{self.layout}:it", *target]

        def docker(fresh: Path) -> list[str]:
            name = f"{host(fresh)}/me/py:docker"
            corpus.run(peers.DOCKER, "tag", _NAME, name)
            return [peers.DOCKER, "push", "-q", name]

        methods = [Method("seaslug push", ours)]
        if self.skopeo:
            methods.append(Method("skopeo copy", skopeo))
        if self.docker:
            methods.append(Method("docker push", docker, elsewhere=True))
        return methods

    def _fresh(self, delay: float = 0.0) -> str:
        """Return the host of a new registry; of the earlier ones the last few stay."""
        while len(self._running) > 3:
            self._running.pop(0).close()
        folder = self.temporary / f"registry-{next(self._number)}"
        made = Registry(folder, delay)
        self._running.append(made)
        self.closing.callback(made.close)
        return made.host

    def _forget(self) -> None:
        """Remove every name that Docker was given."""
        listed = corpus.run(peers.DOCKER, "images", "--format", "{{.Repository}}:{{.Tag}}")
        mine = [
            n for n in listed.split() if n == _NAME or n.endswith(("/me/py:docker", "/me/py:1"))
        ]
        if mine:
            subprocess.run([peers.DOCKER, "rmi", "-f", *mine], capture_output=True)
