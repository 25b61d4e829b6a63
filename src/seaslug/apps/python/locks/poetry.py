"""``poetry.lock`` of any of its formats, walked from the project's own dependencies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from seaslug.apps.python.locks.model import Pin, Wanted, rows, stale, tables, texts
from seaslug.apps.python.manifest import table
from seaslug.apps.python.marker import Requirement, holds, normal, requirement
from seaslug.apps.python.poetry import constraint, entries, optional
from seaslug.errors import ProjectError

RENEW = "poetry lock"
_OLD_KEYS = ("dependencies", "source", "extras", "dev-dependencies")

Package = dict[str, Any]


def read(data: Mapping[str, Any], where: str, wanted: Wanted) -> tuple[Pin, ...]:
    """Return the packages for the interpreter of *wanted*. Raises ProjectError."""
    metadata = table(data, "metadata")
    if not str(metadata.get("lock-version", "")).startswith(("1.", "2.")):
        raise ProjectError("its format is not known", where=where, hint=RENEW)
    known = str(metadata.get("content-hash", ""))
    if known and known not in content_hashes(wanted.manifest.data):
        raise stale(where, "pyproject.toml was changed after it was made", RENEW)
    packages: dict[str, list[Package]] = {}
    for package in rows(data, "package", where):
        packages.setdefault(normal(str(package.get("name", ""))), []).append(package)
    old_files = table(metadata, "files")
    return tuple(_pin(package, old_files) for package in _walk(packages, where, wanted))


def content_hashes(data: Mapping[str, Any]) -> frozenset[str]:
    """Return the hashes that Poetry's versions give to the parts of a pyproject.toml that count."""
    own, old = table(data, "project"), table(data, "tool", "poetry")
    project = {key: own[key] for key in ("requires-python", "dependencies", "optional-dependencies")
               if own.get(key) is not None}  # fmt: skip
    found = set()
    for groups in ({}, table(data, "dependency-groups")):
        # The first releases with [project] wrote the older keys even where they are empty.
        for slim in (True, False):
            found.add(_content_hash(project, groups, old, slim))
    found.add(_content_hash({}, {}, old, False))
    plain = {key: old.get(key) for key in _OLD_KEYS}
    found.add(_hash(plain))
    return frozenset(found)


def _content_hash(
    project: Mapping[str, Any], groups: Mapping[str, Any], old: Mapping[str, Any], slim: bool
) -> str:
    lean = slim and bool(project or groups)
    kept = {key: old.get(key) for key in (*_OLD_KEYS, "group")
            if old.get(key) is not None or (key in _OLD_KEYS and not lean)}  # fmt: skip
    parts: dict[str, Any] = {}
    if project:
        parts["project"] = project
    if groups:
        parts["dependency-groups"] = groups
    return _hash({**parts, "tool": {"poetry": kept}} if parts else kept)


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _walk(packages: Mapping[str, list[Package]], where: str, wanted: Wanted) -> tuple[Package, ...]:
    todo = list(wanted.roots())
    seen: dict[int, tuple[Package, set[str]]] = {}
    while todo:
        one = todo.pop()
        package = _choose(packages, one, wanted)
        if package is None:
            raise stale(where, f"{one.name} is not in it", RENEW)
        first = id(package) not in seen
        _, done = seen.setdefault(id(package), (package, set()))
        fresh = set(one.extras) - done
        done |= fresh
        if first or fresh:
            todo += _needs(package, done, wanted)
    found = [package for package, _ in seen.values()]
    return tuple(sorted(found, key=lambda p: normal(str(p.get("name", "")))))


def _choose(
    packages: Mapping[str, list[Package]], one: Requirement, wanted: Wanted
) -> Package | None:
    found = packages.get(one.name, [])
    if len(found) > 1:
        environment = wanted.environment(frozenset(map(normal, wanted.extras)))
        fit = [
            p
            for p in found
            if one.specifier.contains(str(p.get("version", "")))
            and holds(_marker(p), environment)
            and _python(p, wanted)
        ]
        found = fit or found
    return found[0] if found else None


def _marker(package: Package) -> str:
    """Return a package's markers: a text, or one text per group."""
    markers = package.get("markers", "")
    if isinstance(markers, dict):
        return " or ".join(f"({text})" for text in markers.values() if text) or ""
    return str(markers)


def _python(package: Package, wanted: Wanted) -> bool:
    any_of = constraint(str(package.get("python-versions", "*")))
    return not any_of or any(one.contains(wanted.target.full) for one in any_of)


def _needs(package: Package, extras: set[str], wanted: Wanted) -> Iterator[Requirement]:
    data = table(package, "dependencies")
    only = optional(data)
    known = {normal(name): value for name, value in table(package, "extras").items()}
    brought = {normal(one.name) for extra in extras for text in known.get(extra, ())
               if (one := requirement(_modern(str(text)))) is not None}  # fmt: skip
    environment = wanted.environment(frozenset(extras))
    for one in entries(data):
        if (one.name not in only or one.name in brought) and one.wanted(environment):
            yield one


def _modern(text: str) -> str:
    """Return ``name[extra] (>=1) ; marker`` with the brackets that only old metadata has gone."""
    head, _, marker = text.partition(";")
    return head.replace("(", "").replace(")", "").strip() + (f" ; {marker}" if marker else "")


def _pin(package: Package, old_files: Mapping[str, Any]) -> Pin:
    name, version = str(package.get("name", "")), str(package.get("version", ""))
    files = tables(package.get("files")) or tables(old_files.get(name))
    hashes = texts(row.get("hash") for row in files)
    names = texts(row.get("file") for row in files)
    source = table(package, "source")
    kind, url = source.get("type"), str(source.get("url", ""))
    if kind in ("directory", "file"):
        return Pin(normal(name), version, folder=url)
    if kind == "git":
        commit = source.get("resolved_reference") or source.get("reference", "")
        return Pin(normal(name), version, url=f"git+{url}@{commit}")
    if kind == "url":
        return Pin(normal(name), version, hashes, names, url=url)
    return Pin(normal(name), version, hashes, names)
