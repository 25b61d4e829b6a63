"""How Debian names the package of a shared library (Policy, section 8.1), and which one to take."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SPLIT = re.compile(r"(?P<name>.+?)(?:\.so\.(?P<version>.+)|-(?P<release>[0-9][0-9.]*)\.so)\Z")
MARKS = ("t64", "v5", "c2a", "c2", "ldbl", "g")
"""What a package's name ends in after its library's ABI changed and the soname did not."""

_TRANSITION = re.compile(rf"(?:{'|'.join(MARKS)})\Z")
_NOT_FOR_RUNNING = re.compile(r"-(?:dev|dbg|dbgsym|udeb|[a-z0-9]+-cross|cross|source|doc)\Z|-dev-")


def package_name(soname: str) -> str:
    """Return the name that Debian's rule gives: ``libsqlite3.so.0`` is in ``libsqlite3-0``.

    Empty for a name without a version, for which there is no rule.
    """
    found = _SPLIT.match(soname)
    if not found:
        return ""
    name, version = found["name"], found["version"] or found["release"]
    dash = "-" if name[-1:].isdigit() else ""
    return f"{name}{dash}{version}".lower().replace("_", "-")


def preferred(soname: str, packages: Iterable[str]) -> tuple[str, ...]:
    """Return the *packages* that a program runs with, the best one first.

    First the one that is called by the rule, then the rule's name with the mark of an ABI
    transition (``t64``), then the shortest. What is for compiling, debugging or another
    architecture is left out.
    """
    rule = package_name(soname)

    def order(package: str) -> tuple[int, int, str]:
        plain = _TRANSITION.sub("", package)
        rank = 0 if package == rule else 1 if plain == rule else 2
        return rank, len(package), package

    return tuple(sorted({p for p in packages if not for_building(p)}, key=order))


def for_building(package: str) -> bool:
    """Tell whether *package* is for compiling, debugging or installing, not for running."""
    return _NOT_FOR_RUNNING.search(package) is not None
