"""A slice that is proved by running, or none: the way from an application to what is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from seaslug.errors import EngineError
from seaslug.lock.model import SliceLock
from seaslug.ops.app.prepare import Application, World
from seaslug.ops.app.proof import PROOF_VERSION, Proof, prove
from seaslug.ops.app.slice import Slice, scanned, sliced, with_slice
from seaslug.ops.app.workbench import APP_VERSION
from seaslug.ops.keys import action
from seaslug.ports import Runner
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform

MAX_TRIES = 8


@dataclass(frozen=True, slots=True)
class Stage:
    """Where applications are started: ``build`` makes an image and returns its manifest.

    ``runner`` gives what can start images here, or raises EngineError.
    """

    build: Callable[[Application, Platform], Digest]
    runner: Callable[[Platform], Runner]


def proved(
    app: Application, world: World, stage: Stage, locked: SliceLock | None = None
) -> Application:
    """Return *app* sliced as far as running it proves, with a note that says how it went.

    What the lock says, *locked*, is taken as proved while all that decided it is the same.

    An application whose configuration says ``slice = "off"`` stays whole; so does one that
    cannot be started here, or that does not start sliced.
    """
    if app.project.config.slice == "off":
        return replace(app, slicing="off: the whole runtime is in")
    smaller, found = sliced(app, world)
    if not (found.cuts or found.omits):
        return replace(app, slicing="nothing to leave out")
    platform = app.layers[0][0]
    inputs = _inputs(app, smaller, world)
    key = action("proof", APP_VERSION, inputs)
    if locked is not None and locked.key == key:
        return _with(app, Slice(locked.cuts, locked.omits), locked)
    known = world.bench.fact("proof", inputs, lambda: _try(app, world, stage, platform))
    if not known["ok"]:
        said = f"off: {known['how']}; the whole runtime is in"
        return replace(app, slicing=said)
    if known["more"]:
        smaller, found = sliced(app, world, known["more"])
    return _with(app, found, SliceLock(key, found.cuts, found.omits, _said(found, known)))


def _with(app: Application, found: Slice, locked: SliceLock) -> Application:
    recipe = with_slice(app.recipe, found)
    return replace(app, recipe=recipe, slicing=locked.how, slice=locked)


def _inputs(app: Application, smaller: Application, world: World) -> list[Any]:
    """Return what decides whether a slice holds: not the code itself, but what it can reach."""
    settings = smaller.recipe.settings
    config = app.project.config
    return [
        PROOF_VERSION, smaller.recipe.digest.text,
        [[x.cuts, x.omits] for x in smaller.recipe.levels],
        [[layer.name, scanned(layer, world)["digest"]] for _, top in app.layers for layer in top],
        list(settings.entrypoint), list(settings.cmd), settings.env, settings.user,
        settings.workdir, settings.volumes, list(config.smoke),
        str(settings.healthcheck), [d.path for d in config.directories],
    ]  # fmt: skip


def _try(app: Application, world: World, stage: Stage, platform: Platform) -> dict[str, Any]:
    """Start ever larger slices until one holds; JSON-ready."""
    try:
        runner = stage.runner(platform)
    except EngineError as error:
        return {"ok": False, "how": f"not proved: {error.what}", "more": []}
    more: list[str] = []
    world.bench.listener.begin("prove the slice")
    try:
        for _ in range(MAX_TRIES):
            smaller, _ = sliced(app, world, more)
            proof = _one(smaller, stage, platform, runner)
            fresh = [name for name in proof.missing if name not in more]
            if proof.ok and not fresh:
                return {"ok": True, "how": proof.how, "more": more, "runner": runner.name}
            if not fresh:
                break
            more += fresh
    finally:
        runner.close()
        world.bench.listener.end("prove the slice")
    return {"ok": False, "how": f"not proved on {runner.name}: {proof.how}", "more": []}


def _one(app: Application, stage: Stage, platform: Platform, runner: Runner) -> Proof:
    try:
        manifest = stage.build(app, platform)
        return prove(manifest, app.project.config, app.health, runner)
    except EngineError as error:
        return Proof(False, error.what)


def _said(found: Slice, known: dict[str, Any]) -> str:
    parts = []
    if found.modules:
        parts.append(f"{found.kept} of {found.modules} standard modules")
    files = sum(len(paths) for _, paths in found.cuts)
    parts.append(f"{files} files and {len(found.omits)} packages left out")
    return f"{', '.join(parts)}; proved on {known['runner']}: {known['how']}"
