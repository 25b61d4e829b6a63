"""From a recipe to a lock: ask the archive, solve, and say which level each package belongs to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from seaslug.deb.relation import Want, parse_want
from seaslug.errors import UnknownNameError, UsageError
from seaslug.lock.model import Lock, Locked, PlatformLock
from seaslug.ports import ArchiveState, Listener, PackageSource
from seaslug.recipe import catalog
from seaslug.recipe.model import Level, Npm, Recipe, fill, words
from seaslug.values.debian import Package
from seaslug.values.platform import Platform

if TYPE_CHECKING:
    from seaslug.deb.solve import Resolution
    from seaslug.deb.universe import Universe


class NpmSource(Protocol):
    """Where programs from npm packages come from."""

    def resolve(self, package: str, major: str) -> Package:
        """Return the newest release of *major* as a package whose archive is ``npm``."""
        ...


@dataclass(frozen=True, slots=True)
class Resolver:
    """Resolves recipes. ``host`` is the platform whose programs run here, None if unknown.

    ``pyc`` false leaves Python uncompiled.
    """

    source: PackageSource
    npm: Callable[[], NpmSource]
    listener: Listener
    host: Platform | None
    pyc: bool = True

    def lock(self, recipe: Recipe, platforms: Sequence[Platform]) -> Lock:
        """Return the lock of *recipe* for *platforms*. Raises ResolveError, UsageError."""
        refuse_platforms(recipe, platforms)
        wants_pyc = self.pyc and any("pyc" in level.effects for level in recipe.levels)
        pyc = wants_pyc and self.host is not None and self.host in recipe.distribution.platforms
        if wants_pyc and not pyc:
            self.listener.say(
                "Python is not precompiled: its interpreter cannot run on this machine"
            )
        states: dict[str, ArchiveState] = {}
        locked = tuple(self._platform(recipe, p, states, pyc) for p in sorted(set(platforms)))
        tools: tuple[PlatformLock, ...] = ()
        if pyc and self.host is not None and self.host not in platforms:
            tools = (self._platform(recipe, self.host, states, pyc),)
        archives = tuple(states[name] for name in sorted(states))
        return Lock(recipe.title, recipe.digest, archives, locked, tools)

    def resolution(self, recipe: Recipe, platform: Platform) -> tuple[Resolution, Universe]:
        """Return what the solver found for one platform, with its reasons."""
        refuse_platforms(recipe, [platform])
        resolution, universe, _ = self._solve(recipe, platform)
        return resolution, universe

    def _platform(
        self, recipe: Recipe, platform: Platform, states: dict[str, ArchiveState], pyc: bool
    ) -> PlatformLock:
        resolution, _, found = self._solve(recipe, platform)
        states.update((state.name, state) for state in found)
        packages = [*_by_level(recipe, resolution), *self._npm(recipe, platform)]
        packages.sort(key=lambda p: p.package.name)
        return PlatformLock(platform, tuple(packages), pyc, resolution.skipped)

    def _solve(self, recipe: Recipe, platform: Platform) -> tuple[Resolution, Universe, Any]:
        from seaslug.deb.solve import solve

        wants = [want for level in recipe.levels for want in wants_of(level)]
        suites, home = self.suites(recipe), recipe.distribution.suites
        states, universe = self.source.suites(suites, platform.debian, home)
        return solve(universe, wants, recipe.excluded), universe, states

    def suites(self, recipe: Recipe) -> tuple[str, ...]:
        """Return the suites that *recipe* needs: its release's, and those that wants name."""
        pins = {want.suite for level in recipe.levels for want in wants_of(level) if want.suite}
        known = [release.codename for release in catalog.distributions().values()]
        for pin in sorted(pins.difference(known)):
            raise UnknownNameError("suite", pin, known, where=f"recipe {recipe.title}")
        found = [*recipe.distribution.suites]
        for codename in sorted(pins - {recipe.distribution.codename}):
            found += [codename, f"{codename}-updates", f"{codename}-security"]
        return tuple(found)

    def _npm(self, recipe: Recipe, platform: Platform) -> list[Locked]:
        return [
            Locked(
                self.npm().resolve(_npm_name(level.npm, platform), level.npm.version), level.name
            )
            for level in recipe.levels
            if level.npm is not None
        ]


def refuse_platforms(recipe: Recipe, platforms: Sequence[Platform]) -> None:
    """Raise UsageError if *recipe* cannot be made for one of *platforms*."""
    for platform in platforms:
        able = recipe.distribution.platforms
        why = f"{recipe.distribution.name} has no {platform.debian} packages"
        if any(level.npm for level in recipe.levels):
            able = tuple(p for p in able if p.arch in ("amd64", "arm64"))
            why = "there is no official binary for it"
        if platform not in able:
            raise UsageError(
                f"{recipe.title} cannot be made for {platform}: {why}",
                hint="platforms: " + ", ".join(map(str, able)),
            )


def wants_of(level: Level) -> tuple[Want, ...]:
    """Return what a level asks for, as the solver takes it."""
    return tuple(parse_want(text, asked_by=level.name) for text in level.packages)


def _npm_name(npm: Npm, platform: Platform) -> str:
    return fill(npm.package, words(platform))


def _by_level(recipe: Recipe, resolution: Resolution) -> list[Locked]:
    """Give each package to the first level whose wants reach it."""
    from seaslug.deb.solve import closure

    placed: dict[str, str] = {}
    for level in recipe.levels:
        for name in closure(resolution, [level.name]):
            placed.setdefault(name, level.name)
    top = recipe.levels[-1].name
    return [Locked(package, placed.get(package.name, top)) for package in resolution.packages]
