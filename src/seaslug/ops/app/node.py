"""Node.js: from a project to two layers, its dependencies and the application."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from seaslug.apps.model import ROOT, AppLayer, Evidence, Made, Start
from seaslug.apps.node import addons, entry, framework, lockfile, modules, release
from seaslug.apps.node.lockfile import LockFile
from seaslug.apps.node.manifest import NAME, Manifest, parse
from seaslug.apps.node.release import Release
from seaslug.apps.node.starting import World
from seaslug.apps.node.trouble import fail
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.ops.app import nodebuild, nodeinstall
from seaslug.ops.app.nodejob import Job
from seaslug.ops.app.workbench import Workbench, moved
from seaslug.values.platform import Platform
from seaslug.values.tree import Kind, Tree

_SHOWN = 6


@dataclass(frozen=True, slots=True)
class Parts:
    """The application's files and its node_modules, both from the application's root."""

    application: Tree
    dependencies: Tree
    standalone: bool = False
    built: bool = False

    def tree(self) -> Tree:
        """Return both together."""
        return self.application.over(self.dependencies)


def make(project: Project, platform: Platform, bench: Workbench) -> Made:
    """Return the application of a Node.js project, or of a single script.

    Raises ProjectError for what is wrong with the project, ToolError if npm (pnpm, yarn) or
    the project's build fails or is not here.
    """
    job = Job(project, platform, bench, *_read(project, platform))
    parts = _checked(job, _parts(job))
    chosen = _start(job, parts)
    rows = [Evidence(f"locked by {job.lock.title}", job.lock.path)] if job.lock else []
    layers = (("dependencies", parts.dependencies), ("application", parts.application))
    return Made(
        base=job.release.base,
        distribution=job.release.distribution,
        start=chosen.start,
        layers=tuple(AppLayer(name, moved(tree, ROOT)) for name, tree in layers if len(tree)),
        evidence=(*job.release.evidence, *rows, *chosen.evidence),
        notes=(*_notes(job, parts), *chosen.notes),
        copied=not (parts.built or parts.standalone),
    )


def _read(project: Project, platform: Platform) -> tuple[Manifest, LockFile | None, Release]:
    """Return manifest, lock and release; the mistakes in all of them as one error."""
    problems: list[ProjectError] = []
    text = project.text(NAME) if not project.file else None
    manifest = parse(text) if text is not None else Manifest()
    lock = None
    problems += lockfile.outside(manifest)
    try:
        lock = lockfile.find(project, manifest)
        if lock is not None:
            problems += lockfile.disagreements(lock, manifest, _members(project))
        elif manifest.dependencies or manifest.optional:
            problems.append(lockfile.none(project))
    except ProjectError as error:
        problems.append(error)
    try:
        found = release.choose(project, manifest, platform)
    except ProjectError as error:
        problems.append(error)
    fail(problems)
    return manifest, lock, found


def _members(project: Project) -> dict[str, Manifest]:
    """Return the manifests of the folders below the project, those that npm may have locked."""
    found = {}
    for item in project.tree:
        folder, _, name = item.path.rpartition("/")
        if folder and name == NAME and item.kind is Kind.FILE:
            try:
                found[folder] = parse(project.text(item.path) or "", item.path)
            except ProjectError:
                continue
    return found


def _parts(job: Job) -> Parts:
    if job.project.file:
        return Parts(job.project.tree, Tree())
    if not nodebuild.wanted(job):
        return Parts(nodebuild.shipped(job.project.tree), nodeinstall.production(job))
    made = nodebuild.build(job)
    if framework.next_standalone(job.project):
        return _split(job, nodebuild.standalone(made), True)
    if made.under(framework.NITRO):
        return _split(job, made.select(lambda e: e.path.startswith(framework.NITRO)), False)
    kept = nodebuild.without_sources(made, job)
    return Parts(kept, nodeinstall.production(job), built=True)


def _split(job: Job, tree: Tree, standalone: bool) -> Parts:
    """Return a build's result that brings its own node_modules."""
    inside = modules.below(tree)
    own = tree.select(lambda e: inside.get(e.path) is None)
    found = modules.cleaned(inside)
    rows = modules.packages(found)
    mine = modules.for_platform(found, rows, job.cpu)
    if len(mine) != len(found):
        mine = mine.over(modules.counterparts(nodeinstall.production(job), rows, job.cpu))
    if job.project.config.slice != "off":
        mine = modules.pruned(mine)
    return Parts(own, mine, standalone, built=True)


