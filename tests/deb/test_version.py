"""Version numbers: a total order, and the very one that dpkg has."""

from __future__ import annotations

import itertools
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.deb.version import compare, key, satisfies, valid
from seaslug.errors import UsageError
from support.real import need

# From the oldest to the newest; what stands in one row is equal.
ROWS = (
    ("0:0~~",),
    ("0~",),
    ("0", "0:0", "00", "0-0", "0-", "0-00"),
    ("0a",),
    ("0+b1",),
    ("0.0~rc1",),
    ("0.0", "0."),
    ("0.9.9~~",),
    ("0.9.9~",),
    ("0.9.9~a",),
    ("0.9.9", "0.9.09", "0.9.9-0"),
    ("0.9.9-0ubuntu1",),
    ("0.9.9-1~bpo12+1",),
    ("0.9.9-1~deb12u1",),
    ("0.9.9-1",),
    ("0.9.9-1+b1",),
    ("0.9.9-1+b2",),
    ("0.9.9-1+deb13u1",),
    ("0.9.9-1.1",),
    ("0.9.9-2",),
    ("0.9.9-10",),
    ("0.9.9a",),
    ("0.9.9a-1",),
    ("0.9.9b",),
    ("0.9.9+dfsg",),
    ("0.9.9+dfsg-1",),
    ("0.9.9-1-1",),
    ("0.9.9.1",),
    ("0.9.10",),
    ("0.10~beta1-1",),
    ("0.10~beta1-1.1",),
    ("0.10~beta1+cvs1",),
    ("0.10~beta1.1",),
    ("0.10-0~1",),
    ("0.10", "0.10-0"),
    ("0.10-0.1",),
    ("2.36-9+deb12u9",),
    ("2.36-9+deb12u10",),
    ("2.41-12",),
    ("3.5.1-1~deb13u1",),
    ("3.5.1-1",),
    ("3.13.5-2",),
    ("2025b-0+deb11u1",),
    ("2025b-4",),
    ("20240203",),
    ("20240203+deb12u1",),
    ("99999999999999999999",),
    ("a",),
    ("z",),
    ("1:0~",),
    ("1:0",),
    ("1:1.0-1",),
    ("1:1.0:2-1",),
    ("2:0.1",),
    ("10:0",),
)
FLAT = [(rank, text) for rank, row in enumerate(ROWS) for text in row]

number = st.integers(0, 12).map(str) | st.sampled_from(["00", "01", "007"])
word = st.text("az~+.", max_size=3)
parts = st.lists(st.tuples(number, word), min_size=1, max_size=3)
upstreams = parts.map(lambda found: "".join(a + b for a, b in found))
versions = st.builds(
    lambda epoch, upstream, revision: epoch + upstream + revision,
    st.sampled_from(["", "0:", "1:"]),
    upstreams,
    st.just("") | upstreams.map(lambda text: "-" + text),
)


def test_the_table_is_in_order() -> None:
    wrong = [
        (a, b)
        for (i, a), (j, b) in itertools.product(FLAT, FLAT)
        if compare(a, b) != (i > j) - (i < j)
    ]
    assert not wrong


@settings(deadline=None)
@given(versions, versions, versions)
def test_the_order_is_total(a: str, b: str, c: str) -> None:
    assert compare(a, a) == 0
    assert compare(a, b) == -compare(b, a)
    low, middle, high = sorted((a, b, c), key=key)
    assert compare(low, middle) <= 0
    assert compare(middle, high) <= 0
    assert compare(low, high) <= 0


def _dpkg(pairs: list[tuple[str, str]]) -> list[int]:
    """Ask dpkg once for all *pairs*; one process each would take minutes."""
    dpkg = need("dpkg")
    script = (
        "while read -r a b; do"
        ' if "$0" --compare-versions "$a" lt "$b"; then echo -1;'
        ' elif "$0" --compare-versions "$a" gt "$b"; then echo 1; else echo 0; fi; done'
    )
    text = "".join(f"{a} {b}\n" for a, b in pairs)
    done = subprocess.run(
        ["sh", "-c", script, dpkg], input=text, capture_output=True, text=True, check=True
    )
    return [int(line) for line in done.stdout.split()]


def test_dpkg_agrees_with_the_table() -> None:
    """Neighbours are enough: the order is transitive."""
    known = [text for _, text in FLAT if not text.endswith("-") and text[0].isdigit()]
    pairs = [*itertools.pairwise(known), *zip(known, known[7:], strict=False)]
    assert _dpkg(pairs) == [compare(a, b) for a, b in pairs]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(versions, versions), min_size=30, max_size=40))
def test_dpkg_agrees_with_made_up_versions(pairs: list[tuple[str, str]]) -> None:
    wrong = [
        (pair, theirs)
        for pair, theirs in zip(pairs, _dpkg(pairs), strict=True)
        if compare(*pair) != theirs
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("op", "older", "equal", "newer"),
    [
        ("", True, True, True),
        ("<<", True, False, False),
        ("<=", True, True, False),
        ("=", False, True, False),
        (">=", False, True, True),
        (">>", False, False, True),
        # Policy: the old signs for "earlier or equal", "later or equal".
        ("<", True, True, False),
        (">", False, True, True),
    ],
)
def test_operators(op: str, older: bool, equal: bool, newer: bool) -> None:
    found = [satisfies(have, op, "1.2-1") for have in ("1.2-1~deb12u1", "0:1.2-1", "1.2-1+b1")]
    assert found == [older, equal, newer]


@pytest.mark.parametrize("text", ["", " ", "1 2", "1.0\n", "1_0", "1/0", "é", "1.0(2)", "²"])
def test_what_is_no_version(text: str) -> None:
    assert not valid(text)
    with pytest.raises(UsageError, match="not a Debian version"):
        key(text)
