"""Precompiled Python by the interpreter that lies in a tree, started without root or chroot."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from seaslug.deb.effects import pyc
from seaslug.errors import StoreError
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

WORKERS = 2
TIMEOUT = 600


class Compiler:
    """Compiles with interpreters for *host*, the platform whose programs run here."""

    def __init__(self, host: Platform | None) -> None:
        self.host = host

    def compile(self, runtime: Tree, sources: Tree, python: str) -> tuple[Entry, ...]:
        """Return the pyc files for the .py files of *sources*, by *python* of *runtime*.

        *runtime* holds the interpreter, its standard library and the loader. The result does
        not depend on where or by whom it is run. Raises StoreError if it cannot run.
        """
        assert self.host is not None
        wanted = pyc.plan(sources)
        if not wanted:
            return ()
        with tempfile.TemporaryDirectory(prefix="seaslug-pyc-") as folder:
            root = Path(folder, "root")
            _unpack(_needed(runtime, python), root)
            _unpack(Tree(entry for entry in sources if entry.path.endswith(".py")), root)
            parts = [wanted[at::WORKERS] for at in range(WORKERS)]
            with ThreadPoolExecutor(WORKERS) as pool:
                jobs = [
                    (root, runtime, python, part, Path(folder, str(i)))
                    for i, part in enumerate(parts)
                ]
                found = [
                    entry for made in pool.map(lambda job: self._run(*job), jobs) for entry in made
                ]
        return tuple(sorted(found, key=lambda entry: entry.path))

    def _run(
        self, root: Path, runtime: Tree, python: str, wanted: Sequence[Entry], out: Path
    ) -> list[Entry]:
        out.mkdir()
        listing = "".join(f"{entry.path}\n" for entry in wanted)
        interpreter = self._command(root, runtime, python)
        # Not -I: it would leave the fixed hash seed unread. The environment is ours alone.
        options = ("-s", "-S", "-B", "-X", "no_debug_ranges", "-c", pyc.worker_source())
        env = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        done = subprocess.run(
            [*interpreter, *options, str(root), str(out)],
            input=listing.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
            timeout=TIMEOUT,
            cwd=out,
            env={**env, "PYTHONHOME": str(root / "usr")},
        )
        if done.returncode != 0:
            raise StoreError(
                f"Python {python} could not precompile (status {done.returncode}): "
                + done.stderr.decode("utf-8", "replace").strip()[-400:],
                hint="this is a defect of seaslug or of the package; --no-pyc leaves it out",
            )
        made = []
        for number, entry in enumerate(wanted):
            path = out / str(number)
            if path.exists():
                made.append(pyc.compiled(entry, path.read_bytes(), python))
        return made

    def _command(self, root: Path, runtime: Tree, python: str) -> list[str]:
        assert self.host is not None
        names = self.host.names
        loader = runtime.realpath(names.loader)
        interpreter = str(root / f"usr/bin/python{python}")
        folders = (f"usr/lib/{names.triplet}", f"lib/{names.triplet}", "usr/lib", "lib")
        libraries = ":".join(str(root / folder) for folder in folders)
        return [
            str(root / (loader or "")),
            "--inhibit-cache",
            "--library-path",
            libraries,
            interpreter,
        ]


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
