"""podman's registries.conf, version 2: mirrors, other locations, insecure and blocked registries.

The user's file stands in for the machine's; files of ``registries.conf.d`` come on top, the
user's last. See containers-registries.conf(5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seaslug.adapters.registry.machine import Machine, read_toml
from seaslug.errors import RegistryError, UsageError

_NAME = "containers/registries.conf"


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where else a registry's images are: ``HOST[:PORT][/PATH]``. *only* as Endpoint has it."""

    location: str
    insecure: bool
    only: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What is said of images whose names begin with *prefix*, ``HOST[:PORT][/PATH]``."""

    prefix: str
    location: str
    insecure: bool
    mirrors: tuple[Mirror, ...]


def find(host: str, repository: str, machine: Machine) -> Rule | None:
    """Return the rule with the longest prefix of ``host/repository``.

    Raises UsageError for a file that cannot be read, RegistryError where it says "blocked".
    """
    name = f"{host}/{repository}" if repository else host
    best: tuple[int, Path, str, dict[str, Any]] | None = None
    for path, prefix, table in _tables(machine):
        size = _fits(prefix, name)
        # A later file has the last word about the same prefix.
        if size and (best is None or size >= best[0]):
            best = (size, path, prefix, table)
    if best is None:
        return None
    _, path, prefix, table = best
    if table.get("blocked"):
        raise RegistryError(f"{prefix} is blocked here", where=str(path))
    # A wildcard stands for the host itself.
    literal = host if prefix.startswith("*.") else prefix
    only = "digest-only" if table.get("mirror-by-digest-only") else ""
    mirrors = tuple(_mirror(path, row, only) for row in _rows(path, table, "mirror"))
    location = "" if prefix.startswith("*.") and not table.get("location") else (
        _text(path, table, "location")
    )  # fmt: skip
    return Rule(literal, location, bool(table.get("insecure")), mirrors)


def _fits(prefix: str, name: str) -> int:
    """Return how much of *name* the *prefix* covers, 0 if it does not fit."""
    if prefix.startswith("*."):
        host = name.partition("/")[0].partition(":")[0]
        return len(prefix) - 1 if host.endswith(prefix[1:]) else 0
    return len(prefix) if name == prefix or name.startswith(f"{prefix}/") else 0


def _tables(machine: Machine) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    for path in _files(machine):
        data = read_toml(path) or {}
        for table in _rows(path, data, "registry"):
            prefix = _text(path, table, "prefix") or _text(path, table, "location")
            if not prefix:
                raise UsageError("a [[registry]] without prefix and location", where=str(path))
            yield path, prefix.rstrip("/"), table


def _files(machine: Machine) -> list[Path]:
    said = machine.environ.get("CONTAINERS_REGISTRIES_CONF")
    if said:
        return [Path(said)]
    homes = (machine.etc, machine.config)
    main = next((base / _NAME for base in reversed(homes) if (base / _NAME).is_file()), None)
    found = [main] if main else []
    for base in homes:
        found += sorted((base / f"{_NAME}.d").glob("*.conf"))
    return found


def _rows(path: Path, table: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = table.get(key, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"{key} must be written as [[{key}]]", where=str(path))
    return rows


def _mirror(path: Path, row: dict[str, Any], only: str) -> Mirror:
    location = _text(path, row, "location").rstrip("/")
    if not location or "://" in location:
        raise UsageError("a mirror's location reads HOST[:PORT][/PATH]", where=str(path))
    kind = only or _text(path, row, "pull-from-mirror") or "all"
    return Mirror(location, bool(row.get("insecure")), kind)


def _text(path: Path, table: dict[str, Any], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise UsageError(f"{key} must be a text", where=str(path))
    return value
