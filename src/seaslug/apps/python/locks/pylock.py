"""``pylock.toml`` (PEP 751): a flat list of packages with markers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seaslug.apps.python.locks.model import Pin, Wanted, agree, basename, rows, tables, texts
from seaslug.apps.python.manifest import table
from seaslug.apps.python.marker import holds, normal
from seaslug.apps.python.version import Specifier
from seaslug.errors import ProjectError

RENEW = "make it anew with the tool that made it (uv export --format pylock.toml, pip lock)"


def read(data: Mapping[str, Any], where: str, wanted: Wanted) -> tuple[Pin, ...]:
    """Return the packages for the interpreter of *wanted*. Raises ProjectError."""
    if not str(data.get("lock-version", "")).startswith("1."):
        raise ProjectError(
            f"lock-version {data.get('lock-version')!r} is not known", where=where, hint=RENEW
        )
    bounds = Specifier.parse(str(data.get("requires-python", "")))
    if bounds is not None and not bounds.contains(wanted.target.full):
        raise ProjectError(
            f"it is for Python {bounds}, not {wanted.target.full}", where=where, hint=RENEW
        )
    groups = data.get("default-groups")
    groups = groups if isinstance(groups, list) else []
    environment = wanted.target.environment(
        extras=frozenset(map(normal, wanted.extras)),
        dependency_groups=frozenset(normal(str(g)) for g in (*groups, *wanted.groups)),
    )
    pins = [
        _pin(package)
        for package in rows(data, "packages", where)
        if holds(str(package.get("marker", "")), environment) and _python(package, wanted)
    ]
    twice = sorted({p.name for p in pins if sum(q.name == p.name for q in pins) > 1})
    if twice:
        raise ProjectError(
            f"more than one {', '.join(twice)} for this platform", where=where, hint=RENEW
        )
    agree(where, wanted, pins, RENEW)
    return tuple(sorted((p for p in pins if p.folder != "."), key=lambda pin: pin.name))


def _python(package: Mapping[str, Any], wanted: Wanted) -> bool:
    bounds = Specifier.parse(str(package.get("requires-python", "")))
    return bounds is None or bounds.contains(wanted.target.full)


def _pin(package: Mapping[str, Any]) -> Pin:
    name, version = normal(str(package.get("name", ""))), str(package.get("version", ""))
    folder, vcs, archive = (table(package, key) for key in ("directory", "vcs", "archive"))
    if folder:
        return Pin(name, version, folder=str(folder.get("path", "")))
    if vcs:
        place = f"{vcs.get('type', 'git')}+{vcs.get('url', '')}@{vcs.get('commit-id', '')}"
        return Pin(name, version, url=place)
    files = [*tables(package.get("wheels")), table(package, "sdist"), archive]
    hashes = texts(
        f"{kind}:{value}"
        for row in files
        for kind, value in table(row, "hashes").items()
        if kind in ("sha256", "sha384", "sha512")
    )
    names = texts(
        row.get("name") or basename(row.get("url") or row.get("path")) for row in files if row
    )
    if archive:
        if archive.get("path"):
            return Pin(name, version, hashes, folder=str(archive["path"]))
        return Pin(name, version, hashes, names, url=str(archive.get("url", "")))
    return Pin(name, version, hashes, names)
