"""Every rule, by id; and which of them a profile has, how strict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seaslug.errors import UnknownNameError
from seaslug.rules.model import Rule, Severity
from seaslug.rules.specimen import Specimen

RULES: tuple[Rule[Specimen], ...] = ()
"""In the order of their ids."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Which rules are asked: those of *only*, all if None. *severities* replace the rules' own.

    *clauses* say by which clause of a benchmark a rule is asked.
    """

    name: str
    about: str
    only: tuple[str, ...] | None = None
    severities: Mapping[str, Severity] = field(default_factory=dict)
    clauses: Mapping[str, str] = field(default_factory=dict)

    def rules(self) -> tuple[Rule[Specimen], ...]:
        """Return the rules of the profile."""
        return tuple(one for one in RULES if self.only is None or one.id in self.only)


def rule(name: str) -> Rule[Specimen]:
    """Return the rule *name*, in any case of letters. Raises UnknownNameError."""
    known = {one.id: one for one in RULES}
    found = known.get(name.upper())
    if found is None:
        raise UnknownNameError("rule", name, tuple(known), hint="all of them: seaslug rules")
    return found
