"""Findings that somebody decided to live with, and why."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from seaslug.rules.model import Finding


@dataclass(frozen=True, slots=True)
class Ignore:
    """``path`` is where: a path or a field, with ``*`` for any letters; empty is everywhere."""

    rule: str
    reason: str
    path: str = ""

    def covers(self, finding: Finding) -> bool:
        """Tell whether *finding* is meant."""
        if finding.rule != self.rule.upper():
            return False
        where, path = finding.where.lstrip("/"), self.path.lstrip("/")
        return not path or where == path or fnmatchcase(where, path)

    def __str__(self) -> str:
        return f"{self.rule} {self.path}".strip()
