"""``Pipfile.lock``: categories of packages with hashes, and the hash of the Pipfile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from seaslug.apps.python.locks.model import Pin, Wanted, stale, texts
from seaslug.apps.python.manifest import table
from seaslug.apps.python.marker import holds, normal
from seaslug.errors import ProjectError

RENEW = "pipenv lock"
_SECTIONS = ("source", "packages", "dev-packages", "requires", "scripts", "pipfile", "pipenv",
             "default", "develop")  # fmt: skip


def read(data: Mapping[str, Any], where: str, wanted: Wanted) -> tuple[Pin, ...]:
    """Return the packages for the interpreter of *wanted*. Raises ProjectError."""
    known = str(table(data, "_meta", "hash").get("sha256", ""))
    pipfile = wanted.manifest.pipfile
    if pipfile and known and known != content_hash(pipfile):
        raise stale(where, "the Pipfile was changed after it was made", RENEW)
    found: dict[str, Pin] = {}
    for category in ("default", *wanted.groups):
        section = "develop" if category == "dev" else category
        if section not in data:
            raise ProjectError(f"no category {category!r}", where=where, hint=RENEW)
        for name, row in table(data, section).items():
            if isinstance(row, dict) and holds(str(row.get("markers", "")), wanted.environment()):
                found[normal(name)] = _pin(normal(name), row)
    return tuple(found[name] for name in sorted(found))


def content_hash(pipfile: Mapping[str, Any]) -> str:
    """Return the hash that Pipenv gives to a Pipfile."""
    data: dict[str, Any] = {
        "_meta": {"sources": pipfile.get("source", []), "requires": pipfile.get("requires", {})},
        "default": pipfile.get("packages", {}),
        "develop": pipfile.get("dev-packages", {}),
    }
    data.update({key: value for key, value in pipfile.items() if key not in _SECTIONS})
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _pin(name: str, row: Mapping[str, Any]) -> Pin:
    version = str(row.get("version", "")).removeprefix("==")
    hashes = texts(row["hashes"]) if isinstance(row.get("hashes"), list) else ()
    if "path" in row:
        return Pin(name, version, folder=str(row["path"]))
    if "git" in row:
        return Pin(name, version, url=f"git+{row['git']}@{row.get('ref', '')}")
    return Pin(name, version, hashes, url=str(row.get("file", "")))
