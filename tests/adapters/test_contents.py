"""The archive's index of contents: fetched once, verified, and what helps where it is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seaslug.adapters.archive import DebianArchive, Trust
from seaslug.adapters.contents import Contents
from seaslug.adapters.http import Fetcher
from seaslug.adapters.mirrors import find
from seaslug.adapters.openpgp import Verifier
from seaslug.adapters.store import Store
from seaslug.errors import NetworkError
from seaslug.ports import Silent
from seaslug.values.platform import Platform
from support.archive import SUITES, ArchiveSimulator
from support.debs import deb

AMD64 = Platform("linux", "amd64")
LIB = "usr/lib/x86_64-linux-gnu"


class Heard(Silent):
    """A listener that remembers what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


class World:
    """An archive with libraries, a mirror of it, and a store."""

    def __init__(self, folder: Path) -> None:
        self.archive = ArchiveSimulator()
        self.archive.add(deb("libpq5", files={f"{LIB}/libpq.so.5": b"pq"}))
        self.archive.add(deb("libodd", files={f"{LIB}/libq.so.1": b"q"}))
        self.archive.add(deb("libblas3", files={f"{LIB}/blas/libblas.so.3": b"blas"}))
        self.archive.add(deb("libcurl4t64", files={f"{LIB}/libcurl.so.4": b"curl"}))
        self.archive.add(deb("libnew1", files={f"{LIB}/libnew.so.1": b"n"}), suite=SUITES[1])
        self.archive.add(deb("perl-base", files={"usr/bin/perl": b"perl"}))
        self.archive.contents = True
        self.archive.publish()
        self.server = self.archive.serve()
        self.store = Store(folder / "home")
        self.keyring = self.archive.keyring(folder)
        self.heard = Heard()

    def ask(
        self, platform: Platform = AMD64, *, kept: bool = False, **trust: object
    ) -> Contents:  # fmt: skip
        archive = DebianArchive(
            self.store, Fetcher(5, 0.01), find([f"{self.server.url}/debian"]), Verifier(),
            self.heard, Trust(**{"keyring": self.keyring, **trust}),  # type: ignore[arg-type]
        )  # fmt: skip
        return Contents(archive, SUITES, platform, kept=kept)

    def asked(self) -> list[str]:
        return [path for path in self.server.paths() if "Contents" in path]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    with made.server:
        yield made


def test_libraries_of_all_suites(world: World) -> None:
    contents = world.ask()
    assert contents.providers("libpq.so.5") == ("libpq5",)
    assert contents.providers("libq.so.1") == ("libodd",)
    assert contents.providers("libnew.so.1") == ("libnew1",)
    assert contents.providers("libnone.so.1") == ()
    assert contents.elsewhere("libblas.so.3") == (("libblas3", f"{LIB}/blas"),)
    assert contents.complete and not world.heard.lines


def test_nothing_is_fetched_before_the_first_question(world: World) -> None:
    world.ask()
    assert world.server.paths() == []


def test_it_is_fetched_once(world: World) -> None:
    world.ask().providers("libpq.so.5")
    before = len(world.server.paths())
    world.ask().providers("libpq.so.5")
    assert len(world.server.paths()) == before
    assert world.ask(offline=True).providers("libpq.so.5") == ("libpq5",)


def test_offline_says_what_is_missing(world: World) -> None:
    world.ask()._archive.suites(SUITES, "amd64")
    with pytest.raises(NetworkError, match="--offline forbids"):
        world.ask(offline=True).providers("libpq.so.5")


def test_each_architecture_has_its_own(world: World) -> None:
    arm = world.ask(Platform("linux", "arm64"))
    assert arm.providers("libpq.so.5") == () and arm.complete


def indices(world: World) -> list[str]:
    files = world.archive.files
    return [path for path in files if "Contents-amd64" in path or "/main/by-hash/" in path]


def break_bytes(world: World) -> None:
    for path in indices(world):
        data = world.archive.files[path]
        world.archive.files[path] = bytes(byte ^ 1 for byte in data[:1]) + data[1:]


def break_size(world: World) -> None:
    for path in indices(world):
        world.archive.files[path] += b"more"


def lose(world: World) -> None:
    for path in indices(world):
        del world.archive.files[path]


@pytest.mark.parametrize("harm", [break_bytes, break_size, lose])
def test_without_a_true_index_names_of_packages_help(
    world: World, harm: Callable[[World], None]
) -> None:
    """Nothing unverified is read: names of packages come from the signed Packages index."""
    harm(world)
    contents = world.ask()
    assert contents.providers("libpq.so.5") == ("libpq5",)
    assert contents.providers("libcurl.so.4") == ("libcurl4t64",)
    assert contents.providers("libq.so.1") == ()
    assert contents.providers("unversioned.so") == ()
    assert contents.elsewhere("libblas.so.3") == ()
    assert not contents.complete
    assert len(world.heard.lines) == 1 and "as it was signed" in world.heard.lines[0]
    assert not list((world.store.root / "archive/indices").glob("*.contents"))


def test_a_mirror_without_by_hash_names(world: World) -> None:
    world.archive.without_by_hash()
    assert world.ask().providers("libpq.so.5") == ("libpq5",) and not world.heard.lines


def test_a_suite_without_an_index(world: World) -> None:
    world.archive.contents = False
    world.archive.publish()
    assert world.ask().providers("libpq.so.5") == ()


def test_what_was_kept_and_is_damaged_is_made_anew(world: World) -> None:
    world.ask().providers("libpq.so.5")
    for path in (world.store.root / "archive/indices").glob("*.contents"):
        path.write_bytes(b"damaged")
    assert world.ask().providers("libpq.so.5") == ("libpq5",)


def test_an_index_that_unpacks_to_more_than_was_signed(world: World) -> None:
    world.archive.files["debian/dists/trixie/main/Contents-amd64"] = b"short"
    world.archive.sign("trixie")
    contents = world.ask()
    assert contents.providers("libq.so.1") == () and not contents.complete


def test_programs_of_all_suites(world: World) -> None:
    assert world.ask().programs("perl") == ("perl-base",)
    assert world.ask().programs("python") == ()


def test_what_is_kept_is_all_that_is_asked(world: World) -> None:
    """Without network and without an index nothing is raised, said or guessed."""
    bare = world.ask(kept=True, offline=True)
    assert (bare.complete, bare.providers("libpq.so.5"), bare.programs("perl")) == (False, (), ())
    assert world.server.paths() == [] and not world.heard.lines
    world.ask().providers("libpq.so.5")
    count = len(world.server.paths())
    there = world.ask(kept=True, offline=True)
    assert (there.complete, there.programs("perl")) == (True, ("perl-base",))
    assert len(world.server.paths()) == count
