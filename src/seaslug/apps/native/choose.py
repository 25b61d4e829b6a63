"""Which base and which Debian packages a native program runs on, and why.

The smallest that will do: ``static`` for a program that needs no file, ``base-nossl`` and
the exact packages for one that needs glibc, a bigger base only if all that it adds is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from seaslug.apps.model import Evidence
from seaslug.apps.native import glibc, table
from seaslug.apps.native.loading import is_musl
from seaslug.apps.native.needs import Missing, Needs, Wanted
from seaslug.apps.native.trouble import Trouble, of_roots, of_versions
from seaslug.deb.soname import package_name
from seaslug.errors import ResolveError
from seaslug.recipe import expand
from seaslug.values.platform import Platform

_ALWAYS = ("libc6", "libgcc-s1")
_MUSL_OWN = ("libc.", "ld-musl-")
_LADDER = ("base", "cc")
_ADVICE = "link it statically, as musl is made for, or against glibc"


class Lookup(Protocol):
    """Which packages have a library: the port Contents, or anything like it."""

    def providers(self, name: str) -> tuple[str, ...]:
        """Return the packages that put *name* where the loader looks, the best one first."""
        ...

    def elsewhere(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return (package, directory) of those that have *name* in a directory of their own."""
        ...


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


def choose(needs: Needs, platform: Platform, distribution: str, lookup: Lookup) -> Choice:
    """Return what the programs of *needs* run on in *distribution*.

    *lookup* is asked only for libraries that are not the family's own. Nothing is raised
    for a program that cannot run: see ``Choice.sure``.
    """
    troubles = of_roots(needs, platform)
    if not any(root.binary is not None for root in needs.roots):
        return Choice("static", (), distribution, troubles=troubles)
    if not needs.interpreter and not needs.missing and not needs.found:
        return Choice("static", (), distribution, (), (_static(needs),), troubles)
    if is_musl(needs.interpreter) or any(_names_musl(m.name) for m in needs.missing):
        return _with_musl(needs, distribution, troubles)
    return _with_glibc(needs, distribution, lookup, troubles)


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
    needs: Needs, distribution: str, lookup: Lookup, troubles: tuple[Trouble, ...]
) -> Choice:
    search = _Search(distribution, lookup)
    for one in needs.missing:
        search.add(one)
    reasons = []
    if needs.interpreter:
        reasons.append(Evidence(f"interpreter {needs.interpreter}: glibc", _first(needs)))
    reasons += [_newest(one, distribution) for one in glibc.newest_of(needs.versions)]
    base, packages = _base(frozenset(search.packages), distribution)
    return Choice(
        base, packages, distribution, tuple(dict.fromkeys(search.libraries)),
        (*reasons, *search.reasons),
        (*troubles, *of_versions(needs, distribution), *search.troubles),
    )  # fmt: skip


class _Search:
    """The packages of the libraries that are missing, one by one."""

    def __init__(self, distribution: str, lookup: Lookup) -> None:
        self.distribution, self.lookup = distribution, lookup
        self.packages: dict[str, None] = {}
        self.libraries: list[str] = []
        self.reasons: list[Evidence] = []
        self.troubles: list[Trouble] = []

    def add(self, missing: Missing) -> None:
        """Note the package of one library, or the trouble that there is none."""
        name, where = missing.name, ", ".join(missing.by)
        known = table.known(name, self.distribution)
        package = known or next(iter(self.lookup.providers(name)), "")
        if package:
            self._take(package, Evidence(f"needs {name} → {package}", where))
            return
        rule = package_name(name)
        for package, folder in self.lookup.elsewhere(name):
            if package == rule:
                said = f"needs {name} → {package}, which has it in /{folder}"
                self.libraries.append(f"/{folder}")
                self._take(package, Evidence(said, where))
                return
        self.troubles.append(self._nowhere(name, where))

    def _take(self, package: str, reason: Evidence) -> None:
        self.packages[package] = None
        self.reasons.append(reason)

    def _nowhere(self, name: str, where: str) -> Trouble:
        others = [d for d in table.releases_with(name) if d != self.distribution]
        elsewhere = self.lookup.elsewhere(name)
        hint = f"copy {name} beside the program and link it with -Wl,-rpath,'$ORIGIN'"
        if others:
            hint = f"take a release that has it: --distribution {others[-1]}"
        elif elsewhere:
            package, folder = elsewhere[0]
            hint = f"{package} has one in /{folder}, for its own use; or {hint}"
        return Trouble(
            f"needs {name}, which no package of {self.distribution} has", where=where, hint=hint
        )


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


def _newest(one: Wanted, distribution: str) -> Evidence:
    oldest = glibc.oldest_fitting((one,))
    since = f"{oldest} or newer" if oldest else "newer than any release"
    return Evidence(f"needs {one.version}: {since}", one.by)


def _names_musl(soname: str) -> bool:
    return (soname.startswith(_MUSL_OWN) and "musl" in soname) or soname == "libc.so"


def _first(needs: Needs) -> str:
    return next((root.path for root in needs.roots if root.binary is not None), "")
