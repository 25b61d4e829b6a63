"""SARIF beside its specification, 2.1.0, and beside what GitHub's code scanning takes.

The schema is in no package that the tests could take it from: here are the properties that it knows
of each object that we write, and those that it requires. It allows no others.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from rules.making import File, Files, specimen
from seaslug.ops.judge import judge
from seaslug.report.findings import sarif, written
from seaslug.rules.catalog import PROFILES
from seaslug.rules.ignores import Ignore
from seaslug.rules.model import Severity

MESSAGE = ({"text"}, {"text", "markdown", "id", "arguments", "properties"})
KNOWN: dict[str, tuple[set[str], set[str]]] = {
    "": ({"version", "runs"}, {"$schema", "version", "runs", "inlineExternalProperties"}),
    "runs": ({"tool"}, {"tool", "results", "columnKind", "originalUriBaseIds", "properties"}),
    "tool": ({"driver"}, {"driver", "extensions", "properties"}),
    "driver": ({"name"}, {"name", "version", "semanticVersion", "informationUri", "rules"}),
    "rules": ({"id"}, {"id", "name", "shortDescription", "fullDescription", "help", "helpUri",
                       "defaultConfiguration", "properties"}),
    "shortDescription": MESSAGE, "fullDescription": MESSAGE, "help": MESSAGE,
    "description": MESSAGE, "message": MESSAGE,
    "defaultConfiguration": (set(), {"enabled", "level", "rank", "parameters"}),
    "results": ({"message"}, {"ruleId", "ruleIndex", "level", "message", "locations",
                              "partialFingerprints", "suppressions", "kind", "properties"}),
    "locations": (set(), {"physicalLocation", "logicalLocations", "message", "properties"}),
    "physicalLocation": (set(), {"artifactLocation", "region", "contextRegion"}),
    "artifactLocation": (set(), {"uri", "uriBaseId", "index", "description"}),
    "region": (set(), {"startLine", "startColumn", "endLine", "endColumn"}),
    "logicalLocations": (set(), {"name", "fullyQualifiedName", "kind"}),
    "suppressions": ({"kind"}, {"kind", "status", "justification"}),
    "IMAGE": (set(), {"uri", "uriBaseId", "description"}),
}  # fmt: skip
FREE = ("properties", "partialFingerprints", "originalUriBaseIds")


def report(files: Files, *ignores: Ignore) -> Any:
    found = judge(specimen(files, {"User": "0"}), PROFILES["strict"], ignores)
    return json.loads(written(found, "sarif", Severity.ERROR))


def hold(name: str, value: Any) -> None:
    """Fail where an object has a property that the schema does not know, or lacks one."""
    if isinstance(value, list):
        for one in value:
            hold(name, one)
    elif isinstance(value, dict):
        if name not in FREE:
            required, known = KNOWN[name]
            assert required <= set(value) <= known, name
        for key, inner in value.items():
            hold(key, inner)


@pytest.fixture(scope="module")
def made() -> Any:
    files: Files = {"usr/bin/su": File("x", 0o4755), "a b/\u00e9": File("x", 0o666), "x": "1"}
    return report(files, Ignore("IMG050", "meant", ""))


def test_every_object_has_what_the_specification_knows(made: Any) -> None:
    hold("", made)
    (run,) = made["runs"]
    assert {one["level"] for one in run["results"]} <= {"none", "note", "warning", "error"}
    assert any("suppressions" in one for one in run["results"])
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    assert len({json.dumps(one) for one in run["results"]}) == len(run["results"]), "unique"


def test_code_scanning_takes_it(made: Any) -> None:
    (run,) = made["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len(rules) <= 25_000 and len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert len(rule["properties"]["tags"]) <= 10 and len(rule["id"]) <= 255
        assert len(rule["shortDescription"]["text"]) <= 1024
        assert len(rule["fullDescription"]["text"]) <= 1024
    for one in run["results"]:
        assert len(one["locations"]) == 1 and one["partialFingerprints"]


def test_of_too_many_findings_the_worst_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "_MOST", 3)
    results = report({"usr/bin/su": File("x", 0o4755), "w": File("x", 0o666)})["runs"][0]["results"]
    assert len(results) == 3
    order = ["error", "warning", "note"]
    assert sorted(results, key=lambda one: order.index(one["level"])) == results
