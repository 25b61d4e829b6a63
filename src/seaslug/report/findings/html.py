"""For people: one page that needs no network, is read by keyboard, and in the dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from seaslug.report.findings import summary
from seaslug.report.findings.xml import escaped
from seaslug.rules.judgement import Judgement
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen

_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --quiet: #57606a;
  --line: #d0d7de; --code: #f3f4f6; --fatal: #8e0038; --error: #b3261e; --warn: #8a5300;
  --info: #0b57b0; }
@media (prefers-color-scheme: dark) { :root { --paper: #0f1318; --ink: #e6eaef;
  --quiet: #9aa5b1; --line: #30363d; --code: #1b2129; --fatal: #ff8ab4; --error: #ff8f85;
  --warn: #f0b45c; --info: #7db7ff; } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 4rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; margin: 0 }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
p { margin: .4rem 0 } .quiet { color: var(--quiet) }
details { border: 1px solid var(--line); border-left: .35rem solid var(--of); margin: .5rem 0;
  border-radius: .3rem }
summary { cursor: pointer; padding: .5rem .8rem; overflow-wrap: anywhere }
summary:focus-visible, a:focus-visible { outline: 3px solid var(--info); outline-offset: 2px }
.word { color: var(--of); font-weight: 700 } .in { padding: 0 .8rem .6rem }
.fatal { --of: var(--fatal) } .error { --of: var(--error) } .warn { --of: var(--warn) }
.info { --of: var(--info) } .none { --of: var(--line) }
ul { margin: .3rem 0; padding-left: 1.2rem } li { margin: .3rem 0; overflow-wrap: anywhere }
code, pre { background: var(--code); border-radius: .2rem; font: .9em/1.5 ui-monospace, monospace }
code { padding: .1em .3em; overflow-wrap: anywhere }
.page { border-top: 1px solid var(--line); padding-top: .5rem }
@media print { details { break-inside: avoid } }
"""
_HEADS = {Severity.FATAL: "Fatal", Severity.ERROR: "Errors", Severity.WARN: "Warnings",
          Severity.INFO: "Notes"}  # fmt: skip


def write(judgement: Judgement, limit: Severity | None) -> str:
    """Return the report as a page."""
    return "\n".join(_page(judgement, limit))


def _page(judgement: Judgement, limit: Severity | None) -> Iterator[str]:
    title = _text(f"{judgement.image} ({judgement.platform})")
    failed = limit is not None and judgement.fails(limit)
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title}: findings</title><style>{_STYLE}</style></head><body><main>"
    yield f"<h1>{title}</h1>"
    word = "Failed" if failed else "Passed"
    yield f"<p><strong>{word}.</strong> {_text(summary(judgement))}.</p>"
    for severity in sorted(Severity, reverse=True):
        rows = [one for one in judgement.findings if one.severity is severity]
        if rows:
            yield f"<h2>{_HEADS[severity]} ({len(rows)})</h2>"
            yield from _groups(judgement, rows)
    if judgement.ignored or judgement.unused:
        yield from _ignored(judgement)
    yield "</main></body></html>"


def _groups(judgement: Judgement, rows: list[Finding]) -> Iterator[str]:
    """Yield one fold per rule: what it found, then why it matters."""
    for rule in judgement.asked:
        mine = [one for one in rows if one.rule == rule.id]
        if mine:
            yield _fold(rule, mine)


def _fold(rule: Rule[Specimen], mine: list[Finding]) -> str:
    word = mine[0].severity.word
    items = "".join(
        f"<li><code>{_text(one.where)}</code> {_text(one.message)}"
        + ("<br>→ " if one.fix else "")
        + "<br>".join(f"<code>{_text(line)}</code>" for line in one.fix.splitlines())
        + (f'<br><span class="quiet">it says: {_text(one.symptom)}</span>' if one.symptom else "")
        + "</li>"
        for one in mine
    )
    opened = " open" if mine[0].severity >= Severity.WARN else ""
    return (
        f'<details class="{word}"{opened}><summary><span class="word">{word}</span> '
        f"{rule.id} {_text(rule.title)} ({len(mine)})</summary>"
        f'<div class="in"><ul>{items}</ul><div class="page quiet">{_paragraphs(rule.page)}</div>'
        "</div></details>"
    )


def _ignored(judgement: Judgement) -> Iterator[str]:
    yield f'<h2>Ignored ({len(judgement.ignored)})</h2><details class="none"><summary>'
    yield 'with reasons</summary><div class="in"><ul>'
    for one, ignore in judgement.ignored:
        yield f"<li>{one.rule} <code>{_text(one.where)}</code> {_text(ignore.reason)}</li>"
    for ignore in judgement.unused:
        yield f"<li>{_text(str(ignore))}: in vain, nothing like it was found</li>"
    yield "</ul></div></details>"


def _paragraphs(page: str) -> str:
    """Return a rule's page: what stands between backticks is code."""
    text = re.sub("`([^`]+)`", r"<code>\1</code>", _text(page))
    return "".join(f"<p>{part}</p>" for part in text.split("\n\n"))


def _text(text: str) -> str:
    return escape(escaped(text))
