"""Debian packages for libraries that Python packages load by name (ctypes), unseen by ELF."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loads:
    """``packages`` are Debian's, in releases since 13 with ``new`` names; none with ``unless``."""

    packages: tuple[str, ...]
    new: tuple[str, ...] = ()
    unless: frozenset[str] = frozenset()


_PANGO = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
LOADS = {
    "psycopg": Loads(("libpq5",), unless=frozenset(("psycopg-binary", "psycopg-c"))),
    "python-magic": Loads(("libmagic1",), ("libmagic1t64",)),
    "cairocffi": Loads(("libcairo2",)),
    "weasyprint": Loads(_PANGO),
    "pyenchant": Loads(("libenchant-2-2",)),
    "pyusb": Loads(("libusb-1.0-0",)),
}


def packages(names: frozenset[str], distribution: str) -> tuple[tuple[str, str], ...]:
    """Return (Debian package, Python package that loads it) for the installed *names*."""
    old = distribution in ("debian11", "debian12")
    found = []
    for name in sorted(names & set(LOADS)):
        one = LOADS[name]
        if names.isdisjoint(one.unless):
            wanted = one.packages if old or not one.new else one.new
            found += [(package, name) for package in wanted]
    return tuple(found)
