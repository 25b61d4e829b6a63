"""All the packages that can be chosen from: several suites' indices merged, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from seaslug.deb import relation, version
from seaslug.deb.index import Index
from seaslug.deb.relation import Clause, Relation, Want
from seaslug.errors import HostileError, UsageError
from seaslug.values.debian import Package
from seaslug.values.digest import Digest


@dataclass(frozen=True, slots=True)
class Candidate:
    """A package that can be chosen, with what it asks for.

    ``depends`` holds Pre-Depends and Depends; ``against`` holds Conflicts and Breaks;
    ``provides`` are (name, version or "") pairs.
    """

    package: Package
    depends: tuple[Clause, ...]
    against: tuple[Relation, ...]
    provides: tuple[tuple[str, str], ...]
    multi_arch: str

    @property
    def name(self) -> str:
        """The package's name."""
        return self.package.name

    def __str__(self) -> str:
        return f"{self.package.name} {self.package.version} ({self.package.archive})"


@dataclass
class Universe:
    """Indices of one architecture. ``home`` are the archives that anything may be taken from;

    packages of other archives are taken only for wants that name their suite.
    """

    arch: str
    indices: Sequence[tuple[str, Index]]
    home: frozenset[str]
    _known: dict[tuple[str, str], tuple[Candidate, ...]] = field(default_factory=dict, repr=False)
    _provided: dict[str, tuple[tuple[Candidate, str], ...]] = field(
        default_factory=dict, repr=False
    )
    _made: dict[tuple[str, str, str], Candidate] = field(default_factory=dict, repr=False)

    def candidates(self, name: str, suite: str = "") -> tuple[Candidate, ...]:
        """Return the packages called *name*, newest first; from *suite*'s archives if given."""
        found = self._known.get((name, suite))
        if found is None:
            found = self._known[name, suite] = self._merge(name, suite)
        return found

    def providers(self, name: str) -> tuple[tuple[Candidate, str], ...]:
        """Return the newest packages that provide *name*, with the version that they provide."""
        found = self._provided.get(name)
        if found is None:
            pairs: dict[str, tuple[Candidate, str]] = {}
            for archive, index in self.indices:
                if archive not in self.home:
                    continue
                for stanza, provided in index.providers(name):
                    candidate = self._candidate(archive, stanza)
                    newest = self.candidates(candidate.name)
                    if newest and newest[0].package == candidate.package:
                        pairs[candidate.name] = (candidate, provided or "")
            found = self._provided[name] = tuple(pairs[key] for key in sorted(pairs))
        return found

    def names(self) -> tuple[str, ...]:
        """Return every package name, for suggestions."""
        return tuple(sorted({name for _, index in self.indices for name in index.names()}))

    def _merge(self, name: str, suite: str) -> tuple[Candidate, ...]:
        found: dict[str, Candidate] = {}
        for archive, index in self.indices:
            wanted = of_suite(archive, suite) if suite else archive in self.home
            if not wanted:
                continue
            for stanza in index.stanzas(name):
                candidate = self._candidate(archive, stanza)
                found.setdefault(candidate.package.version, candidate)
        return tuple(
            sorted(found.values(), key=lambda c: version.key(c.package.version), reverse=True)
        )

    def _candidate(self, archive: str, stanza: dict[str, str]) -> Candidate:
        key = (archive, stanza.get("Package", ""), stanza.get("Version", ""))
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = _read(archive, stanza)
        return found


def _read(archive: str, stanza: dict[str, str]) -> Candidate:
    try:
        return _candidate(_package(archive, stanza), stanza)
    except KeyError as error:
        what = f"has no {error.args[0]}"
    except UsageError as error:
        what = error.what
    except ValueError as error:
        what = str(error)
    name = stanza.get("Package", "?")
    raise HostileError(f"a malformed entry: {what}", where=f"{archive}: {name}")


def _candidate(package: Package, stanza: dict[str, str]) -> Candidate:
    clauses = (
        *relation.parse(stanza.get("Pre-Depends", "")),
        *relation.parse(stanza.get("Depends", "")),
    )
    against = [
        clause[0]
        for name in ("Conflicts", "Breaks")
        for clause in relation.parse(stanza.get(name, ""))
    ]
    provides = tuple((c[0].name, c[0].version) for c in relation.parse(stanza.get("Provides", "")))
    return Candidate(package, clauses, tuple(against), provides, stanza.get("Multi-Arch", "no"))


def _package(archive: str, stanza: dict[str, str]) -> Package:
    source = stanza.get("Source", stanza["Package"])
    if "(" not in source:
        source = f"{source} ({stanza['Version']})"
    version.key(stanza["Version"])
    return Package(
        name=stanza["Package"],
        version=stanza["Version"],
        arch=stanza["Architecture"],
        archive=archive,
        path=_pool(stanza["Filename"]),
        size=int(stanza["Size"]),
        digest=Digest.from_hex(stanza["SHA256"]),
        source=source,
        installed_size=int(stanza.get("Installed-Size", "0")),
    )


def _pool(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/") or "://" in path:
        raise ValueError(f"unsafe Filename {path!r}")
    return path.removeprefix("./")


def of_suite(archive: str, suite: str) -> bool:
    """Tell whether *archive* is one of *suite*'s: itself, its security updates ..."""
    return archive.split("-")[0] == suite


def answers(candidate: Candidate, wanted: Relation, arch: str) -> bool:
    """Tell whether *candidate* meets *wanted*, by its own name or by what it provides."""
    if wanted.qualifier not in ("", "any", "native", arch) and candidate.package.arch != "all":
        return False
    if wanted.qualifier == "any" and candidate.multi_arch != "allowed":
        # dpkg lets :any match a package of the same architecture in any case.
        pass
    if candidate.name == wanted.name:
        return version.satisfies(candidate.package.version, wanted.op, wanted.version)
    for name, provided in candidate.provides:
        if name == wanted.name:
            if not wanted.op:
                return True
            if provided and version.satisfies(provided, wanted.op, wanted.version):
                return True
    return False


__all__ = ["Candidate", "Universe", "Want", "answers", "of_suite"]
