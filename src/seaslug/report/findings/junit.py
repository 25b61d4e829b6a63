"""For continuous integration: JUnit's XML, a test case for each rule.

A rule fails by what is at or above the limit; lesser findings are told as its output. A rule
of which all findings are ignored is skipped, with the reasons.
"""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from seaslug.report.findings.xml import escaped
from seaslug.rules.judgement import Judgement
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen


def write(judgement: Judgement, limit: Severity | None) -> str:
    """Return the report as XML."""
    cases = [_case(judgement, rule, limit) for rule in judgement.asked]
    failed = sum("<failure" in case for case in cases)
    skipped = sum("<skipped" in case for case in cases)
    name = quoteattr(escaped(f"seaslug check {judgement.image} {judgement.platform}"))
    counts = f'tests="{len(cases)}" failures="{failed}" skipped="{skipped}" errors="0"'
    return "\n".join((
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites {counts}>",
        f"<testsuite name={name} {counts}>",
        *cases,
        "</testsuite>",
        "</testsuites>",
    ))  # fmt: skip


def _case(judgement: Judgement, rule: Rule[Specimen], limit: Severity | None) -> str:
    mine = [one for one in judgement.findings if one.rule == rule.id]
    bad = [one for one in mine if limit is not None and one.severity >= limit]
    rest = [one for one in mine if one not in bad]
    ignored = [(one, why) for one, why in judgement.ignored if one.rule == rule.id]
    inner = []
    if bad:
        told = quoteattr(escaped(f"{bad[0].where}: {bad[0].message}"))
        kind = max(one.severity for one in bad).word
        inner.append(f'<failure message={told} type="{kind}">{_lines(bad)}</failure>')
    elif ignored and not rest:
        reasons = "; ".join(dict.fromkeys(why.reason for _, why in ignored))
        inner.append(f"<skipped message={quoteattr(escaped(reasons))}/>")
    if rest:
        inner.append(f"<system-out>{_lines(rest)}</system-out>")
    head = f"<testcase classname={quoteattr(rule.id)} name={quoteattr(rule.title)}"
    return f"{head}>{''.join(inner)}</testcase>" if inner else f"{head}/>"


def _lines(findings: list[Finding]) -> str:
    rows = []
    for one in findings:
        rows.append(f"{one.severity.word} {one.where}: {one.message}")
        if one.fix:
            rows.append(f"  {one.fix}")
    return escaped("\n".join(rows)).replace("&", "&amp;").replace("<", "&lt;")
