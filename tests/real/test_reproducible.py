"""The same lock gives the same bytes, whoever builds, wherever, with whatever environment."""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.clients import Seaslug, run
from support.real import need

pytestmark = [pytest.mark.judge, pytest.mark.network]

SUBJECT = "python3:nonroot"
BOTH = "linux/amd64,linux/arm64"
NOBODY = 65534
LOCK_CHANGED = 4


@pytest.fixture(scope="module")
def lock(seaslug: Seaslug, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("lock") / "python3.lock"
    seaslug("lock", SUBJECT, "--allow-expired", "--platform", BOTH, "-o", file)
    return file


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A place that another user may write to."""
    place = tmp_path_factory.getbasetemp() / "elsewhere"
    for folder in (place, place / "a very long name for temporary files", place / "home"):
        folder.mkdir()
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
    yield place
    shutil.rmtree(place)


def otherwise() -> list[str]:
    """Return a program that starts another one as another user, on one CPU, with umask 077."""
    cpu = str(min(os.sched_getaffinity(0)))
    under = [need("taskset"), "-c", cpu, "sh", "-c", 'umask 077; exec "$@"', "sh"]
    if os.geteuid() != 0 or not may_read_all():
        return under
    user = ["--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    # It may read, so that it finds this interpreter and these tests wherever they lie; and
    # no more than that.
    reads = ["--inh-caps", "-all,+dac_read_search", "--ambient-caps", "+dac_read_search"]
    return [need("setpriv"), *user, *reads, *under]


def may_read_all() -> bool:
    """Tell whether CAP_DAC_READ_SEARCH is ours to give; in many containers root lacks it."""
    status = Path("/proc/self/status").read_text()
    (mask,) = [line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")]
    return bool(int(mask, 16) >> 2 & 1)


def surroundings(elsewhere: Path) -> dict[str, str]:
    return {
        "TMPDIR": str(elsewhere / "a very long name for temporary files"),
        "HOME": str(elsewhere / "home"), "XDG_CACHE_HOME": str(elsewhere / "home"),
        "LC_ALL": "tr_TR.UTF-8", "LANG": "de_DE", "TZ": "Pacific/Kiritimati",
        "PYTHONHASHSEED": "4711", "SOURCE_DATE_EPOCH": "1", "PYTHONOPTIMIZE": "2",
        "PYTHONDONTWRITEBYTECODE": "1", "USER": "nobody", "LD_LIBRARY_PATH": "/nowhere",
    }  # fmt: skip


@pytest.mark.slow
def test_python_is_the_same_from_another_user_in_other_surroundings(
    seaslug: Seaslug, lock: Path, elsewhere: Path
) -> None:
    options = ("build", SUBJECT, "--allow-expired", "--lock", lock, "--locked", "--json")
    both = (*options, "--platform", BOTH)
    name = "localhost/seaslug-test-same:1"
    first = elsewhere.parent / "first.tar"
    here = seaslug(*both, "-t", name).json
    there_seaslug = Seaslug(elsewhere / "store", elsewhere)
    env = surroundings(elsewhere)
    there = there_seaslug(*both, "-t", name, env=env, under=otherwise()).json
    assert not any(image["reused"] for image in there["images"])
    assert platforms(there) == platforms(here)
    assert there["digest"] == here["digest"]

    second = elsewhere / "second.tar"
    export = ("export", name, "--platform", "linux/amd64", "-o")
    seaslug(*export, f"docker-archive:{first}")
    there_seaslug(*export, f"docker-archive:{second}", env=env, under=otherwise())
    assert run("diffoscope", first, second).out == ""


def platforms(built: dict[str, object]) -> dict[str, str]:
    return {row["platform"]: row["digest"] for row in built["images"]}  # type: ignore[attr-defined]


@pytest.mark.parametrize("shape", [("--compression", "zstd"), ("--layers", "per-package")])
def test_other_shapes_are_the_same_too(
    seaslug: Seaslug, elsewhere: Path, shape: tuple[str, ...]
) -> None:
    lock = elsewhere.parent / f"{shape[1]}.lock"
    options = ("build", "cc:debug", "--allow-expired", "--lock", lock, *shape)
    here = seaslug(*options).out
    other = Seaslug(elsewhere / "store", elsewhere)
    assert other(*options, env=surroundings(elsewhere), under=otherwise()).out == here


@pytest.mark.slow
def test_diffoscope_sees_no_difference_between_shapes(seaslug: Seaslug, tmp_path: Path) -> None:
    """Cut and packed in another way, the roots are the same to an independent reader."""
    roots = []
    for at, shape in enumerate(((), ("--layers", "single", "--compression", "none"))):
        image = seaslug.image("static", *shape)
        roots.append(tmp_path / str(at))
        seaslug("export", image.name, "-o", f"root:{roots[-1]}")
    # The time of a folder is that of its layer.
    run("diffoscope", "--exclude-directory-metadata=recursive", *roots)
    (roots[0] / "etc" / "passwd").chmod(0o600)
    assert run("diffoscope", *roots, status=1).out


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the lock is for amd64")
def test_a_lock_is_read_and_never_rewritten(seaslug: Seaslug, lock: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.lock"
    mine.write_bytes(lock.read_bytes())
    before = mine.stat()
    seaslug("build", SUBJECT, "--allow-expired", "--lock", mine)
    seaslug("lock", SUBJECT, "--allow-expired", "--check", "-o", mine)
    after = mine.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert mine.read_bytes() == lock.read_bytes()


def test_the_lock_s_text_survives_reading_and_writing(lock: Path) -> None:
    from seaslug.lock.codec import decode, encode

    text = lock.read_text()
    assert encode(decode(text)) == text
    assert [row["platform"] for row in json.loads(text)["platforms"]] == BOTH.split(",")
    assert "://" not in text, "a lock names no host"


def test_locking_twice_gives_the_same_text(seaslug: Seaslug, lock: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.lock"
    # The other order, and a store that remembers nothing.
    other = Seaslug(tmp_path / "store", tmp_path)
    order = ",".join(reversed(BOTH.split(",")))
    other("lock", SUBJECT, "--allow-expired", "--platform", order, "-o", again)
    assert again.read_bytes() == lock.read_bytes()


def test_locked_fails_when_the_recipe_has_changed(seaslug: Seaslug, tmp_path: Path) -> None:
    file = tmp_path / "static.lock"
    build = ("build", "static", "--allow-expired", "--lock", file)
    seaslug(*build)
    text = file.read_bytes()
    changed = (*build, "--with", "libzstd1")
    said = seaslug(*changed, "--locked", status=LOCK_CHANGED).err
    assert "the recipe has changed since this lock was made" in said
    assert f"seaslug lock static -o {file}" in said
    assert file.read_bytes() == text
    assert "locking again" in seaslug(*changed).err
    assert b"libzstd1" in file.read_bytes()
    seaslug(*changed, "--locked")


def test_locked_needs_a_lock_that_is_there(seaslug: Seaslug, tmp_path: Path) -> None:
    build = ("build", "static", "--allow-expired", "--locked")
    assert "add --lock FILE" in seaslug(*build, status=2).err
    said = seaslug(*build, "--lock", tmp_path / "no.lock", status=LOCK_CHANGED).err
    assert "no such lock" in said
    assert os.listdir(tmp_path) == []


def test_a_platform_that_the_lock_does_not_have(seaslug: Seaslug, tmp_path: Path) -> None:
    file = tmp_path / "static.lock"
    seaslug("lock", "static", "--allow-expired", "--platform", "linux/amd64", "-o", file)
    build = ("build", "static", "--allow-expired", "--lock", file, "--platform", "linux/s390x")
    assert "linux/s390x" in seaslug(*build, status=LOCK_CHANGED).err
