"""Go's expressions: the same answers as RE2 gives, in time that is linear in the text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaslug.structure.automaton import Automaton
from seaslug.structure.pattern import parse


def found(pattern: str, text: str) -> bool:
    return Automaton(parse(pattern)).search(text)


@pytest.mark.parametrize(
    ("pattern", "text", "answer"),
    [
        ("a$", "ba", True), ("a$", "a\n", False), ("(?m)a$", "a\nb", True),
        ("(?m)^b", "a\nb", True),
        ("^b", "a\nb", False), ("x(?i)b|c", "C", True), ("x(?i)b|c", "xB", True),
        ("(?i:b)c", "BC", False), ("(?i:b)c", "Bc", True), ("(a(?i)b)c", "aBC", False),
        (r"\Qa.b\E+$", "a.bbb", True), (r"\Qa.b", "axb", False), (r"\\Q", r"\Q", True),
        ("^[[:digit:]]{2}$", "12", True), ("^[[:digit:]]{2}$", "123", False), ("a{", "a{", True),
        (r"\x{1F600}\x41", "😀A", True), (r"\bfoo\b", "a foo.", True), (r"\bfoo\b", "afoo", False),
        (r"o\Bo", "foo", True), ("^$", "", True), ("", "x", True), ("[^a]", "a", False),
        ("[]a]", "]", True), (r"[\d-]", "-", True), ("a.c", "a\nc", False),
        ("(?s)a.c", "a\nc", True),
        ("^(ab|cd){2,3}$", "abcd", True), ("^(ab){2,3}$", "abababab", False),
        ("(?P<x>a)(?<y>b)", "ab", True), (r"\z", "", True), (r"^\pay", "pay", None),
        ("(?U)a+?b", "aab", True), (r"\d", "٣", False),
    ],
)  # fmt: skip
def test_what_is_found(pattern: str, text: str, answer: bool | None) -> None:
    if answer is None:
        with pytest.raises(ValueError, match="Unicode"):
            parse(pattern)
    else:
        assert found(pattern, text) is answer


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("a**", r"nested repetition operator: \*\*"), ("a*+", "nested"), ("(?=a)", "no such group"),
        ("(?!a)", "no such group"), ("(?<=a)", "no such group"), ("(?P=a)", "no such group"),
        (")", "unexpected"), ("(", "missing closing"), ("[a", "missing closing ]"),
        ("a{1001}", "repeat count"), ("a{3,2}", "repeat count"), (r"(a)\1", "escape"),
        (r"\Z", "escape"), ("[[:alfa:]]", "no such class"), ("*", "missing argument"),
        ("((a{100}){100}){100}", "too large"), ("(" * 5000, "nested too deeply"), ("a\\", "escape"),
    ],
)  # fmt: skip
def test_what_go_does_not_have_is_refused(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Automaton(parse(pattern))


def test_what_is_ambiguous_ends_as_well() -> None:
    assert not found("(a*)*(a|aa)*(.*x){20}$", "a" * 20_000)


WORDS = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", r"\b", "^", "(?m:$)", "(?i:A)", ""]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}"])).map(
            lambda two: f"(?:{two[0]}){two[1]}"
        ),
    ),
    max_leaves=8,
)


@given(WORDS, st.text("abA\n ", max_size=8))
def test_where_both_have_it_pythons_answer_is_the_same(pattern: str, text: str) -> None:
    assert found(pattern, text) == bool(re.search(pattern, text, re.ASCII))
