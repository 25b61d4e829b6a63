"""The store stays whole whatever ends a build: Ctrl-C, a kill, a full disk, another build."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.archive import ArchiveSimulator
from support.cli import Cli, Done, harm
from support.debs import deb
from support.real import need

NAMES = tuple(f"part{number}" for number in range(6))
RECIPE = f'name = "tiny"\ndistribution = "debian13"\npackages = {json.dumps(NAMES)}\n'


class Yard:
    """An archive of some megabytes, so that a build has moments to be stopped at."""

    def __init__(self, folder: Path) -> None:
        self.archive = ArchiveSimulator()
        for name in NAMES:
            noise = os.urandom(400_000)
            self.archive.add(deb(name, files={f"usr/lib/{name}": noise}, data=""))
        self.archive.publish()
        self.server = self.archive.serve()
        (folder / "tiny.toml").write_text(RECIPE)
        self.command = ("build", folder / "tiny.toml", "--platform", "linux/amd64")
        self.options = (
            "--mirror", f"{self.server.url}/debian", "--keyring", self.archive.keyring(folder)
        )  # fmt: skip
        self.cli = self.desk(folder / "home")

    def desk(self, home: Path) -> Cli:
        return Cli(home, *self.options, env={"SEASLUG_TIMEOUT": "5"})

    def good(self, cli: Cli | None = None) -> Done:
        self.server.heal()
        done = (cli or self.cli)(*self.command)
        assert (done.status, done.out[:7]) == (0, "sha256:"), done.err
        return done


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    made = Yard(tmp_path)
    with made.server:
        yield made


def wait_for(yard: Yard, pattern: str) -> None:
    """Wait until the server was asked for a path with *pattern* in it."""
    deadline = time.monotonic() + 20
    while not any(pattern in path for path in yard.server.paths()):
        assert time.monotonic() < deadline, f"never asked for {pattern}"
        time.sleep(0.005)


# Where the mirror stops talking is where the build is when the signal comes.
MOMENTS = {
    "at the release": ("InRelease", "stall", 100),
    "at the index": ("by-hash", "stall", 10),
    "in a download": (".deb", "stall", 100_000),
    "in a slow download": (".deb", "slow", 2_000),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_ctrl_c_while_fetching(yard: Yard, name: str) -> None:
    pattern, kind, amount = MOMENTS[name]
    yard.server.fail(f"*{pattern}*", kind, amount)
    process = yard.cli.start(*yard.command)
    wait_for(yard, pattern)
    time.sleep(0.2)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    done = yard.cli.finish(process)
    assert time.monotonic() - begun < 2, "it let the user wait"
    assert_stopped(done)
    assert harm(yard.cli.home) == []
    yard.good()


def assert_stopped(done: Done) -> None:
    assert (done.status, done.out) == (130, ""), done.err
    assert "Traceback" not in done.err
    assert done.err.rstrip().endswith(
        "seaslug: stopped; the store is whole, the next run goes on from here"
    )


def test_after_ctrl_c_what_was_fetched_is_reused(yard: Yard) -> None:
    yard.server.fail("*part5*.deb", "stall", 1000)
    process = yard.cli.start(*yard.command)
    wait_for(yard, "part5")
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert_stopped(yard.cli.finish(process))
    yard.server.requests.clear()
    yard.good()
    assert [path for path in yard.server.paths() if path.endswith(".deb")] == [
        f"debian/{yard.archive.debs['trixie'][5].path}"
    ]


def test_ctrl_c_at_any_moment(yard: Yard) -> None:
    """Wherever it hits, also in the middle of start-up: no traceback, nothing left."""
    for delay in (0.05, 0.15, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6):
        shutil.rmtree(yard.cli.home, ignore_errors=True)
        process = yard.cli.start(*yard.command)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        done = yard.cli.finish(process)
        if delay > 0.2:  # before that Python itself is still starting
            assert done.status in (0, 130), done.err
            assert "Traceback" not in done.err, (delay, done.err)
        assert harm(yard.cli.home) == [], delay
    yard.good()


@pytest.mark.parametrize("pattern", ["InRelease", "by-hash", ".deb"])
def test_a_killed_build_leaves_nothing_that_stays(yard: Yard, pattern: str) -> None:
    yard.server.fail(f"*{pattern}*", "stall", 100)
    process = yard.cli.start(*yard.command)
    wait_for(yard, pattern)
    time.sleep(0.1)
    process.kill()
    process.communicate()
    assert [line for line in harm(yard.cli.home) if not line.startswith("staging/")] == []
    for path in yard.cli.home.glob("staging/*"):
        os.utime(path, (0, 0))  # as if the kill had been some time ago
    yard.good()
    assert harm(yard.cli.home) == []


def test_killed_at_any_moment(yard: Yard) -> None:
    expected = yard.good(yard.desk(yard.cli.home.parent / "other")).out
    for delay in (0.2, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55):
        process = yard.cli.start(*yard.command)
        time.sleep(delay)
        process.kill()
        process.communicate()
        assert [x for x in harm(yard.cli.home) if not x.startswith("staging/")] == [], delay
    assert yard.good().out == expected


def test_two_builds_at_once_give_the_same_image(yard: Yard) -> None:
    started = [yard.cli.start(*yard.command) for _ in range(3)]
    done = [yard.cli.finish(process) for process in started]
    assert [d.status for d in done] == [0, 0, 0], [d.err for d in done]
    assert len({d.out for d in done}) == 1
    assert harm(yard.cli.home) == []


def test_builds_that_tag_at_once_keep_every_name(yard: Yard) -> None:
    yard.good()
    for at in range(3):
        started = [yard.cli.start(*yard.command, "-t", f"n{at}{way}") for way in "abc"]
        for process in started:
            done = yard.cli.finish(process)
            assert done.status == 0, done.err
    rows = json.loads((yard.cli.home / "index.json").read_bytes())["manifests"]
    assert len(rows) == 10
    assert harm(yard.cli.home) == []


def test_no_file_may_grow(yard: Yard) -> None:
    """Where there is no room for a package, no part of it is left, and the message says so."""

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    done = yard.cli.finish(yard.cli.start(*yard.command, preexec_fn=small))
    assert (done.status, done.out) == (10, ""), done.err
    assert "Traceback" not in done.err
    assert "cannot be written: File too large" in done.err
    assert harm(yard.cli.home) == []
    yard.good()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that a test can fill; it takes root to mount one."""
    place = tmp_path / "small"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting takes root; the limit on file sizes is tested instead")
    mounted = subprocess.run([need("mount"), "-t", "tmpfs", "-o", "size=1k", "none", str(place)])
    if mounted.returncode:
        pytest.skip("mounting is not allowed here; the limit on file sizes is tested instead")
    yield place
    subprocess.run([need("umount"), "-l", str(place)], check=True)


# From room for nothing but the folders to room for all but the last layer.
@pytest.mark.parametrize("kilobytes", [4, 12, 32, 400, 1500, 2600, 3200, 4500])
def test_a_full_disk(yard: Yard, small_disk: Path, kilobytes: int) -> None:
    resize(small_disk, f"{kilobytes}k")
    cli = yard.desk(small_disk / "home")
    done = cli.finish(cli.start(*yard.command))
    assert (done.status, done.out) == (10, ""), done.err
    assert "Traceback" not in done.err
    assert "No space left on device" in done.err and "seaslug gc" in done.err
    assert harm(cli.home) == []
    resize(small_disk, "64m")
    yard.good(cli)
    assert harm(cli.home) == []


def resize(place: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(place)], check=True)


def test_a_store_that_is_no_folder_or_not_ours(yard: Yard, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = yard.desk(tmp_path / "file")(*yard.command)
    assert (done.status, done.out) == (10, ""), done.err
    assert "SEASLUG_HOME" in done.err and "Traceback" not in done.err
