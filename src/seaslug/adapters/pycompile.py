"""Precompiled Python by the interpreter that lies in a tree, started without root or chroot.

::

    $SEASLUG_HOME/runtimes/<digest>/    an interpreter with what it needs, unpacked once
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from seaslug.deb.effects import pyc, pycworker
from seaslug.errors import StoreError
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

WORKERS = 2
FEW = 20
TIMEOUT = 600


class Compiler:
    """Compiles with interpreters for *host*, the platform whose programs run here."""

    def __init__(self, host: Platform | None, runtimes: Path | None = None) -> None:
        """*runtimes* is where unpacked interpreters are kept; without it each goes after use."""
        self.host = host
        self._runtimes = runtimes

    def compile(
        self, runtime: Callable[[], Tree], sources: Tree, python: str, name: str = ""
    ) -> tuple[Entry, ...]:
        """Return the pyc files for the .py files of *sources*, by *python* of *runtime*.

        *runtime* gives the interpreter, its standard library and the loader; under *name* it is
        kept, and not asked for again. The result does not depend on where or by whom it is
        run. Raises StoreError if it cannot run.
        """
        return self._all(runtime, pyc.plan(sources), python, name)

    def bare(
        self, runtime: Callable[[], Tree], sources: Tree, python: str, name: str = ""
    ) -> tuple[Entry, ...]:
        """Return what :meth:`compile` does, of rare sources too, without documentation."""
        return self._all(runtime, pyc.plan(sources, rare=True), python, name, pycworker.BARE)

    def _all(
        self, runtime: Callable[[], Tree], wanted: Sequence[Entry], python: str,
        name: str = "", more: Sequence[str] = (),
    ) -> tuple[Entry, ...]:  # fmt: skip
        if not wanted:
            return ()
        with tempfile.TemporaryDirectory(prefix="seaslug-pyc-") as temporary:
            folder = Path(temporary)
            home = self._home(runtime, python, name, folder)
            command = [*self._command(home, python), *pycworker.OPTIONS, *more]
            workers = WORKERS if len(wanted) > FEW else 1
            parts = [wanted[at::workers] for at in range(workers)]
            with ThreadPoolExecutor(workers) as pool:
                outs = list(pool.map(lambda part: self._run(home, command, part), parts))
            rows = zip(parts, outs, strict=True)
            found = [entry for part, out in rows for entry in _compiled(part, out, python)]
        return tuple(sorted(found, key=lambda entry: entry.path))

    def kept(
        self, runtime: Callable[[], Tree], python: str, name: str
    ) -> tuple[str, list[str]] | None:  # fmt: skip
        """Return the folder of the runtime kept under *name*, and the command that starts it.

        None if none are kept.
        """
        if self._runtimes is None:
            return None
        home = self._home(runtime, python, name, self._runtimes)
        return str(home), self._command(home, python)

    def _home(self, runtime: Callable[[], Tree], python: str, name: str, folder: Path) -> Path:
        """Return a folder with the interpreter: the kept one of that name, or a new one."""
        if self._runtimes is None or not name:
            _unpack(_needed(runtime(), python), folder / "runtime")
            return folder / "runtime"
        kept = self._runtimes / name
        if not kept.is_dir():
            self._runtimes.mkdir(parents=True, exist_ok=True)
            fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=self._runtimes))
            _unpack(_needed(runtime(), python), fresh / "runtime")
            with contextlib.suppress(OSError):  # somebody else was quicker
                os.rename(fresh / "runtime", kept)
            shutil.rmtree(fresh)
        return kept

    def _run(self, home: Path, command: list[str], wanted: Sequence[Entry]) -> list[bytes]:
        """Return the bytecode of each file of *wanted*, empty where there is none."""
        done = subprocess.run(
            command,
            input=b"".join(pycworker.asked(entry.path, entry.read()) for entry in wanted),
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
            env=pycworker.environment(str(home)),
        )
        if done.returncode != 0:
            raise StoreError(
                f"Python could not precompile (status {done.returncode}): "
                + done.stderr.decode("utf-8", "replace").strip()[-400:],
                hint="this is a defect of seaslug or of the package; --no-pyc leaves it out",
            )
        return pycworker.answered(done.stdout)

    def _command(self, home: Path, python: str) -> list[str]:
        assert self.host is not None
        names = self.host.names
        # Links were made to stay below the folder, so that they lead to its own loader.
        loader = os.path.realpath(f"{home}{names.loader}")
        folders = (f"usr/lib/{names.triplet}", f"lib/{names.triplet}", "usr/lib", "lib")
        libraries = ":".join(str(home / folder) for folder in folders)
        interpreter = str(home / f"usr/bin/python{python}")
        return [loader, "--inhibit-cache", "--library-path", libraries, interpreter]


def _compiled(wanted: Sequence[Entry], made: Sequence[bytes], python: str) -> Iterator[Entry]:
    for entry, data in zip(wanted, made, strict=True):
        if data:
            yield pyc.compiled(entry, data, python)


def _needed(runtime: Tree, python: str) -> Tree:
    """Return what the interpreter needs to start and to compile: libraries and its own files."""
    folders = (
        f"usr/lib/python{python}/",
        "usr/bin/python",
        "usr/lib/",
        "lib/",
        "lib64",
        "usr/lib64/",
    )
    skipped = ("usr/lib/jvm/", "usr/lib/locale/", "usr/lib/ssl/", "usr/lib/python3/")
    return runtime.select(
        lambda e: (e.path.startswith(folders) and not e.path.startswith(skipped)
        and "/gconv/" not in e.path and "/__pycache__/" not in e.path) or e.path in ("lib", "lib64")
    )  # fmt: skip


def _unpack(tree: Tree, root: Path) -> None:
    """Write files and links below *root*; links that lead out of it are made relative to it."""
    root.mkdir(exist_ok=True)
    for entry in tree:
        path = root / entry.path
        if entry.kind is Kind.DIR or os.path.lexists(path):
            continue
        real = tree.realpath(entry.path.rpartition("/")[0])
        path = root / (real or "") / entry.path.rpartition("/")[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(path):
            continue
        if entry.kind is Kind.SYMLINK:
            target = entry.target
            path.symlink_to(str(root) + target if target.startswith("/") else target)
        elif entry.kind is Kind.FILE:
            path.write_bytes(entry.read())
            path.chmod(0o755 if entry.mode & 0o111 else 0o644)
