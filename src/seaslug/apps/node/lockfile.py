"""The lock file of a Node.js project: whose it is, and whether it says what package.json says.

Sources: npm's documentation of package-lock.json, the lock files that pnpm 6 to 11 and
yarn 1 to 4 write. Of the latter two only the lines that are needed are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seaslug.apps.node import semver
from seaslug.apps.node.files import normal
from seaslug.apps.node.manifest import GROUPS, Manifest, Pairs, read_json
from seaslug.apps.project import Project
from seaslug.errors import ProjectError

LIMIT = 64 << 20
_SHOWN = 8
_FILES = {
    "npm-shrinkwrap.json": "npm",
    "package-lock.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
}
_FIX = {
    "npm": "npm install --package-lock-only",
    "pnpm": "pnpm install --lockfile-only",
    "yarn": "yarn install",
    "berry": "yarn install --mode=update-lockfile",
}
_YAML = re.compile(r"( *)(?:'([^']+)'|([^\s:'-][^:]*)):(?: +(.*))?\Z")
_BUN = ("bun.lock", "bun.lockb")


@dataclass(frozen=True, slots=True)
class LockFile:
    """``manager`` is ``npm``, ``pnpm``, ``yarn`` (1) or ``berry`` (yarn 2 and later).

    ``format`` is the version that the file says of itself, as text.
    """

    manager: str
    path: str
    text: str
    format: str = ""

    @property
    def title(self) -> str:
        """The package manager as people call it."""
        return {"yarn": "yarn 1", "berry": "yarn"}.get(self.manager, self.manager)


def find(project: Project, manifest: Manifest) -> LockFile | None:
    """Return the project's lock, None if it has none. Raises ProjectError for more than one."""
    found = [path for path in _FILES if project.has(path)]
    if len(found) > 1 and found[:2] == ["npm-shrinkwrap.json", "package-lock.json"]:
        found.remove("package-lock.json")
    said = manifest.manager.partition("@")[0]
    wanted = [path for path in found if _FILES[path] == said] or found
    if len(wanted) > 1:
        raise ProjectError(
            f"more than one lock file: {', '.join(wanted)}", where=manifest.where,
            hint="delete those that are not used, or set packageManager in package.json",
        )  # fmt: skip
    return _read(project, wanted[0]) if wanted else None


def none(project: Project) -> ProjectError:
    """Return the error for a project that has dependencies and no lock."""
    bun = project.has(*_BUN)
    what = f"{bun} is bun's: no lock of npm, pnpm or yarn" if bun else "dependencies without a lock"
    return ProjectError(
        what, where="package.json", hint=f"make one: {_FIX['npm']}, and keep it with the project"
    )


def _read(project: Project, path: str) -> LockFile:
    text = project.text(path, LIMIT) or ""
    manager = _FILES[path]
    if manager == "npm":
        data = _object(text, path)
        return LockFile(manager, path, text, str(data.get("lockfileVersion", 1)))
    if manager == "pnpm":
        head = re.search(r"^lockfileVersion: *'?([0-9.]+)'?", text, re.MULTILINE)
        return LockFile(manager, path, text, head[1] if head else "")
    berry = re.search(r"^__metadata:\n +version: *([0-9]+)", text, re.MULTILINE)
    return LockFile("berry" if berry else "yarn", path, text, berry[1] if berry else "1")


def disagreements(
    lock: LockFile, manifest: Manifest, members: Mapping[str, Manifest]
) -> list[ProjectError]:
    """Return where the lock and the manifests do not say the same, one error for each lock.

    *members* are the manifests of workspaces by their folder.
    """
    if lock.manager == "npm":
        rows = list(_npm(lock, {"": manifest, **members}))
    elif manifest.overrides:
        rows = []
    elif lock.manager == "pnpm":
        rows = list(_pnpm(lock, manifest))
    else:
        rows = list(_yarn(lock, manifest))
    if not rows:
        return []
    shown = "; ".join(rows[:_SHOWN]) + (f"; and {len(rows) - _SHOWN} more" * (len(rows) > _SHOWN))
    return [
        ProjectError(
            f"does not agree with {manifest.where}: {shown}",
            where=lock.path,
            hint=f"bring it up to date: {_FIX[lock.manager]}",
        )
    ]


def outside(manifest: Manifest) -> list[ProjectError]:
    """Return an error for each dependency that is a folder or archive outside of the project."""
    rows = (*manifest.dependencies, *manifest.optional, *manifest.dev)
    found = [(name, spec) for name, spec in rows if _leaves(*spec.partition(":")[::2])]
    return [
        ProjectError(
            f"{name} is {spec}, which lies outside of the project", where=manifest.where,
            hint="build from a folder that holds both, with workspaces; or publish it",
        )
        for name, spec in found
    ]  # fmt: skip


def _leaves(way: str, path: str) -> bool:
    if way not in ("file", "link", "portal"):
        return False
    return path.startswith(("/", "~")) or normal("", path).startswith("..")


def _object(text: str, where: str) -> dict[str, Any]:
    data = read_json(text, where)
    if not isinstance(data, dict):
        raise ProjectError("must be an object", where=where)
    return data


