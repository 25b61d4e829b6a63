"""From a project to a recipe with layers on top: detect, make, find libraries, lay settings over.

``prepare`` reads as its own table of contents. What it decides is in the recipe (base,
packages, settings) and in the layers, per platform; building them is the family's own way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from seaslug.apps.detect import KINDS, detect
from seaslug.apps.model import AppLayer, Detection, Evidence, Made
from seaslug.apps.native import table
from seaslug.apps.probe.check import HealthCheck
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.lock.codec import platform_digest
from seaslug.lock.model import Lock, SliceLock
from seaslug.ops.app import overlay, settings, starts, zones
from seaslug.ops.app.libraries import elves, lookup
from seaslug.ops.app.workbench import Workbench
from seaslug.ops.making import Files
from seaslug.ports import Contents
from seaslug.recipe import catalog, expand
from seaslug.recipe.model import Recipe
from seaslug.values.identity import identity
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

MAX_ROUNDS = 4
MANY_FILES = 50_000


@dataclass(frozen=True, slots=True)
class World:
    """What preparing needs beside the project: locks, base trees, the archive's contents."""

    bench: Workbench
    lock: Callable[[Recipe, Sequence[Platform]], Lock]
    files: Callable[[Recipe, Lock, Platform], Files]
    libraries: Callable[[Recipe, Platform], Contents]


@dataclass(frozen=True, slots=True)
class Application:
    """A project ready to be built.

    ``layers`` are per platform; ``evidence`` says why this base and these packages;
    ``notes`` are for people to act on. ``health`` is None if there is no check. ``slicing``
    says what was left out of the runtime, and how that was proved; ``slice`` holds it for
    the lock. ``copied`` is as in Made.
    """

    detection: Detection
    recipe: Recipe
    layers: tuple[tuple[Platform, tuple[AppLayer, ...]], ...]
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    health: HealthCheck | None = None
    slicing: str = ""
    slice: SliceLock | None = None
    project: Project = field(default_factory=lambda: Project("", Tree()))
    copied: bool = False

    def top(self, platform: Platform) -> tuple[AppLayer, ...]:
        """Return the layers for *platform*."""
        return dict(self.layers)[platform]


def prepare(
    project: Project, platforms: Sequence[Platform], variant: str, kind: str, world: World
) -> Application:
    """Return *project* as an application for *platforms*, on the base's *variant*.

    Raises ProjectError, ToolError, UsageError, UnknownNameError, ArchiveError.
    """
    project = replace(project, config=project.config.with_variant(variant or "latest"))
    detection = detect(project, kind)
    made = {platform: _make(detection, project, platform, world.bench) for platform in platforms}
    recipe = _base(project, made, variant)
    health = settings.health(project.config, _first(made).start)
    recipe, more, notes = _with_libraries(recipe, made, detection, world)
    recipe, trees = _with_trees(project, recipe, made, world)
    name = settings.name_of(project, detection)
    recipe = settings.applied(recipe, name, project.config, _first(made).start, health)
    _check_start(recipe, made, project, world)
    layers = tuple(
        (platform, _layers(project, one, trees.get(platform), platform, health))
        for platform, one in made.items()
    )
    evidence = (*_first(made).evidence, *more)
    notes = (
        *(n for m in made.values() for n in m.notes),
        *notes,
        *_of_size(project),
        *overlay.secrets(project),
    )
    return Application(
        detection, recipe, layers, evidence, tuple(dict.fromkeys(notes)), health, project=project,
        copied=_first(made).copied,
    )  # fmt: skip


def _of_size(project: Project) -> Iterator[str]:
    if len(project.tree) > MANY_FILES:
        said = "what it does not need can be left out by a .dockerignore, or by exclude"
        yield f"the project has {len(project.tree):,} files: {said}"


def _first(made: Mapping[Platform, Made]) -> Made:
    return next(iter(made.values()))


def _make(detection: Detection, project: Project, platform: Platform, bench: Workbench) -> Made:
    module = import_module(f"seaslug.ops.app.{KINDS[detection.kind][0]}")
    make: Callable[[Project, Platform, Workbench], Made] = module.make
    return make(project, platform, bench)


def _base(project: Project, made: Mapping[Platform, Made], variant: str) -> Recipe:
    """Return the recipe of the base that all platforms agree on, with the packages of all."""
    config = project.config
    names = {(one.base, one.distribution) for one in made.values()}
    if len(names) > 1 and not config.base:
        said = ", ".join(f"{p}: {one.base}" for p, one in made.items())
        raise ProjectError(
            f"the platforms need different bases ({said})", where=project.name,
            hint="build them one by one, or set base in the configuration",
        )  # fmt: skip
    first = _first(made)
    text = config.base or f"{first.base}{'-' + first.distribution if first.distribution else ''}"
    reference = catalog.parse_reference(text)
    chosen = variant or reference.variant or "latest"
    recipe = expand.family(f"{text.partition(':')[0]}:{chosen}")
    packages = dict.fromkeys(p for one in made.values() for p in one.packages)
    recipe = expand.with_packages(recipe, (*packages, *config.packages))
    return settings.with_init(recipe, config)


