"""Versions of Python packages and the specifiers that they satisfy (PEP 440)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, total_ordering

_VERSION = re.compile(
    r"\s*v?(?:(?P<epoch>[0-9]+)!)?(?P<release>[0-9]+(?:\.[0-9]+)*)"
    r"(?:[-_.]?(?P<pre>alpha|beta|preview|pre|a|b|c|rc)[-_.]?(?P<pre_n>[0-9]*))?"
    r"(?:-(?P<post_i>[0-9]+)|[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_n>[0-9]*))?"
    r"(?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_n>[0-9]*))?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*\Z",
    re.IGNORECASE,
)
_PRE = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}
_CLAUSE = re.compile(r"\s*(===|~=|==|!=|<=|>=|<|>)\s*([^\s,;]+)\s*\Z")


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """``pre`` is (a|b|rc, number) or None; ``post`` and ``dev`` are -1 where there is none."""

    epoch: int
    release: tuple[int, ...]
    pre: tuple[str, int] | None = None
    post: int = -1
    dev: int = -1
    local: tuple[tuple[int, str], ...] = ()

    def key(self) -> tuple[object, ...]:
        """Return what versions are ordered by."""
        return (self.epoch, _trim(self.release), self._stage(), self.post, self._dev(), self.local)

    def _stage(self) -> tuple[int, str, int]:
        if self.pre is not None:
            return (1, *self.pre)
        # A development release of the final version comes before its pre-releases.
        return (0 if self.dev >= 0 and self.post < 0 else 2, "", 0)

    def _dev(self) -> tuple[int, int]:
        return (0, self.dev) if self.dev >= 0 else (1, 0)

    def public(self) -> Version:
        """Return the version without its local part."""
        return Version(self.epoch, self.release, self.pre, self.post, self.dev)

    @property
    def early(self) -> bool:
        """Whether it is a pre-release or a development release."""
        return self.pre is not None or self.dev >= 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.key() == other.key()

    def __lt__(self, other: Version) -> bool:
        return self.key() < other.key()

    def __hash__(self) -> int:
        return hash(self.key())


@cache
def version(text: str) -> Version | None:
    """Read a version; None if *text* is none."""
    found = _VERSION.match(text) if len(text) < 256 else None
    if found is None:
        return None
    pre = found["pre"]
    post = found["post_i"] or (found["post_n"] or "0" if found["post"] else "-1")
    return Version(
        epoch=int(found["epoch"] or 0),
        release=tuple(int(part) for part in found["release"].split(".")),
        pre=(_PRE.get(pre.lower(), pre.lower()), int(found["pre_n"] or 0)) if pre else None,
        post=int(post),
        dev=int(found["dev_n"] or 0) if found["dev"] else -1,
        local=tuple(_local(part) for part in re.split(r"[-_.]", (found["local"] or "").lower()))
        if found["local"]
        else (),
    )


def _local(part: str) -> tuple[int, str]:
    return (int(part), "") if part.isdigit() else (-1, part)


def _trim(release: tuple[int, ...]) -> tuple[int, ...]:
    end = len(release)
    while end > 1 and not release[end - 1]:
        end -= 1
    return release[:end]


@dataclass(frozen=True, slots=True)
class Specifier:
    """Clauses that all have to hold, as (operator, version text): ``>=1.2,<2``."""

    clauses: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Specifier | None:
        """Read ``>=1.2,<2``, with or without parentheses; None if it is no specifier."""
        inner = text.strip()
        if inner.startswith("(") and inner.endswith(")"):
            inner = inner[1:-1]
        clauses = []
        for part in filter(None, (piece.strip() for piece in inner.split(","))):
            found = _CLAUSE.match(part)
            if found is None or not _possible(found[1], found[2]):
                return None
            clauses.append((found[1], found[2]))
        return cls(tuple(clauses))

    def __str__(self) -> str:
        return ",".join(operator + text for operator, text in self.clauses)

    def contains(self, text: str) -> bool:
        """Tell whether the version *text* satisfies every clause; pre-releases may, too."""
        found = version(text)
        return all(
            text.strip().lower() == wanted.lower()
            if operator == "==="
            else found is not None and _holds(operator, wanted, found)
            for operator, wanted in self.clauses
        )

    def same_as(self, other: Specifier) -> bool:
        """Tell whether both say the same, whatever the order, spacing or trailing zeros."""
        return _normal(self) == _normal(other)


ANY = Specifier()
"""Satisfied by every version."""


def _normal(specifier: Specifier) -> set[tuple[str, str]]:
    rows = set()
    for operator, text in specifier.clauses:
        found = None if text.endswith(".*") or operator in ("===", "~=") else version(text)
        rows.add((operator, repr(found.key()) if found else text.lower()))
    return rows


def _possible(operator: str, text: str) -> bool:
    if operator == "===":
        return True
    if text.endswith(".*"):
        return operator in ("==", "!=") and version(text[:-2]) is not None
    found = version(text)
    return found is not None and (operator != "~=" or len(found.release) > 1)


def _holds(operator: str, text: str, have: Version) -> bool:
    if text.endswith(".*"):
        return _prefix(text[:-2], have) is (operator == "==")
    want = version(text)
    assert want is not None
    if operator in ("==", "!="):
        left = have if want.local else have.public()
        return (left == want) is (operator == "==")
    if operator == "~=":
        stem = Version(want.epoch, want.release[:-1])
        return have.public() >= want and _starts(have, stem)
    if operator == ">=":
        return have.public() >= want
    if operator == "<=":
        return have.public() <= want
    if operator == "<":
        return have < want and not (not want.early and _before(have, want))
    return have > want and have.public() != want and not _after(have, want)


def _before(have: Version, want: Version) -> bool:
    """Tell whether *have* is a pre-release of just *want*."""
    post = have.post if have.pre is None else -1
    same = Version(have.epoch, have.release, post=post)
    return have.early and same == Version(want.epoch, want.release, post=want.post)


def _after(have: Version, want: Version) -> bool:
    """Tell whether *have* is a post-release of just *want*."""
    if have.post < 0 or want.post >= 0 or want.dev >= 0:
        return False
    return Version(have.epoch, have.release, have.pre) == want


def _prefix(text: str, have: Version) -> bool:
    want = version(text)
    return want is not None and _starts(have, want)


def _starts(have: Version, want: Version) -> bool:
    padded = have.release + (0,) * (len(want.release) - len(have.release))
    return have.epoch == want.epoch and padded[: len(want.release)] == want.release
