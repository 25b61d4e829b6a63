"""Reports of findings: each format is what its readers take, and none is broken by odd texts."""

from __future__ import annotations

import json
from functools import cache
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from rules.broken import STATIC
from rules.judging import key
from rules.making import File, specimen
from seaslug.ops.judge import judge
from seaslug.report.findings import FORMATS, summary, written
from seaslug.rules.catalog import PROFILES
from seaslug.rules.ignores import Ignore
from seaslug.rules.judgement import Judgement
from seaslug.rules.model import Severity

MEANT = Ignore("IMG054", "x is <b>meant</b> to be so", "/x")
NASTY = "a<script>alert(1)</script>&\"'|`b*[x](y)\x01\udcff"


@cache
def judged(profile: str = "default") -> Judgement:
    image = specimen(
        {"app/k.pem": key(), NASTY: File("x", 0o666), "x": File("x", 0o666)},
        {"User": "0:0", "ExposedPorts": {}},
    )
    return judge(image, PROFILES[profile], (MEANT, Ignore("IMG055", "gone")))


def clean() -> Judgement:
    found = judged()
    return Judgement(found.image, found.platform, found.profile, (), (), (), found.asked)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("profile", list(PROFILES))
def test_every_format_tells_all_of_it(form: str, profile: str) -> None:
    found = judged(profile)
    text = written(found, form, Severity.ERROR)
    text.encode()
    assert "\x01" not in text and "\udcff" not in text
    assert "<script>" not in text or form not in ("junit", "html")
    for one in found.findings:
        assert one.rule in text
    assert written(clean(), form, Severity.ERROR) != text


def test_text_has_the_worst_first_and_what_to_do_below() -> None:
    lines = written(judged(), "text", None).splitlines()
    assert lines[0] == "example  linux/amd64"
    assert lines[2].startswith(("fatal  IMG0", "error  IMG0"))
    at = next(n for n, line in enumerate(lines) if "IMG070" in line)
    assert lines[at] == "error  IMG070  /app/k.pem: a private key in line 1"
    assert lines[at + 1].startswith(" " * 15 + "revoke it")
    assert "ignored in vain: IMG055 (gone); nothing like it was found" in lines
    assert lines[-2].endswith(f"{len(judged().asked)} rules of the profile default; 1 ignored, "
                              "with reasons")  # fmt: skip


def test_text_does_not_repeat_itself_for_ever() -> None:
    files = {f"f{n:03}": File("x", 0o666) for n in range(40)}
    text = written(judge(specimen(files), PROFILES["default"]), "text", None)
    assert text.count("IMG054  /") == 10 and "and 30 more like it" in text


def test_an_image_without_findings_says_so() -> None:
    assert summary(clean()).startswith("clean: ")
    assert "clean: " in written(clean(), "text", None)
    assert "✅" in written(clean(), "markdown", Severity.INFO)
    assert "Passed." in written(clean(), "html", Severity.INFO)


def test_json() -> None:
    data = json.loads(written(judged("cis"), "json", Severity.ERROR))
    assert (data["image"], data["platform"], data["profile"]) == ("example", "linux/amd64", "cis")
    assert data["failed"] is True and data["counts"]["error"] >= 2
    (row,) = [row for row in data["findings"] if row["rule"] == "IMG050"]
    assert row["severity"] == "error" and row["clause"] == "4.1" and row["fix"]
    assert set(row) == {
        "rule", "severity", "title", "where", "message", "fix", "symptom", "clause"
    }  # fmt: skip
    data = json.loads(written(judged(), "json", None))
    assert data["failed"] is False
    assert [(row["where"], row["reason"]) for row in data["ignored"]] == [
        ("/x", "x is <b>meant</b> to be so")
    ]
    assert data["unused_ignores"] == [{"rule": "IMG055", "path": "", "reason": "gone"}]


def test_sarif() -> None:
    data = json.loads(written(judged(), "sarif", Severity.ERROR))
    assert data["version"] == "2.1.0" and len(data["runs"]) == 1
    run = data["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        assert rule["shortDescription"]["text"] and rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        assert rule["name"].isalnum() and 0 <= float(rule["properties"]["security-severity"]) <= 10
    prints = set()
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note") and result["message"]["text"]
        (place,) = result["locations"]
        uri = place["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii() and not uri.startswith("/") and " " not in uri
        prints.add((result["ruleId"], result["partialFingerprints"]["whereOfRule/v1"]))
    assert len(prints) == len(run["results"]), "findings are told apart"
    ignored = [result for result in run["results"] if "suppressions" in result]
    assert [one["suppressions"][0]["justification"] for one in ignored] == [
        "x is <b>meant</b> to be so"
    ]
    fields = [r for r in run["results"] if r["ruleId"] == "IMG050"]
    assert fields[0]["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "User"}]


def test_junit() -> None:
    root = ElementTree.fromstring(written(judged(), "junit", Severity.ERROR))
    (suite,) = root
    cases = {case.get("classname"): case for case in suite}
    assert len(cases) == int(suite.get("tests", "0")) == len(judged().asked)
    failures = [case for case in suite if case.find("failure") is not None]
    assert len(failures) == int(suite.get("failures", "0"))
    assert cases["IMG070"].find("failure") is not None
    assert cases["IMG050"].find("failure") is None, "a warning, which is below the limit"
    assert "the process runs as root" in cases["IMG050"].findtext("system-out", "")
    never = ElementTree.fromstring(written(judged(), "junit", None))
    assert never.get("failures") == "0"
    assert never.findall(".//skipped") == [], "of IMG054 some findings are not ignored"
    all_of_it = judge(specimen({"x": File("x", 0o666)}), PROFILES["default"], (MEANT,))
    root = ElementTree.fromstring(written(all_of_it, "junit", None))
    assert [one.get("message") for one in root.findall(".//skipped")] == [MEANT.reason]


def test_markdown_keeps_its_cells() -> None:
    text = written(judged(), "markdown", Severity.ERROR)
    assert text.startswith("### ❌ example")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    for row in rows:
        assert row.replace("\\|", "").count("|") in (4, 5), row
    assert any("x is &#60;b&#62;meant" in row for row in rows)


class Page(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_whole_and_needs_nothing_else() -> None:
    text = written(judged(), "html", Severity.ERROR)
    page = Page(text)
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "form", "b"}
    for _, attributes in page.tags:
        assert not set(attributes) & {"src", "href", "style", "onclick"}
    assert dict(page.tags[1:4])["meta"] and ("html", {"lang": "en"}) in page.tags
    assert "prefers-color-scheme: dark" in text and "default-src 'none'" in text
    assert "://" not in text.split("<main>")[0]
    folds = [attributes for tag, attributes in page.tags if tag == "summary"]
    assert len(folds) == len({f.rule + f.severity.word for f in judged().findings}) + 1


PASSWD = "COPY --from=build /etc/passwd /etc/passwd"
FIXES = {
    "text": f"the stage that builds\n{15 * ' '}{PASSWD}\n{15 * ' '}or ENV USER=app\n",
    "markdown": f"the stage that builds`<br>`{PASSWD}; or ENV USER=app`",
    "html": f"the stage that builds</code><br><code>{PASSWD}; or ENV USER=app</code>",
}


@pytest.mark.parametrize("form", FIXES)
def test_lines_of_a_fix_stay_lines(form: str) -> None:
    image = specimen({"app": STATIC}, {"Entrypoint": ["/app"], "User": "7"})
    assert FIXES[form] in written(judge(image, PROFILES["default"], ()), form, None)
