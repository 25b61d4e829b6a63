"""An image in figures, and tables of several: what compare counts, and what reports show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seaslug.anatomy.libraries import Told
from seaslug.anatomy.waste import DiveWaste, Waste


@dataclass(frozen=True, slots=True)
class Weight:
    """A layer: its *digest*, and bytes compressed (``size``) and of files (``unpacked``).

    ``diff_id`` is the digest of its plain tar as the configuration tells it, perhaps empty.
    """

    digest: str
    size: int
    unpacked: int
    created_by: str
    diff_id: str = ""

    @property
    def content(self) -> str:
        """What tells its content: two layers that are only compressed otherwise have the same."""
        return self.diff_id or self.digest


@dataclass(frozen=True, slots=True)
class Share:
    """What one package brings: bytes and number of *files*; of nobody's files, name is empty."""

    name: str
    version: str
    size: int
    files: int


@dataclass(frozen=True, slots=True)
class Portrait:
    """One platform's image in figures. Sizes are bytes; ``code`` is bytes mapped executable.

    Programs are by plain name, sorted; ``setuid`` are paths. ``zones`` counts time zone files,
    ``bundle`` is the path of the trusted certificates or empty. ``ours`` says that seaslug
    built it. ``libraries`` are packages of languages, sorted. ``dive`` is there if asked for.
    """

    name: str
    platform: str
    layers: tuple[Weight, ...]
    files: int
    unpacked: int
    executables: int
    code: int
    shares: tuple[Share, ...]
    packages: int
    database: str
    setuid: tuple[str, ...]
    shells: tuple[str, ...]
    managers: tuple[str, ...]
    languages: tuple[str, ...]
    interpreters: tuple[str, ...]
    listeners: tuple[str, ...]
    fetchers: tuple[str, ...]
    tools: tuple[str, ...]
    explorers: tuple[str, ...]
    user_tools: tuple[str, ...]
    bundle: str
    zones: int
    accounts: int
    user: str
    ours: bool
    waste: Waste
    libraries: tuple[Told, ...] = ()
    dive: DiveWaste | None = None

    @property
    def size(self) -> int:
        """All layers, compressed: what a registry keeps."""
        return sum(layer.size for layer in self.layers)

    def as_dict(self) -> dict[str, Any]:
        """Return the portrait as JSON-ready data."""
        from dataclasses import asdict

        told = [{"path": f"/{one.path}", **one.library._asdict()} for one in self.libraries]
        return {**asdict(self), "size": self.size, "libraries": told, "vulnerabilities": None}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: a *title*, and per image what is shown.

    ``numbers`` are the same as numbers where they are some, for charts; ``note`` says how it
    is counted.
    """

    title: str
    cells: tuple[str, ...]
    numbers: tuple[float, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a *title*; *columns* are the images' names."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the table as JSON-ready data."""
        rows: list[Mapping[str, Any]] = [
            {"title": row.title, "cells": list(row.cells), "note": row.note} for row in self.rows
        ]
        return {"title": self.title, "columns": list(self.columns), "rows": rows}
