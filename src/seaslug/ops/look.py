"""What an image of the store is: its configuration, layers, packages and files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from seaslug.deb.control import parse as parse_control
from seaslug.errors import HostileError
from seaslug.oci import files, images
from seaslug.oci.files import NO_STANZA, Listing, Placed
from seaslug.oci.read import json_object
from seaslug.ops.inside import CONFIGURATION, LOCK_PATH
from seaslug.ports import BlobStore
from seaslug.tar.reader import Member
from seaslug.values.descriptor import Descriptor

RECIPE_LABEL = "dev.seaslug.recipe"
_SMALL_LAYER = 1 << 20


@dataclass(frozen=True, slots=True)
class Installed:
    """A package of an image. ``size`` is the sum of its files there, in bytes.

    ``installed_size`` is what Debian says of the whole package, in bytes.
    """

    name: str
    version: str
    arch: str
    source: str
    installed_size: int
    size: int
    files: int
    layer: int

    def as_dict(self) -> dict[str, object]:
        """Return the package as JSON-ready data."""
        return {
            "name": self.name, "version": self.version, "arch": self.arch, "source": self.source,
            "installed_size": self.installed_size, "size": self.size, "files": self.files,
            "layer": self.layer,
        }  # fmt: skip


class View:
    """One platform's image, read from the store when asked."""

    far = False
    """Whether the layers are elsewhere: listing files reads all of them from there."""

    def __init__(self, store: BlobStore, found: images.Found) -> None:
        self._store = store
        self.found = found
        self.layers = found.manifest.layers

    @property
    def blobs(self) -> BlobStore:
        """Where the layers are read: the store, or what stands for it if they are elsewhere."""
        return self._store

    @cached_property
    def config(self) -> dict[str, Any]:
        """The configuration blob as it is. Raises HostileError if its parts are not in shape."""
        found = json_object(self._store.read(self.found.manifest.config.digest), "config")
        if not _in_shape(found):
            raise HostileError("not an image configuration", where=self.found.name)
        return found

    @cached_property
    def history(self) -> tuple[str, ...]:
        """Who made each layer, in order; empty where the image does not tell."""
        rows = [row for row in self.config.get("history") or () if isinstance(row, dict)]
        made = [str(row.get("created_by", "")) for row in rows if not row.get("empty_layer")]
        return tuple(made) if len(made) == len(self.layers) else ("",) * len(self.layers)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the configuration."""
        found: dict[str, str] = (self.config.get("config") or {}).get("Labels") or {}
        return found

    @cached_property
    def files(self) -> tuple[Placed, ...]:
        """Every path, sorted, with its layer and package."""
        rows = self._not_debian
        name = rows[0]["name"] if rows else ""
        listed = self._listing.files
        return tuple(replace(p, package=name) if p.package == NO_STANZA else p for p in listed)

    @cached_property
    def packages(self) -> tuple[Installed, ...]:
        """The packages whose stanzas are there, and programs that came from npm."""
        mine: dict[str, list[Placed]] = {}
        for item in self.files:
            if not item.entry.path.startswith(files.STATUS):
                mine.setdefault(item.package, []).append(item)
        found = [
            _from_stanza(path, text, mine)
            for path, text in self._listing.texts.items()
            if path.startswith(files.STATUS) and not path.endswith(".md5sums")
        ]
        for row in self._not_debian:
            found.append(
                _installed(row["name"], row, mine.get(row["name"], []), row["installed"] * 1024)
            )
        return tuple(sorted(found, key=lambda package: package.name))

    def at(self, path: str) -> Placed:
        """Return what *path* leads to, links followed. Raises UnknownNameError."""
        return files.find(self.files, path.strip("/"), self.found.name)

    def read(self, item: Placed) -> Iterator[memoryview]:
        """Yield the content of a file."""
        at, path = item.origin
        return files.content(self._store, self.layers[at], path)

    def contents(self, at: int) -> Iterator[tuple[str, Iterator[memoryview]]]:
        """Yield (path, content) of each regular file that the layer *at* holds, as they come."""
        layer = self.layers[at]
        return files.contents(self._store, layer)

    @cached_property
    def locked(self) -> tuple[dict[str, Any], ...]:
        """The packages that the image's own lock names, without reading the other layers.

        Rows have name, version, arch and source; none if seaslug did not build the image.
        """
        at = [n for n, made in enumerate(self.history) if made == f"seaslug: {CONFIGURATION}"]
        if RECIPE_LABEL not in self.labels or not at or self.layers[at[0]].size > _SMALL_LAYER:
            return ()
        for path, content in self.contents(at[0]):
            if path == LOCK_PATH:
                text = b"".join(bytes(piece) for piece in content)
                return tuple(json.loads(text)["platforms"][0]["packages"])
        return ()

    @cached_property
    def _listing(self) -> Listing:
        ours = RECIPE_LABEL in self.labels

        def keep(path: str) -> bool:
            return path.startswith(files.STATUS) or (ours and path == LOCK_PATH)

        return files.listing(self._store, self.layers, keep, ours=ours, table=self._table)

    def _table(self, layer: Descriptor) -> Sequence[Member] | None:
        """Return what is known of *layer* without reading it: nothing, for it is here."""
        return None

    @cached_property
    def _not_debian(self) -> list[dict[str, Any]]:
        """The packages of the embedded lock that are not Debian's."""
        text = self._listing.texts.get(LOCK_PATH)
        if text is None:
            return []
        rows = [row for platform in json.loads(text)["platforms"] for row in platform["packages"]]
        return [row for row in rows if row["archive"] == "npm"]


def _in_shape(config: Mapping[str, Any]) -> bool:
    run, root = config.get("config") or {}, config.get("rootfs") or {}
    if not isinstance(run, dict) or not isinstance(root, dict):
        return False
    lists = [run.get(key) or [] for key in ("Env", "Entrypoint", "Cmd")]
    lists += [root.get("diff_ids") or []]
    return (
        isinstance(run.get("Labels") or {}, dict)
        and isinstance(config.get("history") or [], list)
        and all(isinstance(x, list) and all(isinstance(i, str) for i in x) for x in lists)
    )


def _from_stanza(path: str, text: bytes, mine: Mapping[str, Sequence[Placed]]) -> Installed:
    control = parse_control(text, path)
    name = control.get("Package", path.removeprefix(files.STATUS))
    size = control.get("Installed-Size", "")
    row = {
        "version": control.get("Version", ""),
        "arch": control.get("Architecture", ""),
        "source": control.get("Source", name),
    }
    own = mine.get(path.removeprefix(files.STATUS), ())
    return _installed(name, row, own, int(size) * 1024 if size.isdigit() else 0)


def _installed(
    name: str, row: Mapping[str, Any], own: Sequence[Placed], installed_size: int
) -> Installed:
    return Installed(
        name, row["version"], row["arch"], row["source"] or name, installed_size,
        sum(p.entry.size for p in own), len(own), min((p.layer for p in own), default=0),
    )  # fmt: skip
