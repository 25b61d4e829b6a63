"""An image as rules see it: how it is run, what its files are, where they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from seaslug.anatomy.facts import Row
from seaslug.anatomy.rootfs import Rootfs
from seaslug.apps.native.loading import Libraries
from seaslug.ports import PackageIndex
from seaslug.values.platform import TABLE, Platform

_MAX_STEP = 64 << 10
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Held:
    """How an engine will hold it: ``read_only`` root, ``dropped`` capabilities (``ALL``)."""

    read_only: bool = False
    dropped: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Specimen:
    """One platform's image.

    *config* is the whole configuration blob, *platform* reads ``linux/arm/v7``. *size* is the
    sum of its compressed layers in bytes; *annotations* are the manifest's. *now* is the time in
    seconds since 1970; at 0 nothing is old or expired. *held* says how it will be started, as
    far as that is known; *packages* knows a distribution's (``debian12``) packages, if anything
    does.
    """

    name: str
    platform: str
    config: Mapping[str, Any]
    root: Rootfs
    size: int = 0
    annotations: Mapping[str, str] | None = None
    now: int = 0
    held: Held = Held()
    packages: Callable[[str], PackageIndex] | None = None

    @cached_property
    def run(self) -> Mapping[str, Any]:
        """The part of the configuration that says how it is run."""
        found = self.config.get("config")
        return found if isinstance(found, dict) else {}

    @cached_property
    def env(self) -> dict[str, str]:
        """The environment; PATH is always there, as engines add it."""
        rows = self.run.get("Env") or ()
        found = dict(str(row).partition("=")[::2] for row in rows)
        return {"PATH": PATH, **found}

    @cached_property
    def argv(self) -> tuple[str, ...]:
        """What is started: entrypoint and command."""
        return (*self._words("Entrypoint"), *self._words("Cmd"))

    @cached_property
    def user(self) -> str:
        """The user, ``NAME[:GROUP]`` or ``UID[:GID]``; empty means root."""
        return str(self.run.get("User") or "")

    @cached_property
    def workdir(self) -> str:
        """The working directory, ``/`` if none is said."""
        return str(self.run.get("WorkingDir") or "/")

    @cached_property
    def labels(self) -> dict[str, str]:
        """The labels of the configuration."""
        found = self.run.get("Labels")
        return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}

    @cached_property
    def diff_ids(self) -> tuple[str, ...]:
        """The digest of each layer's plain tar; empty if it is not told for every layer."""
        found = self.config.get("rootfs")
        rows = found.get("diff_ids") if isinstance(found, dict) else None
        told = tuple(map(str, rows)) if isinstance(rows, list) else ()
        return told if len(told) == len(self.root.layers) else ()

    @cached_property
    def history(self) -> tuple[str, ...]:
        """What made each step, steps without a layer too; empty texts where it is not told."""
        found = self.config.get("history")
        steps = found if isinstance(found, list) else []
        told = [str(s.get("created_by") or "") for s in steps if isinstance(s, dict)]
        return tuple(text[:_MAX_STEP] for text in told)

    @cached_property
    def makers(self) -> tuple[str, ...]:
        """What made each layer; empty if that is not told for every one of them."""
        found = self.config.get("history")
        steps = [s for s in found if isinstance(s, dict)] if isinstance(found, list) else []
        told = [str(s.get("created_by") or "") for s in steps if not s.get("empty_layer")]
        return tuple(t[:_MAX_STEP] for t in told) if len(told) == len(self.root.layers) else ()

    def row(self, path: str) -> Row | None:
        """Return what the tar says of the file at *path*, its size and digest among it."""
        item = self.root.placed.get(path)
        return self.rows.get(item.origin) if item is not None else None

    @cached_property
    def rows(self) -> dict[tuple[int, str], Row]:
        """Every member of every layer, by (layer, path there)."""
        return {(at, r.path): r for at, layer in enumerate(self.root.layers) for r in layer.rows}

    @cached_property
    def known(self) -> Platform | None:
        """The platform, if it is one of those that seaslug knows by ELF and Debian names."""
        system, _, rest = self.platform.partition("/")
        arch, _, variant = rest.partition("/")
        found = Platform(system, arch, variant)
        return found if found in TABLE else None

    @cached_property
    def libraries(self) -> Libraries | None:
        """The libraries as a process of this platform finds them; None for an unknown platform."""
        if self.known is None:
            return None
        search = tuple(filter(None, self.env.get("LD_LIBRARY_PATH", "").split(":")))
        return Libraries(self.root.tree, self.known, search, self.root.binary)

    def _words(self, key: str) -> tuple[str, ...]:
        found = self.run.get(key)
        return tuple(map(str, found)) if isinstance(found, list) else ()
