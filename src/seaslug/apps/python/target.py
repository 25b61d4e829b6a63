"""The interpreter in the image: which Debian release has it, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seaslug.apps.python.marker import Environment
from seaslug.apps.python.version import Specifier
from seaslug.errors import ProjectError, SeaslugError
from seaslug.recipe.catalog import DEFAULT_DISTRIBUTION, distributions, parse_reference
from seaslug.values.platform import Platform

# Debian's own: the interpreter's patch level when the release was made, and its glibc.
_PATCH = {"debian13": 5, "debian12": 2, "debian11": 2}
_GLIBC = {"debian13": (2, 41), "debian12": (2, 36), "debian11": (2, 31), "testing": (2, 41)}


@dataclass(frozen=True, slots=True)
class Target:
    """``python`` is ``3.13``, ``full`` the oldest that the release has; ``glibc`` likewise."""

    python: str
    full: str
    platform: Platform
    glibc: tuple[int, int]
    distribution: str

    @property
    def program(self) -> str:
        """The interpreter's path in the image."""
        return f"/usr/bin/python{self.python}"

    @property
    def packages(self) -> str:
        """Where dependencies go, without the leading slash: a folder of Debian's own sys.path."""
        return f"usr/local/lib/python{self.python}/dist-packages"

    def environment(self, **sets: frozenset[str]) -> Environment:
        """Return the variables of environment markers; *sets* are extra, extras and the like."""
        return {
            "os_name": "posix", "sys_platform": "linux", "platform_system": "Linux",
            "platform_machine": self.platform.names.uname, "platform_release": "",
            "platform_version": "", "python_version": self.python,
            "python_full_version": self.full, "implementation_name": "cpython",
            "implementation_version": self.full, "platform_python_implementation": "CPython",
            "extra": frozenset(), **sets,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """What a file of the project says of the interpreter: alternatives of which one has to hold.

    A wish that is not ``firm`` (``.python-version``) counts only if some release can meet it.
    """

    any_of: tuple[Specifier, ...]
    where: str
    firm: bool = True

    def met(self, target: Target) -> bool:
        """Tell whether the interpreter of *target* will do."""
        return not self.any_of or any(one.contains(target.full) for one in self.any_of)

    def __str__(self) -> str:
        return " or ".join(map(str, self.any_of))


def targets(platform: Platform) -> Mapping[str, Target]:
    """Return the interpreters that there are for *platform*, by distribution, the best first."""
    found = {}
    for name, release in distributions().items():
        if platform in release.platforms:
            python = dict(release.names)["python"]
            full = f"{python}.{_PATCH.get(name, 0)}"
            found[name] = Target(python, full, platform, _GLIBC[name], name)
    return found


def choose(wishes: Sequence[Wish], base: str, platform: Platform) -> Target:
    """Return the target that *base* (may be empty) and *wishes* allow; the default one if free.

    Raises ProjectError if there is none.
    """
    known = targets(platform)
    if base:
        return _given(wishes, base, known, platform)
    usable = [t for t in known.values() if t.distribution in _PATCH]
    fitting = [t for t in usable if all(w.met(t) for w in wishes if w.firm)]
    if not fitting:
        firm = [w for w in wishes if w.firm and w.any_of]
        said = "; ".join(f"{w.where} wants Python {w}" for w in firm) or "no Python here"
        have = ", ".join(f"{t.full} ({t.distribution})" for t in known.values())
        raise ProjectError(
            f"{said}: no release of Debian has it for {platform}",
            where=firm[0].where if firm else "",
            hint=f"there are {have or 'none'}; change requires-python, or set base",
        )
    liked = [t for t in fitting if all(w.met(t) for w in wishes)]
    found = {t.distribution: t for t in liked or fitting}
    return found.get(DEFAULT_DISTRIBUTION) or next(iter(found.values()))


def _given(
    wishes: Sequence[Wish], base: str, known: Mapping[str, Target], platform: Platform
) -> Target:
    try:
        reference = parse_reference(base)
    except SeaslugError as error:
        raise ProjectError(error.what, where="base", hint=error.hint) from None
    if reference.name != "python3":
        raise ProjectError(
            f"{reference.name} has no Python interpreter",
            where="base",
            hint='base = "python3", or python3-debian12 and the like; or leave it out',
        )
    target = known.get(reference.distribution or DEFAULT_DISTRIBUTION)
    if target is None:
        raise ProjectError(
            f"{base} is not made for {platform}", where="base", hint="it is: " + ", ".join(known)
        )
    unmet = [w for w in wishes if w.firm and not w.met(target)]
    if unmet:
        fit = [t.distribution for t in known.values() if all(w.met(t) for w in unmet)]
        raise ProjectError(
            f"{base} has Python {target.full}, and {unmet[0].where} wants {unmet[0]}",
            where="base",
            hint="that would be: " + ", ".join(f"python3-{name}" for name in fit)
            if fit
            else "no release of Debian has that",
        )
    return target
