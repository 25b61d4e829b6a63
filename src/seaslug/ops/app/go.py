"""Go projects: ``go build`` for the platform, without cgo unless it is needed."""

from __future__ import annotations

from collections.abc import Mapping

from seaslug.apps.go import module
from seaslug.apps.go.module import Module
from seaslug.apps.model import Evidence, Made, Start
from seaslug.apps.project import Project
from seaslug.apps.signs import signs
from seaslug.errors import ToolError
from seaslug.ops.app.compilers import c_compiler
from seaslug.ops.app.program import Part, assembled
from seaslug.ops.app.workbench import Workbench, identity
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry

_STRIPPED = "-s -w"
_SOURCE, _MADE = "source", "made"


def make(project: Project, platform: Platform, bench: Workbench) -> Made:
    """Return the program of a Go module as an application.

    Raises ToolError if there is no Go here or the build fails, ProjectError if it is not
    clear which of several programs is meant.
    """
    found = module.parse(project.text(module.FILE) or "")
    package = module.chosen(project)
    cgo, why = _cgo(project, found)
    env = _environment(platform, cgo, bench)
    program = _build(project, package, (_name(package, found), env), bench)
    seen = signs(module.sources(project, package))
    start = Start(ports=seen.ports, own_check=seen.own_check, health_path=seen.health_path)
    rows = [Evidence(f"go build {package}", module.FILE), why]
    if seen.own_check:
        rows.append(Evidence(f"checks its own health: {seen.own_check}", package))
    return assembled(Part(program, (), start, tuple(rows)), project, platform, bench)


def _cgo(project: Project, found: Module) -> tuple[bool, Evidence]:
    said = project.config.of("go").get("cgo")
    if said is not None:
        text = "cgo, as configured" if said else "no cgo, as configured"
        return bool(said), Evidence(text, project.config.where)
    why = module.needs_cgo(project, found)
    if not why:
        return False, Evidence("no cgo: a static program")
    where = module.FILE if why in found.requires else why
    return True, Evidence(f"cgo, which {why} needs", where)


def _environment(platform: Platform, cgo: bool, bench: Workbench) -> dict[str, str]:
    """Return what makes Go build for *platform*."""
    env = {"GOOS": platform.os, "GOARCH": platform.arch, "CGO_ENABLED": "1" if cgo else "0"}
    if platform.arch == "arm":
        env["GOARM"] = platform.variant.removeprefix("v")
    if cgo and platform != bench.host:
        env |= c_compiler(platform, bench, "cgo")
    return env


def _name(package: str, found: Module) -> str:
    last = package.rstrip("/").rpartition("/")[2]
    return last if last not in (".", "") else found.name or "app"


def _build(
    project: Project, package: str, how: tuple[str, Mapping[str, str]], bench: Workbench
) -> Entry:
    name, env = how
    go = bench.tools.find("go")
    if not go:
        raise ToolError("Go is not here", where=module.FILE, hint="install Go: see go.dev/dl")
    options = project.config.of("go")
    tags = ["-tags", ",".join(options["tags"])] if options.get("tags") else []
    argv = ["build", "-trimpath", "-buildvcs=false", *tags]
    argv += ["-ldflags", options.get("ldflags", _STRIPPED)]
    version = bench.tools.run([go, "version"], cwd=project.folder, task="go version").strip()
    with bench.tools.folder() as folder:

        def run() -> tuple[Entry, ...]:
            source = f"{folder}/{_SOURCE}"
            bench.tools.write(source, project.tree)
            out = f"{folder}/{_MADE}/{name}"
            bench.tools.run([go, *argv, "-o", out, package], cwd=source, env=env, task="go build")
            return tuple(bench.tools.collect(f"{folder}/{_MADE}"))

        inputs = [identity(project.tree), version, argv, package, dict(env)]
        tree = bench.kept("go-build", inputs, run)
    entry = tree.get(name)
    if entry is None:
        raise ToolError(f"go build made no {name}", where=package, hint="is it package main?")
    return entry
