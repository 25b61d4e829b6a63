"""The public Python surface, and the place where adapters meet operations.

::

    from seaslug.api import Workspace

    with Workspace() as seaslug:
        recipe = seaslug.recipe("python3:nonroot")
        image = seaslug.build(recipe)
        print(image.descriptor.digest)

Everything raises :class:`seaslug.errors.SeaslugError` or a branch of it, and prints
nothing; progress goes to the listener.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seaslug.errors import LockError, UsageError
from seaslug.ports import ArchiveChoice, ArchiveState, Listener, PackageIndex, Silent, Stored, Tally
from seaslug.tar.compress import Compression
from seaslug.values.debian import Package
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.platform import TABLE, Platform

if TYPE_CHECKING:
    from seaslug.adapters.store import Store
    from seaslug.lock.model import Lock
    from seaslug.ops.app.prepare import Application
    from seaslug.ops.build import Builder, Built
    from seaslug.ops.rebase.rebase import Outcome
    from seaslug.ops.resolve import Resolver
    from seaslug.recipe.model import Recipe


@dataclass(frozen=True, slots=True)
class Result:
    """A finished build: what its name stands for, and each platform's image."""

    recipe: Recipe
    lock: Lock
    descriptor: Descriptor
    images: tuple[Built, ...]
    builder: Builder = field(repr=False)


