"""For the terminal: a line per finding, worst first, with what to do under it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from seaslug.report.findings import summary
from seaslug.rules.judgement import Judgement
from seaslug.rules.model import Severity

_MOST = 10
_INDENT = " " * 15


def write(judgement: Judgement, limit: Severity | None) -> str:
    """Return the report as text."""
    return "\n".join(_lines(judgement))


def _lines(judgement: Judgement) -> Iterator[str]:
    yield f"{judgement.image}  {judgement.platform}"
    yield ""
    shown: Counter[str] = Counter()
    total = Counter(one.rule for one in judgement.findings)
    for one in judgement.findings:
        shown[one.rule] += 1
        if shown[one.rule] > _MOST:
            continue
        yield f"{one.severity.word:<5}  {one.rule}  {one.where}: {one.message}"
        if one.fix:
            yield from (_INDENT + line for line in one.fix.replace("; or ", "\nor ").splitlines())
        if shown[one.rule] == _MOST < total[one.rule]:
            yield f"{_INDENT}and {total[one.rule] - _MOST} more like it (--json has all)"
    if judgement.findings:
        yield ""
    for ignore in judgement.unused:
        yield f"ignored in vain: {ignore} ({ignore.reason}); nothing like it was found"
    yield summary(judgement)
    if judgement.findings:
        yield f"seaslug explain {judgement.findings[0].rule} tells more about a rule"
