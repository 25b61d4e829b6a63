"""What can break when the base below an application changes, one case each; and what does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.bases import LIBRARIES, PATH, Bench, binary, file, libc, library, link, program

PROOF = 12
USERS = file("etc/passwd", "root:x:0:0:root:/:/x\nweb:x:99:99:web:/:/x\n")
GROUPS = file("etc/group", "root:x:0:\nweb:x:99:\n")
PYTHON = binary("usr/bin/python3.13", kind=3)


@dataclass
class Case:
    """What the old base has, what the new one has, what the application brings; what is said."""

    old: tuple[Any, ...]
    new: tuple[Any, ...]
    app: tuple[Any, ...]
    said: str
    where: str
    config: dict[str, Any] = field(default_factory=dict)


FOO = library("libfoo.so.1", defines=("FOO_1",), gives=("foo_open",))
BREAKS = {
    "a library is gone": Case(
        (*libc(), FOO), libc(), (program(needed=("libfoo.so.1",)),),
        "needs libfoo.so.1, which is not there", "/app/prog",
    ),
    "a library of a library is gone": Case(
        (*libc(), FOO), libc(),
        (program(needed=("libown.so",), runpath="$ORIGIN"),
         binary("app/libown.so", soname="libown.so", needed=("libfoo.so.1",))),
        "needs libfoo.so.1, which is not there", "/app/libown.so",
    ),
    "a library lies where the loader does not look": Case(
        (*libc(), FOO), (*libc(), binary("opt/libfoo.so.1", soname="libfoo.so.1")),
        (program(needed=("libfoo.so.1",)),),
        "needs libfoo.so.1, which is not there", "/app/prog",
    ),
    "a library of another architecture": Case(
        (*libc(), FOO), (*libc(), file(f"{LIBRARIES}/libfoo.so.1", "no library")),
        (program(needed=("libfoo.so.1",)),),
        "needs libfoo.so.1, which is not there", "/app/prog",
    ),
    "an older C library": Case(
        libc("GLIBC_2.34", "GLIBC_2.38"), libc("GLIBC_2.34"), (program("app/prog", "GLIBC_2.38"),),
        "needs GLIBC_2.38 of libc.so.6, which the one there does not define", "/app/prog",
    ),
    "a version of a library's own": Case(
        (*libc(), FOO), (*libc(), library("libfoo.so.1", defines=("FOO_2",))),
        (program(needed=("libfoo.so.1",), needs=[("libfoo.so.1", "FOO_1")]),),
        "needs FOO_1 of libfoo.so.1", "/app/prog",
    ),
    "a symbol without a version": Case(
        (*libc(), library("libbar.so.2", gives=("bar_open", "bar_read"))),
        (*libc(), library("libbar.so.2", gives=("bar_open",))),
        (program(needed=("libbar.so.2",), takes=("bar_open", "bar_read")),),
        "needs bar_read, which no library defines any more", "/app/prog",
    ),
    "the dynamic loader": Case(
        libc(), libc()[:2], (program(),),
        "the dynamic loader /lib64/ld-linux-x86-64.so.2 is not there", "/app/prog",
    ),
    "another Python": Case(
        (PYTHON,), (binary("usr/bin/python3.11", kind=3),), (file("app/main.py", "1"),),
        "was built for Python 3.13; the new base has 3.11", "the base",
    ),
    "another Java": Case(
        (file("usr/lib/jvm/java-17-openjdk-amd64/bin/java"),),
        (file("usr/lib/jvm/java-21-openjdk-amd64/bin/java"),), (file("app/a.jar", "1"),),
        "was built for Java 17; the new base has 21", "the base",
    ),
    "what starts": Case(
        (file("usr/bin/run", "#!", 0o755),), (), (file("app/x"),),
        "what starts is not there: run", "the configuration", {"Entrypoint": ["run"]},
    ),
    "the user": Case(
        (USERS,), (file("etc/passwd", "root:x:0:0::/:\n"),), (file("app/x"),),
        "web is not in /etc/passwd", "User", {"User": "web"},
    ),
    "the user's number": Case(
        (USERS,), (), (file("app/x"),), "99 is not in /etc/passwd", "User", {"User": "99"},
    ),
    "the group": Case(
        (USERS, GROUPS), (USERS,), (file("app/x"),),
        "web is not in /etc/group", "User", {"User": "web:web"},
    ),
    "the interpreter of scripts": Case(
        (file("usr/bin/python3", "", 0o755),), (),
        (file("app/one", "#!/usr/bin/python3 -I\n", 0o755), file("app/two", "#!/usr/bin/python3")),
        "scripts start with /usr/bin/python3, which is not there", "/app/one, /app/two",
    ),
    "the interpreter by env": Case(
        (file("usr/bin/env", "", 0o755), file("usr/bin/node", "", 0o755)),
        (file("usr/bin/env", "", 0o755),), (file("app/one", "#!/usr/bin/env -S node\n"),),
        "scripts start with node", "/app/one",
    ),
    "a link": Case(
        (file("usr/share/zone", "1"),), (), (link("app/zone", "/usr/share/zone"),),
        "a link to /usr/share/zone, which is not there", "/app/zone",
    ),
}  # fmt: skip


def bench(folder: Path, case: Case) -> Bench:
    made = Bench(folder)
    made.base("old", *case.old)
    made.base("new", file("etc/new", "new"), *case.new)
    made.app("app", "old", *case.app, **case.config)
    return made


@pytest.mark.parametrize("name", BREAKS)
def test_what_breaks_is_named_and_nothing_is_made(name: str, tmp_path: Path) -> None:
    case = BREAKS[name]
    made = bench(tmp_path, case)
    before = made.store.tags()
    done = made.rebase("--json")
    assert done.status == PROOF, done.err
    found = done.json["images"][0]["problems"]
    assert [case.said in one["what"] for one in found] == [True], found
    assert case.where in found[0]["where"] and found[0]["hint"]
    assert (done.json["digest"], made.store.tags()) == ("", before)
    assert f"does not fit: {found[0]['where']}: {found[0]['what']}" in done.err


@pytest.mark.parametrize("name", BREAKS)
def test_the_base_that_it_had_still_fits(name: str, tmp_path: Path) -> None:
    case = BREAKS[name]
    case = Case(case.old, case.old, case.app, "", "", case.config)
    done = bench(tmp_path, case).rebase("--json")
    assert (done.status, done.json["images"][0]["problems"]) == (0, []), done.err


def test_what_was_missing_before_is_no_news(tmp_path: Path) -> None:
    app = program("app/prog", "GLIBC_2.99", needed=("libgone.so",), takes=("nowhere",))
    case = Case(libc(), libc(), (app, link("app/l", "/gone"), file("app/s", "#!/gone")), "", "")
    done = bench(tmp_path, case).rebase()
    assert done.status == 0 and "fits: 4 libraries, versions and symbols are there" in done.err


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    case = Case(
        (*libc(), FOO, USERS, PYTHON), (),
        (program(needed=("libfoo.so.1",)), file("app/s", "#!/usr/bin/python3.13")), "", "",
        {"User": "web"},
    )  # fmt: skip
    done = bench(tmp_path, case).rebase("--dry-run")
    assert done.status == PROOF and "nothing was made: --dry-run" in done.err
    for said in ("libfoo.so.1", "libc.so.6", "dynamic loader", "Python 3.13", "web is not",
                 "scripts start with"):  # fmt: skip
        assert said in done.err


def test_a_release_that_has_the_version_is_named(tmp_path: Path) -> None:
    done = bench(tmp_path, BREAKS["an older C library"]).rebase()
    assert "take a base of debian13 or newer" in done.err


def test_force_does_it_nevertheless(tmp_path: Path) -> None:
    made = bench(tmp_path, BREAKS["a library is gone"])
    done = made.rebase("--force", "-t", "forced")
    assert done.status == 0 and "made nevertheless" in done.err
    assert made.store.tags()["forced"].digest.text == done.out.strip()


@pytest.mark.parametrize(
    "runtime",
    [
        ("NODE_VERSION=22.1.0", "NODE_VERSION=24.0.1"),
        ("JAVA_VERSION=jdk-17.0.9", "JAVA_VERSION=jdk-21"),
    ],
)
def test_an_interpreter_that_the_environment_tells_of(
    runtime: tuple[str, str], tmp_path: Path
) -> None:
    made = Bench(tmp_path)
    made.base("old", file("x"), config={"Env": [PATH, runtime[0]]})
    made.base("new", file("y"), config={"Env": [PATH, runtime[1]]})
    made.app("app", "old", file("app/x"), Env=[PATH, runtime[0]])
    done = made.rebase()
    assert done.status == PROOF and "was built for" in done.err


def test_what_the_application_lays_over_the_base_is_said(tmp_path: Path) -> None:
    case = Case(
        (*libc(), FOO, file("etc/motd", "old")), (*libc(), FOO, file("etc/motd", "new")),
        (program(needed=("libfoo.so.1",)), file("etc/motd", "mine"),
         binary("app/libfoo.so.1", soname="libfoo.so.1")),
        "", "",
    )  # fmt: skip
    done = bench(tmp_path, case).rebase()
    assert done.status == 0
    assert "note: the application's files hide the base's: /etc/motd" in done.err
    assert "libraries that the base has too: /app/libfoo.so.1" in done.err


def test_a_program_finds_its_libraries_by_the_variable_and_by_its_own_path(tmp_path: Path) -> None:
    own = binary("app/lib/libown.so.3", soname="libown.so.3", gives=("own",))
    other = binary("app/more/libmore.so.4", soname="libmore.so.4")
    app = program(needed=("libown.so.3", "libmore.so.4"), runpath="$ORIGIN/more", takes=("own",))
    config = {"Env": [PATH, "LD_LIBRARY_PATH=/app/lib"]}
    case = Case(libc(), libc(), (app, own, other), "", "", config)
    done = bench(tmp_path, case).rebase()
    assert done.status == 0, done.err


def test_layers_are_read_once(tmp_path: Path) -> None:
    """What a layer holds is remembered: the second time not even a spoiled one is looked at."""
    made = bench(tmp_path, BREAKS["a link"])
    first = made.rebase("--dry-run", "--json")
    layers = made.inspect("app")["layers"]
    for layer in layers:
        path = tmp_path / "home" / "blobs" / "sha256" / layer["digest"].removeprefix("sha256:")
        path.chmod(0o644)
        path.write_bytes(b"spoiled")
    assert made.rebase("--dry-run", "--json").json == first.json
