"""Java: from a jar, a folder with one, or a Maven or Gradle project, to layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from seaslug.apps.java import bytecode, detect, runtime, settings, springboot
from seaslug.apps.java.bytecode import Level
from seaslug.apps.java.jar import BOOT, PLAIN, QUARKUS, read
from seaslug.apps.java.program import Program, program
from seaslug.apps.model import ROOT, TIME, AppLayer, Made, Start
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.ops.app import javabuild, jlink
from seaslug.ops.app.workbench import Workbench, identity, moved
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

JAVA = "/usr/bin/java"


@dataclass(frozen=True, slots=True)
class Job:
    """One program on its way to one platform; *key* stands for all its files."""

    project: Project
    platform: Platform
    bench: Workbench
    program: Program
    key: str

    @property
    def options(self) -> tuple[str, ...]:
        """The options of the virtual machine that the configuration names."""
        return tuple(self.project.config.of("java").get("options", ()))


def make(project: Project, platform: Platform, bench: Workbench) -> Made:
    """Return the application of a jar (kind ``jar``) or a Java project (kind ``java``)."""
    return of_program(_program(project, bench), project, platform, bench)


def of_program(found: Program, project: Project, platform: Platform, bench: Workbench) -> Made:
    """Return the application of a jar with all that belongs to it."""
    job = Job(project, platform, bench, found, identity(found.tree))
    chosen = runtime.choose(_level(job), platform, project.config.base)
    layers, java = _layers(job), JAVA
    base, rows, notes = chosen.member, chosen.evidence, chosen.notes
    search: tuple[str, ...] = ()
    if project.config.of("java").get("jlink"):
        linked = jlink.make(found, job.key, chosen, (project, platform, bench))
        layers, java, search = (linked.layer, *layers), jlink.JAVA, jlink.LIBRARIES
        base, rows, notes = linked.base, (*rows, *linked.evidence), linked.notes
    elif project.config.of("java").get("cds"):
        notes = (*notes, "java.cds has an effect only with java.jlink")
    return Made(
        base=base,
        distribution=chosen.distribution,
        start=_start(job, java),
        layers=layers,
        # A jar that was named has told this when it was detected.
        evidence=rows if project.file else (*found.jar.evidence(), *rows),
        libraries=search,
        notes=notes,
    )


def _program(project: Project, bench: Workbench) -> Program:
    """Return what there is to start: built first if the folder is a project's."""
    if project.file:
        return program(_with_libraries(project, bench), project.file, project)
    if project.has(*detect.MAVEN, *detect.GRADLE):
        tree, path = javabuild.build(project, bench)
        return program(tree, path, project)
    found = detect.jars(project)
    path = javabuild.the_one([entry.path for entry in found], project, "the folder")
    return program(project.tree, path, project, whole=True)


def _with_libraries(project: Project, bench: Workbench) -> Tree:
    """Return a named jar with the files that its Class-Path names, which lie beside it."""
    entry = project.tree.get(project.file)
    assert entry is not None and entry.content is not None
    found = read(entry.content, project.file, project.config.of("java").get("main", ""))
    tops = {name.split("/")[0] for name in found.libraries}
    if found.shape == QUARKUS:
        tops |= {"app", "quarkus", "lib"}
    if not tops:
        return project.tree
    return Tree((*_beside(project.folder, tops, found.libraries, bench), entry))


def _beside(
    folder: str, tops: set[str], libraries: tuple[str, ...], bench: Workbench
) -> Iterator[Entry]:
    """Yield what lies in *folder* below the names *tops*; what is not there is told later."""
    flat = {name for name in libraries if "/" not in name}
    if flat:
        yield from (e for e in bench.tools.collect(folder) if e.path.split("/")[0] in tops)
        return
    for top in sorted(tops):
        try:
            found = bench.tools.collect(f"{folder}/{top}")
        except ProjectError:
            continue
        yield from (replace(e, path=f"{top}/{e.path}") for e in found)


def _level(job: Job) -> Level:
    def look() -> list[object]:
        found = bytecode.level(job.program.archives())
        return [found.java, found.preview, found.where]

    java, preview, where = job.bench.fact("java-level", job.key, look)
    return Level(java, preview, where)


def _layers(job: Job) -> tuple[AppLayer, ...]:
    found = job.program
    if found.jar.shape == BOOT:
        return tuple(_apart(job, part) for part in springboot.parts(found.jar))
    libraries, own = found.libraries(), found.application()
    files = [("libraries", libraries), ("application", own)]
    return tuple(
        AppLayer(name, moved(map(_plain, tree), ROOT))
        for name, tree in files
        if any(e.kind is not Kind.DIR for e in tree)
    )


def _plain(entry: Entry) -> Entry:
    """Return *entry*, not executable if it is a jar: nothing executes one."""
    return replace(entry, mode=0o644) if entry.path.endswith((".jar", ".war")) else entry


def _apart(job: Job, part: springboot.Part) -> AppLayer:
    """Return one layer of a Spring Boot jar that is taken apart."""
    archive = job.program.jar.archive

    def unpack() -> Iterator[Entry]:
        for name in part.files:
            yield Entry(name, Kind.FILE, 0o644, mtime=TIME, content=archive.content_of(name))

    tree = job.bench.kept("java-apart", [job.key, part.name], unpack)
    return AppLayer(part.name, moved(tree, ROOT))


def _start(job: Job, java: str) -> Start:
    found, config = job.program.jar, job.project.config
    names = job.program.names()
    argv: tuple[str, ...]
    if found.shape == BOOT:
        argv = (*found.manifest.options, "-cp", f"/{ROOT}", found.main)
    elif found.shape == PLAIN and config.of("java").get("main"):
        path = (found.base, *found.libraries)
        argv = (*found.manifest.options, "-cp", ":".join(f"/{ROOT}/{n}" for n in path), found.main)
    else:
        argv = ("-jar", f"/{ROOT}/{found.base}")
    return Start(
        entrypoint=(java, *job.options, *argv),
        ports=settings.ports(found, names, job.program.own()),
        health_path=settings.health_path(names),
    )
