"""A few Python files compiled by a kept interpreter: started at once, asked for later.

It is what :class:`seaslug.adapters.pycompile.Compiler` does, by the same script in the same
interpreter, without what that one imports. OSError is for the caller, who then takes the
long way.
"""

from __future__ import annotations

import os

from seaslug.deb.effects.pycworker import OPTIONS, answered, asked, environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType


class Compiling:
    """Compiles *sources* (path in the image to content), which are few and small.

    *home* and *command* are those of a kept interpreter, which is not started for nothing.
    The block ends the interpreter if it still runs.
    """

    def __init__(self, home: str, command: Sequence[str], sources: Mapping[str, bytes]) -> None:
        self._names = list(sources)
        self._out = self._running = -1
        if not sources:
            return
        given = os.memfd_create("sources", os.MFD_CLOEXEC)
        try:
            self._out = os.memfd_create("bytecode", os.MFD_CLOEXEC)
            _write(given, b"".join(asked(path, data) for path, data in sources.items()))
            argv = [*command, *OPTIONS]
            self._running = _started(argv, environment(home), given, self._out)
        except BaseException:
            self._close()
            raise
        finally:
            os.close(given)

    def __enter__(self) -> Compiling:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._running >= 0:
            os.kill(self._running, 9)
            os.waitpid(self._running, 0)
        self._close()

    def result(self) -> dict[str, bytes] | None:
        """Return the bytecode of each source, once it is there; None if one has none."""
        if self._running < 0:
            return {}
        status = os.waitpid(self._running, 0)[1]
        self._running = -1
        with open(self._out, "rb", closefd=False) as file:
            file.seek(0)
            made = answered(file.read()) if status == 0 else []
        if len(made) != len(self._names) or not all(made):
            return None
        return dict(zip(self._names, made, strict=True))

    def _close(self) -> None:
        if self._out >= 0:
            os.close(self._out)
        self._out = -1


def _started(argv: list[str], env: Mapping[str, str], given: int, out: int) -> int:
    """Start *argv* from one file to another, and return its process id."""
    actions = [
        (os.POSIX_SPAWN_DUP2, given, 0),
        (os.POSIX_SPAWN_DUP2, out, 1),
        (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0),
    ]
    return os.posix_spawn(argv[0], argv, env, file_actions=actions)


def _write(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while len(view):
        view = view[os.write(handle, view) :]
    os.lseek(handle, 0, os.SEEK_SET)
