"""What can be chosen from; and, of anything that can be chosen, that the choice is sound."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.deb import relation
from seaslug.deb.index import Index, build
from seaslug.deb.universe import Candidate, Universe, answers
from seaslug.errors import HostileError, ResolveError, UnknownNameError
from support.worlds import pick, stanza, world


def of(text: str) -> Universe:
    raw = text.encode()
    return Universe("amd64", [("trixie", Index(build(raw), raw))], frozenset({"trixie"}))


def test_suites_are_merged_newest_first() -> None:
    universe = world("a 1\na 2~", trixie_security="a 1+deb13u1", trixie_updates="a 1.5")
    assert [str(c) for c in universe.candidates("a")] == [
        "a 2~ (trixie)",
        "a 1.5 (trixie-updates)",
        "a 1+deb13u1 (trixie-security)",
        "a 1 (trixie)",
    ]


def test_of_one_version_in_two_archives_the_first_is_taken() -> None:
    universe = world("a 1", trixie_security="a 1")
    assert [c.package.archive for c in universe.candidates("a")] == ["trixie"]


def test_what_is_not_home_is_seen_through_its_suite_only() -> None:
    universe = world("a 1", sid="a 2\nb 1; Provides: cc", home=("trixie",))
    assert [c.package.version for c in universe.candidates("a")] == ["1"]
    assert [c.package.version for c in universe.candidates("a", "sid")] == ["2"]
    assert universe.providers("cc") == ()
    assert universe.names() == ("a", "b")


def test_the_fields_of_a_package() -> None:
    text = stanza("libc-bin 2.41-12; Source: glibc; Installed-Size: 1800; Architecture: all")
    (found,) = of(text).candidates("libc-bin")
    package = found.package
    assert (package.source, package.installed_size) == ("glibc (2.41-12)", 1800)
    assert (package.arch, package.archive, package.size) == ("all", "trixie", 10)
    assert package.path == "pool/main/libc-bin/libc-bin_2.41-12.deb"


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("a 1", "a (1)"),
        ("a 1; Source: b", "b (1)"),
        ("a 1+b1; Source: b (1)", "b (1)"),
    ],
)
def test_source(line: str, source: str) -> None:
    assert of(stanza(line)).candidates("a")[0].package.source == source


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("a 1; Filename: /etc/passwd", "unsafe Filename"),
        ("a 1; Filename: pool/../../x", "unsafe Filename"),
        ("a 1; Filename: https://example.org/x", "unsafe Filename"),
        ("a 1; Size: many", "many"),
        ("a 1; SHA256: 12", "not a sha256 digest"),
        ("a 1; Depends: b (>= 1", "not a relation"),
        ("a 1; Conflicts: ?", "not a relation"),
        ("a 1_0", "not a Debian version"),
    ],
)
def test_a_malformed_entry_is_named(line: str, complaint: str) -> None:
    with pytest.raises(HostileError, match=complaint) as caught:
        of(stanza(line)).candidates("a")
    assert caught.value.where == "trixie: a"


@pytest.mark.parametrize("field", ["Version", "Architecture", "Filename", "Size", "SHA256"])
def test_a_missing_field_is_named(field: str) -> None:
    lines = [row for row in stanza("a 1").splitlines() if not row.startswith(field)]
    with pytest.raises(HostileError, match=f"has no {field}"):
        of("\n".join(lines)).candidates("a")


NAMES = ("aa", "bb", "cc", "dd")
versions = st.sampled_from(["1", "2", "3"])
names = st.sampled_from(NAMES)
simple = st.builds(
    lambda name, op, version: f"{name} ({op} {version})" if op else name,
    names, st.sampled_from(["", "", ">=", "<<", "="]), versions,
)  # fmt: skip
clauses = st.lists(st.lists(simple, min_size=1, max_size=2).map(" | ".join), max_size=2)
lines = st.builds(
    lambda name, version, depends, against, provides: "; ".join(
        [
            f"{name} {version}",
            *([f"Depends: {', '.join(depends)}"] if depends else []),
            *([f"Breaks: {against}"] if against else []),
            *([f"Provides: {provides}"] if provides else []),
        ]
    ),
    names, versions, clauses, st.just("") | st.just("") | simple, st.just("") | names,
)  # fmt: skip


def sound(taken: tuple[Candidate, ...]) -> bool:
    """Tell whether *taken* is a set that dpkg would install."""
    met = all(
        any(answers(c, r, "amd64") for r in clause for c in taken)
        for candidate in taken
        for clause in candidate.depends
    )
    return met and not any(
        answers(other, r, "amd64")
        for candidate, other in itertools.permutations(taken, 2)
        for r in candidate.against
    )


def possible(universe: Universe, want: str) -> bool:
    """Try every set of packages there is."""
    (wanted,) = relation.parse(want)[0]
    options = [(None, *universe.candidates(name)) for name in NAMES]
    return any(
        sound(taken) and any(answers(c, wanted, "amd64") for c in taken)
        for chosen in itertools.product(*options)
        if (taken := tuple(c for c in chosen if c is not None))
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(lines, min_size=1, max_size=7, unique_by=lambda t: t.split(";")[0]), names)
def test_what_is_resolved_is_sound_and_what_is_not_cannot_be(rows: list[str], want: str) -> None:
    universe = world("\n".join(rows))
    try:
        found = pick(universe, want)
    except UnknownNameError:
        assert not universe.candidates(want)
        return
    except ResolveError:
        # Providers are looked at in their newest version only, so that much may be missed.
        assert any("Provides" in row for row in rows) or not possible(universe, want)
        return
    taken = tuple(
        next(c for c in universe.candidates(p.name) if c.package == p) for p in found.packages
    )
    assert sound(taken)
    assert not found.skipped
    assert found.why(found.packages[0].name)