def _checked(job: Job, parts: Parts) -> Parts:
    """Return *parts* less the addons for other platforms. Raises ProjectError for wrong ones."""
    rows = (*addons.addons(parts.dependencies), *addons.addons(parts.application))
    found = addons.sort(rows, job.platform, job.release.modules)
    fail([_broken(job, path, why) for path, why in found.broken.items()])
    return Parts(
        addons.without(parts.application, found.spare),
        addons.without(parts.dependencies, found.spare),
        parts.standalone,
        parts.built,
    )


def _broken(job: Job, path: str, why: str) -> ProjectError:
    if "NODE_MODULE_VERSION" in why:
        hint = f'build it with Node.js {job.release.major}, or choose another: base = "nodejs..."'
    elif modules.FOLDER in path:
        hint = "its package needs a build for this platform; see optionalDependencies in its docs"
    else:
        hint = f"build it for {job.platform} with glibc, or leave it out in a .dockerignore"
    return ProjectError(f"an addon that cannot be loaded: {why}", where=path, hint=hint)


def _start(job: Job, parts: Parts) -> entry.Chosen:
    world = World(parts.tree(), job.manifest, parts.built)
    try:
        return entry.choose(job.project, world, job.release.major, parts.standalone)
    except ProjectError:
        if job.project.config.entrypoint is None:
            raise
        return entry.Chosen(Start(env=(("NODE_ENV", "production"),)), "", (), ())


def _notes(job: Job, parts: Parts) -> tuple[str, ...]:
    notes = list(_unbuilt(job, parts.dependencies))
    if not parts.standalone:
        notes += _not_locked(job, parts.dependencies)
        if job.manifest.uses("next"):
            notes.append('output: "standalone" in next.config makes a much smaller image')
    before = job.manifest.script("prestart")
    if before and not (parts.built and "build" in before):
        notes.append(f"scripts.prestart is not run: {before!r}")
    return tuple(notes)


def _unbuilt(job: Job, tree: Tree) -> Iterable[str]:
    """Yield what was not done because install scripts are off. Raises ProjectError."""
    if job.scripts and job.hosted:
        return
    built = {addons.owner(e.path) for e in tree if e.path.endswith(addons.SUFFIX)}
    left = modules.unprepared(modules.packages(tree), built)
    missing = sorted({package.name for package in left if package.native})
    others = sorted({package.name for package in left if not package.native})
    if missing and job.scripts:
        raise ProjectError(
            f"{_list(missing)} must be built by install scripts, which run for "
            f"{job.bench.host} only, not for {job.platform}",
            where=NAME, hint=f"build on a {job.platform} machine",
        )  # fmt: skip
    if missing:
        yield (
            f"no addon for {_list(missing)}: install scripts, which build or fetch it, are off."
            " [node] scripts = true in seaslug.toml runs them"
        )
    if others:
        yield f"install scripts that did not run: {_list(others)} ([node] scripts = true runs them)"


def _not_locked(job: Job, tree: Tree) -> Iterable[str]:
    """Yield the packages for which the lock has builds, but none for this platform."""
    here = {package.name for package in modules.packages(tree)}
    for name, (wants, locked) in (lockfile.optional_builds(job.lock) if job.lock else {}).items():
        mine = [want for want in wants if "linux-" in want and want.endswith(f"-{job.cpu}")]
        if name in here and mine and not any(job.cpu in cpu.split(",") for _, cpu in locked):
            yield (
                f"{name}: the lock has no build for {job.platform} ({mine[0]});"
                " make the lock anew: rm -r node_modules package-lock.json && npm install"
            )


def _list(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
