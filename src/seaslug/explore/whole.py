"""What is known of an image while it is read, and once it was: the answers that filters ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from seaslug.explore.changes import Item, Mark, hidden
from seaslug.rules.words import plain
from seaslug.values.tree import Kind, parents

if TYPE_CHECKING:
    from seaslug.anatomy.facts import Facts, LayerFacts
    from seaslug.explore.source import Judged
    from seaslug.rules.model import Finding


@dataclass(frozen=True)
class Whole:
    """The *layers* as far as they were read (None if not), what they do, and what they make.

    *judged* is there once all of them were read.
    """

    layers: Sequence[LayerFacts | None] = ()
    changes: Sequence[Sequence[Item]] = ()
    merged: Mapping[str, Item] = field(default_factory=dict)
    judged: Judged | None = None

    def facts(self, item: Item) -> Facts | None:
        """Return what the ELF file *item* says of itself; None if it is none."""
        layer = self._layer(item)
        return layer.binaries.get(item.origin[1]) if layer is not None else None

    def script(self, item: Item) -> str:
        """Return what follows ``#!`` in a script; empty for anything else."""
        layer = self._layer(item)
        head = layer.heads.get(item.origin[1], b"") if layer is not None else b""
        line = head.split(b"\n")[0][2:] if head.startswith(b"#!") else b""
        return line.decode("utf-8", "surrogateescape").strip()

    def owner(self, item: Item) -> str:
        """Return the package that brought *item*; empty if none did, or it is not known yet."""
        return self.judged.owners.owner.get(item.path, "") if self.judged is not None else ""

    def size(self, item: Item) -> int:
        """Return the bytes of what *item* holds, of a hard link those that it shares."""
        layer = self._layer(item)
        if item.row.kind is not Kind.HARDLINK or layer is None:
            return item.row.size
        return next((row.size for row in layer.rows if row.path == item.origin[1]), 0)

    def findings(self, path: str) -> tuple[Finding, ...]:
        """Return what was found about the path itself."""
        return self._findings.get(plain(path), ())

    def copies(self, item: Item) -> tuple[str, ...]:
        """Return the paths that have the same content, that of *item* among them."""
        return self.repeated.get(item.row.digest, ()) if item.row.size else ()

    def layers_of(self, path: str) -> tuple[Item, ...]:
        """Return what each layer does to *path*, lowest first."""
        return self._by_path.get(path, ())

    def wasted(self, item: Item) -> bool:
        """Tell whether its bytes are there in vain, or hide others that are."""
        if item.row.kind is not Kind.FILE:
            return False
        seen = self.merged.get(item.path)
        if item.mark is not Mark.REMOVED and (seen is None or seen.origin != item.origin):
            return bool(item.row.size)
        return item.path in self.hidden or len(self.copies(item)) > 1

    @cached_property
    def hidden(self) -> Mapping[str, tuple[Item, ...]]:
        """Copies of files that cannot be seen, by path, lowest layer first; none are empty."""
        found: dict[str, list[Item]] = {}
        for item in hidden(self.changes, self.merged):
            if item.row.size:
                found.setdefault(item.path, []).append(item)
        return {path: tuple(items) for path, items in found.items()}

    @cached_property
    def repeated(self) -> Mapping[str, tuple[str, ...]]:
        """Paths with the same content, by its sha256; of empty files nothing is said."""
        found: dict[str, list[str]] = {}
        for item in self.merged.values():
            if item.row.size and item.row.kind is Kind.FILE:
                found.setdefault(item.row.digest, []).append(item.path)
        return {digest: tuple(sorted(p)) for digest, p in found.items() if len(p) > 1}

    @cached_property
    def flagged(self) -> frozenset[str]:
        """Folders that hold something with a finding, on whatever level."""
        return frozenset(one for path in self._findings for one in parents(path))

    def _layer(self, item: Item) -> LayerFacts | None:
        at = item.origin[0]
        return self.layers[at] if at < len(self.layers) else None

    @cached_property
    def _findings(self) -> dict[str, tuple[Finding, ...]]:
        found: dict[str, list[Finding]] = {}
        for one in self.judged.findings if self.judged is not None else ():
            if one.where.startswith("/"):
                found.setdefault(one.where.strip("/"), []).append(one)
        return {path: tuple(rows) for path, rows in found.items()}

    @cached_property
    def _by_path(self) -> dict[str, tuple[Item, ...]]:
        found: dict[str, list[Item]] = {}
        for at, layer in enumerate(self.changes):
            for item in layer:
                # What is removed keeps the layer that had it; here it counts who removes it.
                found.setdefault(item.path, []).append(item._replace(layer=at))
        return {path: tuple(items) for path, items in found.items()}
