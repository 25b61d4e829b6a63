"""What layers carry in vain: bytes that nobody can see, and the same bytes more than once.

Two ways to count. Ours: a file that an upper layer replaces or removes is wasted, once per
copy that cannot be seen; a content that can be seen at several paths is wasted at all but one
of them. dive's: every copy of a path that is in more than one layer, the one that can be seen
among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from seaslug.anatomy.facts import LayerFacts, Row
from seaslug.anatomy.rootfs import Rootfs
from seaslug.oci.files import WHITEOUT
from seaslug.values.tree import Kind

_IGNORED = ".wh..wh."


@dataclass(frozen=True, slots=True)
class Waste:
    """Bytes, unpacked: *hidden* by upper layers, and *repeated* at other paths."""

    hidden: int
    repeated: int

    @property
    def total(self) -> int:
        """All that need not be there."""
        return self.hidden + self.repeated


@dataclass(frozen=True, slots=True)
class DiveWaste:
    """What dive 0.13 calls ``inefficientBytes`` and ``efficiencyScore`` (0 to 1)."""

    inefficient: int
    efficiency: float


def waste(root: Rootfs) -> Waste:
    """Return what the layers of *root* carry in vain, as we count."""
    carried = sum(
        row.size for layer in root.layers for row in layer.rows if row.kind is Kind.FILE
    )  # fmt: skip
    seen = {
        item.origin: item.entry.size
        for item in root.placed.values() if item.entry.kind is Kind.FILE
    }  # fmt: skip
    shared = {
        item.origin for item in root.placed.values() if item.entry.kind is Kind.HARDLINK
    } - set(seen)  # fmt: skip
    rows = [{row.path: row for row in layer.rows} for layer in root.layers]
    kept = [rows[at][path] for at, path in (*seen, *shared) if path in rows[at]]
    once: dict[str, int] = {row.digest: row.size for row in kept}
    visible = sum(row.size for row in kept)
    return Waste(carried - visible, visible - sum(once.values()))


def as_dive(layers: Sequence[LayerFacts]) -> DiveWaste:
    """Return the numbers of dive for *layers*: its walk over the leaves of each layer's tree."""
    stacked: dict[str, tuple[int, bool]] = {}
    sizes: dict[str, list[int]] = {}
    for layer in layers:
        nodes = _nodes(layer.rows)
        for path, size in _leaves(nodes, stacked):
            sizes.setdefault(path, []).extend(size)
        _stack(stacked, nodes)
    total = sum(map(sum, sizes.values()))
    return DiveWaste(
        sum(sum(found) for found in sizes.values() if len(found) > 1),
        sum(min(found, default=-1) for found in sizes.values()) / total if total else 1.0,
    )


def _nodes(rows: Sequence[Row]) -> dict[str, tuple[int, bool]]:
    """Return (size, is a folder) by path; folders that have no member of their own are none."""
    found: dict[str, tuple[int, bool]] = {}
    for row in rows:
        if not row.path or f"/{row.path}".find(f"/{_IGNORED}") >= 0:
            continue
        for parent in _above(row.path):
            found.setdefault(parent, (0, False))
        found[row.path] = (row.size, row.kind is Kind.DIR)
    return found


def _above(path: str) -> Iterator[str]:
    at = path.find("/")
    while at != -1:
        yield path[:at]
        at = path.find("/", at + 1)


def _leaves(
    nodes: dict[str, tuple[int, bool]], stacked: dict[str, tuple[int, bool]]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield paths with their size, a whiteout with all that it removes.

    At a whiteout of nothing dive stops, and counts that path as one of -1 bytes.
    """
    inner = {path.rpartition("/")[0] for path in nodes}
    for path in sorted(nodes, key=lambda path: path.split("/")):
        if path in inner:
            continue
        hidden = _hidden(path)
        if hidden is None:
            yield path, (nodes[path][0],)
        elif hidden not in stacked:
            yield hidden, ()
            return
        else:
            yield hidden, (_below(stacked, hidden) if stacked[hidden][1] else 0,)


def _hidden(path: str) -> str | None:
    head, _, name = path.rpartition("/")
    if not name.startswith(WHITEOUT):
        return None
    return f"{head}/{name.removeprefix(WHITEOUT)}".lstrip("/")


def _below(stacked: dict[str, tuple[int, bool]], path: str) -> int:
    return sum(
        size
        for other, (size, _) in stacked.items()
        if other == path or other.startswith(path + "/")
    )


def _stack(stacked: dict[str, tuple[int, bool]], nodes: dict[str, tuple[int, bool]]) -> None:
    for path in sorted(nodes, key=lambda path: path.split("/")):
        hidden = _hidden(path)
        if hidden is None:
            stacked[path] = nodes[path]
            continue
        for gone in [p for p in stacked if p == hidden or p.startswith(hidden + "/")]:
            del stacked[gone]
