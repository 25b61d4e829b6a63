"""Spring Boot's executable jars and wars, taken apart into layers.

Taken apart, the application starts quicker than out of nested jars, and its libraries get
a layer of their own. The index ``layers.idx`` says which file goes where::

    - "dependencies":
      - "BOOT-INF/lib/"
    - "application":
      - "BOOT-INF/classes/"

It is a list in YAML of which only quoted names occur, so lines are all there is to read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from seaslug.apps.java.jar import Jar
from seaslug.errors import ProjectError

_LAYER = re.compile(r'- "(?P<name>(?:[^"\\]|\\.)*)":\s*\Z')
_ITEM = re.compile(r'\s+- "(?P<path>(?:[^"\\]|\\.)*)"\s*\Z')
LOADER, DEPENDENCIES, APPLICATION = "spring-boot-loader", "dependencies", "application"
MAX_LAYERS = 3
_INDICES = ("BOOT-INF/layers.idx", "WEB-INF/layers.idx")


@dataclass(frozen=True, slots=True)
class Part:
    """A layer: its name and the files of the jar that are in it."""

    name: str
    files: tuple[str, ...]


def parts(jar: Jar) -> tuple[Part, ...]:
    """Return the layers of *jar*, what changes least first; empty ones are left out.

    Raises ProjectError for an index that cannot be read.
    """
    index = jar.manifest.get("Spring-Boot-Layers-Index")
    path = next((p for p in (index, *_INDICES) if p and jar.archive.has(p)), "")
    if path:
        text = jar.archive.read(path).decode("utf-8", "replace")
        return joined(_by_index(jar, parse(text, f"{jar.name}: {path}")))
    libraries = [n for n in jar.archive.names() if _is_library(n)]
    loader = [n for n in jar.archive.names() if n.startswith("org/springframework/boot/loader/")]
    rest = set(jar.archive.names()).difference(libraries, loader)
    return _kept((Part(DEPENDENCIES, (*libraries, *loader)), Part(APPLICATION, tuple(rest))))


def class_path(name: str) -> str:
    """Return a file of an executable jar or war by its name on the class path."""
    for folder in ("BOOT-INF/classes/", "WEB-INF/classes/"):
        name = name.removeprefix(folder)
    return name


def parse(text: str, where: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return (layer, its files and folders) pairs of a layers.idx. Raises ProjectError."""
    found: list[tuple[str, list[str]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        layer, item = _LAYER.match(line), _ITEM.match(line)
        if layer:
            found.append((_plain(layer["name"]), []))
        elif item and found:
            found[-1][1].append(_plain(item["path"]))
        elif line.strip():
            raise ProjectError(
                f"not a line of a layers index: {line.strip()[:80]!r}", where=f"{where}:{number}",
                hint="build the jar again, without layers if need be",
            )  # fmt: skip
    return tuple((name, tuple(items)) for name, items in found)


def joined(layers: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return *layers* as at most three: the loader beside the libraries, the middle ones as one."""
    loader = [part for part in layers if part.name == LOADER]
    rest = [part for part in layers if part.name != LOADER]
    if loader and rest:
        rest[0] = Part(rest[0].name, (*rest[0].files, *loader[0].files))
    first, middle, last = rest[:1], rest[1:-1], rest[1:][-1:]
    if len(rest) > MAX_LAYERS:
        name = " + ".join(part.name for part in middle)
        middle = [Part(name, tuple(file for part in middle for file in part.files))]
    return (*first, *middle, *last) if rest else tuple(loader)


def _by_index(jar: Jar, index: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[Part, ...]:
    folders = [(path, name) for name, paths in index for path in paths if path.endswith("/")]
    exact = {path: name for name, paths in index for path in paths if not path.endswith("/")}
    found: dict[str, list[str]] = {name: [] for name, _ in index}
    last = index[-1][0] if index else APPLICATION
    for file in jar.archive.names():
        name = exact.get(file) or next((n for p, n in folders if file.startswith(p)), last)
        found.setdefault(name, []).append(file)
    return _kept(tuple(Part(name, tuple(files)) for name, files in found.items()))


def _kept(layers: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(Part(part.name, tuple(sorted(part.files))) for part in layers if part.files)


def _is_library(path: str) -> bool:
    return path.startswith(("BOOT-INF/lib/", "WEB-INF/lib/", "WEB-INF/lib-provided/"))


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
