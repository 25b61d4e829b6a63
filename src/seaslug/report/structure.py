"""Verdicts on structure tests: for people, as JSON-ready data, as JUnit's XML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from seaslug.structure.model import Verdict

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def lines(verdict: Verdict) -> str:
    """Return one verdict as people read it; of a failed one, all that is known."""
    mark = "✓" if verdict.ok else "✗"
    took = f"  {verdict.seconds:.2f} s" if verdict.seconds else ""
    rows = [f"{mark} {verdict.kind}: {verdict.name}{took}"]
    rows += [f"    {error}" for error in verdict.errors]
    for name, text in (("stdout", verdict.stdout), ("stderr", verdict.stderr)):
        if verdict.errors and text.strip():
            rows += [f"    {name}: {line}" for line in text.rstrip().splitlines()]
    return "\n".join(rows)


def data(image: str, verdicts: Sequence[Verdict]) -> dict[str, object]:
    """Return all verdicts as JSON-ready data."""
    failed = sum(not verdict.ok for verdict in verdicts)
    return {
        "image": image, "ok": not failed, "passed": len(verdicts) - failed, "failed": failed,
        "results": [verdict.as_dict() for verdict in verdicts],
    }  # fmt: skip


def junit(image: str, verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as JUnit's XML: one suite per file of tests."""
    from xml.etree import ElementTree

    failed = sum(not verdict.ok for verdict in verdicts)
    top = ElementTree.Element(
        "testsuites", name=_clean(image), tests=str(len(verdicts)), failures=str(failed)
    )
    for file in dict.fromkeys(verdict.file for verdict in verdicts):
        own = [verdict for verdict in verdicts if verdict.file == file]
        suite = ElementTree.SubElement(
            top, "testsuite", name=_clean(file), tests=str(len(own)),
            failures=str(sum(not verdict.ok for verdict in own)),
            time=f"{sum(verdict.seconds for verdict in own):.3f}",
        )  # fmt: skip
        for verdict in own:
            _case(suite, verdict)
    ElementTree.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(top, "unicode")


def _case(suite: Element, verdict: Verdict) -> None:
    from xml.etree import ElementTree

    case = ElementTree.SubElement(
        suite, "testcase", classname=verdict.kind, name=_clean(verdict.name),
        time=f"{verdict.seconds:.3f}",
    )  # fmt: skip
    if verdict.errors:
        failure = ElementTree.SubElement(case, "failure", message=_clean(verdict.errors[0]))
        failure.text = _clean("\n".join(verdict.errors))
    for tag, text in (("system-out", verdict.stdout), ("system-err", verdict.stderr)):
        if text:
            ElementTree.SubElement(case, tag).text = _clean(text)


def _clean(text: str) -> str:
    """Return *text* without what XML cannot hold."""
    return _NOT_XML.sub("�", text)
