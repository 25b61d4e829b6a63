"""A jar with all that belongs to it: which files are libraries, which the application's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seaslug.apps.java import bytecode, jar, springboot
from seaslug.apps.java.archive import Archive
from seaslug.apps.java.jar import BOOT, PLAIN, QUARKUS, Jar
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.values.tree import Entry, Kind, Tree

_QUARKUS_LIBRARIES = "lib/"
_VERSIONS = "META-INF/versions/"


@dataclass(frozen=True, slots=True)
class Program:
    """*jar*, and *tree*: it and the files beside it, at paths relative to its folder."""

    jar: Jar
    tree: Tree

    def libraries(self) -> Tree:
        """Return the files beside the jar that are libraries."""
        if self.jar.shape == QUARKUS:
            return self.tree.select(lambda e: e.path.startswith(_QUARKUS_LIBRARIES))
        names = self.jar.libraries
        folders = tuple(name + "/" for name in names)
        wanted = set(names)
        return self.tree.select(lambda e: e.path in wanted or e.path.startswith(folders))

    def application(self) -> Tree:
        """Return the jar and every other file that is no library."""
        libraries = self.libraries()
        return self.tree.select(lambda e: e.path not in libraries and e.kind is not Kind.DIR)

    def archives(self) -> Iterator[Archive]:
        """Yield all its jars in the order of the class path: its own first, then those in it."""
        yield self.jar.archive
        if self.jar.shape == BOOT or self.jar.name.endswith(".war"):
            yield from bytecode.nested(self.jar.archive)
        for entry in self._beside():
            if entry.content is not None and entry.path != self.jar.base:
                yield Archive(entry.content, entry.path)

    def own(self) -> Iterator[Archive]:
        """Yield the jars with the application's own classes and settings."""
        yield self.jar.archive
        if self.jar.shape == QUARKUS:
            for entry in self._beside():
                if entry.path.startswith("app/") and entry.content is not None:
                    yield Archive(entry.content, entry.path)

    def names(self) -> tuple[str, ...]:
        """Return the paths of all its libraries, in the jar and beside it."""
        inside = self.jar.archive.names() if self.jar.shape == BOOT else ()
        return (*(n for n in inside if n.endswith(".jar")), *(e.path for e in self._beside()))

    def _beside(self) -> tuple[Entry, ...]:
        chosen = self.tree if self.jar.shape == QUARKUS else self.libraries()
        ordered = {name: at for at, name in enumerate(self.jar.libraries)}
        found = (e for e in chosen if e.kind is Kind.FILE and e.path.endswith(".jar"))
        return tuple(sorted(found, key=lambda e: ordered.get(e.path, len(ordered))))


def program(tree: Tree, path: str, project: Project, *, whole: bool = False) -> Program:
    """Return the program whose jar is at *path* of *tree*; *whole*: every file of its folder.

    Raises ProjectError if a library that its Class-Path names is not there.
    """
    entry = tree.get(path)
    assert entry is not None and entry.content is not None
    main = project.config.of("java").get("main", "")
    found = jar.read(entry.content, path, main)
    near = _beside(tree, found.folder)
    chosen = near if whole or found.shape == QUARKUS else _wanted(near, found)
    _complete(near, found, main)
    return Program(found, chosen)


def classes(archives: Iterable[Archive], java: int) -> Iterator[tuple[str, Archive, str]]:
    """Yield (path on the class path, archive, its name there) of each class that Java *java* loads.

    The first of two classes with one name counts, a multi-release jar's newest that fits.
    """
    seen: set[str] = set()
    for archive in archives:
        chosen: dict[str, tuple[int, str]] = {}
        for name in archive.names():
            release, path = _release(springboot.class_path(name))
            usable = path.endswith(".class") and not path.endswith("module-info.class")
            if usable and release <= java and release >= chosen.get(path, (0, ""))[0]:
                chosen[path] = (release, name)
        for path, (_, name) in chosen.items():
            if path not in seen:
                seen.add(path)
                yield path, archive, name


def _release(name: str) -> tuple[int, str]:
    """Return the release that a file of a multi-release jar is for, 0 for all, and its path."""
    if not name.startswith(_VERSIONS):
        return 0, name
    number, _, path = name[len(_VERSIONS) :].partition("/")
    return (int(number), path) if number.isdigit() and len(number) < 5 else (9999, path)


def _beside(tree: Tree, folder: str) -> Tree:
    if not folder:
        return tree
    from dataclasses import replace

    return Tree(replace(e, path=e.path[len(folder) + 1 :]) for e in tree.under(folder))


def _wanted(near: Tree, found: Jar) -> Tree:
    folders = tuple(name + "/" for name in found.libraries)
    names = {found.base, *found.libraries}
    return near.select(
        lambda e: e.kind is not Kind.DIR and (e.path in names or e.path.startswith(folders))
    )


def _complete(near: Tree, found: Jar, main: str) -> None:
    """Raise ProjectError for libraries that are not there, unless ``java.main`` is given."""
    missing = [n for n in found.libraries if n not in near and not near.under(n)]
    if not missing or (main and found.shape == PLAIN):
        return
    shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if missing[5:] else "")
    raise ProjectError(
        f"libraries of its Class-Path are not beside it: {shown}", where=found.name,
        hint="let the build copy them there; or, if they are in the jar itself, name its main "
        f'class: java.main = "{found.main}"',
    )  # fmt: skip
