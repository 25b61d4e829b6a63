"""Which packages to take: a search over candidates, newest and first-named first.

Depends and Pre-Depends must hold, Conflicts and Breaks must not; Recommends are
not looked at. A clause that names an excluded package is dropped unless something
that was taken anyway meets it, and what was dropped is recorded. The search is
deterministic and bounded; a failure says who asked for what, and what there was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from seaslug.deb.relation import Clause, Relation, Want, show
from seaslug.deb.universe import Candidate, Universe, answers, of_suite
from seaslug.errors import ResolveError, UnknownNameError
from seaslug.values.debian import Package

MAX_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Edge:
    """*asker* has the clause *clause*, and the package *chosen* meets it."""

    asker: str
    clause: str
    chosen: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was taken, why, and which (asker, clause) pairs exclusions left unmet."""

    packages: tuple[Package, ...]
    edges: tuple[Edge, ...]
    skipped: tuple[tuple[str, str], ...]

    def why(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return the shortest chain of (asker, clause) from a want to the package *name*."""
        before: dict[str, Edge] = {}
        queue: list[str] = []
        for edge in self.edges:
            if edge.asker.startswith("recipe ") and edge.chosen not in before:
                before[edge.chosen] = edge
                queue.append(edge.chosen)
        for package in queue:
            for edge in self.edges:
                if edge.asker == package and edge.chosen not in before:
                    before[edge.chosen] = edge
                    queue.append(edge.chosen)
        chain: list[tuple[str, str]] = []
        while name in before:
            edge = before[name]
            chain.insert(0, (edge.asker, edge.clause))
            name = edge.asker
        return tuple(chain)


def closure(resolution: Resolution, askers: Iterable[str]) -> frozenset[str]:
    """Return the chosen packages that are reached from the wants of these *askers*."""
    starts = {f"recipe {asker}" for asker in askers}
    reached: set[str] = set()
    todo = [edge.chosen for edge in resolution.edges if edge.asker in starts]
    by_asker: dict[str, list[str]] = {}
    for edge in resolution.edges:
        by_asker.setdefault(edge.asker, []).append(edge.chosen)
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += by_asker.get(name, ())
    return frozenset(reached)


@dataclass(frozen=True, slots=True)
class _Ask:
    asker: str
    clause: Clause
    suite: str = ""


@dataclass
class _Search:
    universe: Universe
    exclude: frozenset[str]
    steps: int = 0
    reason: str = ""
    depth: int = -1
    chosen: dict[str, Candidate] = field(default_factory=dict)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def run(self, todo: tuple[_Ask, ...]) -> bool:
        """Meet every ask, depth first; on failure ``reason`` tells of the deepest dead end."""
        frames: list[tuple[tuple[_Ask, ...], list[Candidate], list[str], int]] = []
        while True:
            todo = self._settle(todo)
            if not todo:
                return True
            ask, rest = todo[0], todo[1:]
            options = self._options(ask)
            frames.append((rest, options, list(self.chosen), len(self.skipped)))
            while True:
                if not frames:
                    return False
                rest, options, names, mark = frames[-1]
                self._restore(names, mark)
                taken = self._take(options)
                if taken is None:
                    frames.pop()
                    continue
                asks = tuple(_Ask(taken.name, clause) for clause in taken.depends)
                todo = (*asks, *rest)
                break

    def _settle(self, todo: tuple[_Ask, ...]) -> tuple[_Ask, ...]:
        """Drop the asks at the front that are met already, or that exclusions take away."""
        at = 0
        while at < len(todo):
            ask = todo[at]
            if self._met(ask) is None:
                if not any(r.name in self.exclude for r in ask.clause):
                    break
                self.skipped.append((ask.asker, show(ask.clause)))
            at += 1
        return todo[at:]

    def _met(self, ask: _Ask) -> Candidate | None:
        for wanted in ask.clause:
            direct = self.chosen.get(wanted.name)
            if direct is not None and self._fits(direct, wanted, ask.suite):
                return direct
        for wanted in ask.clause:
            for candidate in self.chosen.values():
                if self._fits(candidate, wanted, ask.suite):
                    return candidate
        return None

    def _fits(self, candidate: Candidate, wanted: Relation, suite: str) -> bool:
        if suite and not of_suite(candidate.package.archive, suite):
            return False
        return answers(candidate, wanted, self.universe.arch)

    def _options(self, ask: _Ask) -> list[Candidate]:
        """Return what could meet *ask*, best first, as a stack that is popped from its end."""
        found: list[Candidate] = []
        for wanted in ask.clause:
            own = self.universe.candidates(wanted.name, ask.suite)
            found += [c for c in own if answers(c, wanted, self.universe.arch)]
            if not ask.suite:
                found += [
                    c
                    for c, _ in self.universe.providers(wanted.name)
                    if answers(c, wanted, self.universe.arch)
                ]
        usable = [c for c in dict.fromkeys(found) if c.name not in self.exclude]
        if not usable:
            self._blame(f"{ask.asker} needs {show(ask.clause)}\n{self._what_there_is(ask)}")
        return usable[::-1]

    def _take(self, options: list[Candidate]) -> Candidate | None:
        while options:
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise ResolveError(
                    f"gave up after {MAX_STEPS} steps; the deepest problem was:\n  {self.reason}"
                )
            candidate = options.pop()
            clash = self._clash(candidate)
            if clash is None:
                self.chosen[candidate.name] = candidate
                return candidate
            self._blame(clash)
        return None

    def _clash(self, new: Candidate) -> str | None:
        old = self.chosen.get(new.name)
        if old is not None:
            return f"{old} was chosen already, and {new} would be needed"
        for other in self.chosen.values():
            for one, two in ((new, other), (other, new)):
                for against in one.against:
                    if answers(two, against, self.universe.arch):
                        return f"{one} conflicts with or breaks {against}, and {two} is there"
        return None

    def _restore(self, names: list[str], mark: int) -> None:
        for name in list(self.chosen)[len(names) :]:
            del self.chosen[name]
        del self.skipped[mark:]

    def _blame(self, reason: str) -> None:
        if len(self.chosen) > self.depth:
            self.depth, self.reason = len(self.chosen), reason

    def _what_there_is(self, ask: _Ask) -> str:
        rows = []
        for wanted in ask.clause:
            there = self.universe.candidates(wanted.name, ask.suite)
            if wanted.name in self.exclude:
                rows.append(f"    {wanted.name} is excluded by the recipe")
            elif there:
                rows.append(f"    {wanted}: there is {', '.join(map(str, there))}")
            else:
                rows.append(f"    {wanted}: there is no such package for {self.universe.arch}")
        return "\n".join(rows)


def solve(universe: Universe, wants: Sequence[Want], exclude: frozenset[str]) -> Resolution:
    """Return the packages that meet *wants*. Raises ResolveError, UnknownNameError."""
    search = _Search(universe, exclude)
    asks = []
    for want in wants:
        name = want.relation.name
        if not universe.candidates(name, want.suite) and not universe.providers(name):
            raise UnknownNameError(
                "package", str(want), universe.names(), where=f"recipe level {want.asked_by}"
            )
        asks.append(_Ask(f"recipe {want.asked_by}", (want.relation,), want.suite))
    # Pinned ones first: what depends on them has to do with the pinned version.
    if not search.run(tuple(sorted(asks, key=lambda ask: not ask.suite))):
        raise ResolveError(
            f"no set of packages meets the recipe:\n  {search.reason}",
            hint="seaslug why shows how a package comes in; an exclusion is written !name",
        )
    return _resolution(search, asks)


def _resolution(search: _Search, asks: Sequence[_Ask]) -> Resolution:
    edges: list[Edge] = []
    taken = list(search.chosen.values())
    everything = [*asks, *(_Ask(c.name, clause) for c in taken for clause in c.depends)]
    skipped: dict[tuple[str, str], None] = {}
    for ask in everything:
        met = search._met(ask)
        if met is not None:
            edges.append(Edge(ask.asker, show(ask.clause), met.name))
        else:
            skipped[ask.asker, show(ask.clause)] = None
    packages = tuple(sorted((c.package for c in taken), key=lambda p: p.name))
    return Resolution(packages, tuple(edges), tuple(skipped))


__all__ = ["Edge", "Relation", "Resolution", "Want", "closure", "solve"]
