"""Every rule, by id; and which of them a profile has, how strict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from seaslug.errors import UnknownNameError
from seaslug.rules.image import (
    history,
    hygiene,
    linking,
    metadata,
    programs,
    rights,
    secrets,
    security,
    shadowing,
    starting,
    surroundings,
    truth,
    usage,
)
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen

RULES: tuple[Rule[Specimen], ...] = tuple(sorted(
    (
        *starting.RULES, *linking.RULES, *usage.RULES, *surroundings.RULES,
        *shadowing.RULES, *security.RULES, *rights.RULES, *programs.RULES, *secrets.RULES,
        *hygiene.RULES, *truth.RULES, *metadata.RULES, *history.RULES,
    ),
    key=lambda one: one.id,
))  # fmt: skip
"""In the order of their ids."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Which rules are asked: those of *only*, all if None. *severities* replace the rules' own.

    *clauses* say by which clause of a benchmark a rule is asked. ``limit`` is how bad a
    finding must be to fail, if nobody says otherwise.
    """

    name: str
    about: str
    only: tuple[str, ...] | None = None
    severities: Mapping[str, Severity] = field(default_factory=dict)
    clauses: Mapping[str, str] = field(default_factory=dict)
    limit: Severity = Severity.ERROR

    def rules(self) -> tuple[Rule[Specimen], ...]:
        """Return the rules of the profile."""
        return tuple(one for one in RULES if self.only is None or one.id in self.only)

    def severity(self, asked: Rule[Specimen], finding: Finding) -> Severity:
        """Return how bad *finding* is here; a rule's lesser findings stay as they are."""
        if finding.severity < asked.severity:
            return finding.severity
        return self.severities.get(asked.id, finding.severity)


def rule(name: str) -> Rule[Specimen]:
    """Return the rule *name*, in any case of letters. Raises UnknownNameError."""
    known = {one.id: one for one in RULES}
    found = known.get(name.upper())
    if found is None:
        raise UnknownNameError("rule", name, tuple(known), hint="all of them: seaslug rules")
    return found


_CIS = {
    "4.1": ("IMG020", "IMG050"),
    "4.2": ("IMG105",),
    "4.3": ("IMG056", "IMG057", "IMG058"),
    "4.4": ("IMG104",),
    "4.6": ("IMG018", "IMG100"),
    "4.7": ("IMG112",),
    "4.8": ("IMG052", "IMG053"),
    "4.9": ("IMG111",),
    "4.10": ("IMG070", "IMG071", "IMG072", "IMG073", "IMG074", "IMG075", "IMG076", "IMG077"),
    "4.11": ("IMG110", "IMG113"),
}
"""Clauses of CIS Docker Benchmark 1.7, chapter 4, that an image's own bytes answer."""

_CLAUSES = {name: clause for clause, names in _CIS.items() for name in names}

PROFILES: Mapping[str, Profile] = {
    one.name: one
    for one in (
        Profile("default", "every rule, as bad as it is by itself"),
        Profile(
            "strict", "every rule; what an image for production should do without is an error",
            severities={
                **dict.fromkeys(
                    ("IMG050", "IMG052", "IMG055", "IMG056", "IMG057", "IMG064",
                     "IMG073", "IMG074", "IMG083", "IMG085", "IMG086", "IMG087", "IMG110"),
                    Severity.ERROR,
                ),
                **dict.fromkeys(
                    ("IMG058", "IMG081", "IMG084", "IMG100", "IMG102", "IMG103", "IMG105"),
                    Severity.WARN,
                ),
            },
        ),
        Profile(
            "cis", "CIS Docker Benchmark, chapter 4, as far as an image shows it",
            tuple(_CLAUSES),
            dict.fromkeys(
                ("IMG050", "IMG052", "IMG073", "IMG074", "IMG110"), Severity.ERROR
            )
            | dict.fromkeys(("IMG058", "IMG100", "IMG105"), Severity.WARN),
            _CLAUSES,
        ),
    )
}  # fmt: skip


def profile(name: str) -> Profile:
    """Return the profile *name*. Raises UnknownNameError."""
    if name not in PROFILES:
        raise UnknownNameError("profile", name, tuple(PROFILES))
    return PROFILES[name]
