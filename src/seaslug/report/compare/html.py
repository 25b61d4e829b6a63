"""A comparison as one page that needs nothing else: no network, no script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from seaslug.anatomy.portrait import Portrait, Row, Table
from seaslug.report.compare import charts
from seaslug.report.compare.frame import Frame, whole
from seaslug.values.words import readable

_CHARTED = ("Compressed", "Unpacked", "Files", "Packages", "Executables", "Executable code")


def page(images: Sequence[Portrait], tables: Sequence[Table]) -> str:
    """Return the page: charts, the tables, and of each image a map of its packages."""
    names = [image.name for image in images]
    head = "Images compared" if len(names) > 1 else "An image in figures"
    body = f"""<section aria-labelledby="charts"><h2 id="charts">At a glance</h2>
<div class="grid">{"".join(_figures(images, tables, names))}</div></section>
<section aria-labelledby="tables"><h2 id="tables" tabindex="-1">Tables</h2>
{"".join(map(_table, tables))}</section>
<section aria-labelledby="packages"><h2 id="packages">Packages</h2>
<div class="grid">{"".join(map(_packages, images))}</div></section>"""
    return whole(head, " · ".join(names), body, Frame("tables", "To the tables", "compare"))


def _figures(
    images: Sequence[Portrait], tables: Sequence[Table], names: Sequence[str]
) -> list[str]:
    rows = {row.title: row for table in tables for row in table.rows}
    pulls = [row for title, row in rows.items() if title.startswith("Pull at")][:2]
    chosen = [rows[title] for title in _CHARTED if title in rows] + pulls
    figures = [_figure(row.title, charts.bars(row, names), row.note) for row in chosen]
    legend = (
        '<span class="key shared"></span> in several of these images '
        '<span class="key own"></span> in one'
    )
    if len(images) > 1:
        figures.insert(1, _figure("Layers", charts.layers(images), legend, plain=False))
    return figures


def _figure(title: str, chart: str, note: str, *, plain: bool = True) -> str:
    said = escape(note) if plain else note
    more = f'<p class="note">{said}</p>' if note else ""
    return f"<figure><figcaption>{escape(title)}</figcaption>{chart}{more}</figure>"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    body = "".join(map(_line, table.rows))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.title)}">'
        f"<table><caption>{escape(table.title)}</caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>\n"
    )


def _line(row: Row) -> str:
    note = f"<small>{escape(row.note)}</small>" if row.note else ""
    kind = ' class="number"' if row.numbers else ""
    cells = "".join(f"<td{kind}>{escape(cell)}</td>" for cell in row.cells)
    return f'<tr><th scope="row">{escape(row.title)}{note}</th>{cells}</tr>'


def _packages(image: Portrait) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(share.name or "files of no package")}</th>'
        f"<td>{escape(share.version)}</td>"
        f'<td class="number">{share.files:,}</td>'
        f'<td class="number">{readable(share.size)}</td></tr>'
        for share in image.shares
    )
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("Package", "Version", "Files", "Size")
    )
    return (
        f"<div><figure><figcaption>{escape(image.name)}: "
        f"{readable(image.unpacked)} in {image.packages} packages</figcaption>"
        f"{charts.treemap(image)}</figure>\n"
        f"<details><summary>The packages of {escape(image.name)} as a table</summary>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="Packages"><table>'
        f"<caption>Packages of {escape(image.name)}, by size</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details></div>\n"
    )
