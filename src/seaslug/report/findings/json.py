"""For programs: all that was found, as JSON."""

from __future__ import annotations

import json
from typing import Any

from seaslug.rules.judgement import Judgement
from seaslug.rules.model import Finding, Severity


def write(judgement: Judgement, limit: Severity | None) -> str:
    """Return the report as JSON."""
    data = {
        "image": judgement.image,
        "platform": judgement.platform,
        "profile": judgement.profile.name,
        "failed": limit is not None and judgement.fails(limit),
        "counts": judgement.counts,
        "findings": [_row(judgement, one) for one in judgement.findings],
        "ignored": [
            {**_row(judgement, one), "reason": ignore.reason} for one, ignore in judgement.ignored
        ],
        "unused_ignores": [
            {"rule": one.rule, "path": one.path, "reason": one.reason} for one in judgement.unused
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False)


def _row(judgement: Judgement, one: Finding) -> dict[str, Any]:
    row = {
        "rule": one.rule, "severity": one.severity.word, "title": judgement.title(one),
        "where": one.where, "message": one.message, "fix": one.fix, "symptom": one.symptom,
    }  # fmt: skip
    clause = judgement.profile.clauses.get(one.rule)
    return {**row, "clause": clause} if clause else row
