"""The dependencies of a Node.js project, installed as locked for the target platform."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from seaslug.apps.node import modules
from seaslug.apps.node.manifest import NAME
from seaslug.errors import ToolError
from seaslug.ops.app import nodetools
from seaslug.ops.app.nodejob import Job
from seaslug.ops.app.workbench import identity
from seaslug.values.digest import Digest
from seaslug.values.tree import Entry, Kind, Tree, file

_WORKSPACE, _YARNRC = "pnpm-workspace.yaml", ".yarnrc.yml"
_READ = (_WORKSPACE, _YARNRC, ".yarnrc", ".pnpmfile.cjs", ".pnpmfile.mjs")
_BELOW = (".yarn/releases/", ".yarn/plugins/", ".yarn/patches/", "patches/")
_ARCHIVE = re.compile(r"\.(tgz|tar\.gz)\Z")
_PNPM = re.compile(r"([0-9]+)\.")


def production(job: Job) -> Tree:
    """Return the folders node_modules, without what is only for development.

    The same manifests, lock and options give the same tree, kept in the store.
    """
    if job.lock is None:
        return Tree()
    scripts = job.scripts and job.hosted
    source = _source(job, scripts)
    everything = job.project.config.slice == "off"
    key = [
        job.manager, job.cpu, identity(source), Digest.of(job.settings()).text, everything,
        [job.release.major] if scripts else [],
    ]  # fmt: skip
    return job.bench.kept("node-dependencies", key, lambda: _install(job, source, everything))


def _install(job: Job, source: Tree, everything: bool) -> Iterator[Entry]:
    scripts = job.scripts and job.hosted
    with job.bench.tools.folder() as folder:
        job.bench.tools.write(folder, source)
        words = nodetools.program(job, folder)
        more = _for_target(job, folder, words)
        job.bench.tools.write(folder, Tree([*_private(job), *more]))
        argv = (*words, *nodetools.production_install(job, scripts=scripts))
        env = {**nodetools.environment(job, scripts=scripts), **_release(job, folder, scripts)}
        job.bench.tools.run(argv, cwd=folder, env=env, task=f"{job.manager}: dependencies")
        tree = modules.cleaned(modules.below(job.bench.tools.collect(folder)))
        tree = modules.for_platform(tree, modules.packages(tree), job.cpu)
        yield from tree if everything else modules.pruned(tree)


def _private(job: Job) -> Iterator[Entry]:
    settings = job.settings()
    if settings:
        yield file(".npmrc", settings, 0o600)


def _source(job: Job, scripts: bool) -> Tree:
    """Return the files of the project that its package manager reads."""
    assert job.lock is not None
    return Tree(_read(job, job.lock.path, scripts))


def _read(job: Job, lock: str, scripts: bool) -> Iterator[Entry]:
    yarnrc_is_ours = job.manager == "berry"
    for entry in job.project.tree:
        if entry.kind is not Kind.FILE:
            continue
        path, name = entry.path, entry.path.rpartition("/")[2]
        if path == NAME or (path == _WORKSPACE and job.manager == "pnpm"):
            yield file(path, _prepared(job, entry, scripts))
        elif path == _YARNRC and yarnrc_is_ours:
            yield file(path, _with_architectures(job, entry.read()))
        elif name == NAME or path in (lock, *_READ) or path.startswith(_BELOW):
            yield entry
        elif _ARCHIVE.search(path) and "/" not in path:
            # A dependency may be an archive of the project: "file:own-1.0.0.tgz".
            yield entry
    if yarnrc_is_ours and _YARNRC not in job.project.tree:
        yield file(_YARNRC, _architectures(job))


def _prepared(job: Job, entry: Entry, scripts: bool) -> bytes:
    """Return package.json less its scripts, which do not run, and with pnpm's architectures."""
    if entry.path == _WORKSPACE:
        return _with_architectures(job, entry.read())
    data: dict[str, Any] = modules.read(entry)
    if not scripts:
        data.pop("scripts", None)
    if job.manager == "pnpm":
        own = data.get("pnpm")
        target = {"os": ["linux"], "cpu": [job.cpu], "libc": ["glibc"]}
        data["pnpm"] = {**(own if isinstance(own, dict) else {}), "supportedArchitectures": target}
    return json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")


def _with_architectures(job: Job, text: bytes) -> bytes:
    """Return YAML settings with the platform's architecture, unless they name their own."""
    return text if b"supportedArchitectures" in text else text + _architectures(job)


def _architectures(job: Job) -> bytes:
    rows = ("os: [linux]", f"cpu: [{job.cpu}]", "libc: [glibc]")
    return ("\nsupportedArchitectures:\n" + "".join(f"  {row}\n" for row in rows)).encode()


def _for_target(job: Job, folder: str, words: tuple[str, ...]) -> list[Entry]:
    """Return pnpm's settings for the platform, which from version 10 on lie in a file."""
    if job.manager != "pnpm" or _WORKSPACE in job.project.tree:
        return []
    said = job.bench.tools.run([*words, "--version"], cwd=folder, env=nodetools.COMMON, task="pnpm")
    found = _PNPM.match(said.strip())
    return [file(_WORKSPACE, _architectures(job))] if found and int(found[1]) >= 10 else []


def _release(job: Job, folder: str, scripts: bool) -> dict[str, str]:
    """Return for which Node.js install scripts build or fetch addons, if not for this one's."""
    node = job.bench.tools.find("node") if scripts else ""
    if not node or not job.release.major:
        return {}
    try:
        said = job.bench.tools.run([node, "--version"], cwd=folder, task="node")
    except ToolError:
        return {}
    if said.strip().startswith(f"v{job.release.major}."):
        return {}
    return {"npm_config_target": f"{job.release.major}.0.0", "npm_config_runtime": "node"}