def _npm(lock: LockFile, manifests: Mapping[str, Manifest]) -> Iterator[str]:
    data = _object(lock.text, lock.path)
    packages = data.get("packages")
    if not isinstance(packages, dict):
        yield from _npm1(data, manifests[""])
        return
    for folder, manifest in manifests.items():
        entry = packages.get(folder)
        if isinstance(entry, dict):
            yield from _maps(entry, manifest)
        elif not folder:
            yield "it has no entry for the project"


def _maps(entry: Mapping[str, Any], manifest: Manifest) -> Iterator[str]:
    groups = (manifest.dependencies, manifest.optional, manifest.dev, manifest.peer)
    for group, pairs in zip(GROUPS, groups, strict=True):
        locked = entry.get(group, {})
        locked = locked if isinstance(locked, dict) else {}
        wanted = dict(pairs)
        if group == "dependencies":
            # npm takes a name that is in both for an optional one.
            wanted = {n: v for n, v in wanted.items() if n not in dict(manifest.optional)}
        yield from _compare(wanted, locked)


def _compare(wanted: Mapping[str, str], locked: Mapping[str, Any]) -> Iterator[str]:
    for name, spec in wanted.items():
        if name not in locked:
            yield f"{name} {spec} is not in the lock"
        elif locked[name] != spec:
            yield f"{name} is {spec}, the lock has {locked[name]}"
    yield from (f"{name} is only in the lock" for name in locked if name not in wanted)


def _npm1(data: Mapping[str, Any], manifest: Manifest) -> Iterator[str]:
    locked = data.get("dependencies", {})
    locked = locked if isinstance(locked, dict) else {}
    for name, spec in (*manifest.dependencies, *manifest.dev):
        entry = locked.get(name)
        if not isinstance(entry, dict):
            yield f"{name} {spec} is not in the lock"
            continue
        wanted, has = semver.parse(spec), semver.version(str(entry.get("version", "")))
        if wanted and has and not wanted.allows(has):
            yield f"{name} is {spec}, the lock has {has}"


def _pnpm(lock: LockFile, manifest: Manifest) -> Iterator[str]:
    locked = dict(pnpm_specifiers(lock.text))
    wanted = dict((*manifest.dev, *manifest.dependencies, *manifest.optional))
    peers = dict(manifest.peer)
    for row in _compare(wanted, locked):
        # Peers are installed and locked by themselves.
        if row.partition(" ")[0] not in peers:
            yield row


def pnpm_specifiers(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name, specifier) of the project itself in a pnpm-lock.yaml of any format."""
    keys: list[str] = []
    for line in text.splitlines():
        found = _YAML.match(line)
        depth = len(found[1]) // 2 if found else len(keys) + 1
        if found is None or depth > len(keys):
            continue
        keys[depth:] = [found[2] or found[3]]
        if keys[0] in ("packages", "snapshots"):
            return
        path, value = keys, _plain(found[4] or "")
        if keys[0] == "importers":
            path = keys[2:] if keys[1:2] == ["."] else []
        new = len(path) == 3 and path[0] in GROUPS and path[2] == "specifier"
        if new or (len(path) == 2 and path[0] == "specifiers"):
            yield path[1], value


def _plain(text: str) -> str:
    text = text.strip()
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return text[1:-1] if quoted else text


def _yarn(lock: LockFile, manifest: Manifest) -> Iterator[str]:
    locked = set(yarn_keys(lock.text))
    names = {key[: key.index("@", 1)] for key in locked if "@" in key[1:]}
    for name, spec in (*manifest.dependencies, *manifest.optional, *manifest.dev):
        if spec.startswith(("workspace:", "file:", "link:", "portal:", "patch:", "catalog:")):
            continue
        if f"{name}@{spec}" in locked or f"{name}@npm:{spec}" in locked:
            continue
        other = " with that range" if name in names else ""
        if name in names or semver.parse(spec) is not None:
            yield f"{name} {spec} is not in the lock{other}"


def yarn_keys(text: str) -> Iterator[str]:
    """Yield every ``name@range`` that a yarn.lock of any version has an entry for."""
    for line in text.splitlines():
        if not line or line[0] in " #" or not line.endswith(":"):
            continue
        for key in line[:-1].split(","):
            yield key.strip().strip('"').strip()


def optional_builds(lock: LockFile) -> dict[str, tuple[tuple[str, ...], Pairs]]:
    """Return by package of an npm lock which builds it asks for, and cpu of those locked.

    ``{"sharp": (("@img/sharp-linux-x64", ...), (("@img/sharp-linux-x64", "x64"), ...))}``
    """
    if lock.manager != "npm":
        return {}
    packages = _object(lock.text, lock.path).get("packages")
    rows = packages if isinstance(packages, dict) else {}
    cpus: dict[str, str] = {}
    for path, row in rows.items():
        cpu = row.get("cpu") if isinstance(row, dict) else None
        if isinstance(cpu, list):
            cpus[_package(path)] = ",".join(map(str, cpu))
    found = {}
    for path, row in rows.items():
        wants = row.get("optionalDependencies") if isinstance(row, dict) else None
        if not path or not isinstance(wants, dict) or row.get("dev"):
            continue
        locked = tuple((name, cpus[name]) for name in wants if name in cpus)
        if locked:
            found[_package(path)] = (tuple(wants), locked)
    return found


def _package(path: str) -> str:
    return path.rpartition("node_modules/")[2]
