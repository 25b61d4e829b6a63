"""Charts of a comparison as inline SVG: bars, layers, treemaps. Colours are the page's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from seaslug.anatomy.portrait import Portrait, Row, Share
from seaslug.report.compare.treemap import Box, squarify
from seaslug.values.words import readable

_WIDTH, _NAME, _VALUE, _BAR, _GAP = 480, 140, 80, 22, 10
_MAP = Box(0, 0, 560, 340)
_SHOWN = 60
_LETTER = 7.2
"""About the width of a letter at the size that labels have."""


def bars(row: Row, names: Sequence[str]) -> str:
    """Return one bar per image for the numbers of *row*."""
    top = max(row.numbers, default=0) or 1
    room = _WIDTH - _NAME - _VALUE
    parts = []
    for at, (name, cell, number) in enumerate(zip(names, row.cells, row.numbers, strict=True)):
        y, wide = at * (_BAR + _GAP), room * number / top
        parts.append(
            f"{_name(name, y)}"
            f'<rect class="bar" x="{_NAME}" y="{y}" width="{max(wide, 1):.1f}" '
            f'height="{_BAR}" rx="3"/>'
            f'<text class="value" x="{_NAME + wide + 8:.1f}" y="{y + 16}">{escape(cell)}</text>'
        )
    said = "; ".join(f"{n}: {c}" for n, c in zip(names, row.cells, strict=True))
    return _svg(_bars(len(names)), f"{row.title}. {said}", parts)


def layers(images: Sequence[Portrait]) -> str:
    """Return one bar per image, cut into its layers; those that several have stand out."""
    counts: dict[str, int] = {}
    for image in images:
        for content in {layer.content for layer in image.layers}:
            counts[content] = counts.get(content, 0) + 1
    top = max((image.size for image in images), default=0) or 1
    parts, said = [], []
    for at, image in enumerate(images):
        y, x = at * (_BAR + _GAP), float(_NAME)
        parts.append(_name(image.name, y))
        shared = sum(layer.size for layer in image.layers if counts[layer.content] > 1)
        said.append(f"{image.name}: {readable(image.size)}, {readable(shared)} shared")
        for layer in image.layers:
            wide = (_WIDTH - _NAME - _VALUE) * layer.size / top
            kind = "shared" if counts[layer.content] > 1 else "own"
            title = f"{layer.digest[7:19]} {readable(layer.size)} {kind} {layer.created_by}"
            parts.append(
                f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{max(wide - 2, 1):.1f}" '
                f'height="{_BAR}" rx="2"><title>{escape(title)}</title></rect>'
            )
            x += max(wide, 3)
        parts.append(
            f'<text class="value" x="{x + 6:.1f}" y="{y + 16}">{readable(image.size)}</text>'
        )
    return _svg(_bars(len(images)), "Layers. " + "; ".join(said), parts)


def treemap(image: Portrait) -> str:
    """Return the packages of *image* as rectangles, by the bytes of their files."""
    shares = _fitting([share for share in image.shares if share.size])
    boxes = squarify([share.size for share in shares], _MAP)
    parts = [_tile(share, box) for share, box in zip(shares, boxes, strict=True)]
    said = ", ".join(f"{_called(share)} {readable(share.size)}" for share in shares[:5])
    return _svg(_MAP, f"Packages of {image.name} by size: {said} …", parts)


def _fitting(shares: list[Share]) -> list[Share]:
    """Return the largest, and the sum of those that nobody would see."""
    rest = shares[_SHOWN:]
    if not rest:
        return shares
    name = f"{len(rest)} smaller ones"
    more = Share(name, "", sum(s.size for s in rest), sum(s.files for s in rest))
    return sorted([*shares[:_SHOWN], more], key=lambda share: -share.size)


def _tile(share: Share, box: Box) -> str:
    name = _called(share)
    title = f"{name} {share.version}: {readable(share.size)} in {share.files} files"
    wide, high = max(box.width - 2, 0.5), max(box.height - 2, 0.5)
    rect = (
        f'<rect class="tile{"" if share.name else " nobody"}" x="{box.x + 1:.1f}" '
        f'y="{box.y + 1:.1f}" width="{wide:.1f}" height="{high:.1f}" rx="3"/>'
    )
    return f"<g><title>{escape(title)}</title>{rect}{''.join(_labels(share, name, box))}</g>"


def _labels(share: Share, name: str, box: Box) -> Iterator[str]:
    fits = int((box.width - 14) / _LETTER)
    if box.height < 22 or fits < 4:
        return
    shown = name if len(name) <= fits else name[: fits - 1] + "…"
    x, y = box.x + 7, box.y + 17
    yield f'<text class="on" x="{x:.1f}" y="{y:.1f}">{escape(shown)}</text>'
    size = readable(share.size)
    if box.height >= 40 and len(size) <= fits:
        yield f'<text class="on small" x="{x:.1f}" y="{y + 16:.1f}">{size}</text>'


def _called(share: Share) -> str:
    return share.name or "files of no package"


def _name(name: str, y: float) -> str:
    short = name if len(name) <= 18 else "…" + name[-17:]
    return (
        f'<text class="name" x="{_NAME - 10}" y="{y + 16}">{escape(short)}'
        f"<title>{escape(name)}</title></text>"
    )


def _bars(count: int) -> Box:
    return Box(0, 0, _WIDTH, count * (_BAR + _GAP))


def _svg(space: Box, said: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {space.width} {space.height}" role="img" aria-label="{escape(said)}">'
        f"{''.join(parts)}</svg>"
    )
