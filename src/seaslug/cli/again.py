"""The same command again: what it printed the last time, as long as all that decided it holds.

A build whose inputs have not changed is answered from a note in the store, before
anything else is imported::

    $SEASLUG_HOME/actions/again/<crc of the key>
        the key: arguments, folder, environment, the state of seaslug's own code
        until <seconds since 1970>           when the archive has to be asked again
        file <mtime in ns> <size> <path>     as it was, and has to be still
        out <text>, err <text>               what to print; {seconds} is put in
        end                                  nothing was cut off

Only os, sys, time and binascii are imported: this is what keeps a no-op fast.
"""

from __future__ import annotations

import binascii
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NEVER = ("--json", "--refresh", "--load", "--output", "--help", "--watch")
_ENVIRONMENT = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")


def may(argv: Sequence[str]) -> bool:
    """Tell whether a command with these arguments only looks at inputs that can be noted."""
    # Of short options any letter counts, as in -qo; that a tag has one too costs a moment only.
    return not any(
        arg.startswith(_NEVER) or (arg[:1] == "-" != arg[1:2] and ("o" in arg or "h" in arg))
        for arg in argv
    )


def replay(argv: Sequence[str], begun: float) -> bool:
    """Print what this command printed the last time; False if anything may have changed."""
    if not may(argv):
        return False
    try:
        with open(_path(argv), encoding="utf-8") as file:
            lines = file.read().split("\n")
        if lines[0] != _key(argv) or lines[-1] != "end" or not _holds(lines):
            return False
    except (OSError, ValueError, TypeError):  # not there, or damaged
        return False
    out = [line[4:] for line in lines if line.startswith("out ")]
    err = [line[4:] for line in lines if line.startswith("err ")]
    seconds = f"{time.monotonic() - begun:.2f}"
    sys.stdout.write("".join(f"{text}\n" for text in out))
    sys.stderr.write("".join(f"{text.replace('{seconds}', seconds)}\n" for text in err))
    return True


def note(
    argv: Sequence[str], until: float, files: Iterable[str], out: Sequence[str], err: Sequence[str]
) -> None:
    """Keep what the command printed, and the files that it depends on. Never fails."""
    if not may(argv):
        return
    try:
        path = _path(argv)
        rows = [_key(argv), f"until {until}"]
        for name in files:
            state = os.stat(name)
            rows.append(f"file {state.st_mtime_ns} {state.st_size} {name}")
        rows += [f"out {text}" for text in out] + [f"err {text}" for text in err] + ["end"]
        os.makedirs(os.path.dirname(path), exist_ok=True)
        beside = f"{path}.{os.getpid()}"
        with open(beside, "w", encoding="utf-8") as file:
            file.write("\n".join(rows))
        os.replace(beside, path)
    except (OSError, UnicodeError):
        return


def _holds(lines: Iterable[str]) -> bool:
    """Tell whether everything that the note depends on is as it was."""
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "until" and float(rest) < time.time():
            return False
        if kind == "file" and not _same(*rest.split(" ", 2)):
            return False
    return True


def _same(mtime: str, size: str, path: str) -> bool:
    try:
        state = os.stat(path)
    except OSError:
        return False
    return state.st_mtime_ns == int(mtime) and state.st_size == int(size)


def _key(argv: Sequence[str]) -> str:
    known = [f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith("SEASLUG_")]
    known += [f"{k}={os.environ.get(k)}" for k in _ENVIRONMENT]
    return repr((list(argv), os.getcwd(), known, _code()))


def _code() -> tuple[int, int]:
    """Return the number of seaslug's own files and the time of the newest one."""
    count = newest = 0
    todo = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                if entry.name.endswith((".py", ".toml", ".pgp")):
                    count += 1
                    newest = max(newest, entry.stat().st_mtime_ns)
                elif entry.name != "__pycache__" and entry.is_dir():
                    todo.append(entry.path)
    return count, newest


def _path(argv: Sequence[str]) -> str:
    name = binascii.crc32(repr((list(argv), os.getcwd())).encode("utf-8", "surrogateescape"))
    return os.path.join(_home(argv), "actions", "again", f"{name:08x}")


def _home(argv: Sequence[str]) -> str:
    """Return the store's folder, as --store, the environment and the default say."""
    for at, arg in enumerate(argv):
        if arg == "--store" and at + 1 < len(argv):
            return os.path.expanduser(argv[at + 1])
        if arg.startswith("--store="):
            return os.path.expanduser(arg[8:])
    home = os.environ.get("SEASLUG_HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.expanduser(home) if home else os.path.join(cache, "seaslug")
