"""Debian as its slim images are: mmdebstrap's minbase, from the machine's own apt sources."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from support.clients import run
from support.real import missing

_APT = Path("/etc/apt")


def minbase(folder: Path) -> Path:
    """Return a tar of the root; it is kept beside ``$SEASLUG_TEST_HOME`` where that is set."""
    kept = os.environ.get("SEASLUG_TEST_HOME")
    made = Path(f"{kept}-minbase.tar") if kept else folder / "minbase.tar"
    if not made.exists():
        sources = [*(_APT / "sources.list.d").glob("*.sources"),
                   *(_APT / "sources.list.d").glob("*.list"), _APT / "sources.list"]  # fmt: skip
        there = [path for path in sources if path.is_file()]
        if not there:
            missing("no apt sources")
        part = made.with_suffix(".part.tar")
        suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
        run("mmdebstrap", "-q", "--variant=minbase", "--format=tar", suite, part, *there)
        part.replace(made)
    return made
