"""Which Debian release has the symbol versions that a program needs.

The facts are in ``data/releases.toml``. A version that names no library of the C or C++
runtime (``OPENSSL_3.0.0``) is not judged here: that library's own package is.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from seaslug.apps.native.needs import Wanted

DATA = os.path.join(os.path.dirname(__file__), "data")
PRIVATE = "GLIBC_PRIVATE"
_NUMBERED = re.compile(r"(GLIBC|GLIBCXX|CXXABI|GCC)_([0-9]+(?:\.[0-9]+)*)\Z")
_ABI = "GLIBC_ABI_"
_LIBRARIES = {"GLIBC": "glibc", "GLIBCXX": "libstdc++", "CXXABI": "libstdc++", "GCC": "libgcc"}


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a release's C and C++ libraries define: the newest of each kind, and bare names."""

    name: str
    newest: tuple[tuple[str, str], ...]
    names: frozenset[str]

    def has(self, version: str) -> bool:
        """Tell whether *version* is defined, as far as it is one of these libraries'."""
        found = _NUMBERED.match(version)
        if found:
            return _key(found[2]) <= _key(dict(self.newest)[found[1]])
        if version.startswith(_ABI):
            return version in self.names
        return version != PRIVATE


@dataclass(frozen=True, slots=True)
class Problem:
    """A version that a release does not have, and what that release has instead."""

    by: str
    library: str
    version: str
    has: str


@cache
def runtimes() -> dict[str, Runtime]:
    """Return what is known of the Debian releases, oldest first."""
    with open(os.path.join(DATA, "releases.toml"), "rb") as file:
        table = tomllib.load(file)
    return {name: _runtime(name, row) for name, row in table.items()}


def fits(versions: Iterable[Wanted], distribution: str) -> tuple[Problem, ...]:
    """Return the versions that *distribution* lacks; nothing if all of them are there."""
    runtime = runtimes()[distribution]
    return tuple(
        Problem(one.by, one.library, one.version, _instead(runtime, one.version))
        for one in versions
        if not runtime.has(one.version)
    )


def oldest_fitting(versions: Iterable[Wanted]) -> str:
    """Return the oldest release that has all *versions*, an empty string if none has."""
    wanted = tuple(versions)
    return next((name for name in runtimes() if not fits(wanted, name)), "")


def newest_of(versions: Iterable[Wanted]) -> tuple[Wanted, ...]:
    """Return the highest version of each kind (GLIBC, GLIBCXX ...) that is needed."""
    best: dict[str, tuple[tuple[int, ...], Wanted]] = {}
    for one in versions:
        found = _NUMBERED.match(one.version)
        if found and (found[1] not in best or best[found[1]][0] < _key(found[2])):
            best[found[1]] = (_key(found[2]), one)
    return tuple(best[kind][1] for kind in _LIBRARIES if kind in best)


def _instead(runtime: Runtime, version: str) -> str:
    found = _NUMBERED.match(version)
    if not found:
        return ""
    return f"{_LIBRARIES[found[1]]} has {found[1]}_{dict(runtime.newest)[found[1]]}"


def _runtime(name: str, row: dict[str, Any]) -> Runtime:
    newest = tuple((kind, row[kind]) for kind in _LIBRARIES)
    return Runtime(name, newest, frozenset(row["names"]))


@cache
def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