def _with_libraries(
    recipe: Recipe, made: Mapping[Platform, Made], detection: Detection, world: World
) -> tuple[Recipe, tuple[Evidence, ...], tuple[str, ...]]:
    """Return *recipe* with packages for the libraries that nobody brings yet."""
    evidence: dict[str, Evidence] = {}
    problems: tuple[str, ...] = ()
    for _ in range(MAX_ROUNDS):
        wanted: dict[str, None] = {}
        problems = ()
        for platform, one in made.items():
            found = _lookup(recipe, one, platform, world)
            for soname, package, by in found["found"]:
                evidence.setdefault(package, Evidence(f"needs {soname}: {package}", "/" + by))
            wanted |= dict.fromkeys(found["packages"])
            problems += tuple(found["problems"])
        if not wanted:
            break
        recipe = expand.with_packages(recipe, tuple(wanted))
    if problems and detection.kind not in ("python", "node"):
        raise ProjectError(
            "libraries that cannot be had: " + "; ".join(problems), where=detection.title,
            hint="put them beside the program ([native] libraries), or choose another base",
        )  # fmt: skip
    return recipe, tuple(evidence.values()), problems


def _lookup(recipe: Recipe, made: Made, platform: Platform, world: World) -> dict[str, Any]:
    lock, own = world.lock(recipe, [platform]), made.tree()
    inputs = [
        identity(own.get(path) for path in elves(own)), list(made.libraries),
        platform_digest(lock.on(platform)).text, recipe.distribution.name, str(platform),
    ]  # fmt: skip

    def look() -> dict[str, Any]:
        world.bench.listener.begin("find libraries")
        found = lookup(
            world.files(recipe, lock, platform).tree, made, platform,
            table.providers(recipe.distribution.name, world.libraries(recipe, platform)),
        )  # fmt: skip
        world.bench.listener.end("find libraries")
        rows = [list(row) for row in found.found]
        return {"packages": list(found.packages), "found": rows, "problems": list(found.problems)}

    result: dict[str, Any] = world.bench.fact("libraries", inputs, look)
    return result


def _with_trees(
    project: Project, recipe: Recipe, made: Mapping[Platform, Made], world: World
) -> tuple[Recipe, dict[Platform, Tree]]:
    """Return the base's trees where the configuration needs them, and zones chosen from them."""
    config = project.config
    named = config.timezones not in (("full",), ("none",))
    if config.timezones == ("none",):
        recipe = zones.none(recipe)
    if not (config.certificates or named):
        return recipe, {}
    lock = world.lock(recipe, list(made))
    trees = {platform: world.files(recipe, lock, platform).tree for platform in made}
    if named:
        first = next(iter(trees.values()))
        recipe = zones.chosen(recipe, first, config.timezones, config.where)
    return recipe, trees


def _check_start(
    recipe: Recipe, made: Mapping[Platform, Made], project: Project, world: World
) -> None:
    """Raise ProjectError if what starts is nowhere in the image."""
    argv = settings.program(recipe.settings)
    path = dict(recipe.settings.env).get("PATH", "")
    for platform, one in made.items():
        own = Tree((*one.tree(), *(e for layer in overlay.files(project) for e in layer.entries)))
        if starts.found(own, argv, path, recipe.settings.workdir):
            continue
        lock = world.lock(recipe, [platform])
        inputs = [platform_digest(lock.on(platform)).text, argv, path, identity(_links(own))]

        def look(platform: Platform = platform, own: Tree = own, lock: Lock = lock) -> bool:
            tree = own.over(world.files(recipe, lock, platform).tree)
            return starts.found(tree, argv, path, recipe.settings.workdir)

        if not world.bench.fact("starts", inputs, look):
            raise ProjectError(
                f"what shall start is not there: {argv}", where=recipe.name,
                hint=starts.hint(own, argv),
            )  # fmt: skip


def _links(tree: Tree) -> Iterator[Entry]:
    return (entry for entry in tree if entry.kind is Kind.SYMLINK)


def _layers(
    project: Project,
    made: Made,
    base: Tree | None,
    platform: Platform,
    health: HealthCheck | None,
) -> tuple[AppLayer, ...]:
    parts = (
        *overlay.machinery(project, base, platform, health),
        *made.layers,
        *overlay.files(project),
    )
    return tuple(layer for layer in parts if layer.entries)
