"""What a jar is: plain, with libraries beside it, Spring Boot's, Quarkus's, or a war."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass

from seaslug.apps.java import manifest
from seaslug.apps.java.archive import Archive
from seaslug.apps.java.manifest import Manifest
from seaslug.apps.model import Evidence
from seaslug.errors import HostileError, ProjectError
from seaslug.values.content import Content

PLAIN, BOOT, QUARKUS = "plain", "spring-boot", "quarkus"
QUARKUS_RUN = "quarkus-run.jar"
_LOADER = "org.springframework.boot.loader."
_QUARKUS_MAIN = "io.quarkus.bootstrap.runner.QuarkusEntryPoint"
_NOT_TO_START = ("-sources.jar", "-javadoc.jar", "-tests.jar", "-test-sources.jar", "-plain.jar")


@dataclass(frozen=True, slots=True)
class Jar:
    """*name* is the path of the jar, *shape* PLAIN, BOOT or QUARKUS, *main* the class to start.

    ``libraries`` are the paths, relative to the jar's folder, of the files that its
    Class-Path names.
    """

    name: str
    archive: Archive
    manifest: Manifest
    shape: str
    main: str
    libraries: tuple[str, ...]

    @property
    def base(self) -> str:
        """The jar's file name."""
        return self.name.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """The folder that it lies in, empty for the project's root."""
        return self.name.rpartition("/")[0]

    def evidence(self) -> tuple[Evidence, ...]:
        """Return what the manifest says about the application."""
        rows = []
        for key in ("Implementation-Title", "Start-Class", "Spring-Boot-Version", "Main-Class"):
            if self.manifest.get(key):
                where = f"{self.name}: {manifest.PATH}"
                rows.append(Evidence(f"{key}: {self.manifest.get(key)[:200]}", where))
        return tuple(rows)

    @property
    def title(self) -> str:
        """One line for people."""
        if self.shape == BOOT:
            return f"Java, Spring Boot {self.manifest.get('Spring-Boot-Version')}".rstrip()
        if self.shape == QUARKUS:
            return "Java, Quarkus"
        return "Java, executable " + ("war" if self.name.endswith(".war") else "jar")


def read(content: Content, name: str, main: str = "") -> Jar:
    """Return what the jar *content*, called *name*, is; *main* is a class to start instead.

    Raises ProjectError for a jar that nothing can be started of, HostileError.
    """
    archive = Archive(content, name)
    found = manifest.parse(
        archive.read(manifest.PATH, manifest.LIMIT) if archive.has(manifest.PATH) else b""
    )
    if not (main or found.main):
        raise _no_main(archive, name)
    shape = PLAIN
    if found.main.startswith(_LOADER):
        shape = BOOT
    elif found.main == _QUARKUS_MAIN or name.rpartition("/")[2] == QUARKUS_RUN:
        shape = QUARKUS
    libraries = tuple(dict.fromkeys(_relative(path, name) for path in found.class_path))
    start = found.main if shape != PLAIN else main or found.main
    _there(archive, start, libraries, name)
    return Jar(name, archive, found, shape, start, libraries)


def executable(content: Content, name: str) -> bool:
    """Tell whether ``java -jar`` starts it: its manifest names a main class."""
    if name.endswith(_NOT_TO_START) or name.rpartition("/")[2].startswith("original-"):
        return False
    try:
        archive = Archive(content, name)
        if not archive.has(manifest.PATH):
            return False
        return bool(manifest.parse(archive.read(manifest.PATH, manifest.LIMIT)).main)
    except (ProjectError, HostileError):
        return False


def _no_main(archive: Archive, name: str) -> ProjectError:
    if any(archive.below("WEB-INF/")):
        return ProjectError(
            "a war without a server in it: its manifest names no Main-Class", where=name,
            hint="build it with an embedded server (Spring Boot's plugin does), as a war or a jar",
        )  # fmt: skip
    return ProjectError(
        "a jar without a main class", where=f"{name}: {manifest.PATH}",
        hint='name it: java.main = "com.example.Main" in seaslug.toml, or Main-Class in the '
        "manifest",
    )  # fmt: skip


def _there(archive: Archive, main: str, libraries: Iterable[str], name: str) -> None:
    """Raise ProjectError if *main* is not in the jar, and there is no other place for it."""
    path = main.replace(".", "/") + ".class"
    versioned = any(n.endswith("/" + path) for n in archive.below("META-INF/versions/"))
    if not archive.has(path) and not versioned and not tuple(libraries):
        raise ProjectError(
            f"the main class {main[:200]} is not in it", where=f"{name}: {manifest.PATH}",
            hint="correct Main-Class, or build a jar with its libraries in it (shade, shadow)",
        )  # fmt: skip


def _relative(path: str, name: str) -> str:
    from urllib.parse import unquote

    plain = posixpath.normpath(unquote(path.removeprefix("file:")))
    if plain.startswith(("/", "..")) or "://" in path or "\0" in plain:
        raise ProjectError(
            f"Class-Path leads out of the jar's folder: {path[:200]}",
            where=f"{name}: {manifest.PATH}",
            hint="use paths relative to the jar, such as lib/a.jar",
        )
    return plain
