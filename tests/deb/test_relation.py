"""Relations between packages: what Depends and its like say, and what recipes ask for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.deb.relation import Relation, parse, parse_want, show
from seaslug.errors import UsageError

names = st.from_regex(r"[a-z0-9][a-z0-9+.-]{1,8}", fullmatch=True)
relations = st.builds(
    lambda name, qualifier, version: Relation(name, qualifier, *version),
    names,
    st.sampled_from(["", "any", "native", "armhf"]),
    st.just(("", ""))
    | st.tuples(
        st.sampled_from(["<<", "<=", "=", ">=", ">>"]),
        st.from_regex(r"([0-9]:)?[0-9][a-z0-9.+~]{0,6}", fullmatch=True),
    ),
)
fields = st.lists(st.lists(relations, min_size=1, max_size=3).map(tuple), max_size=4).map(tuple)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("", []),
        ("libc6", ["libc6"]),
        ("libc6 (>= 2.38)", ["libc6 (>= 2.38)"]),
        ("libc6(>=2.38)", ["libc6 (>= 2.38)"]),
        ("libc6 ( = 1:2.38~rc1-1+b2 )", ["libc6 (= 1:2.38~rc1-1+b2)"]),
        ("a, b | c ,d", ["a", "b | c", "d"]),
        ("a (<< 2) | b (>> 3), c", ["a (<< 2) | b (>> 3)", "c"]),
        ("perl:any", ["perl:any"]),
        ("python3:any (>= 3.9~)", ["python3:any (>= 3.9~)"]),
        ("make:native, gcc:armhf", ["make:native", "gcc:armhf"]),
        # A list of architectures and build profiles stand in source packages only; harmless.
        ("libfoo [amd64 arm64]", ["libfoo"]),
        ("libfoo (>= 1) [!hurd-any] <!nocheck> <cross>", ["libfoo (>= 1)"]),
        # Old signs, a folded field, commas with nothing between them.
        ("a (< 2), b (> 1)", ["a (< 2)", "b (> 1)"]),
        ("a,\n b,\n c", ["a", "b", "c"]),
        ("a,, b,", ["a", "b"]),
        ("g++, libstdc++6, 0ad, lib3.0-x", ["g++", "libstdc++6", "0ad", "lib3.0-x"]),
    ],
)
def test_fields(text: str, clauses: list[str]) -> None:
    assert [show(clause) for clause in parse(text)] == clauses


@settings(deadline=None)
@given(fields)
def test_what_is_shown_is_read_back(clauses: tuple[tuple[Relation, ...], ...]) -> None:
    assert parse(", ".join(map(show, clauses))) == clauses


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a b", "a b"),
        ("a, -b", "-b"),
        ("a | ", ""),
        ("a (2)", "a (2)"),
        ("a (== 2)", "a (== 2)"),
        ("a (>= 2", "a (>= 2"),
        ("a (>= )", "a (>= )"),
        ("a (>= 1 2)", "a (>= 1 2)"),
        ("a:", "a:"),
        ("${misc:Depends}", "${misc:Depends}"),
        ("a; rm -rf /", "a; rm -rf /"),
        ("é", "é"),
    ],
)
def test_malformed_fields_are_quoted(text: str, named: str) -> None:
    with pytest.raises(UsageError, match="not a relation between packages") as caught:
        parse(text)
    assert named in str(caught.value)


def test_a_long_malformed_field_is_cut_short() -> None:
    with pytest.raises(UsageError) as caught:
        parse("?" * 10_000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "shown", "suite"),
    [
        ("git", "git", ""),
        (" git ", "git", ""),
        ("libpq5 (>= 15)", "libpq5 (>= 15)", ""),
        ("libpq5(>= 15)", "libpq5 (>= 15)", ""),
        ("libpq5=15.1-1", "libpq5 (= 15.1-1)", ""),
        ("libpq5 = 1:15.1-1", "libpq5 (= 1:15.1-1)", ""),
        ("busybox-static@trixie", "busybox-static@trixie", "trixie"),
        ("busybox-static@trixie=1.37.0-6", "busybox-static (= 1.37.0-6)@trixie", "trixie"),
        ("busybox-static@trixie (>= 1.37)", "busybox-static (>= 1.37)@trixie", "trixie"),
    ],
)
def test_wants(text: str, shown: str, suite: str) -> None:
    want = parse_want(text, "debug")
    assert (str(want), want.suite, want.asked_by) == (shown, suite, "debug")


@pytest.mark.parametrize(
    "text",
    ["", " ", "=1", "@trixie", "a b", "a >= 2", "a=", "a@Trixie", "a@", "a@trixie@sid", "!a"],
)
def test_malformed_wants(text: str) -> None:
    with pytest.raises(UsageError, match="not a"):
        parse_want(text)
