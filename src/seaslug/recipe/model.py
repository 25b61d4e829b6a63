"""Recipes as values: what an image is made of, level by level.

A recipe is a chain of levels, from the outermost parent to the recipe itself and
its variant. Every level becomes one layer, so images of one family share the
layers of the levels that they share.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from seaslug.oci.config import Healthcheck
from seaslug.recipe.check import Check
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform

Pairs = tuple[tuple[str, str], ...]
Globs = tuple[str, ...]


SLICE = "slice"
"""The name of the level that leaves out what an application does not use."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A Debian release: ``debian13``, its codename, suites, platforms and the words it gives."""

    name: str
    codename: str
    version: str
    suites: tuple[str, ...]
    usrmerge: bool
    platforms: tuple[Platform, ...]
    names: Pairs


@dataclass(frozen=True, slots=True)
class Npm:
    """A program taken from an npm package: its files, moved to their places in the image.

    ``package`` may hold ``{npm}``; ``version`` is the major version; ``moves`` are
    (path in the package, path in the image) pairs.
    """

    package: str
    version: str
    moves: Pairs


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the chain; every field adds to what the levels below it say.

    ``cuts`` are patterns to leave out of single packages and ``omits`` packages to leave out
    wholly: what slicing finds, see :mod:`seaslug.ops.app.slice`. ``bytecode`` are paths of
    Python sources among the cuts of which the bytecode stays, in their place.
    """

    name: str
    packages: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    drop: Globs = ()
    only: tuple[tuple[str, Globs], ...] = ()
    moves: tuple[tuple[str, Pairs], ...] = ()
    effects: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    links: Pairs = ()
    npm: Npm | None = None
    cuts: tuple[tuple[str, Globs], ...] = ()
    omits: tuple[str, ...] = ()
    bytecode: tuple[str, ...] = ()

    @property
    def sliced(self) -> list[object]:
        """All that slicing says of it, JSON-ready."""
        return [self.cuts, self.omits, *([self.bytecode] if self.bytecode else [])]


@dataclass(frozen=True, slots=True)
class Settings:
    """What goes into the image's configuration. ``env`` and ``labels`` are in recipe order.

    ``ports`` read ``8080/tcp``.
    """

    env: Pairs = ()
    user: str = "0"
    workdir: str = "/"
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    labels: Pairs = ()
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""
    healthcheck: Healthcheck | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """An expanded recipe.

    ``version_from`` names the package whose version is the image's; ``checks`` are
    what is proved by running. An application's ``base`` is the reference of the member of
    the family that it stands on; empty for the family itself.
    """

    name: str
    variant: str
    distribution: Distribution
    description: str
    levels: tuple[Level, ...]
    settings: Settings
    version_from: str = "base-files"
    checks: tuple[Check, ...] = field(default=(), compare=False)
    base: str = ""

    @property
    def title(self) -> str:
        """Name, distribution and variant, as a family reference; an application's name."""
        if self.base:
            return self.name
        suffix = "" if self.variant == "latest" else f":{self.variant}"
        return f"{self.name}-{self.distribution.name}{suffix}"

    @property
    def omitted(self) -> frozenset[str]:
        """Packages of the lock that slicing leaves out wholly."""
        return frozenset(name for level in self.levels for name in level.omits)

    @property
    def bytecode(self) -> frozenset[str]:
        """Python sources that are left out while their bytecode stays."""
        return frozenset(path for level in self.levels for path in level.bytecode)

    def whole(self) -> Recipe:
        """Return the recipe without slicing."""
        return replace(self, levels=tuple(x for x in self.levels if x.name != SLICE))

    @property
    def excluded(self) -> frozenset[str]:
        """Packages that stay out unless a level asks for them by name."""
        wanted = {want.partition("@")[0] for level in self.levels for want in level.packages}
        return frozenset(n for level in self.levels for n in level.exclude) - wanted

    @property
    def digest(self) -> Digest:
        """What the lock must match: everything but user and working directory.

        So one lock serves the plain and the nonroot variant, which hold the same files.
        """
        plain = asdict(replace(self, checks=(), variant=""))
        plain["settings"].pop("user")
        plain["settings"].pop("workdir")
        for key in ("ports", "volumes", "stop_signal", "healthcheck"):
            plain["settings"].pop(key)
        plain.pop("description")
        if self.base:
            # What an application starts has no say in which packages there are.
            plain.pop("settings")
        else:
            plain.pop("base")
        plain["distribution"].pop("platforms")
        # What slicing leaves out changes with the application, and has no say in the packages.
        plain["levels"] = [level for level in plain["levels"] if level["name"] != SLICE]
        for level in plain["levels"]:
            level.pop("cuts")
            level.pop("omits")
            level.pop("bytecode")
        return Digest.of(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode())


def words(platform: Platform) -> dict[str, str]:
    """Return the words in braces that depend on the platform: arch, triplet, npm, loader."""
    names = platform.names
    return {
        "arch": names.debian,
        "triplet": names.triplet,
        "npm": names.npm,
        "loader": names.loader,
    }


def fill(text: str, known: dict[str, str]) -> str:
    """Return *text* with ``{word}`` replaced for the words in *known*; others stay."""
    for word, value in known.items():
        text = text.replace("{" + word + "}", value)
    return text


def plain(value: Any) -> Any:
    """Return dataclasses as JSON-ready data (for reports)."""
    return asdict(value)