class Workspace:
    """A store, an archive and the machine's own abilities, wired together."""

    def __init__(
        self,
        store: Store | None = None,
        *,
        listener: Listener | None = None,
        archive: ArchiveChoice | None = None,
    ) -> None:
        self._given_store = store
        self._fresh: set[Digest] = set()
        self._tally = Tally()
        self.listener: Listener = listener or Silent()
        self.archive_options = archive or ArchiveChoice()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker threads; what they had not begun is dropped."""
        pool = self.__dict__.pop("pool", None)
        if pool is not None:
            pool.close()

    @cached_property
    def store(self) -> Store:
        """The store: the given one, else $SEASLUG_HOME's or the user's."""
        from seaslug.adapters.store import Store, default_root

        return self._given_store or Store(default_root())

    @cached_property
    def pool(self) -> Any:
        """Worker threads."""
        from seaslug.adapters.pool import ThreadPool

        return ThreadPool()

    def _compiler(self) -> Any:
        from seaslug.adapters.pycompile import Compiler

        return Compiler(machine(), self.store.root / "runtimes")

    @cached_property
    def source(self) -> Any:
        """Debian's archive and the npm registry, as one source of packages."""
        from seaslug.adapters.sources import Sources

        return Sources(self.store, self.listener, self.archive_options)

    def recipe(self, subject: str, *, variant: str = "", extra: Sequence[str] = ()) -> Recipe:
        """Return the recipe that *subject* names: a family reference or a recipe file.

        Raises UnknownNameError, RecipeError, UsageError.
        """
        from seaslug.recipe import catalog, expand

        if catalog.looks_like_path(subject) or Path(subject).is_dir():
            recipe = _recipe_file(subject, variant)
        else:
            if variant:
                subject = f"{subject.partition(':')[0]}:{variant}"
            recipe = expand.family(subject)
        return expand.with_packages(recipe, extra)

    def lock(self, recipe: Recipe, platforms: Sequence[Platform] = (), *, pyc: bool = True) -> Lock:
        """Return *recipe* resolved against the archive as it is now.

        Asked again while the archive's word is fresh, the answer comes from the store.
        Without *pyc*, Python is not precompiled.
        """
        from seaslug.ops.remembered import remembered_lock

        resolver = replace(self.resolver(), pyc=pyc)
        return remembered_lock(self.store, resolver, recipe, tuple(platforms) or (host_platform(),))

    def fresh_until(self, recipe: Recipe) -> tuple[float, list[str]]:
        """Return until when (seconds since 1970) the archive's word on *recipe* is fresh.

        And the files that hold this word: while neither changes, locking gives the same.
        """
        found: tuple[float, list[str]] = self.source.fresh_until(self.resolver().suites(recipe))
        return found

    def application(
        self,
        path: str,
        platforms: Sequence[Platform] = (),
        *,
        variant: str = "",
        kind: str = "",
        config: str = "",
        settings: Mapping[str, Any] | None = None,
        exclude: Sequence[str] = (),
        lock: Lock | None = None,
        slice: bool = True,
    ) -> Application:
        """Return the project folder, binary or jar at *path* as an application.

        Its own tools are run where it has to be built. *settings* are keys of the
        configuration that are laid over it, *exclude* patterns of files to leave out. *lock*
        is the lock to use for the packages below it. With *slice*, what it cannot reach is
        left out of the runtime, and it is started to prove that.

        Raises ProjectError, ToolError, UsageError, ArchiveError.
        """
        from seaslug.adapters.project import read_project
        from seaslug.adapters.toolbox import LocalTools
        from seaslug.apps.config import over
        from seaslug.ops.app.prepare import World, prepare
        from seaslug.ops.app.proved import Stage, proved
        from seaslug.ops.app.workbench import Workbench

        project = read_project(path, config, exclude, self.listener)
        if settings:
            project = replace(project, config=over(project.config, settings))
        wanted = tuple(platforms) or parse_platforms(project.config.platforms)
        wanted = wanted or (host_platform(),)
        with (
            LocalTools(self.listener, str(self.store.root / "caches")) as tools,
            self.store.session(),
        ):
            world = World(
                Workbench(tools, self.store, self.listener, machine()),
                self._locked(lock), self._files, self._libraries,
            )  # fmt: skip
            app = prepare(project, wanted, variant, kind, world)
            if not slice:
                return app
            stage = Stage(self._staged, self._runner)
            return proved(app, world, stage, lock.slice if lock is not None else None)

    def _staged(self, app: Application, platform: Platform) -> Digest:
        return self.build(app.recipe, [platform], app=app).descriptor.digest

    def _runner(self, platform: Platform) -> Any:
        from seaslug.adapters.runners import QUICK, pick

        return pick(self.store, order=QUICK)

    def _locked(self, lock: Lock | None) -> Callable[[Recipe, Sequence[Platform]], Lock]:
        """Return what locks recipes: *lock* itself for the platforms that it has."""

        def locked(recipe: Recipe, wanted: Sequence[Platform]) -> Lock:
            have = {p.platform for p in lock.platforms} if lock is not None else set()
            if lock is not None and have.issuperset(wanted):
                return lock
            return self.lock(recipe, wanted)

        return locked

    def _files(self, recipe: Recipe, lock: Lock, platform: Platform) -> Any:
        return self._builder(Compression.of("gzip", None), "grouped").files(recipe, lock, platform)

    def _libraries(self, recipe: Recipe, platform: Platform) -> Any:
        from seaslug.adapters.contents import Contents

        return Contents(self.source.debian, recipe.distribution.suites, platform)

    def packages(self, platform: Platform, *, online: bool) -> Callable[[str], PackageIndex]:
        """Return what knows the packages of *platform* in a distribution (``debian12``).

        Not *online*, only what the store has already is asked, and believed as it was fetched.
        """
        offline = replace(self.archive_options, offline=True, refresh=False, allow_expired=True)

        @cache
        def of(distribution: str) -> PackageIndex:
            from seaslug.adapters.contents import Contents
            from seaslug.adapters.sources import Sources
            from seaslug.recipe.catalog import distributions

            source = self.source if online else Sources(self.store, self.listener, offline)
            suites = distributions()[distribution].suites
            return Contents(source.debian, suites, platform, kept=not online)

        return of

    def rebase(
        self,
        app: str,
        onto: str = "",
        *,
        old: str = "",
        platforms: Sequence[str] = (),
        lock: Lock | None = None,
    ) -> Outcome:
        """Return the image *app* of the store on a new base; nothing is kept or named yet.

        *onto* is a member of the family, made of the packages as they are now or of *lock*'s; or
        an image of the store. Without it, the member that *app* was built on is made again.
        *old* is the image that *app* was built on, where it does not tell.

        Raises UnknownNameError, UsageError, LockError, ArchiveError, HostileError.
        """
        from seaslug.ops.rebase.made import Family
        from seaslug.ops.rebase.rebase import Ask, of_store, rebase
        from seaslug.recipe.catalog import is_member

        def builder(compression: str) -> Builder:
            return self._builder(Compression.of(compression, None), "grouped")

        if onto and not is_member(onto):
            bases = of_store(self.store, onto)
        else:
            bases = Family(onto, self._locked(lock), builder)
        with self.store.session():
            return rebase(self.store, Ask(app, old, tuple(platforms)), bases)

    def _builder(self, compression: Compression, layers: str) -> Builder:
        from seaslug.ops.build import Builder, Options

        options = Options(compression, layers)
        return Builder(
            self.store, self.source, lambda: self.pool, self.listener, options, self._compiler,
            self._tally,
        )  # fmt: skip

    def resolver(self) -> Resolver:
        """Return the resolver over this workspace's archive."""
        from seaslug.ops.resolve import Resolver

        return Resolver(self.source, lambda: self.source.npm, self.listener, machine())

    def build(
        self,
        recipe: Recipe,
        platforms: Sequence[Platform] = (),
        *,
        lock: Lock | None = None,
        pyc: bool = True,
        compression: str = "gzip",
        level: int | None = None,
        layers: str = "grouped",
        app: Application | None = None,
    ) -> Result:
        """Build *recipe* for each platform and return what was made; nothing is named yet.

        With *lock*, exactly its packages are used; *app* lays its layers on top. Raises
        LockError if the lock is for another recipe.
        """
        wanted = tuple(platforms) or (host_platform(),)
        builder = self._builder(Compression.of(compression, level), layers)
        with self.store.session():
            lock = lock or self.lock(recipe, wanted, pyc=pyc)
            if lock.recipe != recipe.digest:
                raise LockError(
                    "the recipe has changed since this lock was made",
                    where=lock.subject,
                    hint="lock again: seaslug lock SUBJECT -o FILE",
                )
            images = tuple(
                builder.image(recipe, lock, p, app.top(p) if app is not None else ())
                for p in wanted
            )
            # What was made to be proved a moment ago is not "as built before".
            self._fresh |= {image.manifest.digest for image in images if not image.reused}
            images = tuple(
                replace(i, reused=False) if i.manifest.digest in self._fresh else i for i in images
            )
            return Result(recipe, lock, builder.index(images), images, builder)


