"""Sizes as people read them; foreign text that does a terminal no harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaslug.values.words import megabytes, plain, printable, readable, visible

NASTY = "a\x1b[31m\tb\nc\udcff\u202e"


def test_sizes() -> None:
    assert [megabytes(size) for size in (0, 370_000, 10_000_000)] == [
        "0.00 MB", "0.37 MB", "10.0 MB",
    ]  # fmt: skip
    assert [readable(size) for size in (0, 12, 1500, 2_500_000)] == [
        "0", "12 B", "1.5 kB", "2.50 MB",
    ]  # fmt: skip


def test_what_a_terminal_would_obey() -> None:
    assert plain(NASTY) == "a\\x1b[31m\\tb\nc\\xff\\u202e"
    assert visible(NASTY) == "a\\x1b[31m\\tb\\nc\\xff\\u202e"
    assert printable(NASTY, 80) == "a [31m b c"
    assert printable("abcdef", 4) == "abc…"


@pytest.mark.parametrize("text", ["", "plain", "ä €", "two  blanks"])
def test_what_is_plain_stays(text: str) -> None:
    assert plain(text) == visible(text) == text


@given(st.text())
def test_it_is_always_one_printable_line(text: str) -> None:
    assert visible(text).isprintable() and printable(text, 20).isprintable()
    assert len(printable(text, 20)) <= 20
