"""Versions and version ranges as npm writes them.

Source: the grammar and the table of ranges in the documentation of node-semver. A range
is an "or" of sets of comparators; each comparator is ``(operator, version)`` with one of
``>=``, ``>``, ``<``, ``<=``, ``=``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

_X = r"[xX*]|0|[1-9][0-9]{0,15}"
_PARTIAL = re.compile(
    rf"[v=\s]*(?:({_X})(?:\.({_X})(?:\.({_X})"
    r"(?:-([0-9A-Za-z.-]{1,200}))?(?:\+[0-9A-Za-z.-]{1,200})?)?)?)\Z"
)
_HYPHEN = re.compile(r"\s*(\S+)\s+-\s+(\S+)\s*\Z")
_OPERATOR = re.compile(r"(~>|[~^]|[<>]=?|=)?\s*(.*)\Z", re.DOTALL)
_SPACE = re.compile(r"([<>]=?|=|~>?|\^)\s+")
_MAX = 1000

Partial = tuple[int | None, int | None, int | None, str]


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """``pre`` is the text after the hyphen; a version with one comes before that without."""

    major: int
    minor: int = 0
    patch: int = 0
    pre: str = ""

    def __str__(self) -> str:
        text = f"{self.major}.{self.minor}.{self.patch}"
        return f"{text}-{self.pre}" if self.pre else text

    @property
    def core(self) -> tuple[int, int, int]:
        """The three numbers."""
        return self.major, self.minor, self.patch

    def _key(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]:
        parts = self.pre.split(".") if self.pre else []
        keyed = tuple(
            (False, int(part), "") if part.isdigit() else (True, 0, part) for part in parts
        )
        return self.core, not self.pre, keyed

    def __lt__(self, other: Version) -> bool:
        return self._key() < other._key()


Comparator = tuple[str, Version]
NOTHING: tuple[Comparator, ...] = (("<", Version(0, 0, 0, "0")),)


@dataclass(frozen=True, slots=True)
class Range:
    """Any of ``sets`` must hold; all comparators of a set must."""

    sets: tuple[tuple[Comparator, ...], ...]

    def allows(self, version: Version) -> bool:
        """Tell whether *version* is in the range; one with ``pre`` only if it is named there."""
        return any(_all(comparators, version) for comparators in self.sets)

    def touches(self, major: int) -> bool:
        """Tell whether some release with this *major* number is in the range."""
        low, high = Version(major), Version(major + 1)
        return any(_between(comparators, low, high) for comparators in self.sets)


def version(text: str) -> Version | None:
    """Return the version that *text* says, or None if it is not a complete one."""
    found = _partial(text)
    if found is None or None in found[:3]:
        return None
    return Version(found[0] or 0, found[1] or 0, found[2] or 0, found[3])


def parse(text: str) -> Range | None:
    """Return the range in *text*; an empty one is any version. None if it is not a range."""
    if len(text) > _MAX:
        return None
    sets = []
    for part in text.split("||"):
        comparators = _set(part.strip())
        if comparators is None:
            return None
        sets.append(comparators)
    return Range(tuple(sets))


def _set(text: str) -> tuple[Comparator, ...] | None:
    hyphen = _HYPHEN.match(text)
    if hyphen:
        low, high = _partial(hyphen[1]), _partial(hyphen[2])
        if low is None or high is None:
            return None
        return (*_simple(">=", low), *_simple("<=", high))
    made: list[Comparator] = []
    for word in _SPACE.sub(r"\1", text).split() or [""]:
        found = _OPERATOR.match(word)
        partial = _partial(found[2]) if found else None
        if found is None or partial is None:
            return None
        made += _simple(found[1] or "", partial)
    return tuple(made)


def _partial(text: str) -> Partial | None:
    if not text:
        return None, None, None, ""
    found = _PARTIAL.match(text)
    if found is None:
        return None
    numbers = [int(n) if n and n not in "xX*" else None for n in found.groups()[:3]]
    if numbers[0] is None:
        numbers[1] = None
    if numbers[1] is None:
        numbers[2] = None
    pre = found[4] if found[4] and numbers[2] is not None else ""
    if any(
        not part or (part.isdigit() and str(int(part)) != part) for part in pre.split(".") if pre
    ):
        return None
    return numbers[0], numbers[1], numbers[2], pre


def _simple(operator: str, partial: Partial) -> tuple[Comparator, ...]:
    major, minor, patch, pre = partial
    if major is None:
        return NOTHING if operator in ("<", ">") else ()
    low = Version(major, minor or 0, patch or 0, pre)
    if operator == "^":
        return (">=", low), ("<", _caret(major, minor, patch))
    if operator in ("~", "~>"):
        return (">=", low), ("<", _after(major, minor))
    if patch is not None:
        return ((operator or "=", low),)
    above = _after(major, minor)
    if operator in ("", "="):
        return (">=", low), ("<", above)
    if operator == ">":
        return ((">=", Version(*above.core)),)
    if operator == "<=":
        return (("<", above),)
    return ((operator, Version(*low.core, "0") if operator == "<" else low),)


def _after(major: int, minor: int | None) -> Version:
    """Return what comes after every release of ``major`` or ``major.minor``."""
    return Version(major + 1, 0, 0, "0") if minor is None else Version(major, minor + 1, 0, "0")


def _caret(major: int, minor: int | None, patch: int | None) -> Version:
    if major or minor is None:
        return Version(major + 1, 0, 0, "0")
    if minor or patch is None:
        return Version(0, minor + 1, 0, "0")
    return Version(0, 0, patch + 1, "0")


def _all(comparators: tuple[Comparator, ...], given: Version) -> bool:
    if not all(_holds(operator, given, bound) for operator, bound in comparators):
        return False
    return not given.pre or any(b.pre and b.core == given.core for _, b in comparators)


def _holds(operator: str, given: Version, bound: Version) -> bool:
    if operator == "=":
        return given == bound
    if operator.startswith(">"):
        return given > bound or (operator == ">=" and given == bound)
    return given < bound or (operator == "<=" and given == bound)


def _between(comparators: tuple[Comparator, ...], low: Version, high: Version) -> bool:
    """Tell whether a release from *low* to below *high* can satisfy all *comparators*."""
    first, last = low, high
    for operator, bound in comparators:
        if operator in (">=", "=", ">"):
            step = 1 if operator == ">" and not bound.pre else 0
            first = max(first, Version(bound.major, bound.minor, bound.patch + step))
        if operator in ("<", "<=", "="):
            step = 0 if operator == "<" else 1
            last = min(last, Version(bound.major, bound.minor, bound.patch + step))
    return first < last
