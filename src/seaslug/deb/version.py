"""Debian version numbers, ordered as Debian Policy 5.6.12 says.

The order is turned into a key that tuples compare: a version is split into runs of
non-digits and digits; a tilde sorts before the end, the end before letters, letters
before everything else.
"""

from __future__ import annotations

import operator
import re
from functools import lru_cache

from seaslug.errors import UsageError

Key = tuple[int, tuple[object, ...], tuple[object, ...]]

_VALID = re.compile(r"(?:[0-9]+:)?[A-Za-z0-9.+~:-]+\Z")
_RUNS = re.compile(r"([^0-9]*)([0-9]*)")
_OPERATORS = {
    "<<": operator.lt, "<=": operator.le, "=": operator.eq, ">=": operator.ge, ">>": operator.gt,
    "<": operator.le, ">": operator.ge,
}  # fmt: skip


def valid(text: str) -> bool:
    """Tell whether *text* can be a version."""
    return bool(_VALID.match(text))


@lru_cache(maxsize=65536)
def key(version: str) -> Key:
    """Return a key that sorts as Debian sorts. Raises UsageError for what is no version."""
    if not valid(version):
        raise UsageError(f"not a Debian version: {version!r}")
    epoch, colon, rest = version.partition(":")
    if not colon or not epoch.isdigit():
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, ""
    return int(epoch), _part(upstream), _part(revision)


def compare(a: str, b: str) -> int:
    """Return -1, 0 or 1 as *a* is older than, equal to or newer than *b*."""
    one, two = key(a), key(b)
    return (one > two) - (one < two)


def satisfies(have: str, op: str, want: str) -> bool:
    """Tell whether *have* stands in the relation *op* to *want*; no operator is always true."""
    return not op or bool(_OPERATORS[op](key(have), key(want)))


def _part(text: str) -> tuple[object, ...]:
    out: list[object] = []
    # An absent revision equals a revision of 0.
    for letters, digits in _RUNS.findall(text or "0"):
        if letters or digits:
            out.append((*map(_weight, letters), 0))
            out.append(int(digits or 0))
    return (*out, (0,))


def _weight(char: str) -> int:
    if char == "~":
        return -1
    return ord(char) if char.isalpha() else ord(char) + 256
