"""A squarified treemap: areas to rectangles that are as square as they can be.

Source: M. Bruls, K. Huizing, J. van Wijk, "Squarified Treemaps", 2000.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle: its upper left corner, width and height."""

    x: float
    y: float
    width: float
    height: float


def squarify(sizes: Sequence[float], space: Box) -> list[Box]:
    """Return one rectangle of *space* for each of *sizes*, which are above 0, largest first.

    Areas are in proportion to the sizes, and fill the space.
    """
    scale = space.width * space.height / sum(sizes) if sizes else 0
    areas = [size * scale for size in sizes]
    found: list[Box] = []
    while areas:
        side = min(space.width, space.height)
        count = 1
        while count < len(areas) and _worst(areas[: count + 1], side) <= _worst(
            areas[:count], side
        ):
            count += 1
        boxes, space = _row(areas[:count], space)
        found += boxes
        areas = areas[count:]
    return found


def _worst(row: Sequence[float], side: float) -> float:
    """Return the largest ratio of two sides that the areas of *row* get along *side*."""
    total = sum(row)
    if not total or not side:
        return float("inf")
    return max(side**2 * max(row) / total**2, total**2 / (side**2 * min(row)))


def _row(row: Sequence[float], space: Box) -> tuple[list[Box], Box]:
    """Lay *row* along the shorter side; return its rectangles and the space that is left."""
    total, boxes = sum(row), []
    x, y, width, height = space
    if width >= height:
        deep = total / height if height else 0
        for area in row:
            boxes.append(Box(x, y, deep, area / deep if deep else 0))
            y += boxes[-1].height
        return boxes, Box(x + deep, space.y, max(width - deep, 0), height)
    deep = total / width if width else 0
    for area in row:
        boxes.append(Box(x, y, area / deep if deep else 0, deep))
        x += boxes[-1].width
    return boxes, Box(space.x, y + deep, width, max(height - deep, 0))
