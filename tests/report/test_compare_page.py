"""The page of a comparison: well-formed, alone in the world, and not to be broken by names."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anatomy.made import alpine, slim
from ops.compare.test_tables import drawn, layers
from rules.making import specimen
from seaslug.ops.compare.diff import Side, difference
from seaslug.ops.compare.tables import tables
from seaslug.report.compare import diffpage
from seaslug.report.compare.html import page
from seaslug.report.compare.markdown import markdown
from seaslug.report.compare.terminal import text
from seaslug.report.compare.treemap import Box, squarify

_VOID = {"meta"}


class Checked(HTMLParser):
    """Notes elements, and fails where one is closed that is not open."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.found if name == tag]


@pytest.fixture(scope="module")
def source() -> str:
    images = [drawn(alpine({}), 5, 1), drawn(slim({}), 5, 2)]
    return page(images, tables(images, [10_000_000]))


def test_it_is_well_formed(source: str) -> None:
    assert Checked(source).open == []


def test_it_needs_no_network_and_runs_nothing(source: str) -> None:
    assert "default-src 'none'" in source
    assert not re.search(r"<script|https?://|url\(|@import|<link|<img|\son\w+=", source)


def test_tables_have_captions_and_headers(source: str) -> None:
    found = Checked(source)
    assert len(found.all("table")) == len(found.all("caption")) == 4 + 2
    assert all(attrs.get("scope") in ("row", "col") for attrs in found.all("th"))
    assert found.all("html") == [{"lang": "en"}]


def test_it_can_be_read_by_keyboard_and_aloud(source: str) -> None:
    found = Checked(source)
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in found.all("svg"))
    regions = [attrs for attrs in found.all("div") if attrs.get("class") == "scroll"]
    assert regions and all(r["tabindex"] == "0" and r["aria-label"] for r in regions)
    (skip,) = found.all("a")
    assert any(attrs.get("id") == str(skip["href"])[1:] for _, attrs in found.found)


@pytest.fixture(scope="module")
def changes() -> str:
    old, new = (
        alpine({}),
        alpine({"etc/motd": "<b>", "\ud7ffodd\x1b": "1", "bin/.wh.sh": "", "bin/busybox": "new"}),
    )
    sides = [Side(one, layers(5, 1)) for one in (old, new)]
    return diffpage.page(difference(*sides))


def test_a_page_of_changes_is_as_good(changes: str) -> None:
    found = Checked(changes)
    assert found.open == [] and "default-src 'none'" in changes
    assert not re.search(r"<script|https?://|url\(|@import|<link|<img|\son\w+=|\x1b", changes)
    assert len(found.all("table")) == len(found.all("caption")) == 2
    assert all(attrs.get("scope") in ("row", "col") for attrs in found.all("th"))
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in found.all("svg"))
    assert {attrs["title"] for attrs in found.all("abbr")} == {"added", "removed", "changed"}
    (skip,) = found.all("a")
    assert any(attrs.get("id") == str(skip["href"])[1:] for _, attrs in found.found)
    assert "/etc/motd" in changes and "/bin/sh" in changes and "busybox: 1 path, " in changes


def test_a_page_of_no_changes_says_so() -> None:
    side = Side(alpine(), layers(5))
    source = diffpage.page(difference(side, side))
    assert "Nothing tells the two apart." in source and Checked(source).open == []


def test_names_are_escaped() -> None:
    evil = '<script>alert("&")</script>'
    stanza = f"Package: {evil}\nVersion: '\"><b>\n"
    image = drawn(specimen({"var/lib/dpkg/status": stanza}))
    source = page([image], tables([image], []))
    assert "<script" not in source and "<b>" not in source
    assert "&lt;script&gt;" in source
    assert Checked(source).open == []


def test_text_and_markdown_have_the_same_rows() -> None:
    images = [drawn(alpine({}), 5, 1), drawn(slim({}), 5, 2)]
    found = tables(images, [10_000_000])
    plain, marked = text(found), markdown(found)
    for table in found:
        assert table.title.upper() in plain and f"### {table.title}" in marked
        for row in table.rows:
            assert row.title in plain
    rows = [line for line in marked.splitlines() if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in rows} == {4}


@given(st.lists(st.floats(0.5, 1e6), min_size=1, max_size=60))
@settings(deadline=None)
def test_a_treemap_fills_its_space_in_proportion(sizes: list[float]) -> None:
    sizes = sorted(sizes, reverse=True)
    space = Box(0, 0, 600, 300)
    boxes = squarify(sizes, space)
    assert len(boxes) == len(sizes)
    scale = 600 * 300 / sum(sizes)
    for size, box in zip(sizes, boxes, strict=True):
        assert box.width * box.height == pytest.approx(size * scale, rel=1e-6)
        assert box.x >= -1e-6 and box.x + box.width <= 600 + 1e-6
        assert box.y >= -1e-6 and box.y + box.height <= 300 + 1e-6
    for at, one in enumerate(boxes):
        for two in boxes[at + 1 :]:
            across = min(one.x + one.width, two.x + two.width) - max(one.x, two.x)
            down = min(one.y + one.height, two.y + two.height) - max(one.y, two.y)
            assert across < 1e-6 or down < 1e-6


def test_a_treemap_of_equals_is_of_squares() -> None:
    assert {(round(b.width), round(b.height)) for b in squarify([1] * 8, Box(0, 0, 400, 200))} == {
        (100, 100)
    }
    assert squarify([], Box(0, 0, 1, 1)) == []
