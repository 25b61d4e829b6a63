"""A slice that is proved by running, or none: the way from an application to what is built."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from seaslug.errors import EngineError
from seaslug.lock.model import SliceLock
from seaslug.ops.app.prepare import Application, World
from seaslug.ops.app.proof import PROOF_VERSION, Proof, prove
from seaslug.ops.app.slice import scanned, sliced, with_slice
from seaslug.ops.app.slicer import Slice
from seaslug.ops.app.workbench import APP_VERSION
from seaslug.ops.keys import action
from seaslug.ports import Runner
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform

MAX_TRIES = 8
_OFF = "off: "


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
    cannot be started here, or that does not start sliced. One that does not start from a deep
    slice is sliced as is safe.
    """
    asked = app.project.config.slice
    if asked == "off":
        return replace(app, slicing="off: the whole runtime is in")
    said = ""
    for way in (asked, "safe") if asked == "deep" else (asked,):
        found = _proved(app, Trial(world, stage, deep=way == "deep"), locked)
        if found.slice is not None or not found.slicing.startswith(_OFF):
            return replace(found, slicing=f"{said}{found.slicing}")
        said += f"not {way}: {found.slicing.removeprefix(_OFF)}; " if way != "safe" else ""
        last = found.slicing
    return replace(app, slicing=f"{said}{last}; the whole runtime is in")


@dataclass(frozen=True, slots=True)
class Trial:
    """A way to slice, and where it is proved."""

    world: World
    stage: Stage
    deep: bool

    def sliced(self, app: Application, more: Iterable[str] = ()) -> tuple[Application, Slice]:
        """Return *app* sliced, but for *more*."""
        return sliced(app, self.world, more, deep=self.deep)


def _proved(app: Application, trial: Trial, locked: SliceLock | None) -> Application:
    smaller, found = trial.sliced(app)
    if not (found.cuts or found.omits):
        return replace(app, slicing="nothing to leave out")
    platform = app.layers[0][0]
    inputs = _inputs(app, smaller, trial.world)
    key = action("proof", APP_VERSION, inputs)
    if locked is not None and locked.key == key:
        kept = Slice(locked.cuts, locked.omits, bytecode=locked.bytecode, own=locked.own)
        return _with(app, kept, locked)
    known = trial.world.bench.fact("proof", inputs, lambda: _try(app, trial, platform))
    if not known["ok"]:
        return replace(app, slicing=_OFF + known["how"])
    if known["more"]:
        smaller, found = trial.sliced(app, known["more"])
    how = _said(found, known)
    return _with(
        app, found, SliceLock(key, found.cuts, found.omits, how, found.bytecode, found.own)
    )  # fmt: skip


def _with(app: Application, found: Slice, locked: SliceLock) -> Application:
    return replace(with_slice(app, found), slicing=locked.how, slice=locked)


def _inputs(app: Application, smaller: Application, world: World) -> list[Any]:
    """Return what decides whether a slice holds: not the code itself, but what it can reach."""
    settings = smaller.recipe.settings
    config = app.project.config
    return [
        PROOF_VERSION, smaller.recipe.digest.text,
        [x.sliced for x in smaller.recipe.levels],
        [x.sliced for _, top in smaller.layers for x in top],
        [[layer.name, scanned(layer, world)["digest"]] for _, top in app.layers for layer in top],
        list(settings.entrypoint), list(settings.cmd), settings.env, settings.user,
        settings.workdir, settings.volumes, list(config.smoke),
        str(settings.healthcheck), [d.path for d in config.directories],
    ]  # fmt: skip


def _try(app: Application, trial: Trial, platform: Platform) -> dict[str, Any]:
    """Start ever larger slices until one holds; JSON-ready."""
    try:
        runner = trial.stage.runner(platform)
    except EngineError as error:
        return {"ok": False, "how": f"not proved: {error.what}", "more": []}
    more: list[str] = []
    trial.world.bench.listener.begin("prove the slice")
    try:
        for _ in range(MAX_TRIES):
            smaller, _ = trial.sliced(app, more)
            proof = _one(smaller, trial.stage, platform, runner)
            fresh = [name for name in proof.missing if name not in more]
            if proof.ok and not fresh:
                return {"ok": True, "how": proof.how, "more": more, "runner": runner.name}
            if not fresh:
                break
            more += fresh
    finally:
        runner.close()
        trial.world.bench.listener.end("prove the slice")
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
    files = sum(len(paths) for _, paths in found.cuts) - len(found.bytecode)
    parts.append(f"{files} files and {len(found.omits)} packages left out")
    own = sum(len(paths) for _, paths in found.own)
    parts += [f"{own} files of its own packages too"] if own else []
    parts += ["sources where there is bytecode"] if found.bytecode else []
    return f"{', '.join(parts)}; proved on {known['runner']}: {known['how']}"
