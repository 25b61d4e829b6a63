"""WWW-Authenticate as servers write it, and as they should not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaslug.adapters.registry.challenge import parse

HUB = (
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",'
    'scope="repository:a/b:pull,push"'
)


def short(*lines: str) -> list[tuple[str, dict[str, str]]]:
    return [(found.scheme, dict(found.parameters)) for found in parse(lines)]


def test_quoted_commas_stay_in_their_parameter() -> None:
    assert short(HUB) == [
        (
            "bearer",
            {
                "realm": "https://auth.docker.io/token",
                "service": "registry.docker.io",
                "scope": "repository:a/b:pull,push",
            },
        )
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("basic", [("basic", {})]),
        ("Basic realm=x", [("basic", {"realm": "x"})]),
        ('BEARER Realm="u" , SERVICE=q', [("bearer", {"realm": "u", "service": "q"})]),
        ('Basic realm="a b", Bearer realm="u"', [
            ("basic", {"realm": "a b"}), ("bearer", {"realm": "u"})
        ]),
        ("Negotiate, NTLM", [("negotiate", {}), ("ntlm", {})]),
        ("Negotiate YWJj==, Basic realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        (r'Basic realm="say \"hi\", you"', [("basic", {"realm": 'say "hi", you'})]),
        ("Bearer realm=https://a/t?x=1,service=y", [
            ("bearer", {"realm": "https://a/t?x=1", "service": "y"})
        ]),
        ('Bearer realm="first",realm="second"', [("bearer", {"realm": "first"})]),
        ("Bearer realm = spaced", [("bearer", {"realm": "spaced"})]),
        (",, Basic realm=x,,", [("basic", {"realm": "x"})]),
        ("", []), (",", []), ('"', []), ('Bearer realm="never closed', [("bearer", {})]),
    ],
)  # fmt: skip
def test_what_a_line_says(line: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert short(line) == expected


def test_several_lines_are_several_challenges() -> None:
    assert [scheme for scheme, _ in short("Basic realm=x", HUB)] == ["basic", "bearer"]


@given(st.lists(st.text(st.sampled_from('Bb =,"\\:/a\t'), max_size=60), max_size=3))
def test_nothing_that_a_server_writes_breaks_it(lines: list[str]) -> None:
    for found in parse(lines):
        assert found.scheme == found.scheme.lower()
