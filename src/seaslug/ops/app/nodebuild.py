"""A Node.js project's own build script, and what of its files goes into an image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from seaslug.apps import ignore
from seaslug.apps.node import framework
from seaslug.apps.node.files import TYPESCRIPT, normal
from seaslug.apps.node.manifest import NAME
from seaslug.apps.node.modules import FOLDER, GENERATED
from seaslug.errors import ProjectError
from seaslug.ops.app import nodetools
from seaslug.ops.app.nodejob import Job
from seaslug.ops.app.workbench import identity
from seaslug.values.digest import Digest
from seaslug.values.tree import Entry, Kind, Tree, file

_NOT_SHIPPED = re.compile(
    r"(?:^|/)(?:\.next/cache|\.turbo|\.cache|\.parcel-cache|\.nyc_output|coverage|\.husky"
    r"|\.yarn|\.pnpm-store)(?:/|\Z)"
    r"|(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|\.pnp\..*"
    r"|bun\.lockb?|\.npmrc|\.yarnrc(?:\.yml)?|pnpm-workspace\.yaml|\.nvmrc|\.node-version"
    r"|\.npmignore|[^/]*\.tsbuildinfo)\Z"
)
_SETTINGS = re.compile(r"(?:^|/)(?:tsconfig[^/]*\.json|\.eslintrc[^/]*|\.prettierrc[^/]*)\Z")
_CONFIG = re.compile(r"\.config\.[cm]?ts\Z")
_STARTED = re.compile(r"\b(?:node|tsx|ts-node)\b[^&|;]*\.[cm]?ts\b")


def wanted(job: Job) -> bool:
    """Tell whether the project is built: it has a build script, or the configuration says how."""
    if job.project.config.build:
        return True
    return bool(job.manifest.script("build")) and job.project.config.of("node").get("build", True)


def build(job: Job) -> Tree:
    """Return the project's files after its build, kept by the files that it had before.

    Everything is installed for this machine, for development too. Raises ToolError.
    """
    command = list(job.project.config.build)
    key = [
        identity(job.project.tree), Digest.of(job.settings()).text, job.manager, command,
        job.scripts, str(job.bench.host),
    ]  # fmt: skip
    return _output(job, job.bench.kept("node-build", key, lambda: _build(job, command)))


def _output(job: Job, tree: Tree) -> Tree:
    """Return of *tree* the folder that the configuration names as output, and package.json."""
    wanted = normal("", job.project.config.output)
    if not wanted:
        return tree
    if not tree.under(wanted):
        raise ProjectError(
            f"output is {job.project.config.output!r}, which the build does not make",
            where=job.project.config.where, hint="name the folder that it makes, such as dist",
        )  # fmt: skip
    return tree.select(lambda e: e.path == NAME or e.path.startswith(f"{wanted}/"))


def _build(job: Job, command: list[str]) -> Iterator[Entry]:
    tools = job.bench.tools
    with tools.folder() as folder:
        tools.write(folder, job.project.tree)
        settings = job.settings()
        if settings and ".npmrc" not in job.project.tree:
            tools.write(folder, Tree([file(".npmrc", settings, 0o600)]))
        words: tuple[str, ...] = ()
        env = nodetools.environment(job, scripts=job.scripts)
        if job.lock is not None or not command:
            words = nodetools.program(job, folder)
        if job.lock is not None:
            argv = (*words, *nodetools.clean_install(job, scripts=job.scripts))
            tools.run(argv, cwd=folder, env=env, task=f"{job.manager}: everything for the build")
        argv = tuple(command) or (*words, "run", "build")
        tools.run(argv, cwd=folder, env=env, task=" ".join(command or [job.manager, "run build"]))
        yield from _made(job, tools.collect(folder))


def _made(job: Job, tree: Tree) -> Iterator[Entry]:
    """Yield what a build leaves, less node_modules, secrets and caches.

    What a .dockerignore leaves out of the source, such as dist, is wanted here.
    """
    never = ignore.Ignore((*ignore.ALWAYS, *ignore.SECRETS))
    installed = _installed(job)
    for entry in shipped(tree):
        path = entry.path
        wanted = path in job.project.tree or path.startswith(f"{FOLDER}/{GENERATED}/")
        if wanted or not (path.startswith(installed) or never.match(path)):
            yield entry


def _installed(job: Job) -> tuple[str, ...]:
    """Return the beginnings of the paths where the package manager puts things."""
    folders = [e.path.rpartition("/")[0] for e in job.project.tree if e.path.endswith(f"/{NAME}")]
    return (f"{FOLDER}/", *(f"{folder}/{FOLDER}/" for folder in folders))


def shipped(tree: Tree) -> Tree:
    """Return *tree* without locks, caches and settings of package managers, and bare folders."""
    kept = tree.select(
        lambda e: e.kind is not Kind.DIR and not _NOT_SHIPPED.search(e.path) and e.path != FOLDER
    )
    return kept


def without_sources(tree: Tree, job: Job) -> Tree:
    """Return *tree* without TypeScript and settings of tools, which nothing runs after a build."""
    named = str(job.project.config.of("node").get("entry", ""))
    lines = [named, *(job.manifest.script(name) for name in ("start", "start:prod"))]
    if TYPESCRIPT.search(named) or any(map(_STARTED.search, lines)):
        return tree
    return tree.select(
        lambda e: (
            not (
                (TYPESCRIPT.search(e.path) and not _CONFIG.search(e.path))
                or _SETTINGS.search(e.path)
            )
        )
    )


def standalone(tree: Tree) -> Tree:
    """Return a standalone build of Next.js as it is started, with its static files.

    ``.next/standalone`` becomes the root; ``.next/static`` and ``public`` go beside server.js.
    """
    prefix = f"{framework.NEXT_STANDALONE}/"
    root = [replace(e, path=e.path.removeprefix(prefix)) for e in tree if e.path.startswith(prefix)]
    beside = framework.next_server(e.path for e in root).removesuffix("server.js")
    static = [
        replace(e, path=beside + e.path)
        for e in tree
        if e.path.startswith((".next/static/", "public/"))
    ]
    return Tree((*root, *static))
