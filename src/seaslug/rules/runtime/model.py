"""The shape of a message that is known: how it is recognised, what it means, what brings it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from seaslug.rules.model import Finding


@dataclass(frozen=True, slots=True)
class Pattern:
    """A message. ``name`` is a stable identifier; ``means`` a sentence, with groups in braces.

    ``look`` is what to do where nothing in the image explains it; ``rules`` may explain it, the
    likeliest first. A ``broad`` one says little: it counts if no other is there.
    """

    name: str
    regex: re.Pattern[str]
    means: str
    look: str
    rules: tuple[str, ...] = ()
    broad: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A *pattern* in a text: the ``message`` as it stands there, and the groups by name."""

    pattern: Pattern
    message: str
    groups: tuple[tuple[str, str], ...]

    @property
    def means(self) -> str:
        """What it means, with its own names filled in."""
        found = dict(self.groups)
        if "class" in found:
            found["java"] = str(int(found["class"]) - 44)
        return self.pattern.means.format_map(found)


@dataclass(frozen=True, slots=True)
class Cause:
    """A *finding* that explains a message; ``sure`` is ``certain``, ``likely`` or ``possible``."""

    finding: Finding
    sure: str


def known(name: str, regex: str, means: str, look: str, rules: Sequence[str] = ()) -> Pattern:
    """Return a pattern; *rules* are numbers (``004``)."""
    ids = tuple(f"IMG{number}" for number in rules)
    return Pattern(name, re.compile(regex), means, look, ids)


def broad(name: str, regex: str, means: str, look: str, rules: Sequence[str] = ()) -> Pattern:
    """Return a pattern that says little by itself."""
    ids = tuple(f"IMG{number}" for number in rules)
    return Pattern(name, re.compile(regex), means, look, ids, True)
