"""A native program, whoever built it, as an application: its layer, its base, its libraries."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from seaslug.apps.model import ROOT, TIME, AppLayer, Evidence, Made, Start
from seaslug.apps.native import glibc
from seaslug.apps.native.choose import choose
from seaslug.apps.native.loading import is_musl
from seaslug.apps.native.needs import Needs, closure
from seaslug.apps.native.trouble import Trouble, of_roots, of_versions
from seaslug.apps.project import Project
from seaslug.deb.binary import read
from seaslug.errors import ProjectError
from seaslug.ops.app.workbench import Workbench, moved
from seaslug.recipe.catalog import DEFAULT_DISTRIBUTION, parse_reference
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

_SEARCH = "LD_LIBRARY_PATH"
_ORIGIN = ("$ORIGIN", "${ORIGIN}")


@dataclass(frozen=True, slots=True)
class Part:
    """*program* is the entry to start, at a path below the application's folder.

    *others* are files beside it; *start* says what is known of it but its entrypoint.
    """

    program: Entry
    others: tuple[Entry, ...] = ()
    start: Start = field(default_factory=Start)
    evidence: tuple[Evidence, ...] = ()


class _Unasked:
    """Contents that know of nothing: what is missing is looked up when the base is there."""

    complete = False

    def providers(self, name: str) -> tuple[str, ...]:
        return ()

    def elsewhere(self, name: str) -> tuple[tuple[str, str], ...]:
        return ()


def assembled(part: Part, project: Project, platform: Platform, bench: Workbench) -> Made:
    """Return *part* as an application.

    Raises ProjectError for a file that is no program, or for another architecture, that was
    cut short, or that needs what no release of Debian has.
    """
    program = replace(part.program, mode=0o755)
    libraries, search = _libraries(program, project, bench)
    own = moved((program, *part.others), ROOT)
    tree = Tree((*own, *libraries))
    needs = closure(tree, [own[0].path], platform, search)
    _runs(needs, platform)
    distribution = _distribution(needs, project)
    choice = choose(needs, platform, distribution, _Unasked())
    if is_musl(needs.interpreter) and choice.troubles:
        raise _error(choice.troubles)
    layers = [AppLayer("libraries", tuple(libraries)), AppLayer("application", own)]
    env = (*part.start.env, *((_SEARCH, folder) for folder in search))
    return Made(
        base=choice.base,
        distribution=distribution,
        start=replace(part.start, entrypoint=("/" + own[0].path,), env=env),
        layers=tuple(layer for layer in layers if layer.entries),
        packages=choice.packages,
        evidence=(*part.evidence, *choice.reasons),
        libraries=search,
    )


def _runs(needs: Needs, platform: Platform) -> None:
    """Raise ProjectError if the first root is no program for *platform*."""
    troubles = of_roots(needs, platform)
    if troubles:
        raise _error(troubles)
    root = needs.roots[0]
    # A shared library has an entry point too when it can be started (as libc can): rare.
    if root.binary is not None and root.binary.linkage == "library":
        raise ProjectError(
            "a shared library, not a program", where=root.path.removeprefix(ROOT + "/"),
            hint="name the program that loads it; [native] libraries takes folders of libraries",
        )  # fmt: skip


def _distribution(needs: Needs, project: Project) -> str:
    """Return the release: the configured one, the default, or the oldest that has the versions."""
    base = project.config.base
    wanted = parse_reference(base).distribution if base else ""
    name = wanted or DEFAULT_DISTRIBUTION
    problems = of_versions(needs, name)
    if not problems:
        return name
    better = glibc.oldest_fitting(needs.versions)
    if base or not better:
        raise _error(problems)
    return better


def _error(troubles: Sequence[Trouble]) -> ProjectError:
    """Return every trouble as one error; paths are as the project has them."""
    rows = [replace(t, where=t.where.replace(ROOT + "/", "")) for t in troubles]
    first, *more = rows
    what = "\n  ".join((first.what, *(str(row) for row in more)))
    hints = dict.fromkeys(row.hint for row in rows if row.hint)
    return ProjectError(what, where=first.where, hint="; or ".join(hints))


def _libraries(
    program: Entry, project: Project, bench: Workbench
) -> tuple[list[Entry], tuple[str, ...]]:
    """Return the files of the configured folders of libraries, and LD_LIBRARY_PATH for them.

    If the program looks somewhere relative to itself they go there, and need no variable.
    """
    folders = tuple(project.config.of("native").get("libraries", ()))
    if not folders:
        return [], ()
    entries = [e for folder in folders for e in _files(folder, project, bench)]
    at = f"/{ROOT}/" + program.path.rpartition("/")[0]
    relative = _origin(program, at.rstrip("/"))
    place = relative or f"{ROOT}/lib"
    return list(moved(entries, place)), () if relative else ("/" + place,)


def _origin(program: Entry, at: str) -> str:
    """Return the first folder below the application's that the program searches, if any."""
    found = read(program.content) if program.content is not None else None
    for path in (*found.runpath, *found.rpath) if found is not None else ():
        for name in _ORIGIN:
            if path.startswith(name):
                place = posixpath.normpath(at + path[len(name) :]).lstrip("/")
                if place == ROOT or place.startswith(ROOT + "/"):
                    return place
    return ""


def _files(folder: str, project: Project, bench: Workbench) -> Iterator[Entry]:
    plain = folder.removeprefix("./").strip("/")
    if ".." in plain.split("/") or folder.startswith("/"):
        raise ProjectError(
            f"{folder} leads out of the project", where=f"{project.config.where}: native.libraries",
            hint="name folders below the project's",
        )  # fmt: skip
    # A named file is alone in its project: the folders are read from where it lies.
    tree = Tree(project.tree.under(plain))
    cut = len(plain) + 1
    if project.file:
        tree, cut = bench.tools.collect(f"{project.folder}/{plain}"), 0
    found = [e for e in tree if e.kind is not Kind.DIR]
    if not found:
        raise ProjectError(
            f"no files in {folder}", where=f"{project.config.where}: native.libraries",
            hint="is the folder there, and is it ignored (.dockerignore)?",
        )  # fmt: skip
    return (replace(e, path=e.path[cut:], mtime=TIME) for e in found)
