"""The libraries of the family's own packages: for these no index of the archive is needed."""

from __future__ import annotations

import fnmatch
import os
import tomllib
from collections.abc import Callable
from functools import cache
from typing import Any

from seaslug.apps.native.glibc import DATA
from seaslug.ports import Contents


def known(soname: str, distribution: str) -> str:
    """Return the package that has *soname* in *distribution*, empty if it is not in the table."""
    for part in (distribution, "common"):
        for pattern, package in _table().get(part, {}).items():
            if fnmatch.fnmatchcase(soname, pattern):
                return str(package)
    return ""


def providers(distribution: str, contents: Contents) -> Callable[[str], tuple[str, ...]]:
    """Return a look-up by soname that asks *contents* only for what is not in the table.

    The index behind *contents* has to be fetched once; common libraries do without.
    """

    def found(soname: str) -> tuple[str, ...]:
        package = known(soname, distribution)
        return (package,) if package else contents.providers(soname)

    return found


def releases_with(soname: str) -> tuple[str, ...]:
    """Return the distributions whose own table has *soname*."""
    return tuple(
        name
        for name, row in _table().items()
        if name not in ("common", "depends") and any(fnmatch.fnmatchcase(soname, p) for p in row)
    )


def brings(package: str, distribution: str) -> frozenset[str]:
    """Return what *package* brings along by its dependencies, where that matters for a base."""
    return frozenset(_table()["depends"].get(distribution, {}).get(package, ()))


def rows(distribution: str) -> dict[str, str]:
    """Return every pattern of a soname with its package, for *distribution*."""
    table = _table()
    return {**table["common"], **table.get(distribution, {})}


@cache
def _table() -> dict[str, Any]:
    with open(os.path.join(DATA, "sonames.toml"), "rb") as file:
        return tomllib.load(file)
