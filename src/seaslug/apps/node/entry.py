"""How a Node.js application starts: which file, with what, on which port."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from seaslug.apps.model import ROOT, Evidence, Start
from seaslug.apps.node import framework, scan
from seaslug.apps.node.command import NeedsShellError
from seaslug.apps.node.files import TYPESCRIPT, exists, normal, resolve
from seaslug.apps.node.starting import MissingFileError, NotHereError, Run, World, translate
from seaslug.apps.project import Project
from seaslug.errors import ProjectError

NODE = "/usr/bin/node"
_STARTS = ("start:prod", "start:production", "start")
_USUAL = (
    f"{framework.NITRO}/server/index.mjs", "server.js", "index.js", "app.js", "main.js",
    "server.mjs", "index.mjs", "app.mjs", "main.mjs", "server.cjs", "index.cjs", "dist/main.js",
    "dist/server.js", "dist/index.js", "dist/app.js", "dist/index.mjs", "dist/server/entry.mjs",
    "build/index.js", "build/server.js",
)  # fmt: skip
_STRIPS_TYPES = 22
_SOURCE = "the source says so"
_EVERYWHERE = "0.0.0.0"  # noqa: S104
_HINT = '[node] entry = "FILE" in seaslug.toml, or entrypoint = ["{node}", "FILE"]'
_NEXT_PORT = re.compile(r"\bnext\s+start\b.*?(?:-p|--port)[ =]+([0-9]{2,5})")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The ``start``, the file that it begins with (relative to the application), and why."""

    start: Start
    file: str
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...]


def choose(project: Project, world: World, major: int, standalone: bool = False) -> Chosen:
    """Return how the application starts. Raises ProjectError if that cannot be told.

    *standalone* tells that ``world.tree`` is a standalone build of Next.js.
    """
    run, why = _found(project, world, standalone)
    if TYPESCRIPT.search(run.file) and 0 < major < _STRIPS_TYPES:
        raise ProjectError(
            f"{run.file} is TypeScript, which Node.js {major} does not run", where=why.where,
            hint="add a build script, or ask for Node.js 22 or later in engines.node",
        )  # fmt: skip
    return _chosen(project, world, run, why)


def _found(project: Project, world: World, standalone: bool) -> tuple[Run, Evidence]:
    wanted = project.config.of("node").get("entry", "")
    if wanted:
        return _configured(project, world, str(wanted))
    if project.file:
        return Run(project.file), Evidence(f"starts {project.file}")
    if standalone:
        return _standalone(world)
    return _scripted(world) or _named(world)


def _configured(project: Project, world: World, wanted: str) -> tuple[Run, Evidence]:
    found = resolve(world.tree, normal("", wanted))
    if not found:
        near = [path for path in _USUAL if exists(world.tree, path)]
        raise ProjectError(
            f"node.entry is {wanted!r}, which is not there", where=project.config.where,
            hint=f"there is {', '.join(near[:3])}" if near else "is it made by a build script?",
        )  # fmt: skip
    return Run(found), Evidence(f"starts {found}: node.entry", project.config.where)


def _standalone(world: World) -> tuple[Run, Evidence]:
    found = framework.next_server(entry.path for entry in world.tree)
    if not found:
        raise ProjectError(
            f"no server.js in {framework.NEXT_STANDALONE}", where=world.manifest.where,
            hint='set output: "standalone" in next.config and build again',
        )  # fmt: skip
    port = _NEXT_PORT.search(world.manifest.script("start"))
    env = (("PORT", port[1] if port else "3000"), ("HOSTNAME", _EVERYWHERE))
    return Run(found, env=env), Evidence(f"starts {found}: Next.js, standalone build")


