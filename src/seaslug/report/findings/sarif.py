"""For code scanning: SARIF 2.1.0.

An image has no lines of source, so a result names the path in the image as an artifact below
the base ``IMAGE``, or the field of the configuration as a logical location.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import quote

from seaslug import __version__
from seaslug.rules.ignores import Ignore
from seaslug.rules.judgement import Judgement
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen

_MOST = 25_000
"""Code scanning refuses a run with more results; the worst come first."""
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {
    Severity.FATAL: "error", Severity.ERROR: "error", Severity.WARN: "warning",
    Severity.INFO: "note",
}  # fmt: skip
_SCORES = {Severity.FATAL: "9.0", Severity.ERROR: "7.0", Severity.WARN: "5.0", Severity.INFO: "2.0"}


def write(judgement: Judgement, limit: Severity | None) -> str:
    """Return the report as SARIF."""
    index = {rule.id: at for at, rule in enumerate(judgement.asked)}
    results = [_result(one, index[one.rule]) for one in judgement.findings]
    results += [_result(one, index[one.rule], why) for one, why in judgement.ignored]
    run = {
        "tool": {
            "driver": {
                "name": "seaslug",
                "version": __version__,
                "rules": [_rule(judgement, rule) for rule in judgement.asked],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "IMAGE": {"description": {"text": f"{judgement.image} ({judgement.platform})"}}
        },
        "properties": {"image": judgement.image, "platform": judgement.platform},
        "results": results[:_MOST],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(judgement: Judgement, rule: Rule[Specimen]) -> dict[str, Any]:
    severity = judgement.profile.severities.get(rule.id, rule.severity)
    return {
        "id": rule.id,
        "name": "".join(re.findall("[A-Za-z0-9]+", rule.title.title())),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.page.split("\n\n")[0].replace("\n", " ")},
        "help": {"text": rule.page, "markdown": rule.page},
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {"security-severity": _SCORES[severity], "tags": ["container"]},
    }


def _result(one: Finding, at: int, ignored: Ignore | None = None) -> dict[str, Any]:
    text = f"{one.message}. {one.fix}" if one.fix else one.message
    same = hashlib.sha256(f"{one.rule}\0{one.where}".encode()).hexdigest()
    result: dict[str, Any] = {
        "ruleId": one.rule,
        "ruleIndex": at,
        "level": _LEVELS[one.severity],
        "message": {"text": text},
        "locations": [_location(one.where)],
        "partialFingerprints": {"whereOfRule/v1": same},
    }
    if ignored is not None:
        result["suppressions"] = [{"kind": "external", "justification": ignored.reason}]
    return result


def _location(where: str) -> dict[str, Any]:
    """Return a path of the image as an artifact; a field of the configuration by its name too."""
    path = where.lstrip("/") if where.startswith("/") else "config.json"
    place = {
        "artifactLocation": {"uri": quote(path), "uriBaseId": "IMAGE"},
        "region": {"startLine": 1},
    }
    if where.startswith("/"):
        return {"physicalLocation": place}
    return {"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": where}]}
