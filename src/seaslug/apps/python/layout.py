"""Where a project's own code goes: installed as a package, or copied as it lies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from seaslug.apps.project import Project
from seaslug.apps.python.manifest import Manifest, table
from seaslug.apps.python.plan import LOCKS
from seaslug.values.tree import Entry

_CONFIGURED = (
    ("setuptools", "packages"), ("setuptools", "py-modules"), ("setuptools", "package-dir"),
    ("hatch", "build"), ("poetry", "packages"), ("flit", "module"), ("pdm", "build"),
    ("uv", "build-backend"), ("maturin",), ("scikit-build",), ("meson-python",),
)  # fmt: skip
_TOP = re.compile(r"(\w+)(?:/__init__)?\.py\Z")
_INNER = re.compile(r"src/\w+(?:/__init__)?\.py\Z")
# Nobody's program reads them, and they would change the layer when a dependency does.
_LEFT_OUT = re.compile(
    r"(?:" + "|".join(map(re.escape, LOCKS)) + r"|pylock\.[^/]+\.toml|Pipfile|\.python-version"
    r"|requirements[^/]*\.(?:txt|in)|constraints[^/]*\.txt|requirements/.*)\Z"
)


def packaged(project: Project, manifest: Manifest) -> bool:
    """Tell whether the project is built and installed, because there is a package to build."""
    if not manifest.packaged or project.has("manage.py"):
        return False
    if manifest.scripts or any(_has(manifest.data, keys) for keys in _CONFIGURED):
        return True
    if project.has("setup.py", "setup.cfg"):
        return True
    name = _plain(manifest.name)
    tops = (found[1] for entry in project.tree if (found := _TOP.match(entry.path)))
    return any(_plain(top) == name for top in tops) or any(
        _INNER.match(entry.path) for entry in project.tree.under("src")
    )


def _has(data: Mapping[str, Any], keys: tuple[str, ...]) -> bool:
    return keys[-1] in table(data, "tool", *keys[:-1])


def _plain(name: str) -> str:
    return re.sub(r"[-_.]", "", name).lower()


def copied(project: Project) -> tuple[Entry, ...]:
    """Return the files of the project that go into the image where they lie."""
    return tuple(e for e in project.tree if not _LEFT_OUT.match(e.path))
