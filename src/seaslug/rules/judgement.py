"""What is to be said of an image: a value that every report is written from."""

from __future__ import annotations

from dataclasses import dataclass

from seaslug.rules.catalog import Profile
from seaslug.rules.ignores import Ignore
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said of an image: *findings*, worst first, and what was ignored, and why.

    *unused* are ignores that nothing was found for. *asked* are the rules.
    """

    image: str
    platform: str
    profile: Profile
    findings: tuple[Finding, ...]
    ignored: tuple[tuple[Finding, Ignore], ...]
    unused: tuple[Ignore, ...]
    asked: tuple[Rule[Specimen], ...]

    def count(self, severity: Severity) -> int:
        """Return how many findings are exactly as bad as *severity*."""
        return sum(1 for one in self.findings if one.severity is severity)

    def fails(self, limit: Severity) -> bool:
        """Tell whether a finding is at or above *limit*."""
        return any(one.severity >= limit for one in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are by severity, worst first."""
        return {one.word: self.count(one) for one in sorted(Severity, reverse=True)}

    def title(self, finding: Finding) -> str:
        """Return the title of the rule that found *finding*."""
        return next((rule.title for rule in self.asked if rule.id == finding.rule), "")
