"""The Debian archive through mirrors: what is believed, what is refused, what is survived."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seaslug.adapters.archive import DebianArchive, Trust
from seaslug.adapters.http import Fetcher
from seaslug.adapters.mirrors import Mirrors, find
from seaslug.adapters.openpgp import Verifier
from seaslug.adapters.store import Store
from seaslug.errors import IntegrityError, NetworkError, SeaslugError, TrustError, UsageError
from seaslug.ports import Silent
from seaslug.values.debian import Package
from seaslug.values.digest import Digest
from support.archive import ArchiveSimulator, Server, key
from support.debs import MadeDeb, deb
from support.server import closed_port

SUITES = ("trixie", "trixie-updates", "trixie-security")
Break = Callable[[ArchiveSimulator, Server], object]


class World:
    """An archive, a mirror of it, and a store that asks it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.archive = ArchiveSimulator()
        self.hello = self.archive.add(deb("hello", files={"usr/bin/hello": b"hello" * 20_000}))
        self.archive.add(deb("hello", "2.0", files={"f": "2"}), suite="trixie-security")
        self.archive.publish()
        self.server = self.archive.serve()
        self.bases = [self.server.url]
        self.store = Store(folder / "home")
        self.keyring = self.archive.keyring(folder)

    def ask(self, *, timeout: float = 5, now: Callable[[], float] = time.time, **trust: object):
        mirrors = find([f"{base}/debian" for base in self.bases]) if self.bases else Mirrors({}, "")
        return DebianArchive(
            self.store, Fetcher(timeout, 0.01), mirrors, Verifier(), Silent(),
            Trust(**{"keyring": self.keyring, **trust}), now,
        )  # fmt: skip

    def package(self, made: MadeDeb, archive: str = "trixie") -> Package:
        digest = Digest.of(made.raw)
        return Package(
            made.name, made.version, made.arch, archive, made.path, len(made.raw), digest,
            made.name, 1,
        )  # fmt: skip

    def fetch(self, made: MadeDeb, **trust: object) -> list[bytes]:
        """Fetch one package without a state: then no snapshot is asked."""
        found = self.ask(**trust).fetch([self.package(made)], ())
        return [Path(stored.path).read_bytes() for _, stored in found]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    with made.server:
        yield made


def test_all_suites_are_merged_and_their_state_is_told(world: World) -> None:
    states, universe = world.ask().suites(SUITES, "amd64")
    assert [s.name for s in states] == list(SUITES)
    assert [s.root for s in states] == ["debian", "debian", "debian-security"]
    assert {s.key for s in states} == {key().fingerprint}
    raw = world.archive.files["debian/dists/trixie/InRelease"]
    assert states[0].release == Digest.of(raw)
    assert sorted(universe.names()) == ["hello"]


def test_a_fresh_word_is_kept_and_not_asked_for_again(world: World) -> None:
    world.ask().suites(SUITES, "amd64")
    before = len(world.server.requests)
    world.ask().suites(SUITES, "amd64")
    assert len(world.server.requests) == before
    world.ask(refresh=True).suites(SUITES, "amd64")
    assert len(world.server.requests) == before + 3  # releases only: indices are as before


def test_an_hour_later_it_is_asked_again(world: World) -> None:
    world.ask().release("trixie")
    world.ask(now=lambda: time.time() + 3700).release("trixie")
    assert world.server.paths().count("debian/dists/trixie/InRelease") == 2


def test_a_kept_release_whose_time_is_over_is_asked_for_anew(world: World) -> None:
    world.archive.valid_for = 86400 + 600  # it was made a day ago
    world.archive.publish()
    world.ask().release("trixie")
    world.archive.date += 7 * 86400
    world.archive.publish()
    world.ask(now=lambda: time.time() + 1200).release("trixie")


def test_offline_uses_what_is_known(world: World) -> None:
    with pytest.raises(NetworkError, match="--offline"):
        world.ask(offline=True).suites(SUITES, "amd64")
    world.ask().suites(SUITES, "amd64")
    world.server.down()
    late = world.ask(offline=True, now=lambda: time.time() + 86400)
    assert len(late.suites(SUITES, "amd64")[0]) == 3
    with pytest.raises(NetworkError, match="--offline"):
        world.fetch(world.hello, offline=True)


