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


class Interpreter:
    """Starts at once, and compiles what it is given, which is little.

    *home* and *command* are those of a kept interpreter; without a command there is none. The
    block ends the interpreter if it still runs.
    """

    def __init__(self, home: str, command: Sequence[str]) -> None:
        self._out = self._given = self._running = -1
        if not command:
            return
        self._out = os.memfd_create("bytecode", os.MFD_CLOEXEC)
        there, self._given = os.pipe2(os.O_CLOEXEC)
        try:
            argv = [*command, *OPTIONS]
            self._running = _started(argv, environment(home), there, self._out)
        except BaseException:
            self._close()
            raise
        finally:
            os.close(there)

    def __enter__(self) -> Interpreter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._running >= 0:
            os.kill(self._running, 9)
            os.waitpid(self._running, 0)
        self._close()

    def give(self, sources: Mapping[str, bytes]) -> None:
        """Let *sources* (path in the image to content) be compiled."""
        data = memoryview(b"".join(asked(path, text) for path, text in sources.items()))
        while len(data):
            data = data[os.write(self._given, data) :]
        os.close(self._given)
        self._given = -1

    def result(self, count: int) -> list[bytes] | None:
        """Return the bytecode of the *count* sources, once it is there; None if one has none."""
        status = os.waitpid(self._running, 0)[1]
        self._running = -1
        with open(self._out, "rb", closefd=False) as file:
            file.seek(0)
            made = answered(file.read()) if status == 0 else []
        return made if len(made) == count and all(made) else None

    def _close(self) -> None:
        for handle in (self._out, self._given):
            if handle >= 0:
                os.close(handle)
        self._out = self._given = -1


def _started(argv: list[str], env: Mapping[str, str], given: int, out: int) -> int:
    """Start *argv* from *given* to *out*, and return its process id."""
    actions = [
        (os.POSIX_SPAWN_DUP2, given, 0),
        (os.POSIX_SPAWN_DUP2, out, 1),
        (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0),
    ]
    return os.posix_spawn(argv[0], argv, env, file_actions=actions)
