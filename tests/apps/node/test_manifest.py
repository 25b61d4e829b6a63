"""package.json and lock files: what they say, and where they do not agree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.apps.node import lockfile
from seaslug.apps.node.lockfile import (
    disagreements,
    find,
    optional_builds,
    pnpm_specifiers,
    yarn_keys,
)
from seaslug.apps.node.manifest import Manifest, parse
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.values.tree import Tree, file


def manifest(**data: Any) -> Manifest:
    return parse(json.dumps(data))


def test_a_manifest() -> None:
    found = manifest(
        name="@me/app", main="a.js", bin="./cli.js", engines={"node": ">=20"},
        volta={"node": "22.1.0"}, scripts={"start": "node a"}, dependencies={"a": "^1"},
        devDependencies={"b": "2"}, workspaces=["x"],
    )  # fmt: skip
    assert (found.name, found.main, found.bin) == ("@me/app", "a.js", (("app", "./cli.js"),))
    assert (found.node, found.volta, found.script("start")) == (">=20", "22.1.0", "node a")
    assert found.needs("a") and not found.needs("b") and found.uses("b") and found.workspaces


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("{", ["package.json:1", "not JSON"]),
        ('{\n "a": 1,\n b}', ["package.json:3"]),
        ("[]", ["must be an object"]),
        ('{"scripts": []}', ["scripts must be an object"]),
        ('{"dependencies": {"a": 1}}', ["dependencies.a must be text"]),
        ('{"main": 1, "scripts": {"start": []}, "bin": 3}',
         ["3 mistakes", "main must be text", "scripts.start must be text", "bin must be"]),
        ("[" * 100000, ["not JSON"]),
    ],
)  # fmt: skip
def test_bad_manifests(text: str, parts: list[str]) -> None:
    with pytest.raises(ProjectError) as caught:
        parse(text)
    for part in parts:
        assert part in str(caught.value)


GOOD = {"dependencies": {"express": "^5.0.0", "ms": "2"}, "devDependencies": {"tsc": "1"}}
NPM = {"lockfileVersion": 3, "packages": {"": GOOD}}


def npm_rows(lock: object, **data: Any) -> str:
    text = json.dumps(lock)
    found = find(Project("/p", Tree([file("package-lock.json", text.encode())])), Manifest())
    assert found is not None
    return "; ".join(map(str, disagreements(found, manifest(**data), {})))


def test_an_npm_lock_that_agrees() -> None:
    assert npm_rows(NPM, **GOOD) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dependencies": {"express": "^4.0.0", "ms": "2"}},
         "express is ^4.0.0, the lock has ^5.0.0"),
        ({"dependencies": {"express": "^5.0.0", "ms": "2", "pg": "8"}}, "pg 8 is not in the lock"),
        ({"dependencies": {"express": "^5.0.0"}}, "ms is only in the lock"),
        ({"devDependencies": {}}, "tsc is only in the lock"),
        ({"optionalDependencies": {"ms": "2"}}, "ms 2 is not in the lock"),
    ],
)  # fmt: skip
def test_an_npm_lock_that_does_not(change: dict[str, Any], said: str) -> None:
    text = npm_rows(NPM, **{**GOOD, **change})
    assert "does not agree with package.json" in text and said in text
    assert "npm install --package-lock-only" in text


def test_npm_locks_of_the_first_format() -> None:
    lock = {"lockfileVersion": 1, "dependencies": {"a": {"version": "1.2.3"}, "b": 1}}
    assert npm_rows(lock, dependencies={"a": "^1.0.0"}) == ""
    assert "a is ^2.0.0, the lock has 1.2.3" in npm_rows(lock, dependencies={"a": "^2.0.0"})
    assert "c 1 is not in the lock" in npm_rows(lock, dependencies={"a": "1", "c": "1"})


def test_workspaces_are_compared_as_well() -> None:
    lock = {"lockfileVersion": 3, "packages": {"": {}, "packages/a": {"dependencies": {"x": "1"}}}}
    found = lockfile.LockFile("npm", "package-lock.json", json.dumps(lock))
    member = parse('{"dependencies": {"x": "2"}}', "packages/a/package.json")
    other = parse('{"dependencies": {"y": "2"}}', "tests/fixture/package.json")
    rows = disagreements(found, Manifest(), {"packages/a": member, "tests/fixture": other})
    assert len(rows) == 1 and "x is 2, the lock has 1" in str(rows[0])


def test_many_differences_are_counted() -> None:
    text = npm_rows({"packages": {"": {}}}, dependencies={f"d{n}": "1" for n in range(30)})
    assert "and 22 more" in text


PNPM9 = """lockfileVersion: '9.0'

settings:
  autoInstallPeers: true

importers:

  .:
    dependencies:
      express:
        specifier: ^5.0.0
        version: 5.1.0
      '@a/b':
        specifier: 'npm:c@1'
        version: c@1.0.0
    devDependencies:
      typescript:
        specifier: ^5.9.0
        version: 5.9.2

  packages/x:
    dependencies:
      other:
        specifier: '1'
        version: 1.0.0

packages:

  express@5.1.0:
    resolution: {integrity: sha512-x}
"""
PNPM6 = """lockfileVersion: '6.0'

dependencies:
  express:
    specifier: ^5.0.0
    version: 5.1.0

packages:

  /express@5.1.0:
    dependencies:
      x: 1
