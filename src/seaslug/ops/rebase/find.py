"""Which of an image's layers are its base's, and how that base was run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seaslug.errors import SeaslugError, UsageError
from seaslug.lock.codec import decode as decode_lock
from seaslug.lock.model import Lock, PlatformLock
from seaslug.oci import images
from seaslug.oci.image import Image
from seaslug.ops.assemble import image
from seaslug.ops.facts import layer_facts
from seaslug.ops.inside import CONFIGURATION, LOCK_PATH, RECIPE_PATH
from seaslug.ops.look import RECIPE_LABEL
from seaslug.ops.rebase.stack import Stack, stack
from seaslug.ports import BlobStore
from seaslug.recipe import expand
from seaslug.recipe.codec import Recorded, reference
from seaslug.recipe.codec import decode as decode_recipe
from seaslug.recipe.model import Recipe
from seaslug.values.platform import Platform

_OURS = "seaslug: "
OF_BASES = (
    "org.opencontainers.image.version", "org.opencontainers.image.source",
    "org.opencontainers.image.revision", "org.opencontainers.image.created",
    "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest",
    "dev.seaslug.recipe", "dev.seaslug.distribution", "dev.seaslug.runtime",
)  # fmt: skip
"""Labels that an image of seaslug's has from its base, as far as they are not set on purpose."""

_OWN = ("org.opencontainers.image.title", "org.opencontainers.image.description")


@dataclass(frozen=True, slots=True)
class Split:
    """An image taken apart. ``base`` is the number of its lowest layers that are the base's.

    ``old`` is how the base was run, ``rows`` the length of its history, 0 if that is not known.
    ``recorded`` is what an application of seaslug's tells of what lies below it; ``family`` the
    member of the family that somebody else built the image on.
    """

    app: Stack
    base: int
    old: Mapping[str, Any]
    how: str
    rows: int = 0
    recorded: Recorded | None = None
    family: str = ""


def split(store: BlobStore, app: Stack, named: str) -> Split:
    """Return *app* taken apart; *named* is the old base, if somebody said so.

    Raises UsageError if it cannot be told what the base is, UnknownNameError.
    """
    if named:
        return _on(app, _base(store, named, app.platform), "as --from says")
    if RECIPE_LABEL in app.labels and (count := _marked(app)):
        return _ours(store, app, count)
    for name in reversed(app.base()):
        try:
            old = _base(store, name, app.platform) if name else None
        except SeaslugError:
            continue
        if old is not None and _common(app, old) == len(old.layers):
            return _on(app, old, f"as the image says: {name}")
    name, digest = app.base()
    said = f"; it says {name or digest}, which is not in the store" if name or digest else ""
    raise UsageError(
        f"nothing tells which layers are the base's{said}", where=app.name,
        hint="name the image that it was built on, which has to be in the store: --from OLD_BASE",
    )  # fmt: skip


def _base(store: BlobStore, name: str, platform: str) -> Stack:
    return stack(store, images.image(store, name, platform))


def _on(app: Stack, old: Stack, how: str) -> Split:
    """Return *app* as it stands on *old*. Raises UsageError if it does not."""
    same = _common(app, old)
    if same < len(old.layers):
        raise UsageError(
            f"does not stand on {old.name}: of its {len(old.layers)} layers {same} are at the "
            "bottom here",
            where=f"{app.name} {app.platform}",
            hint="name exactly the image that it was built on, by its digest",
        )
    return Split(app, len(old.layers), old.run, how, len(old.history))


def _common(app: Stack, old: Stack) -> int:
    """Return how many layers are the same from the bottom on, by what they hold."""
    same = 0
    for mine, theirs in zip(app.layers, old.layers, strict=False):
        if mine.diff_id != theirs.diff_id:
            break
        same += 1
    return same


def _marked(app: Stack) -> int:
    """Return the number of layers up to the one with the configuration; 0 if there is none.

    Raises UsageError where base and application share a layer.
    """
    for at, layer in enumerate(app.layers):
        names = layer.created_by.removeprefix(_OURS).split(" + ")
        if layer.created_by.startswith(_OURS) and CONFIGURATION in names:
            if names[-1] != CONFIGURATION:
                raise UsageError(
                    "base and application are in one layer", where=app.name,
                    hint="build it without --layers single",
                )  # fmt: skip
            return at + 1
    return 0


def _ours(store: BlobStore, app: Stack, count: int) -> Split:
    if count == len(app.layers):
        raise UsageError(
            "a base, not an application: there is nothing on top of it", where=app.name,
            hint=f"build it again: seaslug build {app.name.partition('@')[0]}",
        )  # fmt: skip
    texts = layer_facts(store, app.layers[count - 1].descriptor).texts
    mine = {key: app.labels[key] for key in OF_BASES if key in app.labels}
    old: Mapping[str, Any] = {"Labels": mine}
    lock = decode_lock(texts[LOCK_PATH], app.name) if LOCK_PATH in texts else None
    recorded = decode_recipe(texts[RECIPE_PATH], app.name) if RECIPE_PATH in texts else None
    family = _member(lock) if lock is not None and recorded is None else None
    locked = lock.on(Platform.parse(app.platform)) if lock is not None else None
    if recorded is not None and locked is not None:
        old = _run(recorded.recipe(), locked, mine)
    elif family is not None and locked is not None:
        made = image(family, locked, (), 0)
        old = {**_plain(made), "Labels": {**dict(made.config.labels), **mine}}
    member = reference(family) if family is not None else ""
    return Split(app, count, old, "as seaslug built it", count, recorded, member)


def _member(lock: Lock) -> Recipe | None:
    """Return the member of the family that *lock* is of, if this seaslug makes it the same."""
    try:
        found = expand.family(lock.subject)
    except SeaslugError:
        return None
    return found if found.digest == lock.recipe else None


def _run(recipe: Recipe, locked: PlatformLock, mine: Mapping[str, str]) -> Mapping[str, Any]:
    """Return how the base of an application was run, with the labels that it has of it."""
    made = image(recipe, locked, (), 0)
    told = {key: value for key, value in made.config.labels if key not in _OWN}
    version = "org.opencontainers.image.version"
    # One that is not the base's was set on purpose.
    rest = {k: v for k, v in mine.items() if k != version or v == told.get(version)}
    return {**_plain(made), "Labels": {**told, **rest}}


def _plain(made: Image) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made.config_bytes())["config"]
    return found
