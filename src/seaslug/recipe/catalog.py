"""The family as data: releases, members, variants and switches, read from ``data/*.toml``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from seaslug.errors import UnknownNameError, UsageError
from seaslug.recipe.model import Distribution
from seaslug.recipe.shape import parse
from seaslug.values.platform import Platform

DEFAULT_DISTRIBUTION = "debian13"
_DATA = os.path.join(os.path.dirname(__file__), "data")
_REFERENCE = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9.-]*?)(?:-(?P<distribution>debian\d+|testing))?(?::(?P<variant>[a-z-]+))?\Z"
)

EFFECTS = (
    "users", "directories", "nsswitch", "os-release", "localtime", "ca", "usrmerge", "licences",
    "locale", "ld-cache", "ld-print", "java-keystore", "pyc", "busybox",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reference:
    """A family reference: ``python3``, ``python3-debian12:nonroot``. Empty parts are defaults."""

    name: str
    distribution: str = ""
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """An entry of the catalogue: which file makes it, with which words, for which releases."""

    name: str
    recipe: str
    names: tuple[tuple[str, str], ...]
    distributions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """A named set of patterns that is left out unless a recipe keeps it."""

    name: str
    about: str
    drop: tuple[str, ...]
    keep: tuple[str, ...]


def data_text(name: str) -> str:
    """Return the text of a data file; *name* is relative to the data folder."""
    with open(os.path.join(_DATA, name), encoding="utf-8") as file:
        return file.read()


@cache
def distributions() -> dict[str, Distribution]:
    """Return the Debian releases, the default one first."""
    table = parse(data_text("suites.toml"), "suites.toml")
    return {name: _distribution(name, data) for name, data in table.items()}


@cache
def members() -> dict[str, Member]:
    """Return the members of the family in the order of the catalogue."""
    table = parse(data_text("catalog.toml"), "catalog.toml")
    return {name: _member(name, data) for name, data in table.items()}


@cache
def variants() -> dict[str, dict[str, Any]]:
    """Return the variants that every member has, as raw data."""
    return parse(data_text("variants.toml"), "variants.toml")


@cache
def switches() -> dict[str, Switch]:
    """Return what is left out by default, by name."""
    table = parse(data_text("switches.toml"), "switches.toml")
    return {
        name: Switch(name, data["about"], tuple(data["drop"]), tuple(data.get("keep", ())))
        for name, data in table.items()
    }


def looks_like_path(subject: str) -> bool:
    """Tell whether *subject* names a file or folder rather than a member of the family."""
    return subject.startswith((".", "/", "~")) or "/" in subject or subject.endswith(".toml")


def is_application(subject: str) -> bool:
    """Tell whether *subject* is a project or a program, and no recipe or member of the family."""
    name = subject.partition(":")[0]
    if name.endswith(".toml"):
        return os.path.basename(name) == "seaslug.toml"
    if looks_like_path(name):
        return True
    found = _REFERENCE.match(subject)
    known = found is not None and found["name"] in members()
    return not known and os.path.exists(os.path.expanduser(subject))


def is_member(text: str) -> bool:
    """Tell whether *text* refers to a member of the family, whether or not it is all right."""
    found = _REFERENCE.match(text)
    return found is not None and found["name"] in members()


def parse_reference(text: str) -> Reference:
    """Read ``NAME[-debianN][:variant]``.

    Raises UsageError for another shape, UnknownNameError for an unknown name or variant.
    """
    found = _REFERENCE.match(text)
    if not found:
        raise UsageError(
            f"not a family reference: {text!r}",
            hint="write NAME[-debianN][:variant], e.g. python3-debian12:nonroot; "
            "see: seaslug families",
        )
    name, distribution, variant = found["name"], found["distribution"] or "", found["variant"] or ""
    if name not in members():
        raise UnknownNameError("family", name, list(members()), where=text)
    if distribution and distribution not in distributions():
        raise UnknownNameError("distribution", distribution, list(distributions()), where=text)
    if variant and variant not in variants():
        raise UnknownNameError("variant", variant, list(variants()), where=text)
    return Reference(name, distribution, variant)


def distribution_of(name: str, member: Member | None = None, where: str = "") -> Distribution:
    """Return the release called *name* (``debian12``, ``bookworm`` or empty for the default).

    With *member*, an empty name means the newest release that the member is made for, and
    a release that it is not made for raises UsageError.
    """
    allowed = member.distributions if member else tuple(distributions())
    if not name:
        name = DEFAULT_DISTRIBUTION if DEFAULT_DISTRIBUTION in allowed else allowed[0]
    for release in distributions().values():
        if name in (release.name, release.codename):
            if release.name not in allowed:
                assert member is not None
                raise UsageError(
                    f"{member.name} is not made for {release.name}",
                    where=where,
                    hint="it is made for " + ", ".join(allowed),
                )
            return release
    known = [n for r in distributions().values() for n in (r.name, r.codename)]
    raise UnknownNameError("distribution", name, known, where=where)


def _distribution(name: str, data: Mapping[str, Any]) -> Distribution:
    return Distribution(
        name=name,
        codename=data["codename"],
        version=data["version"],
        suites=tuple(data["suites"]),
        usrmerge=data["usrmerge"],
        platforms=tuple(Platform.parse(text) for text in data["platforms"]),
        names=tuple(sorted(data["names"].items())),
    )


def _member(name: str, data: Mapping[str, Any]) -> Member:
    everywhere = list(distributions())
    return Member(
        name=name,
        recipe=data.get("recipe", name),
        names=tuple(sorted(data.get("names", {}).items())),
        distributions=tuple(data.get("distributions", everywhere)),
    )


@cache
def sizes() -> dict[str, float]:
    """Return the compressed size of each member in MB, as measured for the documentation."""
    table = parse(data_text("sizes.toml"), "sizes.toml")
    return {name: float(size) for name, size in table.items()}