def test_a_damaged_memory_of_the_archive_is_made_anew(world: World) -> None:
    world.ask().suites(SUITES, "amd64")
    for path in (world.store.root / "archive").rglob("*"):
        if path.is_file() and path.name != "state.json":
            path.unlink()
    assert len(world.ask().suites(SUITES, "amd64")[0]) == 3


def test_an_architecture_that_a_suite_lacks(world: World) -> None:
    with pytest.raises(UsageError, match="no packages for s390x"):
        world.ask().suites(SUITES, "s390x")


ATTACKS: dict[str, tuple[Break, type[SeaslugError], str]] = {
    "tampered index": (lambda a, s: a.tampered_index(), IntegrityError, "signed release"),
    "another key": (lambda a, s: a.signed_by_another(), TrustError, "--keyring"),
    "no signature": (lambda a, s: a.unsigned(), TrustError, "clear-signed"),
    "altered after signing": (lambda a, s: a.altered_release(), TrustError, "signature"),
    "unsigned text before": (lambda a, s: a.wrapped_release(), TrustError, "clear-signed"),
    "expired": (lambda a, s: a.expired(), TrustError, "--allow-expired"),
    "another suite": (lambda a, s: a.another_suite(), TrustError, "is for bookworm"),
    "an index that is gone": (lambda a, s: gone(a), NetworkError, "have no main/binary-amd64"),
    "down": (lambda a, s: s.down(), NetworkError, "does not answer"),
    "always 500": (lambda a, s: s.fail("*", "status", 500), NetworkError, "answers 500"),
    "forbidden": (lambda a, s: s.fail("*", "status", 403), NetworkError, "answers 403"),
    "nothing there": (lambda a, s: s.fail("*", "status", 404), NetworkError, "answers 404"),
    "a redirect loop": (lambda a, s: s.fail("*", "loop"), NetworkError, "redirects"),
    "away from HTTP": (
        lambda a, s: s.fail("*", "away", text="file:///etc/passwd"), NetworkError, "not HTTP"
    ),
    "an endless release": (lambda a, s: s.fail("*", "endless"), IntegrityError, "more than"),
    "a length that is a lie": (lambda a, s: s.fail("*", "huge", 1 << 40), NetworkError, "early"),
    "another page": (lambda a, s: s.fail("*", "body", data=b"<html>"), TrustError, "clear-signed"),
}  # fmt: skip


def gone(archive: ArchiveSimulator) -> None:
    for path in [p for p in archive.files if "/binary-amd64/" in p]:
        del archive.files[path]


@pytest.mark.parametrize("name", ATTACKS)
def test_what_is_refused_and_how(world: World, name: str) -> None:
    attack, kind, said = ATTACKS[name]
    attack(world.archive, world.server)
    with pytest.raises(kind) as caught:
        world.ask().suites(SUITES, "amd64")
    assert said in str(caught.value)
    assert not list((world.store.root / "staging").glob("*"))


@pytest.mark.parametrize("name", ATTACKS)
def test_a_second_mirror_helps_where_the_first_fails(world: World, name: str) -> None:
    good = world.archive.copy()
    with good:
        ATTACKS[name][0](world.archive, world.server)
        world.bases.append(good.url)
        assert len(world.ask().suites(SUITES, "amd64")[0]) == 3


def test_expired_and_older_releases_are_taken_when_allowed(world: World) -> None:
    world.ask().suites(SUITES, "amd64")
    world.archive.downgraded()
    with pytest.raises(TrustError, match="older than the one of") as caught:
        world.ask(refresh=True).release("trixie")
    assert "--allow-downgrade" in caught.value.hint
    world.ask(refresh=True, allow_downgrade=True).release("trixie")
    world.archive.expired()
    world.ask(refresh=True, allow_downgrade=True, allow_expired=True).release("trixie")


def test_a_refused_release_leaves_the_believed_one(world: World) -> None:
    first = world.ask().release("trixie")[1]
    world.archive.signed_by_another()
    with pytest.raises(TrustError):
        world.ask(refresh=True).release("trixie")
    assert world.ask().release("trixie")[1] == first


