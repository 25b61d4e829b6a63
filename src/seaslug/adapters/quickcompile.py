"""A few Python files compiled by a kept interpreter: started at once, asked for later.

It is what :class:`seaslug.adapters.pycompile.Compiler` does, by the same script in the same
interpreter, without what that one imports. OSError is for the caller, who then takes the
long way.
"""

from __future__ import annotations

import os

from seaslug.adapters import shelf
from seaslug.deb.effects.pycworker import OPTIONS, environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType


class Compiling:
    """Compiles *sources* (path in the image to content) in the new folder *folder*.

    *home* and *command* are those of a kept interpreter, which is not started for nothing.
    The block ends the interpreter if it still runs, and removes the folder.
    """

    def __init__(
        self, home: str, command: Sequence[str], sources: Mapping[str, bytes], folder: str
    ) -> None:
        self._folder = folder
        self._names = list(sources)
        self._running = 0
        if not sources:
            return
        os.makedirs(f"{folder}/out")
        try:
            for path, data in sources.items():
                _write(f"{folder}/sources/{path}", data)
            _write(f"{folder}/names", os.fsencode("".join(f"{name}\n" for name in sources)))
            argv = [*command, *OPTIONS, f"{folder}/sources", f"{folder}/out"]
            self._running = _started(argv, environment(home), folder)
        except BaseException:
            shelf.remove(folder)
            raise

    def __enter__(self) -> Compiling:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._running:
            os.kill(self._running, 9)
            os.waitpid(self._running, 0)
        if self._names:
            shelf.remove(self._folder)

    def result(self) -> dict[str, bytes] | None:
        """Return the bytecode of each source, once it is there; None if one has none."""
        status = os.waitpid(self._running, 0)[1] if self._running else 0
        self._running = 0
        found: dict[str, bytes] = {}
        for number, path in enumerate(self._names):
            place = f"{self._folder}/out/{number}"
            if status or not os.path.exists(place):
                return None
            with open(place, "rb") as file:
                found[path] = file.read()
        return found


def _started(argv: list[str], env: Mapping[str, str], folder: str) -> int:
    """Start *argv* in the empty folder for its output, where nothing can be imported from."""
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, f"{folder}/names", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0),
    ]
    here = os.getcwd()
    os.chdir(f"{folder}/out")
    try:
        return os.posix_spawn(argv[0], argv, env, file_actions=actions)
    finally:
        os.chdir(here)


def _write(path: str, data: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "xb") as file:
        file.write(data)
