"""Node.js packages: a package.json that has a name and a version.

A package.json without them only says how the files beside it are to be read.
"""

from __future__ import annotations

import json

from seaslug.anatomy.packages.model import Library, sound


def tells(path: str) -> bool:
    """Tell whether the file at *path* may be a package's manifest."""
    return path.rpartition("/")[2] == "package.json"


def libraries(data: bytes) -> tuple[Library, ...]:
    """Return the package of the manifest *data*."""
    try:
        row = json.loads(data)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(row, dict):
        return ()
    name, version = sound(row.get("name")), sound(row.get("version"))
    return (Library("npm", name, version),) if name and version else ()
