"""Two specimens to what tells them apart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from seaslug.anatomy.difference import Difference, FileChange, Item
from seaslug.anatomy.owners import Owners, owners
from seaslug.oci.files import Placed
from seaslug.ops.compare.portrait import ours
from seaslug.rules.specimen import Specimen
from seaslug.values.descriptor import Descriptor
from seaslug.values.tree import Kind

_NAMED = ("Labels", "ExposedPorts", "Volumes")
_PASSED = ("config", "rootfs", "history")


@dataclass(frozen=True)
class Side:
    """One of the two images, with its layers as they are stored."""

    specimen: Specimen
    layers: Sequence[Descriptor]

    @cached_property
    def owners(self) -> Owners:
        """Whose its files are."""
        return owners(self.specimen.root, ours=ours(self.specimen))

    @cached_property
    def digests(self) -> tuple[Mapping[str, str], ...]:
        """The sha256 of each file, by layer and path there."""
        layers = self.specimen.root.layers
        return tuple({row.path: row.digest for row in layer.rows} for layer in layers)

    @cached_property
    def contents(self) -> tuple[str, ...]:
        """What tells the content of each layer: its diff_id, or its digest where none is told."""
        return self.specimen.diff_ids or tuple(layer.digest.text for layer in self.layers)

    @property
    def unpacked(self) -> int:
        """The bytes of all files."""
        return sum(item.entry.size for item in self.specimen.root.placed.values())

    def digest(self, item: Placed) -> str:
        """Return the sha256 of a file's content in hex; empty for anything else."""
        at, path = item.origin
        return self.digests[at].get(path, "") if at < len(self.digests) else ""


def difference(old: Side, new: Side) -> Difference:
    """Return what tells *new* from *old*. Times of files are not looked at."""
    have, known = {layer.digest for layer in old.layers}, set(old.contents)
    layers = tuple(zip(new.layers, new.contents, strict=False))
    return Difference(
        old.specimen.name, new.specimen.name,
        _items(_versions(old), _versions(new)),
        tuple(_files(old, new)),
        _items(_fields(old.specimen.config), _fields(new.specimen.config)),
        size=(sum(x.size for x in old.layers), sum(x.size for x in new.layers)),
        unpacked=(old.unpacked, new.unpacked),
        layers=(len(old.layers), len(new.layers)),
        shared=sum(layer.digest in have for layer in new.layers),
        fetch=sum(layer.size for layer in new.layers if layer.digest not in have),
        alike=sum(layer.digest not in have and told in known for layer, told in layers),
        stored=_stored(old, new),
    )  # fmt: skip


def _stored(old: Side, new: Side) -> int:
    """Return the bytes of the layers above those that both begin with.

    An engine stores a layer as what it adds to the ones below, so the same one on another
    ground is stored again.
    """
    pairs = zip(old.contents, new.contents, strict=False)
    both = next((at for at, (a, b) in enumerate(pairs) if a != b), None)
    if both is None:
        both = min(len(old.contents), len(new.contents))
    return sum(facts.unpacked for facts in new.specimen.root.layers[both:])


def _versions(side: Side) -> dict[str, str]:
    return {name: side.owners.version(name) or "?" for name in side.owners.labels}


def _items(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Item, ...]:
    return tuple(
        Item(name, old.get(name, ""), new.get(name, ""))
        for name in sorted({*old, *new})
        if old.get(name, "") != new.get(name, "")
    )


def _files(old: Side, new: Side) -> Iterator[FileChange]:
    before, after = old.specimen.root.placed, new.specimen.root.placed
    for path in sorted({*before, *after}):
        a, b = before.get(path), after.get(path)
        owner = new.owners.owner.get(path) or old.owners.owner.get(path, "")
        if a is None or b is None:
            sizes = (a.entry.size if a else -1, b.entry.size if b else -1)
            yield FileChange(path, owner, *sizes)
        elif how := tuple(_respects(a, b, (old.digest(a), new.digest(b)))):
            yield FileChange(path, owner, a.entry.size, b.entry.size, how)


def _respects(a: Placed, b: Placed, digests: tuple[str, str]) -> Iterator[str]:
    """Yield in which respects two entries of one path differ; a hard link is a file."""
    one, two = a.entry, b.entry
    kinds = [Kind.FILE if e.kind is Kind.HARDLINK else e.kind for e in (one, two)]
    if kinds[0] is not kinds[1]:
        yield f"{kinds[0].value} → {kinds[1].value}"
    elif kinds[0] is Kind.FILE and digests[0] != digests[1]:
        yield "content"
    elif kinds[0] is Kind.SYMLINK and one.target != two.target:
        yield f"{one.target} → {two.target}"
    if one.mode != two.mode and Kind.SYMLINK not in kinds:
        yield f"mode {one.mode:04o} → {two.mode:04o}"
    if (one.uid, one.gid) != (two.uid, two.gid):
        yield f"owner {one.uid}:{one.gid} → {two.uid}:{two.gid}"
    if [name for name, _ in one.xattrs] != [name for name, _ in two.xattrs]:
        yield "extended attributes"


def _fields(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the configuration as flat fields: ``Env.PATH``, ``Labels.version``, ``created``."""
    found = {key: _shown(value) for key, value in config.items() if key not in _PASSED}
    run = config.get("config")
    for key, value in (run if isinstance(run, dict) else {}).items():
        if key == "Env" and isinstance(value, list):
            pairs = (str(text).partition("=") for text in value)
            found.update((f"Env.{name}", text or '""') for name, _, text in pairs)
        elif key in _NAMED and isinstance(value, dict):
            found.update((f"{key}.{name}", _shown(v) or '""') for name, v in value.items())
        else:
            found[key] = _shown(value)
    return {key: text for key, text in found.items() if text}


def _shown(value: Any) -> str:
    if value in (None, "", [], False):
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
