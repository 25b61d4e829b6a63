"""The same command again: what it printed the last time, as long as all that decided it holds.

A build whose inputs have not changed is answered from a note in the store, before
anything else is imported. If files of a project have changed, and the note has a plan of its
image, :mod:`seaslug.cli.edit` may make one layer anew::

    $SEASLUG_HOME/actions/again/<crc of the key>
        the key: arguments, folder, environment, the state of seaslug's own code
        until <seconds since 1970>           when the archive has to be asked again
        file <mtime in ns> <size> <path>     as it was, and has to be still
        own <mtime in ns> <size> <mode> <path>    a file or link of the project: may be edited
        folder <mtime in ns> <crc of its names> <path>    of the project
        index <mtime in ns> <size> <path>    the store's names: as it was, or has the rows
        row <JSON>                           a row that it has to have
        edit <key> <value>                   the plan, see seaslug.apps.edits
        out <text>, err <text>               what to print; {seconds} is put in
        end                                  nothing was cut off

Only os, stat, sys, time and binascii are imported: this is what keeps a no-op fast.
"""

from __future__ import annotations

import binascii
import os
import stat
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NEVER = ("--json", "--refresh", "--load", "--push", "--output", "--help", "--watch")
_MAX_NOTE = 64 << 20
_ENVIRONMENT = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")


def may(argv: Sequence[str]) -> bool:
    """Tell whether a command with these arguments only looks at inputs that can be noted."""
    # Of short options any letter counts, as in -qo; that a tag has one too costs a moment only.
    return not any(
        arg.startswith(_NEVER) or (arg[:1] == "-" != arg[1:2] and ("o" in arg or "h" in arg))
        for arg in argv
    )


def replay(argv: Sequence[str], begun: float) -> bool:
    """Print what this command printed the last time; False if anything may have changed.

    One that puts a project's image into Docker besides is answered if Docker takes it at once.
    """
    docker = _docker(argv)
    lines = settled(plain(argv) if docker else argv)
    if lines is None:
        return False
    name = _loaded(argv, lines, docker) if docker else ""
    if docker and not name:
        return False
    show(lines, begun, [f"  docker-daemon:{name}"] if name else [])
    return True


def settled(argv: Sequence[str]) -> list[str] | None:
    """Return the note of this command, with what was edited since made anew; None for a build."""
    found = _unsure(argv) if may(argv) else None
    if found is None:
        return None
    lines, changed = found
    if not changed:
        return lines if lines[0] == _key(argv) else None
    try:
        return _edited(argv, lines, changed)
    except (OSError, ValueError):
        return None


def _edited(argv: Sequence[str], lines: list[str], changed: list[str]) -> list[str] | None:
    from seaslug.adapters.quickcompile import Interpreter
    from seaslug.apps import edits

    plan = edits.decode(lines)
    if plan is None:
        return None
    command = plan.command if any(path.endswith(".py") for path in changed) else ()
    # It is what takes longest: all else is done while it starts.
    with Interpreter(plan.home, command) as interpreter:
        if lines[0] != _key(argv):
            return None
        from seaslug.cli import edit

        return edit.edited(argv, lines, changed, plan, interpreter)


