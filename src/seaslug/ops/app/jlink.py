"""A Java runtime of only the modules that a program needs, linked by the JDK of this machine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from seaslug.apps.java.program import Program, classes
from seaslug.apps.java.runtime import Runtime, known
from seaslug.apps.model import TIME, AppLayer, Evidence
from seaslug.apps.project import Project
from seaslug.deb.effects import jks
from seaslug.errors import ProjectError, ToolError
from seaslug.ops.app.workbench import Workbench, moved
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree, symlink

HOME = "opt/java"
JAVA = f"/{HOME}/bin/java"
LIBRARIES = (f"/{HOME}/lib", f"/{HOME}/lib/server")
"""Where the runtime's libraries are: the program that starts them has them loaded first."""

DESKTOP = "java.desktop"
_TRUST = "lib/security/cacerts"
_CURVES, _CURVES_UNTIL = "jdk.crypto.ec", 22
_ZIP_LEVELS, _STRIP_JAVA = 21, 13
# Before this release an archive of shared classes differs from run to run.
_SAME_ARCHIVE = 21
_CLASSES, _MADE = "classes", "runtime"

_NO_ARCHIVE = (
    "java.cds is left out: Java {} writes another archive each time, Java 21 and newer do not"
)

Place = tuple[Project, Platform, Workbench]


@dataclass(frozen=True, slots=True)
class Linked:
    """The layer with the runtime, and the base that it stands on."""

    layer: AppLayer
    base: str
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...] = ()


def make(program: Program, key: str, chosen: Runtime, place: Place) -> Linked:
    """Return the runtime for *program*, whose files *key* stands for.

    Raises ProjectError if this machine has no JDK of that release or a newer one.
    """
    project, platform, bench = place
    folder, java, version = jdk(chosen, place)
    extra = tuple(project.config.of("java").get("modules", ()))
    found: list[str] = bench.fact(
        "jdeps", [key, version], lambda: referred(program, folder, java, bench)
    )
    modules = sorted({*found, *extra, *_always(java)})
    wanted = bool(project.config.of("java").get("cds"))
    cds = wanted and java >= _SAME_ARCHIVE
    with bench.tools.folder() as work:
        tree = bench.kept(
            "jlink", [modules, version, str(platform), cds],
            lambda: _link(modules, (folder, java, cds), work, bench),
        )  # fmt: skip
    desktop, own = DESKTOP in modules, bool(project.config.certificates)
    shared = desktop or own
    entries = [e for e in tree if not (shared and e.path == _TRUST)]
    if shared:
        entries.append(symlink(_TRUST, f"/{jks.PATH}", mtime=TIME))
    said = f"jlink {version}: {len(modules)} modules, {', '.join(modules)}"
    fonts = "fonts for java.desktop" if desktop else "no java.desktop: no fonts"
    return Linked(
        AppLayer("java runtime", moved(entries, HOME)),
        # Without the keystore of java-base, which takes certificates, the JDK's own stays.
        "java-base" if shared else "base-nossl",
        (Evidence(said, program.jar.name), Evidence(fonts)),
        (_NO_ARCHIVE.format(java),) if wanted and not cds else (),
    )


def jdk(chosen: Runtime, place: Place) -> tuple[str, int, str]:
    """Return the folder of the programs of a JDK that can link, its release, its whole version."""
    project, platform, bench = place
    if bench.host != platform:
        raise ProjectError(
            f"java.jlink needs a JDK for {platform}, and this machine is "
            f"{bench.host or 'of an unknown kind'}", where=project.config.where,
            hint=f"build on a machine for {platform}, or without java.jlink",
        )  # fmt: skip
    seen = []
    for name in _places(chosen, platform):
        path = bench.tools.find(name)
        if path:
            version = bench.tools.run([path, "--version"], cwd=project.folder, task="jlink").strip()
            number = re.match(r"\d+", version)
            java = int(number[0]) if number else 0
            if java == chosen.java or (java > chosen.java and not chosen.exact):
                return path.rpartition("/")[0], java, version
            seen.append(version)
    has = f"this machine's is {seen[0]}" if seen else "there is none on this machine"
    needs = f"{chosen.java}" if chosen.exact else f"{chosen.java} or newer"
    raise ProjectError(
        f"java.jlink needs a JDK {needs}, and {has}", where=project.config.where,
        hint=f"install openjdk-{chosen.java}-jdk-headless and put its bin folder into PATH",
    )  # fmt: skip


def _places(chosen: Runtime, platform: Platform) -> Iterator[str]:
    """Yield where a jlink may be: the release that was chosen, PATH, then newer releases."""
    later = [java for java in known() if java > chosen.java]
    for java in (chosen.java, 0, *later):
        if java:
            for home in (f"java-{java}-openjdk", f"temurin-{java}-jdk"):
                yield f"/usr/lib/jvm/{home}-{platform.debian}/bin/jlink"
        else:
            yield "jlink"


def referred(program: Program, folder: str, java: int, bench: Workbench) -> list[str]:
    """Return the modules that the program's classes refer to; *folder* has the JDK's jdeps."""
    with bench.tools.folder() as work:
        # Without their module-info, jars cannot ask for modules that are not there.
        bench.tools.write(work, Tree(_classes(program, java)))
        out = bench.tools.run(
            [f"{folder}/jdeps", "--ignore-missing-deps", "--print-module-deps", _CLASSES],
            cwd=work, task="jdeps",
        )  # fmt: skip
    lines = [line.strip() for line in out.splitlines() if line.strip()]
    found = lines[-1].split(",") if lines else []
    if not found or not all(name.replace(".", "").replace("_", "").isalnum() for name in found):
        raise ToolError("jdeps names no modules", out[-2000:], where=program.jar.name)
    return found


def _classes(program: Program, java: int) -> Iterator[Entry]:
    for path, archive, name in classes(program.archives(), java):
        content = archive.content_of(name)
        yield Entry(f"{_CLASSES}/{path}", Kind.FILE, 0o644, mtime=TIME, content=content)


def _always(java: int) -> tuple[str, ...]:
    """Return what no class refers to and TLS needs: elliptic curves, found as a service."""
    return (_CURVES,) if java < _CURVES_UNTIL else ()


def _link(
    modules: list[str], how: tuple[str, int, bool], work: str, bench: Workbench
) -> list[Entry]:
    """Return the files of a new runtime, at paths below its home."""
    folder, java, cds = how
    out = f"{work}/{_MADE}"
    strip = "--strip-java-debug-attributes" if java >= _STRIP_JAVA else "--strip-debug"
    # Bytes that a layer compresses anyway are smaller when they come uncompressed.
    level = "zip-0" if java >= _ZIP_LEVELS else "0"
    bench.tools.run(
        [f"{folder}/jlink", "--add-modules", ",".join(modules), strip, "--no-man-pages",
         "--no-header-files", "--compress", level, "--output", out],
        cwd=work, task="jlink",
    )  # fmt: skip
    if cds:
        bench.tools.run([f"{out}/bin/java", "-Xshare:dump"], cwd=work, task="java -Xshare:dump")
    return list(_trimmed(bench.tools.collect(out)))


def _trimmed(tree: Tree) -> Iterator[Entry]:
    """Leave only the program to start of bin."""
    return (e for e in tree if not e.path.startswith("bin/") or e.path == "bin/java")
