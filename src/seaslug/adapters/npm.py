"""Programs from the npm registry: the newest release of a major version, checked by integrity.

The registry is the one that npm itself is set up to use; none is built in.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from seaslug.adapters.http import Fetcher
from seaslug.adapters.store import Store
from seaslug.errors import IntegrityError, NetworkError, ResolveError, UsageError
from seaslug.ports import Listener, Stored
from seaslug.values.debian import Package

MAX_METADATA = 64 << 20
MAX_TARBALL = 1 << 30
_ABBREVIATED = {"Accept": "application/vnd.npm.install-v1+json"}
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)\Z")


def registry(environ: Mapping[str, str] = os.environ, etc: Path = Path("/etc")) -> str:
    """Return the address of the npm registry. Raises UsageError if none is configured."""
    found = environ.get("SEASLUG_NPM_REGISTRY") or environ.get("npm_config_registry") or ""
    home = environ.get("HOME", "")
    files = [Path(environ.get("NPM_CONFIG_USERCONFIG", f"{home}/.npmrc")), etc / "npmrc"]
    found = found or next(filter(None, map(_from_file, files)), "") or _from_npm()
    if not found.startswith(("http://", "https://", "file://")):
        raise UsageError(
            "official Node.js binaries come from the npm registry, and none is configured",
            hint="set SEASLUG_NPM_REGISTRY, or install npm, which knows its registry",
        )
    return found.rstrip("/")


class NpmRegistry:
    """An npm registry as a source of packages whose archive is called ``npm``."""

    def __init__(
        self, store: Store, fetcher: Fetcher, listener: Listener, *, offline: bool = False
    ) -> None:
        self.store, self.fetcher, self.listener = store, fetcher, listener
        self.offline = offline

    def resolve(self, package: str, major: str) -> Package:
        """Return the newest release of *major* of *package*; its file is in the store then.

        Raises ResolveError, NetworkError, IntegrityError.
        """
        version, dist = self._newest(package, major)
        stored = self._fetched(package, version, dist)
        path = f"{package}/-/{package}-{version}.tgz"
        return Package(
            package, version, "any", "npm", path, stored.size, stored.digest, f"node ({version})", 0
        )

    def fetch(self, package: Package) -> Stored:
        """Return the file of a package that a lock names, fetched if it is not in the store."""
        found = self.store.find(package.digest)
        if found is not None and found.size == package.size:
            return found
        self._refuse_offline(package.name)
        url = f"{registry()}/{package.path}"
        task = f"{package.name} {package.version}"

        def once() -> Stored:
            body = self._counted(url, package.size, task)
            return self.store.put_verified(body, package.digest, package.size)

        return self.fetcher.insist(url, once)

    def _newest(self, package: str, major: str) -> tuple[str, dict[str, Any]]:
        self._refuse_offline(package)
        url = f"{registry()}/{quote(package, safe='@')}"
        try:
            data = json.loads(self.fetcher.get(url, MAX_METADATA, _ABBREVIATED))
            versions = {v: dict(row.get("dist", {})) for v, row in data["versions"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NetworkError("answers with something that is no package", where=url) from None
        fits = [m for m in map(_VERSION.match, versions) if m and m[1] == major]
        if not fits:
            known = sorted({m[1] for m in map(_VERSION.match, versions) if m}, key=int)
            raise ResolveError(
                f"{package} has no release of major version {major}",
                hint="it has " + ", ".join(known),
            )
        best = max(fits, key=lambda m: tuple(map(int, m.groups())))[0]
        return best, versions[best]

    def _fetched(self, package: str, version: str, dist: Mapping[str, Any]) -> Stored:
        integrity = str(dist.get("integrity", ""))
        algorithm, _, expected = integrity.partition("-")
        try:
            wanted = base64.b64decode(expected, validate=True)
        except ValueError:
            wanted = b""
        if algorithm != "sha512" or len(wanted) != 64:
            raise IntegrityError(f"{package} {version} has no sha512 integrity")
        name = f"{package}-{version}.tgz"
        url = f"{registry()}/{package}/-/{urlsplit(name).path}"
        task = f"{package} {version}"

        def once() -> Stored:
            return self.store.put(self._integral(url, wanted, task))

        self.listener.begin(task)
        try:
            return self.fetcher.insist(url, once)
        finally:
            self.listener.end(task)

    def _integral(self, url: str, expected: bytes, task: str) -> Iterator[bytes]:
        """Yield the file; raises IntegrityError at its end, before anything of it is kept."""
        hasher = hashlib.sha512()
        for chunk in self._counted(url, MAX_TARBALL, task):
            hasher.update(chunk)
            yield chunk
        if hasher.digest() != expected:
            raise IntegrityError("differs from its integrity hash", where=url)

    def _counted(self, url: str, limit: int, task: str) -> Iterator[bytes]:
        for chunk in self.fetcher.stream(url, limit=limit):
            self.listener.advance(task, len(chunk))
            yield chunk

    def _refuse_offline(self, package: str) -> None:
        if self.offline:
            raise NetworkError(
                f"{package} is not in the store, and --offline forbids fetching",
                hint="run it once without --offline",
            )


def _from_file(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(r"^\s*registry\s*=\s*(\S+)", text, re.MULTILINE)
    return found[1] if found else ""


def _from_npm() -> str:
    program = shutil.which("npm")
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, "config", "get", "registry"], capture_output=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()
