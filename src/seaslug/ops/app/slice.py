"""Slicing: leaving out what of the runtime an application cannot reach, as a level of its recipe.

What can be reached is found from imports and from what programs load (see
:mod:`seaslug.apps.slicing`), which is right as far as it goes; so a slice counts only
once the application was started with it (:mod:`seaslug.ops.app.proof`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from seaslug.apps.model import PACKAGES, AppLayer
from seaslug.apps.slicing.deep import undocumented
from seaslug.apps.slicing.scan import scan
from seaslug.ops.app import zones
from seaslug.ops.app.prepare import Application, World
from seaslug.ops.app.slicer import (
    SLICE_VERSION,
    Ask,
    Slice,
    Slicer,
    pattern,
    row_of,
    started,
)  # fmt: skip
from seaslug.recipe.model import SLICE, Level, Recipe
from seaslug.values.identity import identity
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind


def sliced(
    app: Application, world: World, more: Iterable[str] = (), *, deep: bool = False
) -> tuple[Application, Slice]:  # fmt: skip
    """Return *app* with a level that leaves out what no platform's application can reach.

    *more* are names of modules and libraries to keep in any case. A *deep* slice leaves out
    parts of packages, and sources of Python, beside.
    """
    ask = Ask(tuple(sorted(set(more))), deep)
    both = _both([_on(app, platform, world, ask) for platform, _ in app.layers])
    return with_slice(app, both), both


def with_slice(app: Application, found: Slice) -> Application:
    """Return *app* with all left out that *found* says, and nothing else."""
    whole = app.recipe.whole()
    if not (found.cuts or found.omits or found.own):
        return replace(app, recipe=whole)
    level = Level(SLICE, cuts=found.cuts, omits=found.omits, bytecode=found.bytecode)
    own = dict(found.own)
    layers = tuple(
        (platform, tuple(
            replace(x, cuts=own.get(str(platform), ()), bytecode=_bytecode(x, found))
            if x.name == PACKAGES else x
            for x in top
        ))
        for platform, top in app.layers
    )  # fmt: skip
    return replace(app, recipe=replace(whole, levels=(*whole.levels, level)), layers=layers)


def _bytecode(layer: AppLayer, found: Slice) -> str:
    if not found.bytecode:
        return ""
    return "bare" if undocumented(entry.path for entry in layer.entries) else "whole"


def _both(found: Sequence[Slice]) -> Slice:
    """Return what may be left out on every platform."""
    if len(found) == 1:
        return found[0]
    tables = [dict(one.cuts) for one in found]
    names = sorted(set.intersection(*(set(table) for table in tables)))
    # A path of another architecture is in one platform's table only; it harms nobody there.
    cuts = tuple((n, tuple(sorted(set().union(*(t[n] for t in tables))))) for n in names)
    common = [
        (n, tuple(p for p in paths if all(p in t[n] or _foreign(p) for t in tables)))
        for n, paths in cuts
    ]
    omits = tuple(sorted(set.intersection(*(set(one.omits) for one in found))))
    known = {path for _, paths in common for path in paths}
    # What one platform wants for its bytecode, all get.
    bytecode = sorted({p for one in found for p in one.bytecode if pattern(p) in known})
    return Slice(
        tuple(c for c in common if c[1]), omits, found[0].kept, found[0].modules,
        tuple(bytecode), tuple(row for one in found for row in one.own),
    )  # fmt: skip


def _foreign(path: str) -> bool:
    return "-linux-gnu" in path


def _on(app: Application, platform: Platform, world: World, ask: Ask) -> Slice:
    recipe = app.recipe.whole()
    lock = world.lock(recipe, [platform])
    top = app.top(platform)
    settings = recipe.settings
    scans = {layer.name: scanned(layer, world) for layer in top}
    ask = replace(ask, compiled=lock.on(platform).pyc, zones=_zones(recipe))
    inputs = [
        SLICE_VERSION, str(platform), [p.package.digest.text for p in lock.on(platform).packages],
        [[name, rows["digest"]] for name, rows in scans.items()], asdict(ask),
        list(started(settings)), recipe.digest.text,
    ]  # fmt: skip

    def find() -> list[Any]:
        world.bench.listener.begin("slice")
        files = world.files(recipe, lock, platform)
        made = Slicer(recipe, platform, files, top, scans, world.bench).find(ask)
        world.bench.listener.end("slice")
        return made.row()

    return Slice.read(world.bench.fact("slice", inputs, find))


def _zones(recipe: Recipe) -> bool:
    """Tell whether the configuration says that time zones are wanted."""
    return "TZ" in dict(recipe.settings.env) or any(x.name == zones.LEVEL for x in recipe.levels)


def scanned(layer: AppLayer, world: World) -> dict[str, Any]:
    """Return what each Python file of *layer* imports, and a digest of that and of its ELF files.

    A change of the code that changes no import changes nothing here.
    """
    import hashlib

    def look() -> dict[str, Any]:
        files = {e.path: row_of(scan(e.read())) for e in layer.entries if _python(e)}
        native = [[e.path, identity((e,))] for e in layer.entries if _binary(e)]
        text = json.dumps([sorted(files.items()), native])
        return {"files": files, "digest": hashlib.sha256(text.encode()).hexdigest()}

    found: dict[str, Any] = world.bench.fact("scan", [SLICE_VERSION, identity(layer.entries)], look)
    return found


def _python(entry: Entry) -> bool:
    return entry.kind is Kind.FILE and entry.path.endswith(".py")


def _binary(entry: Entry) -> bool:
    return (
        entry.kind is Kind.FILE
        and entry.content is not None
        and entry.content.read(0, 4) == b"\x7fELF"
    )
