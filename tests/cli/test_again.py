"""The same build again: answered from a note, and only as long as nothing could have changed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import seaslug
from support.cli import Done
from support.shop import ARM64, Shop, hello

LOADED = """\
import sys
from seaslug.cli.main import main
try:
    sys.exit(main(sys.argv[1:]))
finally:
    sys.stderr.write("LOADED " + " ".join(sys.modules))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop(tmp_path) as made:
        yield made


def loaded(*args: object, env: dict[str, str] | None = None) -> tuple[Done, frozenset[str]]:
    """Run a command in a process of its own; return also the modules that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *map(str, args)],
        env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    err, _, names = done.stderr.partition("LOADED ")
    return Done(done.returncode, done.stdout, err), frozenset(names.split())


def noted(shop: Shop, *args: object, home: Path | None = None, **more: str) -> bool:
    """Build; tell whether the answer came from a note: a real build stumbles over index.json."""
    held = _hold_back((home or shop.cli.home) / "index.json")
    try:
        done = shop.cli(*shop.command(*args, **more))
    finally:
        held()
    assert done.status == 0 or "is not an OCI index" in done.err or "no such recipe" in done.err
    return done.status == 0


def _hold_back(path: Path) -> Callable[[], None]:
    """Make *path* unreadable for a real build; size and time are as before."""
    state, raw = path.stat(), path.read_bytes()
    path.write_bytes(b"?" * len(raw))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    def back() -> None:
        path.write_bytes(raw)
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    return back


def test_the_second_time_prints_the_same_from_a_note(shop: Shop) -> None:
    first = shop.build()
    argv = shop.command()
    again, modules = loaded(*argv, env=shop.cli.env)
    assert (again.status, again.out) == (0, first.out)
    line = next(row for row in first.err.splitlines() if row.startswith("tiny:latest"))
    told = again.err.splitlines()
    assert told[0] == line.partition(";")[0] + "; as built before"
    assert re.fullmatch(r"  \d+\.\d\d s", told[1])
    assert not modules & {"argparse", "json", "re", "pathlib", "dataclasses", "hashlib"}
    assert not any(name.startswith(("seaslug.ops", "seaslug.adapters")) for name in modules)
    shop.server.down()
    assert shop.cli(*argv).out == first.out


def test_quiet_stays_quiet(shop: Shop) -> None:
    for _ in range(2):
        done = shop.build("-q")
        assert (done.out[:7], done.err) == ("sha256:", "")
    assert noted(shop, "-q")


def test_several_platforms_and_a_lock(shop: Shop) -> None:
    both = f"linux/amd64,{ARM64}"
    first = shop.build("--lock", shop.folder / "tiny.lock", platform=both)
    assert shop.build("--lock", shop.folder / "tiny.lock", platform=both).out == first.out
    assert noted(shop, "--lock", shop.folder / "tiny.lock", platform=both)


Change = Callable[[Shop], object]


def edit(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def state(shop: Shop, suite: str = "trixie", **change: object) -> None:
    path = next(shop.cli.home.glob(f"archive/*/{suite}/state.json"))
    kept = json.loads(path.read_bytes())
    before = path.stat()
    path.write_text(json.dumps({**kept, **change}))
    if not change:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


def blob(shop: Shop, at: int) -> Path:
    digest = shop.cli("inspect", "tiny", "--json").json["layers"][at]["digest"]
    return shop.cli.home / "blobs/sha256" / digest[7:]


def cut(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])


CHANGES: dict[str, Change] = {
    "recipe": lambda s: edit(s.recipe, "hi {arch}", "hi you"),
    "recipe gone": lambda s: s.recipe.rename(s.folder / "old.toml"),
    "tag removed": lambda s: s.cli("rm", "tiny"),
    "tag of another": lambda s: s.build("-t", "tiny:latest", platform=ARM64),
    "layer removed": lambda s: blob(s, 1).unlink(),
    "layer cut": lambda s: cut(blob(s, 0)),
    "archive asked again": lambda s: state(s),
    "archive state gone": lambda s: next(s.cli.home.glob("archive/*/*/state.json")).unlink(),
    "environment": lambda s: s.cli.env.update(SEASLUG_TIMEOUT="3"),
    "configuration elsewhere": lambda s: s.cli.env.update(XDG_CONFIG_HOME=str(s.folder)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_note_does_not_outlive(shop: Shop, name: str) -> None:
    shop.build()
    assert noted(shop)
    CHANGES[name](shop)
    assert not noted(shop)


def test_a_changed_recipe_or_lock_is_built(shop: Shop) -> None:
    lock = shop.folder / "tiny.lock"
    first = [shop.build().out, shop.build(subject=f"{shop.recipe}:nonroot").out]
    edit(shop.recipe, "hi {arch}", "hi you")
    second = [shop.build().out, shop.build(subject=f"{shop.recipe}:nonroot").out]
    assert not set(first) & set(second)
    shop.build("--lock", lock)
    assert noted(shop, "--lock", lock)
    os.utime(lock, ns=(1, 1))
    assert not noted(shop, "--lock", lock)


def test_the_archive_is_asked_again_after_its_hour(shop: Shop) -> None:
    first = shop.build()
    shop.replace("hello", hello("1.0-2"), hello("1.0-2", arch="arm64"))
    assert shop.build().out == first.out, "its word is fresh"
    note = next(shop.cli.home.glob("actions/again/*"))
    edit(note, note.read_text().split("\n")[1], "until 1000.0")
    assert not noted(shop)
    asked = {"asked": json.loads(next(shop.cli.home.glob("archive/*/trixie/state.json"))
             .read_bytes())["asked"] - 4000}  # fmt: skip
    state(shop, **asked)
    assert shop.build().out != first.out


def test_another_store_has_its_own_notes(shop: Shop) -> None:
    shop.build()
    other = shop.folder / "other"
    for args in (("--store", other), (f"--store={other}",)):
        shop.build(*args)
        assert noted(shop, *args, home=other)
        shop.cli("rm", "tiny", "--store", other)
        assert noted(shop) and not noted(shop, *args, home=other)


def test_another_folder_has_its_own_notes(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (shop.folder / name).mkdir()
        text = shop.recipe.read_text().replace("hi {arch}", name)
        (shop.folder / name / "tiny.toml").write_text(text)
    outs = []
    for name in ("a", "b", "a", "b"):
        monkeypatch.chdir(shop.folder / name)
        outs.append(shop.build(subject="tiny.toml").out)
    assert outs[:2] == outs[2:] and outs[0] != outs[1]


@pytest.mark.parametrize("option", ["--json", "--refresh", "-o", "-qo", "--output"])
def test_options_that_want_more_than_a_digest(shop: Shop, option: str) -> None:
    where = () if option in ("--json", "--refresh") else (f"oci:{shop.folder}/out",)
    for _ in range(2):
        done = shop.build(option, *where)
        assert (done.out[0] == "{") == (option == "--json")
        if where:
            (shop.folder / "out/index.json").unlink()  # and it comes back
    assert not noted(shop, option, *where)


def test_other_code_does_not_believe_the_notes(shop: Shop) -> None:
    """A copy of seaslug: used again by itself, not once one of its files has changed."""
    import shutil

    site = shop.folder / "site"
    shutil.copytree(Path(seaslug.__file__).parent, site / "seaslug")
    env = {**shop.cli.env, "PYTHONPATH": str(site)}
    argv = shop.command()
    assert "argparse" in loaded(*argv, env=env)[1]
    assert "argparse" not in loaded(*argv, env=env)[1]
    with (site / "seaslug/recipe/data/switches.toml").open("a") as file:
        file.write("\n# something else\n")
    assert "argparse" in loaded(*argv, env=env)[1]


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[:40],
        lambda raw: raw[: raw.index(b"\nout ")],
        lambda raw: raw.replace(b"until ", b"until soon "),
        lambda raw: re.sub(rb"file \d+", b"file x", raw),
        lambda raw: re.sub(rb"file \d+ \d+ ", b"file ", raw),
        lambda raw: b"\xff\xfe" + raw,
        lambda raw: bytes(len(raw)),
    ],
)
def test_a_damaged_note_is_ignored(shop: Shop, damage: Callable[[bytes], bytes]) -> None:
    first = shop.build()
    note = next(shop.cli.home.glob("actions/again/*"))
    note.write_bytes(damage(note.read_bytes()))
    again = shop.build()
    assert again.out == first.out and "as built before" in again.err


def test_a_note_that_cannot_be_written_does_no_harm(shop: Shop) -> None:
    (shop.cli.home / "actions").mkdir(parents=True)
    (shop.cli.home / "actions/again").write_text("in the way")
    assert shop.build().out == shop.build().out


# Start-up.


@pytest.mark.parametrize("args", [(), ("--version",), ("--help",)])
def test_the_first_words_cost_no_more_than_python(args: tuple[str, ...]) -> None:
    done, modules = loaded(*args)
    assert done.status == 0 and done.out
    assert not modules & {"argparse", "re", "json", "dataclasses", "pathlib", "typing", "enum"}
    assert {name for name in modules if name.startswith("seaslug")} <= {
        "seaslug", "seaslug.cli", "seaslug.cli.main"
    }  # fmt: skip


@pytest.mark.parametrize("command", ["build", "ls", "gc", "images"])
def test_help_imports_no_machinery(command: str) -> None:
    done, modules = loaded(command, "--help")
    assert done.status == 0 and "seaslug.cli.options" in modules
    heavy = {"http.client", "ssl", "concurrent.futures", "rich", "lzma", "asyncio", "subprocess"}
    assert not modules & heavy
