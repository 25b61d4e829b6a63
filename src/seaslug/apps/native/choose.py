"""Which base and which Debian packages a native program runs on, and why.

The smallest that will do: ``static`` for a program that needs no file, ``base-nossl`` and
the exact packages for one that needs glibc, a bigger base only if all that it adds is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

from seaslug.apps.model import Evidence
from seaslug.apps.native import glibc, table
from seaslug.apps.native.loading import is_musl
from seaslug.apps.native.needs import Missing, Needs
from seaslug.apps.native.trouble import Trouble, of_roots, of_versions, release
from seaslug.deb.soname import package_name
from seaslug.errors import ResolveError
from seaslug.ports import Contents
from seaslug.recipe import expand
from seaslug.values.platform import Platform

_ALWAYS = ("libc6", "libgcc-s1")
_MUSL_OWN = ("libc.", "ld-musl-")
_LADDER = ("base", "cc")
_ADVICE = "link it statically, as musl is made for, or against glibc"


@dataclass(frozen=True, slots=True)
class Choice:
    """A base of the family (``static``, ``base-nossl`` ...) and packages beside it.

    ``libraries`` are directories, with a leading slash, that the program needs in
    LD_LIBRARY_PATH. ``reasons`` are for people. With ``troubles`` it will not run like this.
    """

    base: str
    packages: tuple[str, ...]
    distribution: str
    libraries: tuple[str, ...] = ()
    reasons: tuple[Evidence, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    def sure(self) -> Choice:
        """Return the choice itself. Raises ResolveError with every trouble, if there is any."""
        if not self.troubles:
            return self
        first, *more = (str(trouble) for trouble in self.troubles)
        hints = dict.fromkeys(trouble.hint for trouble in self.troubles if trouble.hint)
        raise ResolveError(
            "\n  ".join((first, *more)), hint="; or ".join(hints) or "see: seaslug inspect"
        )


def choose(needs: Needs, platform: Platform, distribution: str, contents: Contents) -> Choice:
    """Return what the programs of *needs* run on in *distribution*.

    *contents* is asked only for libraries that are not the family's own. Nothing is raised
    for a program that cannot run: see ``Choice.sure``.
    """
    troubles = of_roots(needs, platform)
    if not any(root.binary is not None for root in needs.roots):
        return Choice("static", (), distribution, troubles=troubles)
    if not needs.interpreter and not needs.missing and not needs.found:
        return Choice("static", (), distribution, (), (_static(needs),), troubles)
    if is_musl(needs.interpreter) or any(_names_musl(m.name) for m in needs.missing):
        return _with_musl(needs, distribution, troubles)
    return _with_glibc(needs, distribution, contents, troubles)


def _static(needs: Needs) -> Evidence:
    linkages = dict.fromkeys(r.binary.linkage for r in needs.roots if r.binary is not None)
    return Evidence(f"{' and '.join(linkages)}: needs no library", _first(needs))


def _with_musl(needs: Needs, distribution: str, troubles: tuple[Trouble, ...]) -> Choice:
    said = needs.interpreter or next(m.name for m in needs.missing if _names_musl(m.name))
    reasons = [
        Evidence(f"interpreter {said}: musl → musl", _first(needs)),
        Evidence("linked statically it would need no package at all", _first(needs)),
    ]
    absent = tuple(
        Trouble(
            f"needs {one.name}, and Debian has no libraries for musl but its own",
            where=", ".join(one.by), hint=_ADVICE,
        )
        for one in needs.missing
        if not _names_musl(one.name)
    )  # fmt: skip
    packages = () if needs.loader_there else ("musl",)
    return Choice("static", packages, distribution, (), tuple(reasons), (*troubles, *absent))


def _with_glibc(
    needs: Needs, distribution: str, contents: Contents, troubles: tuple[Trouble, ...]
) -> Choice:
    search = _Search(distribution, contents)
    for one in needs.missing:
        search.add(one)
    reasons = []
    if needs.interpreter:
        reasons.append(Evidence(f"interpreter {needs.interpreter}: glibc", _first(needs)))
    reasons += _releases(needs)
    base, packages = _base(frozenset(search.packages), distribution)
    return Choice(
        base, packages, distribution, tuple(dict.fromkeys(search.libraries)),
        (*reasons, *search.reasons),
        (*troubles, *of_versions(needs, distribution), *search.troubles),
    )  # fmt: skip


class _Search:
    """The packages of the libraries that are missing, one by one."""

    def __init__(self, distribution: str, contents: Contents) -> None:
        self.distribution, self.contents = distribution, contents
        self.providers = table.providers(distribution, contents)
        self.packages: dict[str, tuple[list[str], dict[str, None]]] = {}
        self.libraries: list[str] = []
        self.troubles: list[Trouble] = []

    @property
    def reasons(self) -> tuple[Evidence, ...]:
        """One row per package: the libraries that it has, and who needs them."""
        return tuple(
            Evidence(f"needs {', '.join(names)} → {package}", ", ".join(by))
            for package, (names, by) in self.packages.items()
        )

    def add(self, missing: Missing) -> None:
        """Note the package of one library, or the trouble that there is none."""
        name = missing.name
        package = next(iter(self.providers(name)), "")
        if not package:
            rule = package_name(name)
            own = [row for row in self.contents.elsewhere(name) if row[0] == rule]
            if own:
                package, folder = own[0]
                self.libraries.append(f"/{folder}")
        if package:
            names, by = self.packages.setdefault(package, ([], {}))
            names.append(name)
            by.update(dict.fromkeys(missing.by))
        else:
            self.troubles.append(self._nowhere(name, ", ".join(missing.by)))

    def _nowhere(self, name: str, where: str) -> Trouble:
        others = [d for d in table.releases_with(name) if d != self.distribution]
        elsewhere = self.contents.elsewhere(name)
        hint = f"copy {name} beside the program and link it with -Wl,-rpath,'$ORIGIN'"
        if others:
            hint = release(others[-1])
        elif elsewhere:
            package, folder = elsewhere[0]
            hint = f"{package} has one in /{folder}, for its own use; or {hint}"
        said = f"needs {name}, which no package of {self.distribution} has"
        if not self.contents.complete:
            said = f"needs {name}; no package of {self.distribution} is called after it"
            hint = f"name its package yourself: --with PACKAGE; or {hint}"
        return Trouble(said, where, hint)


def _base(needed: frozenset[str], distribution: str) -> tuple[str, tuple[str, ...]]:
    """Return the largest base of which everything is needed, and the packages beside it."""
    levels = {level.name: level.packages for level in expand.family(f"cc-{distribution}").levels}
    there = _closed(frozenset((*_ALWAYS, *levels["base-nossl"])), distribution)
    wanted = _closed(needed | there, distribution)
    base = "base-nossl"
    for step in _LADDER:
        if not set(levels[step]) <= wanted:
            break
        base, there = step, there | set(levels[step])
    brought = frozenset(p for one in needed for p in table.brings(one, distribution))
    return base, tuple(sorted(needed - there - brought))


def _closed(packages: frozenset[str], distribution: str) -> frozenset[str]:
    return packages.union(*(table.brings(p, distribution) for p in packages))


def _releases(needs: Needs) -> list[Evidence]:
    """Return the versions that an old release does not have, the highest of each kind."""
    first = next(iter(glibc.runtimes()))
    found = []
    for one in glibc.newest_of(needs.versions):
        oldest = glibc.oldest_fitting((one,))
        if oldest != first:
            since = f"{oldest} or newer" if oldest else "newer than every release"
            found.append(Evidence(f"needs {one.version}: {since}", one.by))
    return found


def _names_musl(soname: str) -> bool:
    return (soname.startswith(_MUSL_OWN) and "musl" in soname) or soname == "libc.so"


def _first(needs: Needs) -> str:
    return next((root.path for root in needs.roots if root.binary is not None), "")
