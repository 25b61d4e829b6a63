"""Which packages a jar holds: its own, those that were merged into it, jars inside it.

Maven and Gradle leave ``META-INF/maven/GROUP/ARTIFACT/pom.properties``. A jar without one of its
own is called by its file name and its manifest. What is damaged or hostile tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from seaslug.anatomy.packages.find import is_archive
from seaslug.anatomy.packages.model import MAX_LIBRARIES, Library, sound
from seaslug.apps.java import manifest
from seaslug.apps.java.archive import Archive
from seaslug.errors import HostileError, ProjectError
from seaslug.values.content import Content

_POM = re.compile(r"META-INF/maven/[^/]+/[^/]+/pom\.properties\Z")
_VERSION = r"(?=\d|build\d|rc?\d+(?:-|\Z))"
_SPLITS = (re.compile("-" + _VERSION), re.compile("[._]" + _VERSION))
"""Where a file name's version begins: at a dash, or if there is none, at a dot or underscore."""
_VERSIONS = ("Implementation-Version", "Specification-Version", "Bundle-Version", "Plugin-Version")
_NAMES = ("Name", "Bundle-Name", "Short-Name", "Extension-Name", "Implementation-Title")
_DEEPEST = 3
_MOST_PROPERTIES = 64 << 10
_LARGEST_INSIDE = 64 << 20


def libraries(content: Content, path: str) -> tuple[Library, ...]:
    """Return the packages in the jar *content*, which is called *path*; its own comes first."""
    found: dict[Library, None] = {}
    for one in _all(content, path, "", 0):
        found.setdefault(one)
        if len(found) >= MAX_LIBRARIES:
            break
    return tuple(found)


def _all(content: Content, path: str, inside: str, depth: int) -> Iterator[Library]:
    try:
        archive = Archive(content, path)
    except (ProjectError, HostileError):
        return
    yield from _own(archive, path, inside)
    if depth == _DEEPEST:
        return
    for name in archive.names():
        if is_archive(name) and archive.size(name) <= _LARGEST_INSIDE:
            try:
                nested = archive.content_of(name)
            except (ProjectError, HostileError):
                continue
            yield from _all(nested, name, f"{inside}!{name}" if inside else name, depth + 1)


def _own(archive: Archive, path: str, inside: str) -> Iterator[Library]:
    base = path.rpartition("/")[2].rpartition(".")[0]
    name, version = _split(base)
    poms = [one for one in _poms(archive, inside) if one.name and one.version]
    mine = [one for one in poms if base.startswith(one.name) and (
        one.name == name or len(poms) == 1 or base == f"{one.name}-{one.version}"
    )]  # fmt: skip
    if mine:
        # The longest that fits: core-web-1.jar may have core's merged into it.
        best = max(mine, key=lambda one: len(one.name))
        yield best
        yield from (one for one in poms if one != best)
        return
    if archive.has(manifest.PATH):
        told = _manifest(archive)
        name = name or next(filter(None, (sound(told.get(key)) for key in _NAMES)), "")
        version = version or next(filter(None, (sound(told.get(key)) for key in _VERSIONS)), "")
        if name:
            yield Library("java", name, version, inside=inside)
    yield from poms


def _split(base: str) -> tuple[str, str]:
    """Return name and version of a file name without its suffix."""
    if not base[:1].isalpha() or not sound(base):
        return "", ""
    found = next(filter(None, (split.search(base) for split in _SPLITS)), None)
    return (base[: found.start()], base[found.end() :]) if found else (base, "")


def _manifest(archive: Archive) -> manifest.Manifest:
    try:
        return manifest.parse(archive.read(manifest.PATH, manifest.LIMIT))
    except (ProjectError, HostileError):
        return manifest.Manifest()


def _poms(archive: Archive, inside: str) -> Iterator[Library]:
    for name in filter(_POM.match, archive.names()):
        try:
            text = archive.read(name, _MOST_PROPERTIES).decode("utf-8", "replace")
        except (ProjectError, HostileError):
            continue
        rows = {
            key.strip(): value.strip()
            for key, equals, value in (line.partition("=") for line in text.splitlines())
            if equals and not key.startswith(("#", "!"))
        }
        yield Library(
            "java", sound(rows.get("artifactId")), sound(rows.get("version")),
            sound(rows.get("groupId")), inside,
        )  # fmt: skip