"""
PNPM5 = (
    "lockfileVersion: 5.4\n\nspecifiers:\n  express: ^5.0.0\n\ndependencies:\n  express: 5.1.0\n"
)


def rows_of(path: str, text: str, **data: Any) -> str:
    one = Project("/p", Tree([file(path, text.encode())]))
    found = find(one, Manifest())
    assert found is not None
    return "; ".join(map(str, disagreements(found, manifest(**data), {})))


def test_pnpm_locks() -> None:
    both = {
        "dependencies": {"express": "^5.0.0", "@a/b": "npm:c@1"},
        "devDependencies": {"typescript": "^5.9.0"},
    }
    assert rows_of("pnpm-lock.yaml", PNPM9, **both) == ""
    assert "other is only" not in rows_of("pnpm-lock.yaml", PNPM9, dependencies={})
    assert "@a/b is only in the lock" in rows_of("pnpm-lock.yaml", PNPM9, dependencies={})
    for text in (PNPM6, PNPM5):
        assert rows_of("pnpm-lock.yaml", text, dependencies={"express": "^5.0.0"}) == ""
        said = rows_of("pnpm-lock.yaml", text, dependencies={"express": "^4.0.0"})
        assert "express is ^4.0.0, the lock has ^5.0.0" in said and "pnpm install" in said
    changed = {"dependencies": {"express": "^4.0.0"}, "pnpm": {"overrides": {"express": "^5.0.0"}}}
    assert rows_of("pnpm-lock.yaml", PNPM6, **changed) == ""


YARN1 = """# yarn lockfile v1


"@a/b@^1.0.0", "@a/b@^1.2.0":
  version "1.2.0"

ms@^2.1.0:
  version "2.1.3"
  dependencies:
    x "1"
"""
BERRY = """__metadata:
  version: 8

"@a/b@npm:^1.0.0, @a/b@npm:^1.2.0":
  version: 1.2.0

"ms@npm:^2.1.0":
  version: 2.1.3
"""


def test_yarn_locks_of_both_kinds() -> None:
    assert set(yarn_keys(YARN1)) == {"@a/b@^1.0.0", "@a/b@^1.2.0", "ms@^2.1.0"}
    for text in (YARN1, BERRY):
        good = {"@a/b": "^1.2.0", "ms": "^2.1.0", "own": "workspace:*"}
        assert rows_of("yarn.lock", text, dependencies=good) == ""
        said = rows_of("yarn.lock", text, dependencies={"ms": "^3.0.0", "pg": "8"})
        assert "ms ^3.0.0 is not in the lock with that range" in said
        assert "pg 8 is not in the lock" in said


@pytest.mark.parametrize(
    ("paths", "manager", "expected"),
    [
        (["package-lock.json"], "", "npm 3"),
        (["pnpm-lock.yaml"], "", "pnpm 9.0"),
        (["yarn.lock"], "", "berry 8"),
        (["package-lock.json", "npm-shrinkwrap.json"], "", "npm 3"),
        (["package-lock.json", "yarn.lock"], "yarn@4.1.0", "berry 8"),
        (["package-lock.json", "pnpm-lock.yaml", "yarn.lock"], "pnpm@10.0.0", "pnpm 9.0"),
        ([], "", ""),
    ],
)
def test_whose_lock_it_is(paths: list[str], manager: str, expected: str) -> None:
    texts = {"package-lock.json": json.dumps(NPM), "npm-shrinkwrap.json": json.dumps(NPM),
             "pnpm-lock.yaml": PNPM9, "yarn.lock": BERRY}  # fmt: skip
    one = Project("/p", Tree(file(path, texts[path].encode()) for path in paths))
    found = find(one, Manifest(manager=manager))
    assert (f"{found.manager} {found.format}" if found else "") == expected


def test_two_locks_ask_which() -> None:
    one = Project("/p", Tree([file("package-lock.json", b"{}"), file("yarn.lock", b"")]))
    with pytest.raises(ProjectError, match=r"package-lock\.json, yarn\.lock"):
        find(one, Manifest())


def test_a_lock_that_cannot_be_read() -> None:
    for text in (b"{", b"[]", b""):
        with pytest.raises(ProjectError) as caught:
            find(Project("/p", Tree([file("package-lock.json", text)])), Manifest())
        assert "package-lock.json" in caught.value.where


def test_which_builds_a_lock_holds() -> None:
    packages = {
        "": {"optionalDependencies": {"x": "1"}},
        "node_modules/sharp": {
            "optionalDependencies": {"@i/linux-x64": "1", "@i/linux-arm64": "1"}
        },
        "node_modules/@i/linux-x64": {"cpu": ["x64"], "os": ["linux"]},
        "node_modules/dev": {"dev": True, "optionalDependencies": {"@i/linux-x64": "1"}},
    }
    lock = lockfile.LockFile("npm", "package-lock.json", json.dumps({"packages": packages}))
    assert optional_builds(lock) == {
        "sharp": (("@i/linux-x64", "@i/linux-arm64"), (("@i/linux-x64", "x64"),))
    }


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            ["", "a", "packages", "node_modules/a", "dependencies", "optionalDependencies", "cpu",
             "dev", "bin", "engines", "node", "scripts", "pnpm", "overrides", "volta"]
        ), inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON, JSON)
@settings(max_examples=150)
def test_nothing_but_project_errors_comes_out(package: object, lock: object) -> None:
    files = [file("package-lock.json", json.dumps(lock).encode())]
    try:
        found = find(Project("/p", Tree(files)), Manifest())
        assert found is not None
        disagreements(found, parse(json.dumps(package)), {})
        optional_builds(found)
    except ProjectError as error:
        assert error.where.startswith(("package.json", "package-lock.json")) or "mistakes" in str(
            error
        )


@given(st.text(alphabet="ab: '\n-.#specifierdependencies", max_size=80))
def test_no_text_breaks_the_other_locks(text: str) -> None:
    head = "importers:\n  .:\n    dependencies:\n"
    assert all(len(row) == 2 for row in pnpm_specifiers(head + text))
    assert all(isinstance(key, str) for key in yarn_keys(text))
