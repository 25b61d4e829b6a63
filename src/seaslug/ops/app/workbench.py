"""What making an application has at hand: the project's tools, and results that are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from seaslug.apps.model import TIME
from seaslug.ops.frozen import freeze, thaw
from seaslug.ops.keys import action
from seaslug.ports import BlobStore, Listener, Toolbox
from seaslug.values.identity import identity
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

APP_VERSION = 1
"""Raised when an application's files for the same inputs change."""


@dataclass(frozen=True, slots=True)
class Workbench:
    """*host* is the platform whose programs run on this machine, None if unknown."""

    tools: Toolbox
    store: BlobStore
    listener: Listener
    host: Platform | None

    def kept(self, step: str, inputs: object, make: Callable[[], Iterable[Entry]]) -> Tree:
        """Return the entries that *make* gives, from the store if *inputs* gave them before.

        *inputs* are JSON-ready and hold all that decides the result: digests of files, versions
        of tools, options, the platform. Contents are in the store afterwards.
        """
        key = action(step, APP_VERSION, inputs)
        found = self.store.recall(key)
        if found is not None and (entries := thaw(found, self.store)) is not None:
            return Tree(entries)
        frozen = freeze(make(), self.store)
        self.store.remember(key, frozen)
        entries = thaw(frozen, self.store)
        assert entries is not None
        return Tree(entries)

    def fact(self, step: str, inputs: object, make: Callable[[], Any]) -> Any:
        """Return the JSON-ready result of *make*, remembered by *inputs*."""
        key = action(step, APP_VERSION, inputs)
        found = self.store.recall(key)
        if found is None:
            found = {"fact": make()}
            self.store.remember(key, found)
        return found["fact"]


def moved(entries: Iterable[Entry], prefix: str) -> tuple[Entry, ...]:
    """Return *entries* below *prefix* (a path of the image), owned by root, at the apps' time."""
    head = prefix.strip("/") + "/" if prefix.strip("/") else ""
    return tuple(
        replace(
            entry, path=head + entry.path, uid=0, gid=0, mtime=TIME,
            target=head + entry.target if entry.kind is Kind.HARDLINK else entry.target,
        )
        for entry in entries
    )  # fmt: skip


__all__ = ["APP_VERSION", "Workbench", "identity", "moved"]
