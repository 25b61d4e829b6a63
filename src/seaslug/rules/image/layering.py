"""What a layer takes away from the ones below it: files deleted, replaced, or hidden by a link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seaslug.anatomy.facts import Row
from seaslug.apps.native.trouble import name_of
from seaslug.rules.specimen import Specimen
from seaslug.rules.words import many
from seaslug.values.tree import Kind

_LINKED = ("bin/", "sbin/", "lib/", "lib64/")
_SHOWN = 60
_NOISE = ("/bin/sh -c #(nop) ", "/bin/sh -c ")


@dataclass(frozen=True, slots=True)
class Change:
    """What layer *lower* had at the tree path ``path``, ``was``, and layer *upper* changed.

    ``now`` is what stands there instead; None if it is gone.
    """

    path: str
    lower: int
    was: Row
    upper: int
    now: Row | None


def named(specimen: Specimen, at: int) -> str:
    """Return the layer number *at* with the instruction that made it, if that is told."""
    made = specimen.makers[at] if at < len(specimen.makers) else ""
    for noise in _NOISE:
        made = made.removeprefix(noise)
    made = " ".join(made.removesuffix("# buildkit").split())
    short = made if len(made) <= _SHOWN else f"{made[: _SHOWN - 1]}…"
    return f"layer {at} ({short})" if short else f"layer {at}"


def deleted(specimen: Specimen, wanted: Iterable[str]) -> dict[str, Change]:
    """Return the tree paths of *wanted* that a lower layer had and an upper one took away."""
    found: dict[str, Change] = {}
    for path in wanted:
        for lower, was in _versions(specimen, path):
            upper = next((
                at for at in range(lower + 1, len(specimen.root.layers))
                if any(_hides(was.path, row) for row in specimen.root.layers[at].rows)
            ), -1)  # fmt: skip
            if upper >= 0:
                found.setdefault(path, Change(path, lower, was, upper, None))
    return found


def replaced(specimen: Specimen, path: str) -> Change | None:
    """Return what an upper layer put in the place of a good file at the tree path *path*."""
    item = specimen.root.placed.get(path)
    now = specimen.row(path)
    if item is None or now is None:
        return None
    upper = item.origin[0]
    for lower, was in reversed(list(_versions(specimen, path))):
        same = (was.kind, was.digest, was.target) == (now.kind, now.digest, now.target)
        if lower < upper and not (same and was.mode == now.mode) and _good(specimen, lower, was):
            return Change(path, lower, was, upper, now)
    return None


def libraries(specimen: Specimen, name: str) -> tuple[str, ...]:
    """Return every path at which a layer has a file called *name*."""
    return tuple(dict.fromkeys(
        row.path for layer in specimen.root.layers for row in layer.rows
        if row.path.rpartition("/")[2] == name
    ))  # fmt: skip


def what(specimen: Specimen, at: int, row: Row) -> str:
    """Return in a few words what *row* of layer *at* is."""
    if row.kind is Kind.DIR:
        return "a folder"
    if row.kind is Kind.SYMLINK:
        return f"a link to {row.target}"
    if not row.size:
        return "an empty file"
    facts = specimen.root.layers[at].binaries.get(row.path)
    if facts is None:
        return f"a file of {many(row.size, 'byte')}"
    elf = facts.binary.elf
    kind = "a program" if facts.binary.program else "a library"
    soname = f" called {elf.soname}" if elf.soname not in ("", row.path.rpartition("/")[2]) else ""
    return f"{kind}{soname} for {name_of(elf)}, {many(row.size, 'byte')}"


def _good(specimen: Specimen, at: int, row: Row) -> bool:
    """Tell whether *row* could have done what is wanted of it."""
    if row.kind is not Kind.FILE:
        return row.kind in (Kind.SYMLINK, Kind.HARDLINK)
    facts = specimen.root.layers[at].binaries.get(row.path)
    fits = facts is None or specimen.libraries is None or specimen.libraries.fits(facts.binary)
    return row.size > 0 and fits and not (facts is not None and facts.binary.missing)


def _versions(specimen: Specimen, path: str) -> Iterator[tuple[int, Row]]:
    """Yield (layer, row) of each layer that has *path*, by whichever of its two names."""
    names = {path}
    if path.startswith("usr/") and path[4:].startswith(_LINKED):
        names.add(path[4:])
    elif path.startswith(_LINKED):
        names.add(f"usr/{path}")
    for at in range(len(specimen.root.layers)):
        yield from (
            (at, specimen.rows[at, name]) for name in sorted(names) if (at, name) in specimen.rows
        )


def _hides(path: str, row: Row) -> bool:
    """Tell whether *row* takes *path* away: a whiteout, or a link in the place of its folder."""
    head, _, name = row.path.rpartition("/")
    if name == ".wh..wh..opq":
        return path.startswith(f"{head}/" if head else "")
    if name.startswith(".wh."):
        hidden = f"{head}/{name[4:]}".lstrip("/")
        return path == hidden or path.startswith(hidden + "/")
    return row.kind is not Kind.DIR and path.startswith(row.path + "/")
