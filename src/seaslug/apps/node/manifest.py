"""What a package.json says, checked once; the rest of the code sees typed values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seaslug.apps.node.trouble import fail
from seaslug.errors import ProjectError

Pairs = tuple[tuple[str, str], ...]
NAME = "package.json"
GROUPS = ("dependencies", "optionalDependencies", "devDependencies", "peerDependencies")
_MAPS = (*GROUPS, "scripts", "engines")


@dataclass(frozen=True, slots=True)
class Manifest:
    """``bin`` are names and files; ``manager`` is packageManager, e.g. ``pnpm@10.1.0``.

    ``overrides`` tells that versions are replaced, so that a lock says other ranges.
    """

    where: str = NAME
    name: str = ""
    main: str = ""
    bin: Pairs = ()
    scripts: Pairs = ()
    node: str = ""
    manager: str = ""
    volta: str = ""
    dependencies: Pairs = ()
    optional: Pairs = ()
    dev: Pairs = ()
    peer: Pairs = ()
    workspaces: bool = False
    overrides: bool = False

    def needs(self, name: str) -> bool:
        """Tell whether *name* is among the dependencies of production."""
        return name in dict(self.dependencies) or name in dict(self.optional)

    def uses(self, name: str) -> bool:
        """Tell whether *name* is among any dependencies."""
        return self.needs(name) or name in dict(self.dev)

    def script(self, name: str) -> str:
        """Return the script called *name*, or an empty string."""
        return dict(self.scripts).get(name, "")


def read_json(text: str, where: str) -> Any:
    """Return what a JSON text says. Raises ProjectError with file and line."""
    try:
        return json.loads(text)
    except ValueError as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        what = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise ProjectError(f"not JSON: {what}", where=f"{where}{line}") from None
    except RecursionError:
        raise ProjectError("not JSON that can be read: nested too deeply", where=where) from None


def parse(text: str, where: str = NAME) -> Manifest:
    """Return the manifest in *text*. Raises ProjectError, all mistakes at once."""
    data = read_json(text, where)
    if not isinstance(data, dict):
        raise ProjectError("must be an object", where=where)
    fail(_problems(data, where))
    bins = data.get("bin", {})
    if isinstance(bins, str):
        bins = {str(data.get("name", "app")).rpartition("/")[2]: bins}
    pnpm = data.get("pnpm")
    return Manifest(
        where=where,
        name=data.get("name", ""),
        main=data.get("main", ""),
        bin=_pairs(bins),
        scripts=_pairs(data.get("scripts")),
        node=dict(_pairs(data.get("engines"))).get("node", ""),
        manager=data.get("packageManager", ""),
        volta=dict(_pairs(data.get("volta"))).get("node", ""),
        dependencies=_pairs(data.get("dependencies")),
        optional=_pairs(data.get("optionalDependencies")),
        dev=_pairs(data.get("devDependencies")),
        peer=_pairs(data.get("peerDependencies")),
        workspaces=bool(data.get("workspaces")),
        overrides=any(data.get(key) for key in ("overrides", "resolutions"))
        or (isinstance(pnpm, dict) and bool(pnpm.get("overrides"))),
    )


def _problems(data: Mapping[str, Any], where: str) -> list[ProjectError]:
    found = []
    for key in ("name", "main", "packageManager"):
        if not isinstance(data.get(key, ""), str):
            found.append(ProjectError(f"{key} must be text", where=where))
    for key in _MAPS:
        value = data.get(key, {})
        if not isinstance(value, dict):
            found.append(ProjectError(f"{key} must be an object", where=where))
            continue
        wrong = [name for name, text in value.items() if not isinstance(text, str)]
        found += [ProjectError(f"{key}.{name} must be text", where=where) for name in wrong]
    if not isinstance(data.get("bin", ""), (str, dict)):
        found.append(ProjectError("bin must be text or an object", where=where))
    return found


def _pairs(value: Any) -> Pairs:
    rows = value.items() if isinstance(value, dict) else ()
    return tuple((name, text) for name, text in rows if isinstance(text, str))