@pytest.mark.parametrize("by_hash", [True, False])
def test_indices_by_hash_and_by_name(world: World, by_hash: bool) -> None:
    world.archive.by_hash = by_hash
    world.archive.publish()
    world.ask().suites(SUITES, "amd64")
    assert any("/by-hash/" in path for path in world.server.paths()) is by_hash


def test_a_mirror_without_by_hash_folders(world: World) -> None:
    """Partial mirrors copy the release, which promises them, and not the folders."""
    world.archive.without_by_hash()
    assert len(world.ask().suites(SUITES, "amd64")[0]) == 3


def test_a_release_without_an_end_of_validity(world: World) -> None:
    """Debian's own stable releases have none."""
    world.archive.valid_for = None
    world.archive.date -= 90 * 86400
    world.archive.publish()
    assert world.ask().release("trixie")[0].valid_until is None


FAULTS: dict[str, Break] = {
    "500 twice": lambda a, s: s.fail("*.deb", "status", 500, times=2),
    "broken half way": lambda a, s: s.fail("*.deb", "break", 500, times=2),
    "broken at once": lambda a, s: s.fail("*.deb", "break", 0, times=2),
    "stalling half way": lambda a, s: s.fail("*.deb", "stall", 500, times=1),
    "a server without ranges": lambda a, s: (
        s.fail("*.deb", "break", 500, times=1), s.fail("*.deb", "no-range")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_package_comes_whole_over_a_bad_line(world: World, name: str) -> None:
    FAULTS[name](world.archive, world.server)
    assert world.fetch(world.hello, timeout=1) == [world.hello.raw]


def test_a_broken_download_goes_on_where_it_broke(world: World) -> None:
    world.server.fail("*.deb", "break", 500, times=1)
    world.fetch(world.hello)
    assert [r.range for r in world.server.requests] == ["", "bytes=500-"]


LIES: dict[str, tuple[Break, type[SeaslugError], str]] = {
    "cut short": (lambda a, s: a.truncated(a.debs["trixie"][0]), IntegrityError, "instead of"),
    "other bytes": (lambda a, s: a.swapped(a.debs["trixie"][0]), IntegrityError, "sha256:"),
    "more bytes": (lambda a, s: a.grown(a.debs["trixie"][0]), IntegrityError, "more than"),
    "endless": (lambda a, s: s.fail("*.deb", "endless"), IntegrityError, "more than"),
    "dropped": (lambda a, s: a.dropped(a.debs["trixie"][0]), NetworkError, "404"),
    "always broken": (lambda a, s: s.fail("*.deb", "break", 10), NetworkError, "early"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_package_that_is_not_what_was_promised(world: World, name: str) -> None:
    attack, kind, said = LIES[name]
    good = world.archive.copy()
    attack(world.archive, world.server)
    with pytest.raises(kind) as caught:
        world.fetch(world.hello)
    assert said in str(caught.value) and "hello_1.0-1_amd64.deb" in str(caught.value)
    assert world.store.find(Digest.of(world.hello.raw)) is None
    assert not list((world.store.root / "staging").glob("*"))
    with good:
        world.bases.append(good.url)
        assert world.fetch(world.hello) == [world.hello.raw]


def test_a_mirror_that_is_down_gives_way_to_the_next(world: World) -> None:
    world.bases.insert(0, f"http://127.0.0.1:{closed_port()}")
    assert world.fetch(world.hello) == [world.hello.raw]


def test_without_any_mirror_the_hint_says_how_to_name_one(world: World) -> None:
    world.bases.clear()
    with pytest.raises(NetworkError, match="there is no mirror") as caught:
        world.ask().release("trixie")
    assert "--mirror" in caught.value.hint


def test_a_folder_is_a_mirror_too(world: World, tmp_path: Path) -> None:
    for path, data in world.archive.files.items():
        target = tmp_path / "disk" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    world.bases = [f"file://{tmp_path}/disk"]
    assert len(world.ask().suites(SUITES, "amd64")[0]) == 3
    assert world.fetch(world.hello) == [world.hello.raw]
    assert not world.server.requests


def test_packages_in_the_store_are_not_fetched_again(world: World) -> None:
    world.fetch(world.hello)
    world.server.down()
    assert world.fetch(world.hello) == [world.hello.raw]
