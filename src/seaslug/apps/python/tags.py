"""Which wheels an interpreter takes: file names (PEP 427) against Python, platform and glibc."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seaslug.apps.python.target import Target

_MANYLINUX = re.compile(r"manylinux_(\d+)_(\d+)_(\w+)\Z")
_OLD = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_FIRST = ("x86_64", "i686")
"""What the first manylinux tags were defined for."""
_PYTHON = re.compile(r"(py|cp)(\d)(\d*)\Z")


@dataclass(frozen=True, slots=True)
class Wheel:
    """The tags of a wheel's name."""

    pythons: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]

    @property
    def pure(self) -> bool:
        """Whether it goes on any platform."""
        return self.platforms == ("any",)


def wheel(name: str) -> Wheel | None:
    """Return the tags of the wheel with the file *name*, None for anything else."""
    parts = name.removesuffix(".whl").split("-")
    if not name.endswith(".whl") or len(parts) not in (5, 6):
        return None
    python, abi, platform = (tuple(part.split(".")) for part in parts[-3:])
    return Wheel(python, abi, platform)


def fits(found: Wheel, target: Target) -> bool:
    """Tell whether the image's interpreter takes the wheel."""
    minor = int(target.python.partition(".")[2])
    places = [tag for tag in found.platforms if _platform(tag, target)]
    return any(
        _interpreter(python, abi, minor, anywhere=place == "any")
        for place in places
        for python in found.pythons
        for abi in found.abis
    )


def _interpreter(python: str, abi: str, minor: int, *, anywhere: bool) -> bool:
    """Tell whether CPython 3.*minor* takes the pair; one with an ABI is for some platform."""
    parts = _PYTHON.match(python)
    if parts is None or parts[2] != "3" or int(parts[3] or 0) > minor:
        return False
    exact = parts[3] == str(minor)
    if abi == "none":
        return parts[1] == "py" or exact
    if parts[1] == "py" or anywhere:
        return False
    return (exact and abi == f"cp3{minor}") or (abi == "abi3" and int(parts[3] or 0) >= 2)


def _platform(tag: str, target: Target) -> bool:
    if tag == "any":
        return True
    arch = architecture(target)
    new = _MANYLINUX.match(tag)
    if new:
        return new[3] == arch and (int(new[1]), int(new[2])) <= target.glibc
    stem, _, rest = tag.partition("_")
    if stem in _OLD:
        known = stem == "manylinux2014" or arch in _FIRST
        return known and rest == arch and _OLD[stem] <= target.glibc
    return tag == f"linux_{arch}" and arch == "armv7l"


def architecture(target: Target) -> str:
    """Return the platform's name in wheel tags, e.g. ``aarch64``."""
    return target.platform.names.uname


def accepted(target: Target) -> Iterator[str]:
    """Yield the platform tags that the image takes, the newest glibc first."""
    arch = architecture(target)
    names = {glibc: name for name, glibc in _OLD.items()}
    for minor in range(target.glibc[1], 4, -1):
        yield f"manylinux_2_{minor}_{arch}"
        if (2, minor) in names and (minor >= 17 or arch in _FIRST):
            yield f"{names[2, minor]}_{arch}"
    if arch == "armv7l":
        yield f"linux_{arch}"


def platforms_of(files: Iterable[str]) -> tuple[str, ...]:
    """Return the systems that the wheels among *files* are for, as people call them."""
    found = set()
    for name in files:
        tags = wheel(name)
        for tag in tags.platforms if tags else ():
            found.add(_called(tag))
    return tuple(sorted(found))


_NAMES = {
    "macosx": "macOS",
    "win": "Windows",
    "musllinux": "musl Linux",
    "ios": "iOS",
    "android": "Android",
    "any": "any platform",
}


def _called(tag: str) -> str:
    for start, name in _NAMES.items():
        if tag.startswith(start):
            return name
    arch = re.sub(r"^(?:manylinux\d*(?:_\d+_\d+)?|linux)_", "", tag)
    return f"Linux {arch}"


def pythons_of(files: Iterable[str]) -> tuple[str, ...]:
    """Return the Python versions that the wheels among *files* name, e.g. ``3.9``, ``3.10``."""
    minors = set()
    for name in files:
        tags = wheel(name)
        for tag in tags.pythons if tags else ():
            parts = _PYTHON.match(tag)
            if parts and parts[2] == "3" and parts[3]:
                minors.add(int(parts[3]))
    return tuple(f"3.{minor}" for minor in sorted(minors))
