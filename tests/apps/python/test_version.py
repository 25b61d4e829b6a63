"""Versions and specifiers: the packaging library is the oracle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version as Oracle

from seaslug.apps.python.version import Specifier, version

NUMBERS = st.integers(0, 12)
VERSIONS = st.builds(
    lambda epoch, release, pre, post, dev, local: (
        epoch + ".".join(map(str, release)) + pre + post + dev + local
    ),
    st.sampled_from(["", "", "", "1!"]),
    st.lists(NUMBERS, min_size=1, max_size=4),
    st.sampled_from(["", "", "a1", "b2", "rc1", ".alpha.3", "-c2"]),
    st.sampled_from(["", "", ".post1", "-2", ".rev3"]),
    st.sampled_from(["", "", ".dev1", "dev"]),
    st.sampled_from(["", "", "+local.1", "+2", "+ubuntu"]),
)
PLAIN = VERSIONS.map(lambda text: text.partition("+")[0])


@given(VERSIONS, VERSIONS)
def test_order_is_that_of_pep_440(left: str, right: str) -> None:
    one, other = version(left), version(right)
    assert one is not None and other is not None
    assert (one < other) == (Oracle(left) < Oracle(right))
    assert (one == other) == (Oracle(left) == Oracle(right))


@given(st.sampled_from(["==", "!=", ">=", "<=", ">", "<", "~="]), PLAIN, VERSIONS)
def test_specifiers_agree(operator: str, bound: str, have: str) -> None:
    if operator == "~=" and "." not in bound.partition("!")[2] + bound:
        return
    text = operator + bound
    mine = Specifier.parse(text)
    try:
        theirs = SpecifierSet(text)
    except ValueError:
        assert mine is None
        return
    assert mine is not None
    assert mine.contains(have) == theirs.contains(have, prereleases=True)


@given(st.sampled_from(["==", "!="]), st.lists(NUMBERS, min_size=1, max_size=3), VERSIONS)
def test_prefixes_agree(operator: str, release: list[int], have: str) -> None:
    text = f"{operator}{'.'.join(map(str, release))}.*"
    mine = Specifier.parse(text)
    assert mine is not None
    assert mine.contains(have) == SpecifierSet(text).contains(have, prereleases=True)


@pytest.mark.parametrize("text", ["", "x", "1.x", "==", "1..2", "1.0+", "a" * 300])
def test_what_is_no_version(text: str) -> None:
    assert version(text) is None


@pytest.mark.parametrize("text", ["1.0", ">=", "=>1", ">=1.*", "~=1", ">=1 <2", "^1.0"])
def test_what_is_no_specifier(text: str) -> None:
    assert Specifier.parse(text) is None


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (">=1.0,<2", "<2.0, >=1", True),
        ("(>=1)", ">=1", True),
        ("~=1.2", "~=1.2", True),
        ("~=1.2", "~=1.2.0", False),
        (">=1", ">1", False),
        ("", "", True),
    ],
)
def test_same_meaning(left: str, right: str, same: bool) -> None:
    one, other = Specifier.parse(left), Specifier.parse(right)
    assert one is not None and other is not None
    assert one.same_as(other) is same
