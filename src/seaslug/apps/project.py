"""A project as seaslug sees it: its files, where they lie, and its configuration."""

from __future__ import annotations

from dataclasses import dataclass, field

from seaslug.apps.config import AppConfig
from seaslug.apps.model import Evidence
from seaslug.values.tree import Entry, Kind, Tree


@dataclass(frozen=True, slots=True)
class Project:
    """*tree* holds the files below the absolute path *folder* that may be looked at.

    What is ignored (version control, secrets, .dockerignore) is not in it. If the user
    named a single file (a binary, a jar), *tree* holds only that one and *file* is its name.
    *named* holds what is not in *tree* and the configuration asks for by name.
    """

    folder: str
    tree: Tree
    config: AppConfig = field(default_factory=AppConfig)
    file: str = ""
    named: Tree = field(default_factory=Tree)

    @property
    def name(self) -> str:
        """The name of the file or folder, for want of a better one."""
        return self.file or self.folder.rstrip("/").rpartition("/")[2] or "app"

    def text(self, path: str, limit: int = 16 << 20) -> str | None:
        """Return the file at *path* as text, or None if there is none; bytes over *limit* are cut.

        A byte order mark is dropped; what is not UTF-8 is replaced.
        """
        entry = self.tree.resolve(path)
        if entry is None or entry.kind is not Kind.FILE or entry.content is None:
            return None
        return entry.content.read(0, limit).decode("utf-8-sig", "replace")

    def has(self, *paths: str) -> str:
        """Return the first of *paths* that is a file of the project, or an empty string."""
        for path in paths:
            entry = self.tree.resolve(path)
            if entry is not None and entry.kind is Kind.FILE:
                return path
        return ""

    def top(self) -> tuple[Entry, ...]:
        """Return the entries of the project's root folder."""
        return tuple(entry for entry in self.tree if "/" not in entry.path)


def said(what: str, where: str = "") -> Evidence:
    """Return one row of evidence."""
    return Evidence(what, where)
