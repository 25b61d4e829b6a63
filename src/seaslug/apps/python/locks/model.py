"""What every lock file comes down to: packages with versions, hashes and file names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from seaslug.apps.python.manifest import Manifest
from seaslug.apps.python.marker import Environment, Requirement, normal
from seaslug.apps.python.target import Target
from seaslug.errors import ProjectError

MAX_PACKAGES = 20_000


@dataclass(frozen=True, slots=True)
class Pin:
    """One package as locked.

    ``hashes`` are ``sha256:<hex>``; ``files`` the names of its files on an index, empty where
    the lock does not tell. ``folder`` is a path in the project that it is built from (``.``
    for the project itself), ``url`` any other place that is not an index.
    """

    name: str
    version: str = ""
    hashes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    folder: str = ""
    url: str = ""

    @property
    def line(self) -> str:
        """The pin as one line of a requirements file."""
        what = f"{self.name} @ {self.url}" if self.url else f"{self.name}=={self.version}"
        return " ".join((what, *(f"--hash={one}" for one in self.hashes)))


@dataclass(frozen=True, slots=True)
class Wanted:
    """For which interpreter, and with which extras and groups of the project."""

    manifest: Manifest
    target: Target
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def environment(self, extra: frozenset[str] = frozenset()) -> Environment:
        """Return the variables of markers for a package that is asked for with *extra*."""
        return self.target.environment(extra=extra)

    def roots(self) -> tuple[Requirement, ...]:
        """Return what the project itself asks for in the image. Raises ProjectError."""
        environment = self.environment(frozenset(map(normal, self.extras)))
        asked = self.manifest.asked(self.extras, self.groups)
        return tuple(one for one in asked if one.wanted(environment))


def stale(where: str, why: str, command: str) -> ProjectError:
    """Return the error of a lock that does not fit its manifest; *command* renews it."""
    return ProjectError(f"the lock does not fit the project: {why}", where=where, hint=command)


def agree(where: str, wanted: Wanted, pins: Iterable[Pin], command: str) -> None:
    """Raise ProjectError unless *pins* hold all that the project asks for, as it asks for it."""
    have = {pin.name: pin for pin in pins}
    wrong = []
    for one in wanted.roots():
        pin = have.get(one.name)
        if pin is None:
            if one.name != wanted.manifest.name:
                wrong.append(f"{one.name} is not in it")
        elif pin.version and not one.url and not one.specifier.contains(pin.version):
            wrong.append(f"{one.name} {pin.version} is not {one.specifier}")
    if wrong:
        raise stale(where, ", ".join(dict.fromkeys(wrong)), command)


def rows(data: Mapping[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    """Return the tables under *key*. Raises ProjectError for anything else, or too many."""
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise ProjectError(f"{key} must be a list of tables", where=where, hint="make it anew")
    if len(value) > MAX_PACKAGES:
        raise ProjectError(f"{len(value)} packages are too many", where=where)
    return value


def tables(value: Any) -> list[dict[str, Any]]:
    """Return the tables of a list, leaving out what is none."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def texts(values: Iterable[Any]) -> tuple[str, ...]:
    """Return the texts among *values*, each once and sorted."""
    return tuple(sorted({value for value in values if isinstance(value, str) and value}))


def basename(address: object) -> str:
    """Return the file name at the end of an address or path."""
    from urllib.parse import unquote

    return unquote(str(address or "").split("#")[0].split("?")[0].rpartition("/")[2])
