"""A second program in the namespaces of one that is running already.

Started as ``python -I -S -c ... PLAN STATUS``, see :func:`enter`. It has no threads, which
joining a user namespace asks for, and imports little, so it starts in a few milliseconds::

    seaslug ── this process, in all namespaces but the pid's ── the second program

The plan is JSON: ``pid`` and ``root`` of what is running (its root as seen from outside),
``argv``, ``program``, ``env``, ``workdir``, ``uid``, ``gid`` and ``real`` as in nsinit's.
STATUS receives the reason if the namespaces cannot be joined, else nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from seaslug.adapters import nsinit

if TYPE_CHECKING:
    from seaslug.ports import RunResult

_SPACES = ("net", "ipc", "uts", "cgroup", "pid", "mnt")
_GET_PARENT = 0xB702  # NS_GET_PARENT of linux/nsfs.h
_FURNISHED = 10.0
_CODE = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from seaslug.adapters.nsenter import main; sys.exit(main())"
)


def enter(plan: Mapping[str, Any], timeout: float) -> RunResult:
    """Start the *plan*'s program and wait for its end.

    Raises EngineError if what was running is over, RunTimeoutError after *timeout* seconds.
    """
    from seaslug.adapters.process import Child
    from seaslug.errors import EngineError, RunTimeoutError
    from seaslug.ports import RunResult

    package = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
    status, there = os.pipe()
    words = [sys.executable, "-I", "-S", "-c", _CODE, package, json.dumps(plan), str(there)]
    with os.fdopen(status, "rb") as told:
        try:
            child = Child(words, env={}, pass_fds=(there,))
        finally:
            os.close(there)
        done = child.within(timeout)
        if done is None:
            raise RunTimeoutError(timeout, child.stdout, child.stderr)
        if reason := told.read().decode("utf-8", "replace"):
            raise EngineError(reason)
    code = done.status if done.status >= 0 else 128 - done.status
    return RunResult(code, done.stdout, done.stderr)


def main() -> int:
    """Carry out the plan; return the exit status of the program."""
    plan, status = json.loads(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(status, False)
    try:
        _await_root(plan["pid"], plan["root"])
        _join(plan["pid"])
    except OSError as error:
        gone = isinstance(error, (FileNotFoundError, ProcessLookupError))
        said = "what was started has ended" if gone else f"cannot join it: {error.strerror}"
        os.write(status, said.encode())
        return 125
    os.close(status)
    child = os.fork()  # only a child is in the pid namespace that was joined
    if child == 0:
        _become(plan)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


def _await_root(pid: int, root: str) -> None:
    """Wait until the process *pid* is in *root*; raises OSError."""
    # bwrap tells the pid before its mounts stand. And a pid that is somebody else's by now
    # must not lend its root, which could be this machine's.
    end = time.monotonic() + _FURNISHED
    while not os.path.samefile(f"/proc/{pid}/root/", root):
        if time.monotonic() > end:
            raise ProcessLookupError(pid)
        time.sleep(0.01)


def _join(pid: int) -> None:
    """Enter all namespaces of *pid* that are not our own; raises OSError."""
    rest = {name: fd for name in _SPACES if (fd := _foreign(pid, name)) is not None}
    # A namespace opens to those who rule in the user namespace that made it, and each lies
    # in another's: from the outermost in, whatever opens is entered.
    for owner in (None, *_owners(pid)):
        if owner is not None:
            _setns(owner)
        for name, fd in tuple(rest.items()):
            with contextlib.suppress(PermissionError):
                _setns(fd)
                del rest[name]
    for fd in rest.values():
        _setns(fd)


def _foreign(pid: int, name: str) -> int | None:
    fd = os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY)
    if os.path.samestat(os.fstat(fd), os.stat(f"/proc/self/ns/{name}")):
        os.close(fd)
        return None
    return fd


def _owners(pid: int) -> list[int]:
    """Return the user namespaces between ours and that of *pid*, the outermost first."""
    mine = os.stat("/proc/self/ns/user")
    fd = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY)
    found: list[int] = []
    while not os.path.samestat(os.fstat(fd), mine):
        found.insert(0, fd)
        fd = fcntl.ioctl(fd, _GET_PARENT)
        os.set_inheritable(fd, False)
    return found


def _setns(fd: int) -> None:
    if nsinit.libc.setns(fd, 0) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))


def _become(plan: Mapping[str, Any]) -> NoReturn:
    """Turn this process into the program; never returns."""
    try:
        nsinit.die_with_parent()
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.chdir(plan["workdir"])
        nsinit.give_up_rights(plan)
        os.execve(plan["program"], plan["argv"], plan["env"])  # noqa: S606
    except OSError as error:
        os.write(2, f"{plan['argv'][0]}: cannot execute: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, (FileNotFoundError, NotADirectoryError)) else 126)
    except BaseException as error:
        os.write(2, f"cannot execute: {error!r}\n".encode())
    os._exit(126)
