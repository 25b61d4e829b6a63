"""The proof that an application's programs and libraries find what they need on another base.

For each ELF file of the application: its dynamic loader, the libraries that it needs where
the loader looks for them, the symbol versions that they must define, and the symbols
without a version that the old base resolved. What was missing before is no news.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seaslug.anatomy.facts import hashed
from seaslug.anatomy.rootfs import Rootfs
from seaslug.apps.native import glibc
from seaslug.apps.native.needs import Needs, Wanted, closure
from seaslug.rules.words import listed
from seaslug.values.platform import Platform
from seaslug.values.tree import Kind

_SHOWN = 8
_REBUILD = "build the application again on the new base, or choose a base that has it"


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not fit: ``what`` is wrong, ``where`` (files of the image), the next step."""

    what: str
    where: str
    hint: str

    def as_dict(self) -> dict[str, str]:
        """Return the problem as JSON-ready data."""
        return {"what": self.what, "where": self.where, "hint": self.hint}


@dataclass(frozen=True, slots=True)
class Pair:
    """The image's root as it was, and as it would be.

    *search* are the directories of LD_LIBRARY_PATH, *program* is the path of what starts.
    """

    before: Rootfs
    after: Rootfs
    platform: Platform
    search: tuple[str, ...] = ()
    program: str = ""


def linked(pair: Pair) -> tuple[tuple[Problem, ...], int]:
    """Return what does not link any more, and how many libraries, versions and symbols are needed.

    Each is counted once, however many files need it.
    """
    roots = pair.after.of_app()
    before, after = _needs(pair, pair.before, roots), _needs(pair, pair.after, roots)
    found = [
        *_loaders(pair, roots), *_libraries(before, after), *_versions(before, after),
        *_symbols(pair, before, after, roots),
    ]  # fmt: skip
    return tuple(found), len(_asked(pair, roots))


def _needs(pair: Pair, root: Rootfs, roots: tuple[str, ...]) -> Needs:
    starts = roots if pair.program in roots or not pair.program else (*roots, pair.program)
    return closure(root.tree, starts, pair.platform, pair.search, root.binary)


def _asked(pair: Pair, roots: tuple[str, ...]) -> set[tuple[str, str]]:
    asked: set[tuple[str, str]] = set()
    for path in roots:
        facts = pair.after.facts(path)
        if facts is not None:
            asked |= {(name, "") for name in facts.binary.elf.needed}
            asked |= {(need.library, need.version) for need in facts.binary.needs}
            asked |= {("", name) for name in facts.wanted}
    return asked


def _loaders(pair: Pair, roots: tuple[str, ...]) -> Iterator[Problem]:
    by: dict[str, list[str]] = {}
    for path in roots:
        facts = pair.after.facts(path)
        loader = facts.binary.elf.interpreter if facts is not None else ""
        if loader and _there(pair.before, loader) and not _there(pair.after, loader):
            by.setdefault(loader, []).append(path)
    for loader, paths in by.items():
        yield Problem(f"the dynamic loader {loader} is not there", shown(paths), _REBUILD)


def _there(root: Rootfs, path: str) -> bool:
    entry = root.tree.resolve(path)
    return entry is not None and entry.kind is Kind.FILE


def _libraries(before: Needs, after: Needs) -> Iterator[Problem]:
    known = {(one.name, by) for one in before.missing for by in one.by}
    for one in after.missing:
        lost = [by for by in one.by if (one.name, by) not in known]
        if lost:
            yield Problem(f"needs {one.name}, which is not there", shown(lost), _REBUILD)


def _versions(before: Needs, after: Needs) -> Iterator[Problem]:
    by: dict[tuple[str, str], list[str]] = {}
    known = set(before.unmet)
    for one in after.unmet:
        if one not in known:
            by.setdefault((one.library, one.version), []).append(one.by)
    for (library, version), paths in sorted(by.items()):
        release = glibc.oldest_fitting([Wanted(paths[0], library, version)])
        hint = f"take a base of {release} or newer, or build it again on this one"
        yield Problem(
            f"needs {version} of {library}, which the one there does not define", shown(paths),
            hint if release and _numbered(version) else _REBUILD,
        )  # fmt: skip


def _numbered(version: str) -> bool:
    return version.startswith(("GLIBC", "GLIBCXX", "CXXABI", "GCC"))


def _symbols(pair: Pair, before: Needs, after: Needs, roots: tuple[str, ...]) -> Iterator[Problem]:
    had = _defined(pair.before, before, roots, pair.program)
    has = _defined(pair.after, after, roots, pair.program)
    for path in roots:
        facts = pair.after.facts(path)
        wanted = facts.wanted if facts is not None else ()
        lost = [name for name in wanted if (h := hashed(name)) in had and h not in has]
        if lost:
            what = f"needs {shown(lost, '')}, which no library defines any more"
            yield Problem(what, shown([path]), _REBUILD)


def _defined(root: Rootfs, needs: Needs, roots: tuple[str, ...], program: str) -> set[int]:
    """Return the hashes of the names that any file in the process may define."""
    found: set[int] = set()
    for path in {*roots, program, *(one.path for one in needs.found)}:
        facts = root.facts(root.tree.realpath(path) or "")
        if facts is not None:
            found |= facts.defined
    return found


def shown(paths: list[str], head: str = "/") -> str:
    """Return a few of *paths*, and how many there are more."""
    return listed([head + path for path in paths], _SHOWN)
