"""Where the bytes of an image come from: files by package or by layer, and why they are there.

From a specimen to values; nothing is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from seaslug.anatomy.owners import Owners, owners
from seaslug.oci.files import STATUS, Placed
from seaslug.ops.compare.portrait import ours
from seaslug.ops.look import Installed
from seaslug.rules.specimen import Specimen
from seaslug.values.descriptor import Descriptor
from seaslug.values.tree import Kind


@dataclass(frozen=True, slots=True)
class Sum:
    """Files that belong together. ``size`` is their bytes; *layers* are counted from 0.

    ``name`` is a package, or a layer's number; of files that nobody claims it is empty.
    ``why`` is the way that led here: the recipe's level if known, then packages that ask for
    each other; of a layer, or of nobody's files, what made them.
    """

    name: str
    version: str
    size: int
    files: tuple[Placed, ...]
    layers: tuple[int, ...]
    why: tuple[str, ...]


def attributed(specimen: Specimen) -> tuple[tuple[Placed, ...], Owners]:
    """Return every path with its package, sorted, folders too; and the packages."""
    owned = owners(specimen.root, ours=ours(specimen))
    placed = specimen.root.placed
    paths = sorted(path for path in placed if path)
    return tuple(replace(placed[p], package=owned.owner.get(p, "")) for p in paths), owned


def installed(specimen: Specimen) -> tuple[Installed, ...]:
    """Return the packages that the image's databases tell, of any kind, by name.

    What the whole of a package takes is not told here: ``installed_size`` is 0.
    """
    files, owned = attributed(specimen)
    mine: dict[str, list[Placed]] = {}
    for item in files:
        if item.entry.kind is not Kind.DIR and not item.entry.path.startswith(STATUS):
            mine.setdefault(item.package, []).append(item)
    return tuple(
        Installed(
            one.name, one.version, one.arch, one.source, 0,
            sum(item.entry.size for item in mine.get(one.name, ())), len(mine.get(one.name, ())),
            min((item.layer for item in mine.get(one.name, ())), default=0),
        )
        for one in sorted(owned.packages.values(), key=lambda package: package.name)
    )  # fmt: skip


def by_package(files: Iterable[Placed], owned: Owners, history: Sequence[str]) -> tuple[Sum, ...]:
    """Return the sums of *files* by package, largest first."""
    return _sums(files, lambda item: item.package, lambda name, layers: (
        owned.version(name),
        _why(name, owned) or (_makers(history[at] for at in layers),),
    ))  # fmt: skip


def by_layer(
    files: Iterable[Placed], layers: Sequence[Descriptor], history: Sequence[str]
) -> tuple[Sum, ...]:
    """Return the sums of *files* by the layer that shows them, lowest first."""
    found = _sums(files, lambda item: str(item.layer), lambda name, _: (
        layers[int(name)].digest.text, (history[int(name)],),
    ))  # fmt: skip
    return tuple(sorted(found, key=lambda one: int(one.name)))


def _why(name: str, owned: Owners) -> tuple[str, ...]:
    if name not in owned.packages:
        return ()
    level = owned.packages[name].level
    return (*((f"level {level}",) if level else ()), *owned.chain(name))


def _makers(history: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(filter(None, history)))


def _sums(
    files: Iterable[Placed],
    key: Callable[[Placed], str],
    more: Callable[[str, tuple[int, ...]], tuple[str, tuple[str, ...]]],
) -> tuple[Sum, ...]:
    groups: dict[str, list[Placed]] = {}
    for item in files:
        if item.entry.kind is not Kind.DIR:
            groups.setdefault(key(item), []).append(item)
    found = []
    for name, items in groups.items():
        layers = tuple(sorted({item.layer for item in items}))
        version, why = more(name, layers)
        size = sum(item.entry.size for item in items)
        found.append(Sum(name, version, size, tuple(items), layers, why))
    return tuple(sorted(found, key=lambda one: (-one.size, one.name)))
