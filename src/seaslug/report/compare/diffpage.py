"""A difference as one page that needs nothing else: no network, no script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from seaslug.anatomy.difference import Difference, FileChange, Item
from seaslug.anatomy.portrait import Row
from seaslug.report.compare import charts
from seaslug.report.compare.diff import said, summary, title_of
from seaslug.report.compare.frame import Frame, whole
from seaslug.report.findings.xml import escaped
from seaslug.values.words import readable

_WORDS = {"+": "added", "-": "removed", "~": "changed"}
_MOST = 2000
_OPEN = 40
"""Up to how many files in all the folds are open from the start."""


def page(found: Difference) -> str:
    """Return the page: what changed in figures, packages, configuration, files by package."""
    body = "\n".join(_sections(found))
    title = escaped(f"{found.before} → {found.after}")
    return whole("What has changed", title, body, Frame("changes", "To the changes", "diff"))


def _sections(found: Difference) -> Iterator[str]:
    yield '<section aria-labelledby="glance"><h2 id="glance">At a glance</h2>'
    yield f"<ul>{''.join(f'<li>{_text(row)}</li>' for row in summary(found))}</ul>"
    yield f'<div class="grid">{"".join(_charts(found))}</div></section>'
    yield '<section aria-labelledby="changes"><h2 id="changes" tabindex="-1">Changes</h2>'
    if found.same:
        yield "<p>Nothing tells the two apart.</p>"
    blocks = (("Packages", "Package", found.packages), ("Configuration", "Field", found.config))
    for title, name, items in blocks:
        if items:
            yield _table(title, ("", name, "Before", "After"), map(_item, items))
    yield "</section>"
    if found.files:
        yield '<section aria-labelledby="files"><h2 id="files">Files by package</h2>'
        few = len(found.files) <= _OPEN
        for name, changes in found.by_package().items():
            yield _fold(title_of(name, changes), changes, opened=few)
        yield "</section>"


def _charts(found: Difference) -> Iterator[str]:
    names = (found.before, found.after)
    for title, pair in (("Compressed", found.size), ("Unpacked", found.unpacked)):
        row = Row(title, tuple(map(readable, pair)), pair)
        chart = charts.bars(row, tuple(map(escaped, names)))
        yield f"<figure><figcaption>{title}</figcaption>{chart}</figure>"


def _fold(title: str, changes: Sequence[FileChange], *, opened: bool) -> str:
    heavy = sorted(changes, key=lambda change: (-abs(change.growth), change.path))[:_MOST]
    rows = map(_change, sorted(heavy, key=lambda change: change.path))
    table = _table(title, ("", "File", "How"), rows)
    left = len(changes) - len(heavy)
    more = f"<p>and {left:,} more (seaslug diff --json has all)</p>" if left else ""
    mark = " open" if opened else ""
    return f"<details{mark}><summary>{_text(title)}</summary>{table}{more}</details>"


def _item(item: Item) -> str:
    cells = "".join(f"<td>{_text(text)}</td>" for text in (item.before, item.after))
    return f'<tr>{_sign(item.sign)}<th scope="row">{_text(item.name)}</th>{cells}</tr>'


def _change(change: FileChange) -> str:
    path = _text(f"/{change.path}")
    return f'<tr>{_sign(change.sign)}<th scope="row">{path}</th><td>{_text(said(change))}</td></tr>'


def _sign(sign: str) -> str:
    word = _WORDS[sign]
    shown = "\N{MINUS SIGN}" if sign == "-" else sign
    return f'<td class="sign {word}"><abbr title="{word}">{shown}</abbr></td>'


def _table(title: str, head: Sequence[str], rows: Iterable[str]) -> str:
    cells = "".join(f'<th scope="col">{name}</th>' if name else "<td></td>" for name in head)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{_text(title)}">'
        f'<table class="changes"><caption>{_text(title)}</caption>'
        f"<thead><tr>{cells}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _text(text: str) -> str:
    return escape(escaped(text))
