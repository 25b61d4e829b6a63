"""Programs that were named, and what a build command of the configuration makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from seaslug.apps.java import detect as java_detect
from seaslug.apps.java.jar import QUARKUS_RUN
from seaslug.apps.java.program import program as java_program
from seaslug.apps.model import ROOT, AppLayer, Made, Start
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.ops.app import java
from seaslug.ops.app.program import Part, assembled
from seaslug.ops.app.workbench import Workbench, identity, moved
from seaslug.recipe.catalog import parse_reference
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

_ELF = b"\x7fELF"
_JARS = (".jar", ".war")


def make(project: Project, platform: Platform, bench: Workbench) -> Made:
    """Return the application of a named program, or of what the configured command makes."""
    if project.file:
        entry = project.tree.get(project.file)
        assert entry is not None
        return assembled(Part(entry), project, platform, bench)
    return _of_output(_built(project, platform, bench), project, platform, bench)


def variables(platform: Platform) -> Mapping[str, str]:
    """Return what a build command is told of the platform, by the names that BuildKit uses."""
    return {
        "TARGETPLATFORM": str(platform), "TARGETOS": platform.os, "TARGETARCH": platform.arch,
        "TARGETVARIANT": platform.variant,
    }  # fmt: skip


def _built(project: Project, platform: Platform, bench: Workbench) -> Tree:
    """Return the output of the build command: a tree with one file, or a folder's files."""
    argv, output = project.config.build, _output(project)
    inputs = [identity(project.tree), list(argv), output, str(platform)]
    with bench.tools.folder() as folder:

        def run() -> list[Entry]:
            bench.tools.write(folder, project.tree)
            env = variables(platform)
            bench.tools.run(argv, cwd=folder, env=env, task=argv[0].rpartition("/")[2])
            return _taken(folder, output, project, bench)

        return bench.kept("command", inputs, run)


def _output(project: Project) -> str:
    output = project.config.output.removeprefix("./").rstrip("/")
    if output.startswith("/") or ".." in output.split("/"):
        raise ProjectError(
            f"{project.config.output} leads out of the project",
            where=f"{project.config.where}: output", hint="a path below the project's folder",
        )  # fmt: skip
    return output


def _taken(folder: str, output: str, project: Project, bench: Workbench) -> list[Entry]:
    """Return what the command made at *output*, and what lies beside a jar."""
    parent, _, name = output.rpartition("/")
    around = _collected(f"{folder}/{parent}".rstrip("/"), bench)
    entry = around.get(name)
    if entry is not None and entry.kind is Kind.DIR:
        return [replace(e, path=e.path[len(name) + 1 :]) for e in around.under(name)]
    target = around.resolve(name)
    if target is None or target.kind is not Kind.FILE:
        raise _nothing(output, project, [e.path for e in around if "/" not in e.path])
    if name.endswith(_JARS):
        # Its Class-Path may name files beside it.
        beside = {e.path: e for e in around if e.path.endswith(".jar") or e.path == name}
        return [*beside.values(), replace(target, path=name)]
    return [replace(target, path=name)]


def _collected(folder: str, bench: Workbench) -> Tree:
    """Return what lies in *folder*, nothing if it is not there."""
    try:
        return bench.tools.collect(folder)
    except ProjectError as error:
        if "cannot be read" in error.what:
            return Tree()
        raise


def _nothing(output: str, project: Project, near: list[str]) -> ProjectError:
    seen = f"; there is {', '.join(near[:8])}" if near else ""
    return ProjectError(
        f"the build command made no {output}{seen}", where=f"{project.config.where}: output",
        hint=f"run it and look: {' '.join(project.config.build)}",
    )  # fmt: skip


def _of_output(tree: Tree, project: Project, platform: Platform, bench: Workbench) -> Made:
    name = _output(project).rpartition("/")[2]
    entry = tree.get(name)
    if entry is not None and entry.kind is Kind.FILE and (name.endswith(_JARS) or len(tree) == 1):
        return _of_file(entry, tree, project, platform, bench)
    if QUARKUS_RUN in tree:
        found = java_program(tree, QUARKUS_RUN, project, whole=True)
        return java.of_program(found, project, platform, bench)
    return _of_folder(tree, project, platform, bench)


def _of_file(
    entry: Entry, tree: Tree, project: Project, platform: Platform, bench: Workbench
) -> Made:
    if entry.path.endswith(_JARS):
        found = java_program(tree, entry.path, project)
        return java.of_program(found, project, platform, bench)
    return assembled(Part(entry), project, platform, bench)


def _of_folder(tree: Tree, project: Project, platform: Platform, bench: Workbench) -> Made:
    """Return a folder's files as an application: its only program, jar, or what is configured."""
    jars = java_detect.executable(e for e in tree if "/" not in e.path and e.path.endswith(_JARS))
    if len(jars) == 1:
        found = java_program(tree, jars[0].path, project, whole=True)
        return java.of_program(found, project, platform, bench)
    wanted = (project.config.entrypoint or ("",))[0].removeprefix(f"/{ROOT}/")
    program = tree.get(wanted) if wanted else None
    programs = [program] if program is not None else _programs(tree)
    if len(programs) == 1 and _is_elf(programs[0]):
        rest = tuple(e for e in tree if e.path != programs[0].path and e.kind is not Kind.DIR)
        return assembled(Part(programs[0], rest), project, platform, bench)
    if project.config.entrypoint and project.config.base:
        return _as_it_is(tree, project)
    said = f"{len(programs)} programs: {', '.join(e.path for e in programs[:8])}"
    raise ProjectError(
        said if programs else "no program in the folder that the build command made",
        where=f"{project.config.where}: output",
        hint=f'say what starts: entrypoint = ["/{ROOT}/NAME"], with base = "..." if it is no ELF '
        "file",
    )


def _as_it_is(tree: Tree, project: Project) -> Made:
    reference = parse_reference(project.config.base)
    layer = AppLayer("application", moved((e for e in tree if e.kind is not Kind.DIR), ROOT))
    start = Start(entrypoint=project.config.entrypoint or ())
    return Made(reference.name, start, (layer,), reference.distribution)


def _programs(tree: Tree) -> list[Entry]:
    return [e for e in tree if e.mode & 0o111 and _is_elf(e) and ".so" not in e.path]


def _is_elf(entry: Entry) -> bool:
    return (
        entry.kind is Kind.FILE
        and entry.content is not None
        and entry.content.read(0, 4) == _ELF
    )  # fmt: skip
