"""Rules asked of an image, and what becomes of their findings: sorted, or ignored with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from seaslug.rules.catalog import Profile
from seaslug.rules.ignores import Ignore
from seaslug.rules.judgement import Judgement
from seaslug.rules.model import Finding, Rule
from seaslug.rules.specimen import Specimen
from seaslug.values.words import plain


def judge(specimen: Specimen, profile: Profile, ignores: Sequence[Ignore] = ()) -> Judgement:
    """Return what the rules of *profile* find in *specimen*."""
    rules = profile.rules()
    found = sorted(_asked(specimen, rules, profile), key=_rank)
    left, ignored = [], []
    used = set[Ignore]()
    for finding in dict.fromkeys(found):
        ignore = next((one for one in ignores if one.covers(finding)), None)
        if ignore is None:
            left.append(finding)
        else:
            ignored.append((finding, ignore))
            used.add(ignore)
    unused = tuple(one for one in ignores if one not in used)
    return Judgement(
        plain(specimen.name), specimen.platform, profile, tuple(left), tuple(ignored), unused,
        rules,
    )  # fmt: skip


def _asked(
    specimen: Specimen, rules: Sequence[Rule[Specimen]], profile: Profile
) -> Iterator[Finding]:
    for rule in rules:
        for finding in rule.check(specimen):
            yield replace(
                finding, severity=profile.severity(rule, finding),
                where=plain(finding.where), message=plain(finding.message),
                fix=plain(finding.fix), symptom=plain(finding.symptom),
            )  # fmt: skip


def _rank(finding: Finding) -> tuple[int, str, str]:
    return -finding.severity, finding.rule, finding.where
