"""For a pull request: a table, worst first, with what to do below each line."""

from __future__ import annotations

from collections.abc import Iterator

from seaslug.report.findings import summary
from seaslug.rules.judgement import Judgement
from seaslug.rules.model import Severity

_SIGNS = {
    Severity.FATAL: "💥 fatal", Severity.ERROR: "❌ error", Severity.WARN: "⚠️ warn",
    Severity.INFO: "ℹ️ info",
}  # fmt: skip
_MARKUP = {ord(char): f"&#{ord(char)};" for char in "\\`*_[]<>|#@&"}


def write(judgement: Judgement, limit: Severity | None) -> str:
    """Return the report as Markdown."""
    return "\n".join(_lines(judgement, limit))


def _lines(judgement: Judgement, limit: Severity | None) -> Iterator[str]:
    failed = limit is not None and judgement.fails(limit)
    yield f"### {'❌' if failed else '✅'} {_cell(judgement.image)} ({judgement.platform})"
    yield ""
    yield summary(judgement) + "."
    if judgement.findings:
        yield ""
        yield "| | rule | where | what is wrong, and what to do |"
        yield "|---|---|---|---|"
    for one in judgement.findings:
        fix = "".join(f"<br>{_code(line)}" for line in one.fix.splitlines())
        yield (
            f"| {_SIGNS[one.severity]} | {one.rule} | {_code(one.where)} | "
            f"{_cell(one.message)}{fix} |"
        )
    if judgement.ignored:
        yield ""
        yield "| ignored | where | reason |"
        yield "|---|---|---|"
        for one, ignore in judgement.ignored:
            yield f"| {one.rule} | {_code(one.where)} | {_cell(ignore.reason)} |"
    for ignore in judgement.unused:
        yield ""
        yield f"Ignored in vain: {_cell(str(ignore))} ({_cell(ignore.reason)})."


def _cell(text: str) -> str:
    """Return *text* so that it neither ends its cell nor is taken for markup."""
    return " ".join(text.split()).translate(_MARKUP)


def _code(text: str) -> str:
    text = " ".join(text.split()).replace("|", "\\|")
    ticks = "``" if "`" in text else "`"
    return f"{ticks} {text} {ticks}" if "`" in text else f"`{text}`"
