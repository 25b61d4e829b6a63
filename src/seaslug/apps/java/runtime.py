"""Which member of the family runs a jar: the oldest Java that can, on the newest Debian with it."""

from __future__ import annotations

from dataclasses import dataclass

from seaslug.apps.java.bytecode import Level
from seaslug.apps.model import Evidence
from seaslug.errors import ProjectError
from seaslug.recipe.catalog import distributions, members, parse_reference
from seaslug.values.platform import Platform

UNKEPT = ("debian11",)
"""Releases that Debian no longer mends: their long-term support has ended."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """A member such as ``java17``, its Java, the Debian release, why, and what to know of it.

    With ``exact`` no newer Java will do.
    """

    member: str
    java: int
    distribution: str
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()
    exact: bool = False


def known() -> dict[int, str]:
    """Return the members that are one release of Java, by that, oldest first."""
    found = {int(n[4:]): n for n in members() if n.startswith("java") and n[4:].isdigit()}
    return dict(sorted(found.items()))


def choose(level: Level, platform: Platform, base: str = "") -> Runtime:
    """Return the runtime for classes of *level*; *base* (``java21-debian13``) fixes it.

    Raises ProjectError if none runs them, or the one that is fixed does not.
    """
    if base:
        return _fixed(level, base)
    fits = [java for java in known() if _runs(java, level)]
    for java in fits if level.java else reversed(fits):
        for name in _releases(known()[java], platform):
            why, notes = _why(level, java, name), _notes(java, name)
            return Runtime(known()[java], java, name, why, notes, level.preview)
    raise ProjectError(
        f"needs Java {_said(level)}, and no member of the family runs it on {platform}",
        where=level.where,
        hint="there are " + ", ".join(known().values()) + ": compile with --release "
        f"{max(known())} or less",
    )  # fmt: skip


def _fixed(level: Level, base: str) -> Runtime:
    reference = parse_reference(base)
    words = dict(members()[reference.name].names)
    release = reference.distribution or _first(reference.name)
    text = words.get("java") or dict(distributions()[release].names).get("java", "0")
    java = int(text) if text.isdigit() else 0
    if reference.name.startswith("java") and java and not _runs(java, level):
        fitting = [name for number, name in known().items() if _runs(number, level)]
        raise ProjectError(
            f"its classes need Java {_said(level)}, and {reference.name} is Java {java}",
            where=level.where,
            hint=f'set base = "{fitting[0]}"' if fitting else "compile for an older release",
        )
    why = (Evidence(f"base = {base!r}", "configuration"),)
    return Runtime(reference.name, java, release, why, exact=level.preview)


def _runs(java: int, level: Level) -> bool:
    return java == level.java if level.preview else java >= level.java


def _releases(member: str, platform: Platform) -> list[str]:
    """Return the releases of *member* for *platform*, newest stable one first."""
    allowed = members()[member].distributions
    return [n for n, d in distributions().items() if n in allowed and platform in d.platforms]


def _first(member: str) -> str:
    return next(name for name in distributions() if name in members()[member].distributions)


def _said(level: Level) -> str:
    return f"{level.java} with preview features" if level.preview else str(level.java)


def _why(level: Level, java: int, release: str) -> tuple[Evidence, ...]:
    if not level.java:
        return (Evidence(f"no class tells a version: Java {java}, {release}"),)
    return (Evidence(f"classes for Java {_said(level)}: Java {java}, {release}", level.where),)


def _notes(java: int, release: str) -> tuple[str, ...]:
    if release not in UNKEPT:
        return ()
    newer = next((name for number, name in known().items() if number > java), "")
    return (
        f"Java {java} is only in {release}, which gets no more security updates; "
        f'base = "{newer}" is a newer one',
    )
