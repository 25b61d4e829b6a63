"""Resolving: what is taken of small universes, and how a failure explains itself."""

from __future__ import annotations

import random

import pytest

from seaslug.deb.relation import parse_want
from seaslug.deb.solve import closure, solve
from seaslug.errors import ResolveError, UnknownNameError
from support.worlds import pick, shown, world

TAKEN = {
    "nothing asked for": ("a 1", "", ""),
    "one package": ("a 1", "a", "a=1"),
    "the newest": ("a 1\na 1.10\na 1.9", "a", "a=1.10"),
    "a tilde is older": ("a 2~rc1\na 1.9", "a", "a=2~rc1"),
    "depends": ("a 1; Depends: b\nb 1; Depends: c\nc 1", "a", "a=1 b=1 c=1"),
    "pre-depends": ("a 1; Pre-Depends: b; Depends: c\nb 1\nc 1", "a", "a=1 b=1 c=1"),
    "recommends are not taken": ("a 1; Recommends: b; Suggests: c\nb 1\nc 1", "a", "a=1"),
    "a cycle": ("a 1; Depends: b\nb 1; Depends: a", "a", "a=1 b=1"),
    "a lower bound": ("a 1; Depends: b (>= 2)\nb 1\nb 2\nb 3", "a", "a=1 b=3"),
    "an upper bound": ("a 1; Depends: b (<< 3)\nb 1\nb 2\nb 3", "a", "a=1 b=2"),
    "two bounds": ("a 1; Depends: b (>= 1), b (<= 2~)\nb 1\nb 2~\nb 2", "a", "a=1 b=2~"),
    "an exact version": ("a 1; Depends: b (= 1:1-1)\nb 1:1-1\nb 1:1-2", "a", "a=1 b=1:1-1"),
    "an exact want": ("a 1\na 2\na 3", "a=2", "a=2"),
    "a want with a bound": ("a 1\na 2\na 3", "a (<< 3)", "a=2"),
    "the older version where the newer cannot be met": (
        "a 1\na 2; Depends: nowhere", "a", "a=1",
    ),
    # Alternatives.
    "the first alternative": ("a 1; Depends: b | c\nb 1\nc 1", "a", "a=1 b=1"),
    "the second if there is no first": ("a 1; Depends: b | c\nc 1", "a", "a=1 c=1"),
    "the second if the first is too old": ("a 1; Depends: b (>= 2) | c\nb 1\nc 1", "a", "a=1 c=1"),
    "the second if the first needs what is not there": (
        "a 1; Depends: b | c\nb 1; Depends: nowhere\nc 1", "a", "a=1 c=1",
    ),
    "what is taken already meets it": ("a 1; Depends: b | c\nb 1\nc 1", "c, a", "a=1 c=1"),
    # Virtual packages.
    "provides": ("a 1; Depends: mta\nz 1; Provides: mta", "a", "a=1 z=1"),
    "a want for what is only provided": ("z 1; Provides: mta", "mta", "z=1"),
    "a package of the name before its providers": (
        "a 1; Depends: mta\nb 1; Provides: mta\nmta 1", "a", "a=1 mta=1",
    ),
    "the first of several providers by name": (
        "a 1; Depends: mta\nc 1; Provides: mta\nb 1; Provides: x, mta", "a", "a=1 b=1",
    ),
    "a default before the virtual name": (
        "a 1; Depends: z | mta\nb 1; Provides: mta\nz 1; Provides: mta", "a", "a=1 z=1",
    ),
    "a provider that was taken": (
        "a 1; Depends: b | mta\nb 1\nz 1; Provides: mta", "z, a", "a=1 z=1",
    ),
    "a versioned provision": (
        "a 1; Depends: xx (>= 2)\nb 9; Provides: xx (= 1)\nc 1; Provides: xx (= 2)", "a", "a=1 c=1",
    ),
    "a time_t transition": (
        "a 1; Depends: libssl3 (>= 3.0)\nlibssl3t64 3.5; Provides: libssl3 (= 3.5)",
        "a", "a=1 libssl3t64=3.5",
    ),
    # Other architectures' qualifiers.
    "any": ("a 1; Depends: p:any\np 1; Multi-Arch: allowed", "a", "a=1 p=1"),
    "native": ("a 1; Depends: p:native\np 1", "a", "a=1 p=1"),
    "this architecture": ("a 1; Depends: p:amd64\np 1", "a", "a=1 p=1"),
    "of all architectures": ("a 1; Depends: p:any\np 1; Architecture: all", "a", "a=1 p=1"),
    # Conflicts and Breaks.
    "a conflict chooses the other alternative": (
        "a 1; Depends: b | c\nb 1; Conflicts: d\nc 1\nd 1", "d, a", "a=1 c=1 d=1",
    ),
    "a conflict that is found later": (
        "a 1; Depends: b | c, d\nb 1\nc 1\nd 1; Conflicts: b", "a", "a=1 c=1 d=1",
    ),
    "breaks an old version only": (
        "a 1; Depends: b\nb 1\nb 2\nc 1; Breaks: b (<< 2)", "c, a", "a=1 b=2 c=1",
    ),
    "breaks the newest": ("b 1\nb 2\nc 1; Breaks: b (>= 2)", "c, b", "b=1 c=1"),
    "breaks the newest, asked for first": (
        "b 1\nb 2\nc 1; Breaks: b (>= 2)", "b, c", "b=1 c=1",
    ),
    "conflicts with what it provides itself": (
        "z 1; Provides: mta; Conflicts: mta", "mta", "z=1",
    ),
    "a versioned conflict spares an unversioned provision": (
        "a 1; Conflicts: xx (<< 2)\nb 1; Provides: xx", "a, b", "a=1 b=1",
    ),
    "a bound that a later package sets": (
        "a 1; Depends: l\nb 1; Depends: l (= 1)\nl 1\nl 2", "a, b", "a=1 b=1 l=1",
    ),
    "three levels back": (
        "a 1; Depends: b | c\nb 1; Depends: d\nd 1; Depends: e\ne 1; Breaks: f\nc 1\nf 1",
        "a, f", "a=1 c=1 f=1",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wants", "expected"), TAKEN.values(), ids=TAKEN)
def test_what_is_taken(text: str, wants: str, expected: str) -> None:
    asked = [want.strip() for want in wants.split(",") if want.strip()]
    assert shown(pick(world(text), *asked)) == expected


@pytest.mark.parametrize("field", ["Depends", "Pre-Depends"])
def test_another_architecture_cannot_be_met(field: str) -> None:
    with pytest.raises(ResolveError, match="a needs p:armhf"):
        pick(world(f"a 1; {field}: p:armhf\np 1"), "a")


def test_the_order_of_stanzas_does_not_matter() -> None:
    text, wants, expected = TAKEN["three levels back"]
    lines = [*text.splitlines(), "mta1 1; Provides: mta", "mta2 1; Provides: mta"]
    for seed in range(10):
        random.Random(seed).shuffle(lines)
        found = pick(world("\n".join(lines)), *wants.split(", "), "mta")
        assert shown(found) == f"{expected} mta1=1"


EXCLUDED = """
a 1; Depends: b, c | d
b 1; Depends: e
c 1
d 1; Depends: c
e 1
"""


@pytest.mark.parametrize(
    ("wants", "exclude", "expected", "skipped"),
    [
        ("a", "", "a=1 b=1 c=1 e=1", []),
        ("a", "b", "a=1 c=1", [("a", "b")]),
        ("a", "e", "a=1 b=1 c=1", [("b", "e")]),
        # A clause that names an excluded package is left unmet, its alternatives untaken,
        ("a", "c", "a=1 b=1 e=1", [("a", "c | d")]),
        # unless one of them is there anyway.
        ("a, d", "c", "a=1 b=1 d=1 e=1", [("d", "c")]),
        ("a", "zz", "a=1 b=1 c=1 e=1", []),
    ],
)
def test_exclusions(
    wants: str, exclude: str, expected: str, skipped: list[tuple[str, str]]
) -> None:
    found = pick(world(EXCLUDED), *wants.split(", "), exclude=tuple(exclude.split()))
    assert shown(found) == expected
    assert list(found.skipped) == skipped


def test_an_excluded_provider_is_not_taken() -> None:
    universe = world("a 1; Depends: mta\nb 1; Provides: mta\nc 1; Provides: mta")
    assert shown(pick(universe, "a", exclude=("b",))) == "a=1 c=1"


SUITES = {
    "text": "tool 1; Depends: lib\nlib 1\nuser 1; Depends: tool",
    "trixie_security": "lib 1+deb13u1",
    "sid": "tool 2; Depends: lib\nlib 3\nonly 1",
}


@pytest.mark.parametrize(
    ("wants", "expected"),
    [
        ("tool", "lib=1+deb13u1 tool=1"),
        # Only the pinned package itself comes from the other suite.
        ("tool@sid", "lib=1+deb13u1 tool=2"),
        ("tool@trixie", "lib=1+deb13u1 tool=1"),
        # A suite's security archive belongs to it.
        ("lib@trixie", "lib=1+deb13u1"),
        ("lib@trixie=1", "lib=1"),
        ("lib@sid, tool", "lib=3 tool=1"),
        ("tool, lib@sid", "lib=3 tool=1"),
        ("user, tool@sid", "lib=1+deb13u1 tool=2 user=1"),
        ("only@sid", "only=1"),
    ],
)
def test_pins(wants: str, expected: str) -> None:
    universe = world(**SUITES, home=("trixie", "trixie-security"))
    found = pick(universe, *wants.split(", "))
    assert shown(found) == expected
    pinned = {want.split("@")[0] for want in wants.split(", ") if "@sid" in want}
    assert {p.name for p in found.packages if p.archive == "sid"} == pinned


def test_a_pinned_version_and_another_one_clash() -> None:
    universe = world(**SUITES, home=("trixie", "trixie-security"))
    with pytest.raises(ResolveError, match="tool"):
        pick(universe, "tool@sid", "tool (<< 2)")


def test_a_provision_that_a_newer_version_gave_up() -> None:
    """Security updates replace: the older stanza is still in the suite's index."""
    universe = world(
        "a 1; Depends: xx\nb 1; Provides: xx\nc 1; Provides: xx", trixie_security="b 2"
    )
    assert shown(pick(universe, "a")) == "a=1 c=1"


@pytest.mark.parametrize(
    ("want", "nearest"),
    [("libss13", "libssl3"), ("pyhton3", "python3"), ("tzdta", "tzdata")],
)
def test_an_unknown_package_names_the_nearest(want: str, nearest: str) -> None:
    universe = world("libssl3 1\npython3 1\ntzdata 1")
    with pytest.raises(UnknownNameError) as caught:
        pick(universe, want)
    assert nearest in caught.value.nearest
    assert "recipe level base" in str(caught.value)
    assert f"did you mean {nearest}" in str(caught.value)


FAILURES = {
    "no such version": ("a 1; Depends: b (>= 2)\nb 1\nb 1.5", "a",
        ["a needs b (>= 2)", "there is b 1.5 (trixie), b 1 (trixie)"]),
    "no such package": ("a 1; Depends: b\nc 1", "a",
        ["a needs b", "no such package for amd64"]),
    "all alternatives": ("a 1; Depends: b | c (>> 1)\nc 1", "a",
        ["a needs b | c (>> 1)", "b: there is no such", "c (>> 1): there is c 1"]),
    "a conflict": ("a 1; Conflicts: b\nb 1", "a, b",
        ["a 1 (trixie) conflicts with or breaks b", "b 1 (trixie) is there"]),
    "an exact want that is gone": ("a 1", "a=2", ["recipe base needs a (= 2)", "there is a 1"]),
    "deep below": ("a 1; Depends: b\nb 1; Depends: c\nc 1; Depends: d (<< 1)\nd 1", "a",
        ["c needs d (<< 1)", "there is d 1"]),
    "two exact wants": ("a 1\na 2", "a=1, a=2", ["a 1 (trixie) was chosen already"]),
    "a provision without a version": ("a 1; Depends: xx (>= 1)\nb 1; Provides: xx", "a",
        ["a needs xx (>= 1)"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wants", "told"), FAILURES.values(), ids=FAILURES)
def test_a_failure_says_who_asked_and_what_there_was(
    text: str, wants: str, told: list[str]
) -> None:
    with pytest.raises(ResolveError) as caught:
        pick(world(text), *wants.split(", "))
    assert all(part in str(caught.value) for part in told), str(caught.value)


def test_a_search_without_end_gives_up() -> None:
    """Thirty free choices, each of two, of which none helps the last package."""
    lines = [f"p{n} {version}" for n in range(30) for version in (1, 2)]
    asks = ", ".join(f"p{n}" for n in range(30))
    universe = world("\n".join([*lines, f"a 1; Depends: {asks}, z (>= 2)", "z 1"]))
    with pytest.raises(ResolveError, match=r"gave up after (.|\n)*z \(>= 2\)"):
        pick(universe, "a")


def test_why_is_the_shortest_chain() -> None:
    text = "a 1; Depends: b\nb 1; Depends: c\nc 1; Depends: e\nd 1; Depends: e (>= 1)\ne 1"
    found = pick(world(text), "a", "d")
    assert found.why("e") == (("recipe base", "d"), ("d", "e (>= 1)"))
    assert found.why("c") == (("recipe base", "a"), ("a", "b"), ("b", "c"))
    assert found.why("a") == (("recipe base", "a"),)
    assert found.why("nowhere") == ()


def test_closure_of_a_level() -> None:
    text = "a 1; Depends: l\nb 1; Depends: l, m\nl 1; Depends: n\nm 1\nn 1; Depends: l"
    wants = [parse_want("a", "base"), parse_want("b", "cc")]
    found = solve(world(text), wants, frozenset())
    assert closure(found, ["base"]) == {"a", "l", "n"}
    assert closure(found, ["cc"]) == {"b", "l", "m", "n"}
    assert closure(found, ["base", "cc"]) == {p.name for p in found.packages}
    assert closure(found, []) == frozenset()
