"""The real Debian archive, asked as the tool asks it; what is in its packages."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path

from seaslug.adapters.archive import DebianArchive, Trust
from seaslug.adapters.http import Fetcher
from seaslug.adapters.mirrors import find
from seaslug.adapters.openpgp import Verifier
from seaslug.adapters.store import Store
from seaslug.deb.binary import Binary, read
from seaslug.deb.package import Deb
from seaslug.errors import NetworkError
from seaslug.ports import Silent
from seaslug.tar.reader import members
from seaslug.values.content import Inline
from seaslug.values.tree import Kind
from support.real import missing


@functools.cache
def debian(folder: Path) -> DebianArchive:
    """Return the archive; without a mirror the running test is skipped, or fails in CI.

    It is kept in ``$SEASLUG_TEST_HOME`` where that is set, else in *folder*.
    """
    mirrors = find()
    if not mirrors.bases.get("debian"):
        missing("no Debian mirror is configured")
    home = Path(os.environ.get("SEASLUG_TEST_HOME") or folder / "archive-home")
    archive = DebianArchive(
        Store(home), Fetcher(), mirrors, Verifier(), Silent(), Trust(allow_expired=True)
    )
    try:
        archive.release("bookworm")
    except NetworkError as error:
        missing(f"no Debian mirror answers: {error.what}")
    return archive


def libraries(
    archive: DebianArchive, suite: str, arch: str, packages: Sequence[str]
) -> tuple[Binary, ...]:
    """Return the shared libraries of *packages*, read."""
    states, universe = archive.suites([suite], arch)
    wanted = [universe.candidates(name)[0].package for name in packages]
    found = []
    for _, stored in archive.fetch(wanted, states):
        with Deb.open(stored.path) as deb:
            for member in members(deb.data()):
                if member.kind is Kind.FILE and ".so" in member.path.rpartition("/")[2]:
                    binary = read(Inline(b"".join(member.content)))
                    found += [binary] if binary is not None else []
    return tuple(found)
