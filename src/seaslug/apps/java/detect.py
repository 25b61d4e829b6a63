"""Java projects and jars: what says that a folder or a file is one."""

from __future__ import annotations

from collections.abc import Iterable

from seaslug.apps.java import jar
from seaslug.apps.model import Detection, Evidence
from seaslug.apps.project import Project, said
from seaslug.errors import HostileError, ProjectError
from seaslug.values.tree import Entry, Kind

JAR, JAVA = "jar", "java"
MAVEN = ("pom.xml",)
GRADLE = ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")
_ENDINGS = (".jar", ".war")
_ZIP = b"PK\x03\x04"
_RUNS = (jar.QUARKUS_RUN, f"quarkus-app/{jar.QUARKUS_RUN}")


def detect(project: Project) -> Detection | None:
    """Return kind ``java`` for a Maven or Gradle project, ``jar`` for a jar or a folder with one.

    A file called .jar or .war is one whatever it holds: what is wrong with it is found when
    it is made into an application.
    """
    if project.file:
        return _named(project) if project.file.lower().endswith(_ENDINGS) else None
    build = project.has(*MAVEN, *GRADLE)
    if build:
        return _project(project, build)
    found = jars(project)
    if not found:
        return None
    where = found[0].path
    return Detection(JAR, "Java, a folder with an executable jar", (said("Main-Class", where),))


def jars(project: Project) -> tuple[Entry, ...]:
    """Return the executable jars at the root of a folder, Quarkus's own one alone."""
    for path in _RUNS:
        entry = project.tree.get(path)
        if entry is not None:
            return (entry,)
    return executable(e for e in project.top() if e.path.endswith(_ENDINGS))


def executable(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return those of *entries* that are jars with a main class."""
    return tuple(
        e for e in entries
        if e.kind is Kind.FILE and e.content is not None and jar.executable(e.content, e.path)
    )  # fmt: skip


def _named(project: Project) -> Detection:
    entry = project.tree.get(project.file)
    rows: tuple[Evidence, ...] = ()
    title = "Java, executable jar"
    if entry is not None and entry.content is not None and entry.content.read(0, 4) == _ZIP:
        try:
            found = jar.read(entry.content, project.file, project.config.of("java").get("main", ""))
            title, rows = found.title, found.evidence()
        except (ProjectError, HostileError):
            pass
    return Detection(JAR, title, (said("a jar by its name", project.file), *rows))


def _project(project: Project, build: str) -> Detection:
    tool = "Maven" if build in MAVEN else "Gradle"
    text = project.text(build, 1 << 20) or ""
    framework = next((name for sign, name in _SIGNS if sign in text), "")
    rows = [said(f"{tool} project", build)]
    wrapper = project.has("mvnw" if tool == "Maven" else "gradlew")
    if wrapper:
        rows.append(said(f"built by its own wrapper, {wrapper}", wrapper))
    if framework:
        rows.append(said(framework, build))
    return Detection(JAVA, ", ".join(filter(None, ("Java", framework, tool))), tuple(rows))


_SIGNS = (
    ("spring-boot", "Spring Boot"),
    ("org.springframework.boot", "Spring Boot"),
    ("io.quarkus", "Quarkus"),
    ("io.micronaut", "Micronaut"),
)