def plain(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the command that builds the same, and puts it nowhere else than into the store."""
    kept: list[str] = []
    words = iter(argv)
    for word in words:
        if word in ("-o", "--output"):
            next(words, "")
        elif word not in ("--load", "--push", "--watch") and not word.startswith("--output="):
            kept.append(word)
    return tuple(kept)


def _docker(argv: Sequence[str]) -> str:
    """Return ``docker-daemon:NAME`` or ``--load`` if that is the only place to put the image to."""
    places: list[str] = []
    words = iter(argv)
    for word in words:
        if word in ("-o", "--output"):
            places.append(next(words, ""))
        elif word.startswith("--output="):
            places.append(word[len("--output=") :])
        elif word in ("--load", "--push", "--watch"):
            places.append(word)
    named = any(word.startswith(("-t", "--tag")) for word in argv)
    only = places[0] if len(places) == 1 else ""
    return only if only.startswith("docker-daemon:") or (only == "--load" and not named) else ""


def _loaded(argv: Sequence[str], lines: Sequence[str], docker: str) -> str:
    """Return the name that the image of *lines* has in Docker now; empty for the long way."""
    from seaslug.adapters import quickload, shelf
    from seaslug.apps import edits

    try:
        plan = edits.decode(lines)
        if plan is None:
            return ""
        name = docker.partition(":")[2] or plan.title.partition("  ")[0]
        with shelf.Held(home(argv), "lock"):
            return name if quickload.loaded(home(argv), plan.image, plan.config, name) else ""
    except (OSError, ValueError):
        return ""


def recall(argv: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Return the note of this command, and the project's own files that have changed since.

    None if there is no note, or if anything else may have changed.
    """
    found = _unsure(argv)
    return found if found is not None and found[0][0] == _key(argv) else None


def _unsure(argv: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Return what recall does, for a command that may have been another one's."""
    try:
        with open(_path(argv), encoding="utf-8", errors="surrogateescape") as file:
            lines = file.read(_MAX_NOTE).split("\n")
        changed = _changed(lines) if lines[-1] == "end" else None
    except (OSError, ValueError, TypeError):  # not there, or damaged
        return None
    return (lines, changed) if changed is not None else None


def show(lines: Sequence[str], begun: float, places: Sequence[str] = ()) -> None:
    """Print what the note in *lines* says, and the *places* where the image is besides."""
    out = [line[4:] for line in lines if line.startswith("out ")]
    err = [line[4:] for line in lines if line.startswith("err ")]
    err[-1:] = [*places, *err[-1:]] if err else []
    seconds = f"{time.monotonic() - begun:.2f}"
    sys.stdout.write("".join(f"{text}\n" for text in out))
    sys.stderr.write("".join(f"{text.replace('{seconds}', seconds)}\n" for text in err))


def note(argv: Sequence[str], until: float, files: Iterable[str], told: Sequence[str]) -> None:
    """Keep what the command printed, and the files that it depends on. Never fails.

    *told* are more rows: of the project, of the index, of the plan, out and err.
    """
    if not may(argv):
        return
    try:
        rows = [_key(argv), f"until {until}"]
        rows += [seen("file", name) for name in files]
        keep(argv, [*rows, *told, "end"])
    except (OSError, UnicodeError):
        return


def keep(argv: Sequence[str], rows: Sequence[str]) -> None:
    """Write the note. Raises OSError. One with a line break in a name is not written."""
    if any("\n" in row for row in rows):
        return
    path = _path(argv)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    beside = f"{path}.{os.getpid()}"
    with open(beside, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write("\n".join(rows))
    os.replace(beside, path)


def state(path: str) -> str:
    """Return the row for a file, a link or a folder of a project. Raises OSError."""
    found = os.lstat(path)
    if stat.S_ISDIR(found.st_mode):
        return f"folder {found.st_mtime_ns} {_names(path)} {path}"
    return own(path, found)


def own(path: str, found: os.stat_result) -> str:
    """Return the row for a file or link of a project that was *found* so."""
    return f"own {found.st_mtime_ns} {found.st_size} {found.st_mode} {path}"


def seen(kind: str, path: str) -> str:
    """Return the row of *kind* for any file. Raises OSError."""
    found = os.stat(path)
    return f"{kind} {found.st_mtime_ns} {found.st_size} {path}"


def index(path: str, rows: Iterable[str]) -> list[str]:
    """Return the rows for the store's index, of which it has to have *rows*. Raises OSError."""
    return [seen("index", path), *(f"row {row}" for row in rows)]


def _changed(lines: Sequence[str]) -> list[str] | None:
    """Return the files of the project that have changed; None if anything else has."""
    changed: list[str] = []
    for line in lines:
        kind, _, rest = line.partition(" ")
        if kind == "until":
            if float(rest) < time.time():
                return None
        elif kind == "file":
            if not _same(*rest.split(" ", 2)):
                return None
        elif kind == "own":
            edited = _own(*rest.split(" ", 3))
            if edited is None:
                return None
            changed += edited
        elif kind == "folder":
            if not _has_the_same(*rest.split(" ", 2)):
                return None
        elif kind == "index" and not _same(*rest.split(" ", 2)):
            rows = [row[4:] for row in lines if row.startswith("row ")]
            if not _in_index(rest.split(" ", 2)[2], rows):
                return None
    return changed


def _same(mtime: str, size: str, path: str) -> bool:
    try:
        state = os.stat(path)
    except OSError:
        return False
    return state.st_mtime_ns == int(mtime) and state.st_size == int(size)


def _own(mtime: str, size: str, mode: str, path: str) -> list[str] | None:
    """Return [] for a file as it was, [path] for one with another content, None for another."""
    found = os.lstat(path)
    if found.st_mode != int(mode):
        return None
    if found.st_mtime_ns == int(mtime) and found.st_size == int(size):
        return []
    return [path] if stat.S_ISREG(found.st_mode) else None


def _has_the_same(mtime: str, names: str, path: str) -> bool:
    """Tell whether a folder has the names it had: editors write beside a file, and rename."""
    return os.lstat(path).st_mtime_ns == int(mtime) or _names(path) == int(names)


def _names(path: str) -> int:
    return binascii.crc32("/".join(sorted(os.listdir(path))).encode("utf-8", "surrogateescape"))


def _in_index(path: str, rows: Sequence[str]) -> bool:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        raw = file.read(_MAX_NOTE)
    return bool(rows) and all(raw.count(row) == 1 for row in rows)


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
    return os.path.join(home(argv), "actions", "again", f"{name:08x}")


def home(argv: Sequence[str]) -> str:
    """Return the store's folder, as --store, the environment and the default say."""
    for at, arg in enumerate(argv):
        if arg == "--store" and at + 1 < len(argv):
            return os.path.expanduser(argv[at + 1])
        if arg.startswith("--store="):
            return os.path.expanduser(arg[8:])
    home = os.environ.get("SEASLUG_HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.expanduser(home) if home else os.path.join(cache, "seaslug")
