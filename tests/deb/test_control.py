"""Control stanzas and Release files: read strictly, every complaint with its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.deb import control, release
from seaslug.errors import HostileError, SeaslugError, TrustError

DIGEST = "ab" * 32
RELEASE = f"""Origin: Debian
Suite: stable
Version: 13.1
Codename: trixie
Date: Sat, 06 Sep 2025 08:19:57 UTC
Valid-Until: Sat, 13 Sep 2025 08:19:57 UTC
Acquire-By-Hash: yes
Architectures: all amd64 arm64
Components: main contrib
SHA256:
 {DIGEST} 1234 main/binary-amd64/Packages
 {DIGEST.upper()}       56 main/binary-amd64/Packages.xz
"""

keys = st.from_regex(r"[A-Z][A-Za-z0-9-]{0,10}", fullmatch=True)
plain = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["C"]))
texts = st.lists(plain.filter(lambda t: t.isprintable()), max_size=3).map(" ".join).map(str.strip)
values = st.builds(
    lambda first, rest: "\n ".join((first, *rest)),
    texts,
    st.lists(texts.filter(bool), max_size=2),
)


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"", {}),
        (b"\n \n", {}),
        (b"A: b", {"A": "b"}),
        (b"A: b\r\n", {"A": "b"}),
        (b"\n\nA:b\nC:   d  \n", {"A": "b", "C": "d"}),
        (b"A:\n b\n  c\n .\n\td\n", {"A": "\n b\n  c\n .\n\td"}),
        (b"A: b: c\n", {"A": "b: c"}),
        (b"A: 1\n\nB: 2\n", {"A": "1"}),
        (b"A: \xff\n", {"A": "�"}),
    ],
)
def test_stanza(raw: bytes, fields: dict[str, str]) -> None:
    assert control.parse(raw) == fields


@settings(deadline=None)
@given(st.dictionaries(keys, values, max_size=5))
def test_what_is_dumped_is_read_back(fields: dict[str, str]) -> None:
    assert control.parse(control.dump(fields).encode()) == fields


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b" b\n", "x:1: a continuation of nothing"),
        (b"A: b\nnothing\n", "x:2: not a field: 'nothing'"),
        (b"A: b\n: c\n", "x:2: not a field"),
        (b"A b: c\n", "x:1: not a field"),
        (b"A: 1\nB: 2\nA: 3\n", "x:3: the field A stands twice"),
        (b"A: " + b"b" * control.MAX_STANZA, "x: a stanza of"),
    ],
)
def test_malformed_stanza(raw: bytes, complaint: str) -> None:
    with pytest.raises(HostileError) as caught:
        control.parse(raw, "x")
    assert str(caught.value).startswith(complaint)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        control.parse(raw)
        list(control.stanzas(raw))
    except HostileError:
        pass


def test_stanzas_are_split_at_blank_lines() -> None:
    raw = b"\nA: 1\nB: 2\n\n\n\nA: 3\n\n"
    assert list(control.stanzas(raw)) == [{"A": "1", "B": "2"}, {"A": "3"}]


def test_release() -> None:
    found = release.parse(RELEASE.encode())
    assert (found.suite, found.codename, found.version) == ("stable", "trixie", "13.1")
    assert found.date == 1757146797
    assert found.valid_until == 1757146797 + 7 * 86400
    assert found.architectures == ("all", "amd64", "arm64")
    assert found.components == ("main", "contrib")
    assert found.by_hash
    assert {path: (d.hex, size) for path, (d, size) in found.files.items()} == {
        "main/binary-amd64/Packages": (DIGEST, 1234),
        "main/binary-amd64/Packages.xz": (DIGEST, 56),
    }


@pytest.mark.parametrize("zone", ["UTC", "GMT", "+0000"])
def test_zones_of_a_release(zone: str) -> None:
    found = release.parse(RELEASE.replace("57 UTC", f"57 {zone}").encode())
    assert (found.date, found.valid_until) == (1757146797, 1757146797 + 7 * 86400)


def test_a_release_without_an_end_or_by_hash() -> None:
    """Stable suites have no Valid-Until."""
    lines = [line for line in RELEASE.splitlines() if not line.startswith(("Valid", "Acquire"))]
    found = release.parse("\n".join(lines).encode())
    assert found.valid_until is None
    assert not found.by_hash


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Date: Sat, 06 Sep 2025 08:19:57 UTC\n", ""),
        ("SHA256:", "MD5Sum:"),
        ("Date: Sat, 06 Sep 2025 08:19:57 UTC", "Date: yesterday"),
        ("Date: Sat, 06 Sep 2025 08:19:57 UTC", "Date: Sat, 06 Sep 2025 08:19:57 +0200"),
        ("Valid-Until: Sat, 13 Sep", "Valid-Until: Sat, 33 Sep"),
        (f"{DIGEST} 1234", f"{DIGEST} -1234"),
        (f"{DIGEST} 1234", f"{DIGEST} 12³"),
        (f"{DIGEST} 1234", DIGEST),
        (f"{DIGEST} 1234", f"{DIGEST[:-1]} 1234"),
        (f"{DIGEST} 1234", f"{DIGEST[:-1]}g 1234"),
    ],
)
def test_malformed_release(old: str, new: str) -> None:
    assert old in RELEASE
    with pytest.raises(TrustError) as caught:
        release.parse(RELEASE.replace(old, new).encode(), "trixie InRelease")
    assert "trixie InRelease" in str(caught.value)


def test_a_release_that_is_no_stanza() -> None:
    with pytest.raises(SeaslugError, match="not a field"):
        release.parse(b"<html>no such page</html>")
