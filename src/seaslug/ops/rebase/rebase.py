"""Rebasing: take apart, find the new base, prove that the application fits, put together.

Nothing is compressed or copied: a rebased image is a new configuration and a new manifest
over layers that are in the store already.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from seaslug.anatomy.rootfs import Rootfs, rootfs
from seaslug.errors import UsageError
from seaslug.oci import images, media, select
from seaslug.oci.index import index_bytes
from seaslug.oci.read import IndexEntry
from seaslug.ops.facts import layer_facts
from seaslug.ops.inside import LOCK_PATH
from seaslug.ops.rebase import merge, proof, surroundings
from seaslug.ops.rebase.find import Split, split
from seaslug.ops.rebase.proof import Pair, Problem
from seaslug.ops.rebase.stack import Stack, stack
from seaslug.ports import BlobStore
from seaslug.recipe.model import SLICE
from seaslug.values.descriptor import Descriptor
from seaslug.values.platform import Platform

Onto = Callable[[Sequence[Split]], Sequence[Stack | None]]
"""Gives the new base for each platform's image, None where there is none for that platform."""


@dataclass(frozen=True, slots=True)
class Ask:
    """*app* is a name of the store; *old* the base it stands on, where nothing else tells.

    *platforms* are those wanted, all if empty.
    """

    app: str
    old: str = ""
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rebased:
    """One platform's image on its new base, which may not fit.

    ``checked`` is the number of libraries, symbol versions and symbols that were looked for,
    ``packages`` that of the new base's, ``changes`` a line for each that is not as before.
    """

    parts: Split
    base: Stack
    made: Stack
    checked: int
    packages: int
    changes: tuple[str, ...]
    runtimes: tuple[str, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]

    @property
    def kept(self) -> int:
        """The number of the application's layers."""
        return len(self.parts.app.layers) - self.parts.base


@dataclass(frozen=True, slots=True)
class Outcome:
    """Every platform's image, and those *left* out because the new base has none for them."""

    images: tuple[Rebased, ...]
    left: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether all of it fits."""
        return not any(one.problems for one in self.images)


def rebase(store: BlobStore, ask: Ask, onto: Onto) -> Outcome:
    """Return the images of *ask* on the bases that *onto* gives; nothing of it is named yet.

    Raises UnknownNameError, UsageError, HostileError, StoreError.
    """
    parts = [split(store, app, ask.old) for app in _apps(store, ask)]
    bases = onto(parts)
    pairs = [(one, base) for one, base in zip(parts, bases, strict=True) if base is not None]
    left = [one.app.platform for one, base in zip(parts, bases, strict=True) if base is None]
    if not pairs:
        raise UsageError(
            f"the new base has no image for {', '.join(left)}", where=ask.app,
            hint="choose one that has: seaslug images",
        )  # fmt: skip
    return Outcome(tuple(_one(store, *pair) for pair in pairs), tuple(left))


def put(store: BlobStore, outcome: Outcome) -> Descriptor:
    """Keep the images, and an index over them if they are several; return what to name."""
    made = [(merge.put(store, one.made), one.parts.app.platform) for one in outcome.images]
    if len(made) == 1:
        return made[0][0]
    raw = index_bytes([(descriptor, Platform.parse(platform)) for descriptor, platform in made])
    stored = store.put([raw])
    return Descriptor(media.INDEX, stored.digest, stored.size)


def of_store(store: BlobStore, name: str) -> Onto:
    """Return what gives the platforms of the image *name* of the store as they are."""
    called, _, digest = name.partition("@")
    top = images.resolve(store, digest or called)
    tags = [tag for tag, found in store.tags().items() if found.digest == top.digest]
    entries = [IndexEntry(d, platform) for d, platform in images.images(store, top)]
    best = called if digest or called in tags else next(iter(sorted(tags)), "")

    def onto(parts: Sequence[Split]) -> list[Stack | None]:
        known = {select.normal(entry.platform): entry.descriptor for entry in entries}
        wanted = [known.get(select.normal(one.app.platform)) for one in parts]
        return [
            stack(store, images.image_at(store, found.digest, best)) if found else None
            for found in wanted
        ]

    return onto


def _apps(store: BlobStore, ask: Ask) -> list[Stack]:
    known = [p for _, p in images.images(store, images.resolve(store, ask.app))]
    wanted = ask.platforms or tuple(known)
    return [stack(store, images.image(store, ask.app, platform)) for platform in wanted]


def _one(store: BlobStore, parts: Split, base: Stack) -> Rebased:
    made, notes = merge.rebased(parts, base)
    old = [layer_facts(store, layer.descriptor) for layer in parts.app.layers]
    new = [layer_facts(store, layer.descriptor) for layer in base.layers]
    before = rootfs(old, parts.base)
    after = rootfs([*new, *old[parts.base :]], len(new))
    pair = _pair(before, after, made)
    linked, checked = proof.linked(pair)
    was = surroundings.runtimes(rootfs(old[: parts.base], parts.base), parts.app)
    now = surroundings.runtimes(rootfs(new, len(new)), base)
    problems = (
        *linked, *surroundings.same_runtimes(was, now), *surroundings.fitting(pair, made.run),
    )  # fmt: skip
    told, there = _packages(before), _packages(after)
    return Rebased(
        parts, base, made, checked, len(there),
        tuple(surroundings.changes(told.items(), there.items())),
        tuple(f"{name} {', '.join(sorted(versions))}" for name, versions in sorted(was.items())),
        problems, (*_whole(parts, base), *notes, *surroundings.overlays(after)),
    )  # fmt: skip


def _whole(parts: Split, base: Stack) -> Iterator[str]:
    """Yield a note if layers that were made for the application give way to a whole image."""
    levels = {level.name for level in parts.recorded.levels} if parts.recorded else set()
    if base.digest and SLICE in levels:
        yield ("the new base is laid under whole, with what slicing had left out; "
               "--onto with a member of the family cuts it again")  # fmt: skip


def _pair(before: Rootfs, after: Rootfs, made: Stack) -> Pair:
    platform = Platform.parse(made.platform)
    env = dict(text.partition("=")[::2] for text in made.run.get("Env") or ())
    search = tuple(filter(None, env.get("LD_LIBRARY_PATH", "").split(":")))
    argv = [*(made.run.get("Entrypoint") or ()), *(made.run.get("Cmd") or ())]
    program = _program(after, argv[0], surroundings.path_of(made.run)) if argv else ""
    return Pair(before, after, platform, search, program)


def _program(root: Rootfs, name: str, path: str) -> str:
    """Return where the ELF file is that starts: of a script its interpreter, else an empty path."""
    places = [name] if "/" in name else [f"{folder}/{name}" for folder in path.split(":")]
    for place in places:
        real = root.tree.realpath(place) or ""
        if root.facts(real) is not None:
            return real
        if script := root.script(real).split()[:1]:
            real = root.tree.realpath(script[0]) or ""
            return real if root.facts(real) is not None else ""
    return ""


def _packages(root: Rootfs) -> dict[str, str]:
    """Return the packages that the image tells of, with those that are not Debian's."""
    found = root.packages()
    text = root.text(LOCK_PATH)
    try:
        rows: Any = json.loads(text)["platforms"] if text else ()
        told = chain.from_iterable(row["packages"] for row in rows)
        found.update((str(p["name"]), str(p["version"])) for p in told if p["archive"] == "npm")
    except (ValueError, KeyError, TypeError):
        pass  # somebody else's file of that name
    return found
