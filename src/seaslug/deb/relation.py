"""Relations between packages: ``libc6 (>= 2.38) | libc6.1, perl:any``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from seaslug.errors import UsageError

_ONE = re.compile(
    r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9+.-]*)(?::(?P<qualifier>[a-z0-9-]+))?"
    r"(?:\s*\(\s*(?P<op><<|<=|=|>=|>>|<|>)\s*(?P<version>[A-Za-z0-9.+~:-]+)\s*\))?"
    r"(?:\s*\[[^\]]*\])?(?:\s*<[^>]*>)*\s*\Z"
)
_WANT = re.compile(r"(?P<name>[^@=(\s]+)(?:@(?P<suite>[a-z]+))?(?P<rest>.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Relation:
    """A name with an optional qualifier (``any``, ``native`` or an architecture) and version."""

    name: str
    qualifier: str = ""
    op: str = ""
    version: str = ""

    def __str__(self) -> str:
        text = f"{self.name}:{self.qualifier}" if self.qualifier else self.name
        return f"{text} ({self.op} {self.version})" if self.op else text


Clause = tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Want:
    """A package that somebody asks for; *suite* pins it to a codename's archives."""

    relation: Relation
    suite: str = ""
    asked_by: str = "recipe"

    def __str__(self) -> str:
        return f"{self.relation}@{self.suite}" if self.suite else str(self.relation)


@lru_cache(maxsize=16384)
def parse(text: str) -> tuple[Clause, ...]:
    """Return the clauses of a relation field, all of which must hold. Raises UsageError."""
    return tuple(
        tuple(_one(part) for part in clause.split("|"))
        for clause in text.split(",")
        if clause.strip()
    )


def show(clause: Clause) -> str:
    """Return a clause as it is written."""
    return " | ".join(map(str, clause))


def parse_want(text: str, asked_by: str = "recipe") -> Want:
    """Read ``git``, ``libpq5 (>= 15)``, ``libpq5=15.1-1`` or ``busybox-static@trixie``."""
    found = _WANT.match(text.strip())
    if not found:
        raise UsageError(f"not a package: {text!r}")
    rest = found["rest"].strip()
    if rest.startswith("="):
        rest = f"(= {rest[1:].strip()})"
    return Want(_one(f"{found['name']} {rest}"), found["suite"] or "", asked_by)


def _one(text: str) -> Relation:
    found = _ONE.match(text)
    if not found:
        raise UsageError(f"not a relation between packages: {text.strip()[:100]!r}")
    return Relation(
        found["name"], found["qualifier"] or "", found["op"] or "", found["version"] or ""
    )
