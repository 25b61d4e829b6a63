"""Which Node.js an application runs on: its configuration, version files, the engines field."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seaslug.apps.model import Evidence
from seaslug.apps.node import semver
from seaslug.apps.node.manifest import Manifest
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.recipe.catalog import distribution_of, members, parse_reference
from seaslug.values.platform import Platform

MODULES = {20: 115, 22: 127, 24: 137, 26: 147}
"""NODE_MODULE_VERSION, the number of the interface for addons, by major version."""

CPU = {
    "amd64": "x64", "arm64": "arm64", "arm": "arm", "386": "ia32", "ppc64le": "ppc64",
    "riscv64": "riscv64", "s390x": "s390x",
}  # fmt: skip
"""Node's own name of each architecture (process.arch), which packages say in ``cpu``."""

_NAMES = {"iron": 20, "jod": 22, "krypton": 24}
_FILES = (".nvmrc", ".node-version")
_MEMBER = re.compile(r"nodejs([0-9]*)\Z")


@dataclass(frozen=True, slots=True)
class Release:
    """``base`` is a member of the family; ``distribution`` is empty for the default one."""

    major: int
    base: str
    distribution: str
    evidence: tuple[Evidence, ...]

    @property
    def modules(self) -> int:
        """The number that an addon without Node-API must have been built for; 0 if unknown."""
        return MODULES.get(self.major, 0)


def choose(project: Project, manifest: Manifest, platform: Platform) -> Release:
    """Return the Node.js for *project* on *platform*. Raises ProjectError, UsageError."""
    if project.config.base:
        return _configured(project)
    offered = _offered(platform)
    file = _from_file(project, manifest)
    engines = _engines(manifest)
    if file is not None:
        return _from_said(file, engines, offered, manifest)
    if engines is None:
        major = _default(offered)
        return _made(major, Evidence(f"Node.js {major}: nothing else is asked for"))
    major, exact = _best(engines, offered, manifest)
    more = "" if exact else f"; the image has the newest {major}.x"
    return _made(
        major, Evidence(f"Node.js {major}: engines.node {manifest.node}{more}", manifest.where)
    )


def _configured(project: Project) -> Release:
    reference = parse_reference(project.config.base)
    found = _MEMBER.match(reference.name)
    if found is None:
        # The user's own choice; it may hold a node that comes in by packages.
        return Release(0, reference.name, reference.distribution, ())
    release = distribution_of(reference.distribution, members()[reference.name])
    major = int(found[1] or dict(release.names)["node"])
    said = Evidence(f"Node.js {major}: base = {project.config.base!r}", project.config.where)
    return Release(major, reference.name, reference.distribution, (said,))


def _made(major: int, evidence: Evidence) -> Release:
    return Release(major, f"nodejs{major}", "", (evidence,))


def _offered(platform: Platform) -> tuple[int, ...]:
    """Return the major versions for *platform*; only Debian's own where npm has no binary."""
    rows = {
        int(found[1]): member
        for name, member in members().items()
        if (found := _MEMBER.match(name)) and found[1]
    }
    own = tuple(n for n, member in rows.items() if member.recipe == "nodejs-debian")
    return tuple(sorted(rows)) if platform.names.npm else own


def _default(offered: tuple[int, ...]) -> int:
    usual = int(dict(distribution_of("").names)["node"])
    return usual if usual in offered else max(offered)


def _engines(manifest: Manifest) -> semver.Range | None:
    text = manifest.node.strip()
    if not text:
        return None
    found = semver.parse(text)
    if found is None:
        raise ProjectError(
            f"engines.node is not a range of versions: {text!r}", where=manifest.where,
            hint='for example "engines": {"node": ">=22"}',
        )  # fmt: skip
    return found


def _best(engines: semver.Range, offered: tuple[int, ...], manifest: Manifest) -> tuple[int, bool]:
    """Return the major version to take, and whether its newest release is in the range."""
    usual = _default(offered)
    order = [usual, *sorted((n for n in offered if n != usual), reverse=True)]
    for major in order:
        if engines.allows(semver.Version(major, 9999)):
            return major, True
    for major in order:
        if engines.touches(major):
            return major, False
    raise ProjectError(
        f"engines.node {manifest.node!r} allows none of Node.js {_list(offered)}",
        where=manifest.where,
        hint=f'widen it, or set base = "nodejs{usual}" in seaslug.toml',
    )


def _from_file(project: Project, manifest: Manifest) -> tuple[str, str] | None:
    """Return what a version file says, and which; None if there is none."""
    for path in _FILES:
        lines = (project.text(path, 4096) or "").splitlines()
        text = next((line.strip() for line in lines if line.strip()[:1] not in ("", "#")), "")
        if text:
            return text, path
    return (manifest.volta, f"{manifest.where}: volta.node") if manifest.volta else None


def _from_said(
    said: tuple[str, str],
    engines: semver.Range | None,
    offered: tuple[int, ...],
    manifest: Manifest,
) -> Release:
    text, where = said
    major = _major(text, offered)
    if major not in offered:
        raise ProjectError(
            f"asks for Node.js {text}; there are {_list(offered)}", where=where,
            hint=f'change it, or set base = "nodejs{_default(offered)}" in seaslug.toml',
        )  # fmt: skip
    if engines is not None and not engines.touches(major):
        raise ProjectError(
            f"asks for Node.js {text}, but engines.node is {manifest.node!r}", where=where,
            hint=f"make {where} and {manifest.where} agree",
        )  # fmt: skip
    return _made(major, Evidence(f"Node.js {major}: it says {text}", where))


def _major(text: str, offered: tuple[int, ...]) -> int:
    name = text.lower().removeprefix("lts/").removeprefix("node-")
    if name in _NAMES:
        return _NAMES[name]
    if text.lower() in ("lts/*", "lts", "node", "stable", "current", "latest", "*"):
        return _default(offered)
    found = re.match(r"v?([0-9]{1,4})(?:[.xX*]|\Z)", name)
    return int(found[1]) if found else 0


def _list(offered: tuple[int, ...]) -> str:
    return ", ".join(map(str, offered))
