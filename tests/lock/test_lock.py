"""Locks: a stable, readable text that survives the round trip, and strict reading."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaslug.errors import LockError
from seaslug.lock.codec import decode, embedded, encode, platform_digest
from seaslug.lock.diff import lines
from seaslug.lock.model import Lock, Locked, PlatformLock, SliceLock
from seaslug.ports import ArchiveState
from seaslug.values.debian import Package
from seaslug.values.digest import Digest
from seaslug.values.platform import TABLE, Platform

AMD64 = Platform("linux", "amd64")
words = st.from_regex(r"[a-z0-9][a-z0-9+.-]{0,20}", fullmatch=True)
digests = st.binary(max_size=8).map(Digest.of)


def package(name: str = "tzdata", version: str = "2026b-0", text: bytes = b"x") -> Package:
    return Package(
        name, version, "all", "trixie", f"pool/main/t/{name}_{version}_all.deb", 10,
        Digest.of(text), f"{name} ({version})", 100,
    )  # fmt: skip


packages = st.builds(
    lambda n, v, d, size, level: Locked(
        Package(n, v, "amd64", "trixie", f"pool/{n}_{v}.deb", size, d, f"{n} ({v})", size), level
    ),
    words, words, digests, st.integers(0, 2**40), words,
)  # fmt: skip
platform_locks = st.builds(
    PlatformLock,
    st.sampled_from(list(TABLE)),
    st.lists(packages, max_size=4).map(tuple),
    st.booleans(),
    st.lists(st.tuples(words, st.text(max_size=20)), max_size=3).map(tuple),
)
states = st.builds(
    ArchiveState, words, st.just("main"), st.sampled_from(["debian", "debian-security"]), digests,
    words, st.just("2026-11-21T00:53:02Z"), st.just("20261121T005302Z"),
)  # fmt: skip
slices = st.builds(
    SliceLock, digests,
    st.lists(st.tuples(words, st.lists(words, max_size=3).map(tuple)), max_size=3).map(tuple),
    st.lists(words, max_size=2).map(tuple), st.text(max_size=20),
    st.lists(words, max_size=2).map(tuple),
    st.lists(st.tuples(words, st.lists(words, max_size=3).map(tuple)), max_size=2).map(tuple),
)  # fmt: skip
locks = st.builds(
    Lock, st.text(min_size=1, max_size=20), digests, st.lists(states, max_size=3).map(tuple),
    st.lists(platform_locks, max_size=3).map(tuple),
    st.lists(platform_locks, max_size=1).map(tuple), slice=st.none() | slices,
)  # fmt: skip


@given(locks)
def test_round_trip(lock: Lock) -> None:
    assert decode(encode(lock)) == lock
    assert encode(decode(encode(lock))) == encode(lock)


def a_lock(*locked: Locked, pyc: bool = False) -> Lock:
    archive = ArchiveState(
        "trixie",
        "main",
        "debian",
        Digest.of(b"r"),
        "ABCD",
        "2026-09-12T07:55:41Z",
        "20260912T075541Z",
    )
    return Lock("static-debian13", Digest.of(b""), (archive,), (PlatformLock(AMD64, locked, pyc),))


def test_one_line_per_package() -> None:
    one = encode(a_lock(Locked(package(), "static")))
    two = encode(a_lock(Locked(package(), "static"), Locked(package("netbase", "6.5"), "static")))
    added = set(two.splitlines()) - set(one.splitlines())
    assert len([row for row in added if '"netbase"' in row]) == 1


def test_a_lock_names_no_host() -> None:
    assert "://" not in encode(a_lock(Locked(package(), "static")))


def test_the_copy_inside_an_image_ignores_the_archives_date() -> None:
    lock = a_lock(Locked(package(), "static"))
    later = Lock(lock.subject, lock.recipe, (), lock.platforms)
    assert embedded(lock, AMD64) == embedded(later, AMD64)
    assert decode(embedded(lock, AMD64)).on(AMD64) == lock.on(AMD64)


def test_platform_digest_follows_the_packages() -> None:
    one, two = package(text=b"1"), package(text=b"2")
    assert platform_digest(a_lock(Locked(one, "s")).on(AMD64)) != platform_digest(
        a_lock(Locked(two, "s")).on(AMD64)
    )
    assert platform_digest(a_lock(Locked(one, "s")).on(AMD64)) != platform_digest(
        a_lock(Locked(one, "s"), pyc=True).on(AMD64)
    )


def test_a_platform_that_is_not_locked_names_those_that_are() -> None:
    with pytest.raises(LockError) as caught:
        a_lock().on(Platform("linux", "arm64"))
    assert "linux/amd64" in caught.value.hint


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.pop("recipe"), "recipe is missing"),
        (lambda d: d.update({"seaslug-lock": 99}), "version 99"),
        (lambda d: d.update(subject=7), "subject must be str"),
        (lambda d: d.update(recipe="sha256:zz"), "digest"),
        (lambda d: d["platforms"][0]["packages"][0].update(path="../../etc/passwd"), "unsafe"),
        (lambda d: d["platforms"][0]["packages"][0].update(path="/etc/passwd"), "unsafe"),
        (lambda d: d["platforms"][0]["packages"][0].update(path="http://x/y"), "unsafe"),
        (lambda d: d["platforms"][0]["packages"][0].update(sha256="12"), "digest"),
        (lambda d: d["platforms"][0]["packages"][0].update(size="12"), "size must be int"),
        (lambda d: d["platforms"][0].update(pyc=1), "pyc must be bool"),
        (lambda d: d["platforms"][0].update(platform="linux/vax"), "platform"),
        (lambda d: d.update(platforms=5), "malformed"),
    ],
)
def test_malformed_locks_say_what_is_wrong(change: object, said: str) -> None:
    data = json.loads(encode(a_lock(Locked(package(), "static"))))
    assert callable(change)
    change(data)
    with pytest.raises(LockError) as caught:
        decode(json.dumps(data), "my.lock")
    assert said in str(caught.value)
    assert "my.lock" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '"x"', "\x00"])
def test_what_is_no_lock_at_all(text: str) -> None:
    with pytest.raises(LockError):
        decode(text)


def test_differences_are_one_line_each() -> None:
    old = a_lock(Locked(package("a", "1"), "s"), Locked(package("b", "1"), "s"))
    new = a_lock(Locked(package("a", "2"), "s"), Locked(package("c", "1"), "s"), pyc=True)
    assert lines(old, new) == (
        "linux/amd64: a 1 -> 2",
        "linux/amd64: - b 1",
        "linux/amd64: + c 1",
        "linux/amd64: precompiled Python added",
    )
    assert lines(old, old) == ()
