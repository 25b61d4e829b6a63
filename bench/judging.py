"""Images judged, beside dive and syft: python3, and a large one with compilers and an office.

All read the same archive, as ``docker save`` would write it. *first* is a store that knows
nothing of the image; *again* is one that has seen its layers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import corpus
import peers
from corpus import SEASLUG
from timing import Method, Work

WORKBENCH = Path(__file__).with_name("workbench.toml")
_TESTS = """schemaVersion: 2.0.0
fileExistenceTests:
  - {name: accounts, path: /etc/passwd, shouldExist: true, permissions: -rw-r--r--}
  - {name: no shell, path: /bin/sh, shouldExist: false}
"""


class Judging:
    """An image in *store*, and as an archive in *temporary*."""

    def __init__(self, subject: str, title: str, store: Path, temporary: Path) -> None:
        self.title, self.name, self.store = title, f"{title}:judged", store
        self.tar = temporary / f"{title}.tar"
        self.tests = temporary / "structure.yaml"
        self.tests.write_text(_TESTS, encoding="utf-8")
        options = ["-q", "--store", str(store), "-t", self.name, "-o", f"docker-archive:{self.tar}"]
        corpus.run(SEASLUG, "build", subject, *options)

    def first(self) -> Work:
        """Judge an archive that was never seen."""
        methods = [self._archive("check", "--fail-on", "never"), self._archive("doctor")]
        return Work(
            f"judge-{self.title}", f"{self.title} judged, first", (*methods, *self._peers())
        )

    def again(self) -> Work:
        """Judge it once more, and ask other things of it."""
        commands = {
            "check": ("--fail-on", "never"), "doctor": (), "ls": ("--by", "package"),
            "compare": (self.name,),
        }  # fmt: skip
        methods = [self._known(name, *more) for name, more in commands.items()]
        key = f"judge-again-{self.title}"
        return Work(key, f"{self.title} judged, again", (*methods, *self._peers()))

    def tested(self) -> Work:
        """Hold two structure tests against the archive."""
        ours = self._archive("test", "-c", str(self.tests))
        theirs = ["container-structure-test", "test", "--driver", "tar", "--image", str(self.tar)]
        there = peers.have(theirs[0])
        peer = (Method(theirs[0], lambda _: [*theirs, "--config", str(self.tests)]),)
        return Work(
            f"structure-{self.title}", f"{self.title}, structure tests",
            (ours, *(peer if there else ())),
        )  # fmt: skip

    def _archive(self, command: str, *more: str) -> Method:
        place = f"docker-archive:{self.tar}"

        def prepare(fresh: Path) -> list[str]:
            return [SEASLUG, command, place, *more, "-q", "--store", str(fresh / "store")]

        return Method(f"seaslug {command}", prepare)

    def _known(self, command: str, *more: str) -> Method:
        argv = [SEASLUG, command, self.name, *more, "-q", "--store", str(self.store)]
        return Method(
            " ".join(["seaslug", command, *(m for m in more if m == "--by")]), lambda _: argv
        )

    def _peers(self) -> list[Method]:
        commands: dict[str, Callable[[Path], list[str]]] = {
            "dive": lambda fresh: [
                "dive", f"docker-archive://{self.tar}", "--json", str(fresh / "dive.json"),
            ],
            "syft": lambda fresh: [
                "syft", "scan", f"docker-archive:{self.tar}", "-q",
                "-o", f"syft-json={fresh / 'syft.json'}",
            ],
        }  # fmt: skip
        return [Method(name, made) for name, made in commands.items() if peers.have(name)]
