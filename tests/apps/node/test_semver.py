"""Version ranges: tables of what npm's documentation says, and npm's own answers."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaslug.apps.node.semver import Version, parse, version
from support.real import missing, need

ROWS = [
    # range, allowed, refused
    ("", ["0.0.1", "22.3.4"], ["1.0.0-rc.1"]),
    ("*", ["0.0.0", "99.0.0"], ["1.0.0-0"]),
    ("x", ["1.2.3"], []),
    ("1.2.3", ["1.2.3"], ["1.2.4", "1.2.3-a"]),
    ("=1.2.3", ["1.2.3"], ["1.2.2"]),
    ("v1.2.3", ["1.2.3"], ["1.2.2"]),
    ("18", ["18.0.0", "18.99.1"], ["17.9.9", "19.0.0"]),
    ("18.x", ["18.0.0", "18.99.1"], ["19.0.0"]),
    ("18.*.*", ["18.0.0"], ["19.0.0"]),
    ("1.2", ["1.2.0", "1.2.9"], ["1.3.0", "1.1.9"]),
    (">=18", ["18.0.0", "26.0.0"], ["17.9.9"]),
    (">= 18", ["18.0.0", "26.0.0"], ["17.9.9"]),
    (">18", ["19.0.0"], ["18.0.0", "18.9.0"]),
    (">1.2", ["1.3.0"], ["1.2.9"]),
    ("<=18", ["18.9.9", "1.0.0"], ["19.0.0"]),
    ("<18", ["17.9.9"], ["18.0.0", "18.0.0-rc.1"]),
    (">=18 <23", ["22.9.9"], ["23.0.0", "17.0.0"]),
    (">=18.0.0 <19 || >=20", ["18.5.0", "20.0.0"], ["19.0.0"]),
    ("^18.12.0 || ^20", ["18.12.0", "20.1.1"], ["18.11.0", "19.0.0", "21.0.0"]),
    ("^1.2.3", ["1.2.3", "1.9.0"], ["2.0.0", "1.2.2", "2.0.0-a"]),
    ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0"]),
    ("^0.0.3", ["0.0.3"], ["0.0.4"]),
    ("^0.0", ["0.0.0", "0.0.9"], ["0.1.0"]),
    ("^0", ["0.0.0", "0.9.9"], ["1.0.0"]),
    ("^1.x", ["1.0.0"], ["2.0.0"]),
    ("^1.2.3-beta.2", ["1.2.3-beta.2", "1.2.3-beta.10", "1.3.0"], ["1.2.3-beta.1", "1.3.0-beta.3"]),
    ("~1.2.3", ["1.2.3", "1.2.9"], ["1.3.0"]),
    ("~1.2", ["1.2.0"], ["1.3.0"]),
    ("~1", ["1.9.0"], ["2.0.0"]),
    ("~>1.2.3", ["1.2.9"], ["1.3.0"]),
    ("1.2.3 - 2.3.4", ["1.2.3", "2.3.4"], ["2.3.5", "1.2.2"]),
    ("1.2 - 2.3", ["1.2.0", "2.3.9"], ["2.4.0"]),
    ("1 - 2", ["1.0.0", "2.9.9"], ["3.0.0"]),
    (">1.0.0 <=2.0.0", ["2.0.0"], ["1.0.0", "2.0.1"]),
    ("<*", [], ["0.0.0", "1.0.0"]),
    (">*", [], ["1.0.0"]),
    (">=*", ["1.0.0"], []),
    ("||", ["1.0.0"], []),
    ("1.2.3+build.5", ["1.2.3"], ["1.2.4"]),
]  # fmt: skip

NO_RANGES = [
    "latest", "file:../x", "git+https://example.org/x.git", "npm:y@1", "workspace:*", "1.2.3.4",
    ">=1.2.3.4", "1..2", "=>1", "a.b.c", "1.2.3-", "1.2.3-a..b", "1.2.3-01", "01.2.3",
    "9" * 2000, "^", "1 -", "- 2",
]  # fmt: skip


@pytest.mark.parametrize(("text", "allowed", "refused"), ROWS)
def test_ranges(text: str, allowed: list[str], refused: list[str]) -> None:
    found = parse(text)
    assert found is not None
    for row, expected in [(allowed, True), (refused, False)]:
        for one in row:
            given_version = version(one)
            assert given_version is not None
            assert found.allows(given_version) is expected, one


@pytest.mark.parametrize("text", [t for t in NO_RANGES if t not in ("^",)])
def test_what_is_no_range(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "majors"),
    [
        (">=18", [18, 20, 22, 24, 26]),
        ("22.3.0", [22]),
        (">=22.3 <22.4", [22]),
        (">22", [24, 26]),
        (">22.1.0", [22, 24, 26]),
        ("<20", [18]),
        ("<20.0.0-0 || 24", [18, 24]),
        ("^20.1 || ^22", [20, 22]),
        (">=20 <20", []),
        ("20 22", []),
        ("*", [18, 20, 22, 24, 26]),
    ],
)
def test_which_major_versions_a_range_touches(text: str, majors: list[int]) -> None:
    found = parse(text)
    assert found is not None
    assert [n for n in (18, 20, 22, 24, 26) if found.touches(n)] == majors


def test_versions_are_in_the_order_of_the_specification() -> None:
    rows = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11"
    texts = [*rows.split(), "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0"]
    made = [version(text) for text in texts]
    assert None not in made
    assert [str(v) for v in sorted(v for v in made if v)] == texts


@given(st.text(alphabet="0123456789.xX*^~<>=|- v\ta", max_size=20))
def test_no_text_breaks_it(text: str) -> None:
    found = parse(text)
    if found is not None:
        assert found.allows(Version(1, 2, 3)) in (True, False)
        for major in (0, 1, 2):
            if found.allows(Version(major, 2, 3)):
                assert found.touches(major)


def npm_semver() -> str:
    """Return the folder of node-semver in npm."""
    real = Path(need("npm")).resolve()
    for folder in real.parents:
        found = folder / "node_modules" / "semver"
        if found.is_dir():
            return str(found)
    missing("npm's own semver is not beside it")
    return ""


def some_ranges() -> list[str]:
    """Return ranges made of every operator and shape, always the same ones."""
    rng = random.Random(7)
    heads = ["", "^", "~", ">=", ">", "<", "<=", "=", ">= ", "~>", "^ ", "v"]

    def one() -> str:
        # What comes after an x is read in other ways by other versions of npm.
        parts = [rng.choice("0123") for _ in range(rng.randint(1, 3))]
        for at in range(rng.randint(0, 8), len(parts)):
            parts[at] = rng.choice("xX*")
        text = ".".join(parts)
        if len(parts) == 3 and rng.random() < 0.3:
            text += rng.choice(["-0", "-a", "-a.1", "-rc.10", "+b"])
        return text

    made = []
    for _ in range(800):
        sets = []
        for _ in range(rng.randint(1, 2)):
            if rng.random() < 0.15:
                sets.append(f"{one()} - {one()}")
            else:
                sets.append(" ".join(rng.choice(heads) + one() for _ in range(rng.randint(1, 2))))
        made.append(" || ".join(sets))
    return made


def test_npm_gives_the_same_answers() -> None:
    ranges = some_ranges()
    versions = [
        f"{a}.{b}.{c}{pre}" for a in range(4) for b in (0, 1, 3) for c in (0, 2)
        for pre in ("", "-a", "-rc.9")
    ]  # fmt: skip
    script = (
        "const s=require(process.argv[1]);const d=JSON.parse(require('fs').readFileSync(0));"
        "const v=d.versions.map(t=>new s.SemVer(t));"
        "process.stdout.write(JSON.stringify(d.ranges.map(r=>{try{const R=new s.Range(r);"
        "return v.map(x=>R.test(x)?1:0).join('')}catch(e){return null}})))"
    )
    done = subprocess.run(
        [need("node"), "-e", script, npm_semver()], capture_output=True, text=True, check=True,
        input=json.dumps({"ranges": ranges, "versions": versions}),
    )  # fmt: skip
    parsed = [version(text) for text in versions]
    different = []
    for text, theirs in zip(ranges, json.loads(done.stdout), strict=True):
        found = parse(text)
        ours = found and "".join(str(int(found.allows(v))) for v in parsed if v)
        if ours != theirs:
            different.append((text, ours, theirs))
    assert not different, different[:5]
