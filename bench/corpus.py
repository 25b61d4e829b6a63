"""What is measured on: stores that hold Debian packages and nothing that was made from them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timing import environment

SEASLUG = str(Path(sys.executable).with_name("seaslug"))
_DEB = b"!<arch>\n"
_LINKED = 1 << 16


def run(*command: str, cwd: Path | None = None) -> str:
    """Run a command of the preparation and return what it printed."""
    done = subprocess.run(
        command, check=True, cwd=cwd, env=environment(), stdout=subprocess.PIPE, text=True
    )
    return done.stdout


@dataclass(frozen=True, slots=True)
class Corpus:
    """One member's packages: ``full`` is a store with everything, ``debs`` one with packages only.

    ``packages`` are the lock's rows: name, version, path, size, sha256.
    """

    subject: str
    full: Path
    debs: Path
    lock: dict[str, Any]

    @property
    def packages(self) -> list[dict[str, Any]]:
        """The packages of the image."""
        found: list[dict[str, Any]] = self.lock["platforms"][0]["packages"]
        return found

    def files(self) -> Iterator[tuple[str, Path]]:
        """Yield every package's file name in the archive, and where it lies."""
        for row in self.packages:
            yield row["path"].rpartition("/")[2], blob(self.debs, row["sha256"])


def blob(store: Path, digest: str) -> Path:
    """Return the file of a blob."""
    return store / "blobs/sha256" / digest


def make(subject: str, temporary: Path) -> Corpus:
    """Build *subject* once and keep what it was built from."""
    full, debs = temporary / f"{subject}-full", temporary / f"{subject}-debs"
    run(SEASLUG, "build", subject, "--quiet", "--store", str(full))
    lock = json.loads(run(SEASLUG, "lock", subject, "--store", str(full)))
    copy(full, debs)
    shutil.rmtree(debs / "actions")
    (debs / "index.json").unlink()
    for path in (debs / "blobs/sha256").iterdir():
        with open(path, "rb") as file:
            if file.read(len(_DEB)) != _DEB:
                path.unlink()
    return Corpus(subject, full, debs, lock)


def copy(source: Path, target: Path) -> None:
    """Copy a store or a tree; large files, which nothing changes in place, by a hard link."""
    shutil.copytree(source, target, symlinks=True, copy_function=_copy)


def changed(corpus: Corpus, name: str, temporary: Path) -> tuple[Path, Path]:
    """Return a full store that also has a new release of the package *name*, and its lock."""
    store, tree = temporary / "changed-full", temporary / "changed-tree"
    copy(corpus.full, store)
    lock = json.loads(json.dumps(corpus.lock))
    row = next(row for row in lock["platforms"][0]["packages"] if row["name"] == name)
    run("dpkg-deb", "-R", str(blob(store, row["sha256"])), str(tree))
    control = tree / "DEBIAN/control"
    newer = row["version"] + ".1"
    text = control.read_text(encoding="utf-8")
    control.write_text(text.replace(f"Version: {row['version']}\n", f"Version: {newer}\n"))
    deb = temporary / "changed.deb"
    run("dpkg-deb", "--root-owner-group", "-Zxz", "-b", str(tree), str(deb))
    digest = run("sha256sum", str(deb)).split()[0]
    row.update(version=newer, size=deb.stat().st_size, sha256=digest)
    deb.rename(blob(store, digest))
    path = temporary / "changed.lock"
    path.write_text(json.dumps(lock), encoding="utf-8")
    shutil.rmtree(tree)
    return store, path


def _copy(source: str, target: str) -> str:
    if Path(source).stat().st_size < _LINKED:
        return str(shutil.copy2(source, target))
    Path(target).hardlink_to(source)
    return target