def host_platform() -> Platform:
    """Return the platform to build for when none is named: this machine's, else linux/amd64."""
    return machine(any_system=True) or Platform("linux", "amd64")


def machine(*, any_system: bool = False) -> Platform | None:
    """Return the platform whose programs run on this machine, or None."""
    info = os.uname()
    if info.sysname != "Linux" and not any_system:
        return None
    name = {"arm64": "aarch64", "i386": "i686"}.get(info.machine, info.machine)
    return next((p for p, names in TABLE.items() if names.uname == name), None)


def platforms(texts: Sequence[str], recipe: Recipe | None = None) -> tuple[Platform, ...]:
    """Read ``--platform`` values: commas allowed, ``all`` means all that *recipe* has."""
    found: list[Platform] = []
    for text in (part for value in texts for part in value.split(",") if part.strip()):
        if text.strip() == "all" and recipe is not None:
            found += _all(recipe)
        else:
            found.append(Platform.parse(text))
    return tuple(sorted(set(found)))


parse_platforms = platforms


def _all(recipe: Recipe) -> Iterator[Platform]:
    from seaslug.ops.resolve import refuse_platforms

    for platform in recipe.distribution.platforms:
        try:
            refuse_platforms(recipe, [platform])
        except UsageError:
            continue
        yield platform


def _recipe_file(subject: str, variant: str) -> Recipe:
    from seaslug.recipe import expand

    name, _, suffix = subject.partition(":")
    path = Path(name).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(
            "no such recipe file",
            where=name,
            hint="members of the family need no file: seaslug families",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the recipe: {error}", where=name) from None
    return expand.from_text(text, name, variant=variant or suffix)


__all__ = [
    "ArchiveChoice", "ArchiveState", "Package", "Result", "Stored", "Workspace",
    "host_platform", "machine", "platforms",
]  # fmt: skip