def _scripted(world: World) -> tuple[Run, Evidence] | None:
    """Return what the start script runs; None if there is none, or a program for development."""
    where, reasons = world.manifest.where, []
    for name in _STARTS:
        line = world.manifest.script(name)
        if not line:
            continue
        try:
            run = translate(line, world)
        except (NeedsShellError, NotHereError) as error:
            reasons.append((f"scripts.{name}", f"{error}: {line!r}", error))
            continue
        return run, Evidence(f"starts {run.file}: scripts.{name}, {line!r}", where)
    for name, text, why in reasons:
        if isinstance(why, NeedsShellError):
            raise ProjectError(
                f"{name} needs a shell: {text}", where=where,
                hint=f"name the file to start: {_HINT.format(node=NODE)}",
            )  # fmt: skip
    for name, text, why in reasons:
        if isinstance(why, MissingFileError) or not _named_file(world):
            raise ProjectError(
                f"{name} cannot start: {text}", where=where,
                hint=f"does a build script make it? Or name the file: {_HINT.format(node=NODE)}",
            )  # fmt: skip
    return None


def _named(world: World) -> tuple[Run, Evidence]:
    found = _named_file(world)
    if found is not None:
        file, what = found
        return Run(file), Evidence(f"starts {file}: {what}", world.manifest.where)
    main = world.manifest.main
    what = f"main is {main!r}, which is not there" if main else "nothing says what to start"
    raise ProjectError(
        what, where=world.manifest.where,
        hint=f"add a start script, such as \"node server.js\"; or set {_HINT.format(node=NODE)}",
    )  # fmt: skip


def _named_file(world: World) -> tuple[str, str] | None:
    manifest, tree = world.manifest, world.tree
    main = resolve(tree, normal("", manifest.main)) if manifest.main else ""
    if main:
        return main, "main"
    if len(manifest.bin) == 1:
        found = resolve(tree, normal("", manifest.bin[0][1]))
        if found:
            return found, "bin"
    if manifest.main:
        return None
    usual = next((path for path in _USUAL if exists(tree, path)), "")
    return (usual, "its name") if usual else None


def _chosen(project: Project, world: World, run: Run, why: Evidence) -> Chosen:
    seen = scan.scan(world.tree, run.file)
    known = framework.framework(world.manifest)
    env = {"NODE_ENV": "production", **dict(run.env)}
    port, said = _port(env, run, seen, known)
    if port and seen.asks:
        env.setdefault("PORT", str(port))
    health = framework.next_health(project.tree) if known and known.package == "next" else ""
    start = Start(
        entrypoint=(NODE, *run.options, f"/{ROOT}/{run.file}"),
        cmd=run.args,
        env=tuple(env.items()),
        workdir=f"/{ROOT}/{run.folder}".rstrip("/"),
        ports=(port,) if port else (),
        health_path=health or seen.health,
    )
    rows = [why]
    if port:
        where = seen.where if said == _SOURCE else ""
        rows.append(Evidence(f"listens on port {port}: {said}", where))
    if start.health_path:
        rows.append(Evidence(f"answers health checks at {start.health_path}"))
    return Chosen(start, run.file, tuple(rows), (*run.notes, *_local_only(world, run, seen)))


def _port(
    env: Mapping[str, str], run: Run, seen: scan.Seen, known: framework.Framework | None
) -> tuple[int, str]:
    for value, why in ((env.get("PORT", ""), "PORT"), (_option(run.args), "its arguments")):
        if value.isdigit() and 0 < int(value) < 65536:
            return int(value), why
    if seen.port:
        return seen.port, _SOURCE
    if known is not None and known.port:
        return known.port, f"{known.title}'s usual one"
    return (3000, "it reads PORT") if seen.asks else (0, "")


def _option(args: tuple[str, ...]) -> str:
    for at, word in enumerate(args):
        name, _, value = word.partition("=")
        if name in ("-p", "--port"):
            return value or (args[at + 1] if at + 1 < len(args) else "")
    return ""


def _local_only(world: World, run: Run, seen: scan.Seen) -> tuple[str, ...]:
    """Fastify listens on this machine alone unless an address is given."""
    if not world.manifest.needs("fastify") or seen.everywhere or "node_modules/" in run.file:
        return ()
    return (
        "Fastify listens on localhost alone unless told otherwise: nothing outside the container"
        ' reaches it. app.listen({ port, host: "0.0.0.0" })',
    )
