"""Maven and Gradle: the project's own wrapper, or the program that is here, makes the jar."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seaslug.apps.java import detect
from seaslug.apps.java.jar import QUARKUS_RUN
from seaslug.apps.model import TIME
from seaslug.apps.project import Project
from seaslug.errors import ProjectError, ToolError
from seaslug.ops.app.workbench import Workbench, identity
from seaslug.values.tree import Entry, Kind, Tree, file

# What a build writes into its archives is then the same every time.
_STAMP = "-Dproject.build.outputTimestamp=1980-01-02T00:00:00Z"
# configureEach came with Gradle 4.9, these properties with 3.4.
_SCRIPT = b"""allprojects {
    tasks.withType(AbstractArchiveTask) {
        if (it.hasProperty('reproducibleFileOrder')) {
            it.preserveFileTimestamps = false
            it.reproducibleFileOrder = true
        }
    }
}
"""
_SCRIPT_NAME = ".seaslug.init.gradle"
_WHOLE = ("-all", "-fat", "-uber", "-shaded", "-runner", "-exec", "-jar-with-dependencies")
_MADE = ("target", "build/libs")
# Jars, their folders of libraries, and what Quarkus makes; not classes and reports.
_RESULT = re.compile(
    r"/(?:target|build/libs)/(?:[^/]+\.[jw]ar|(?:lib|libs|dependency|dependencies)/.+)\Z"
    r"|/(?:target|build)/quarkus-app/"
)


def build(project: Project, bench: Workbench) -> tuple[Tree, str]:
    """Return what the project's build made, and the path of the jar to start in it.

    The same files give the same jar without a build. Raises ToolError if it fails,
    ProjectError if it makes no executable jar, or several.
    """
    argv = command(project, bench)
    with bench.tools.folder() as folder:

        def run() -> tuple[Entry, ...]:
            bench.tools.write(folder, _source(project))
            bench.tools.run(argv, cwd=folder, task=" ".join(argv[:1]).rpartition("/")[2])
            return made(bench.tools.collect(folder))

        tree = bench.kept("java-build", [identity(project.tree), list(argv)], run)
    wanted = project.config.output
    if wanted:
        return tree, _configured(tree, wanted, project)
    jars = [e for e in tree if e.path.endswith((".jar", ".war")) and _place(e.path)]
    quarkus = [e.path for e in jars if e.path.endswith("/" + QUARKUS_RUN)]
    found = quarkus or _whole([e.path for e in detect.executable(jars)])
    return tree, the_one(found, project, "the build", [e.path for e in jars])


def command(project: Project, bench: Workbench) -> tuple[str, ...]:
    """Return what builds the project, run in its folder. Raises ToolError if it is not here."""
    if project.config.build:
        return project.config.build
    if project.has(*detect.MAVEN):
        tool = _tool(project, bench, "mvnw", "mvn", "Maven")
        return (*tool, "-B", "-q", "-DskipTests", _STAMP, "package")
    tool = _tool(project, bench, "gradlew", "gradle", "Gradle")
    return (
        *tool,
        "--no-daemon",
        "--console=plain",
        "-q",
        "--init-script",
        _SCRIPT_NAME,
        "assemble",
    )


def made(tree: Tree) -> tuple[Entry, ...]:
    """Return the files of the folders where Maven and Gradle put their results, at any depth."""
    return tuple(e for e in tree if e.kind is not Kind.DIR and _RESULT.search("/" + e.path))


def the_one(
    found: Sequence[str], project: Project, by: str, others: Sequence[str] = ()
) -> str:  # fmt: skip
    """Return the only one of *found*. Raises ProjectError that names the candidates."""
    if len(found) == 1:
        return found[0]
    if found:
        raise ProjectError(
            f"{by} has {len(found)} executable jars: {', '.join(found[:8])}", where=project.folder,
            hint=f'say which: output = "{found[0]}" in seaslug.toml',
        )  # fmt: skip
    seen = f", only {', '.join(others[:5])}" if others else ""
    raise ProjectError(
        f"{by} has no executable jar{seen}", where=project.folder,
        hint="let the build write Main-Class into the manifest (jar, shade or Spring Boot's "
        'plugin), or name the class: java.main = "com.example.Main" and output = "PATH.jar"',
    )  # fmt: skip


def _whole(found: list[str]) -> list[str]:
    """Return the only one whose name tells that its libraries are in it, else all of *found*."""
    whole = [path for path in found if path.rpartition(".")[0].endswith(_WHOLE)]
    return whole if len(whole) == 1 else found


def _configured(tree: Tree, wanted: str, project: Project) -> str:
    path = wanted.removeprefix("./").rstrip("/")
    for candidate in (path, f"{path}/{QUARKUS_RUN}"):
        entry = tree.get(candidate)
        if entry is not None and entry.kind is Kind.FILE:
            return candidate
    jars = [e.path for e in tree if e.path.endswith((".jar", ".war"))]
    raise ProjectError(
        f"the build made no {wanted}", where=f"{project.config.where}: output",
        hint="it made " + (", ".join(jars[:8]) or "no jar at all"),
    )  # fmt: skip


def _place(path: str) -> bool:
    """Tell whether *path* is right in a folder for results, or the runner of Quarkus."""
    folder = path.rpartition("/")[0]
    return folder.endswith(_MADE) or path.endswith("/quarkus-app/" + QUARKUS_RUN)


def _source(project: Project) -> Tree:
    return Tree((*project.tree, file(_SCRIPT_NAME, _SCRIPT, mtime=TIME)))


def _tool(
    project: Project, bench: Workbench, wrapper: str, program: str, title: str
) -> tuple[str, ...]:  # fmt: skip
    entry = project.tree.resolve(wrapper)
    if entry is not None:
        # A wrapper that was checked out without its executable bit is a shell script still.
        return (f"./{wrapper}",) if entry.mode & 0o100 else ("sh", wrapper)
    found = bench.tools.find(program)
    if not found:
        raise ToolError(
            f"{title} is not here, and the project has no wrapper", where=project.folder,
            hint=f"install {program}, or add its wrapper ({wrapper}) to the project",
        )  # fmt: skip
    return (found,)
