"""Shared libraries that an application needs and nobody brings yet: the packages for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from seaslug.apps.model import Made
from seaslug.apps.native.glibc import oldest_fitting
from seaslug.apps.native.needs import Needs, closure
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

Providers = Callable[[str], tuple[str, ...]]
"""soname to the names of Debian packages that have it, best first."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """``packages`` bring what was missing; ``problems`` are sentences about what stays unmet.

    ``found`` are (soname, package, who wants it).
    """

    packages: tuple[str, ...] = ()
    found: tuple[tuple[str, str, str], ...] = ()
    problems: tuple[str, ...] = ()


def lookup(base: Tree, made: Made, platform: Platform, providers: Providers) -> Lookup:
    """Return the packages for libraries that *made* needs and that are not in *base*."""
    needs = _needs(base, made, platform)
    packages: dict[str, None] = {}
    found: list[tuple[str, str, str]] = []
    problems: list[str] = []
    for missing in needs.missing:
        names = providers(missing.name)
        if names:
            packages[names[0]] = None
            found.append((missing.name, names[0], missing.by[0]))
        else:
            who = ", ".join(f"/{by}" for by in missing.by[:3])
            problems.append(f"{missing.name}, which {who} needs, is in no Debian package")
    for wanted in needs.unmet:
        release = oldest_fitting([wanted])
        where = f"; {release} has it" if release else ""
        said = f"/{wanted.by} needs {wanted.version} of {wanted.library}, which is older{where}"
        problems.append(said)
    return Lookup(tuple(packages), tuple(found), tuple(dict.fromkeys(problems)))


def _needs(base: Tree, made: Made, platform: Platform) -> Needs:
    own = made.tree()
    return closure(own.over(base), tuple(elves(own)), platform, made.libraries)


def elves(tree: Iterable[Entry]) -> Iterator[str]:
    """Yield the paths of the ELF files of *tree*, programs and libraries."""
    for entry in tree:
        if entry.kind is not Kind.FILE or entry.content is None or entry.size < 52:
            continue
        likely = entry.mode & 0o111 or ".so" in entry.path or entry.path.endswith(".node")
        if likely and entry.content.read(0, 4) == b"\x7fELF":
            yield entry.path
