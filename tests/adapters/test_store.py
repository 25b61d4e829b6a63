"""What every blob store must do; and what the store on disk does besides."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seaslug.adapters.store import Store, default_root
from seaslug.errors import IntegrityError, StoreError, UnknownNameError
from seaslug.ports import BlobStore, Stored
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from support.cli import harm

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
HELLO = Digest.of(b"hello")


@pytest.fixture(params=[Store])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BlobStore]:
    """Each implementation of the port, empty."""
    made = request.param(tmp_path / "home")
    yield made
    assert harm(tmp_path / "home") == []


def content(stored: Stored) -> bytes:
    return Path(stored.path).read_bytes()


@given(chunks=st.lists(st.binary(max_size=50), max_size=5))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_put_keeps_the_concatenation(store: BlobStore, chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    stored = store.put(memoryview(chunk) for chunk in chunks)
    assert (stored.digest, stored.size) == (Digest.of(whole), len(whole))
    assert content(stored) == store.read(stored.digest) == whole
    assert store.find(stored.digest) == store.get(stored.digest) == stored


def test_putting_twice_is_putting_once(store: BlobStore) -> None:
    assert store.put([b"hel", b"lo"]) == store.put([b"hello"])
    assert store.put_verified([b"hello"], HELLO, 5) == store.get(HELLO)


@pytest.mark.parametrize(
    ("chunks", "size", "said"),
    [
        ([b"hello!"], 5, "more than the 5 bytes"),
        ([b"hell"], 5, "4 bytes instead of 5"),
        ([], 5, "0 bytes instead of 5"),
        ([b"hellO"], 5, f"sha256:{hashlib.sha256(b'hellO').hexdigest()} instead of"),
    ],
)
def test_put_verified_refuses(store: BlobStore, chunks: list[bytes], size: int, said: str) -> None:
    with pytest.raises(IntegrityError, match=said):
        store.put_verified(chunks, HELLO, size)
    assert store.find(HELLO) is None


def test_put_verified_stops_at_the_first_byte_too_many(store: BlobStore) -> None:
    taken = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(1)
            yield bytes(1000)

    with pytest.raises(IntegrityError):
        store.put_verified(endless(), HELLO, 5000)
    assert len(taken) == 6


def test_a_source_that_fails_leaves_nothing(store: BlobStore) -> None:
    def broken() -> Iterator[bytes]:
        yield b"hello"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.put(broken())
    assert store.find(HELLO) is None


def test_what_is_not_there(store: BlobStore) -> None:
    assert store.find(HELLO) is None
    for asked in (store.get, store.read):
        with pytest.raises(StoreError, match="is not in the store"):
            asked(HELLO)
    with pytest.raises(UnknownNameError):
        store.untag("nothing")
    assert store.recall(HELLO) is None
    assert store.tags() == {}


def test_read_takes_small_blobs_only(store: BlobStore) -> None:
    store.put([b"hello"])
    assert store.read(HELLO, limit=5) == b"hello"
    with pytest.raises(StoreError, match="more than expected"):
        store.read(HELLO, limit=4)


def test_concatenations(store: BlobStore) -> None:
    parts = [store.put([text]) for text in (b"one", b"", b"two")]
    assert content(store.concat(parts, b"end")) == b"onetwoend"
    assert store.hash_concat(parts, b"end") == Digest.of(b"onetwoend")
    assert store.hash_concat([], b"") == Digest.of(b"")
    store.hash_concat(parts, b"only hashed")
    assert store.find(Digest.of(b"onetwoonly hashed")) is None


def test_actions_are_remembered_and_replaced(store: BlobStore) -> None:
    store.remember(HELLO, {"a": [1, "ü"], "b": None})
    assert store.recall(HELLO) == {"a": [1, "ü"], "b": None}
    store.remember(HELLO, {})
    assert store.recall(HELLO) == {}


def test_names(store: BlobStore) -> None:
    one, two = (named(store, text) for text in (b"1", b"2"))
    store.tag("b:latest", one, "linux/arm/v7")
    store.tag("a:latest", one)
    store.tag("b:latest", two)
    assert store.tags() == {"a:latest": one, "b:latest": two}
    assert store.untag("b:latest") == two
    with pytest.raises(UnknownNameError, match="a:latest"):
        store.untag("a:latst")
    assert store.tags() == {"a:latest": one}


def test_sessions_go_side_by_side(store: BlobStore) -> None:
    with store.session(), store.session():
        store.put([b"hello"])


def named(store: BlobStore, data: bytes) -> Descriptor:
    stored = store.put([data])
    return Descriptor(MANIFEST, stored.digest, stored.size)


# The store on disk.


@pytest.fixture
def disk(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


def test_it_is_an_oci_layout(disk: Store) -> None:
    disk.tag("a:latest", named(disk, b"1"), "linux/arm/v7")
    assert (disk.root / "oci-layout").read_text() == '{"imageLayoutVersion":"1.0.0"}'
    assert b'"variant":"v7"' in (disk.root / "index.json").read_bytes()
    blob = Path(disk.put([b"hello"]).path)
    assert blob == disk.root / "blobs/sha256" / HELLO.hex
    assert blob.stat().st_mode & 0o777 == 0o444


def test_a_damaged_blob_is_told(disk: Store) -> None:
    path = Path(disk.put([b"hello"]).path)
    path.chmod(0o644)
    path.write_bytes(b"hellO")
    with pytest.raises(StoreError, match="is damaged") as caught:
        disk.read(HELLO)
    assert (caught.value.where, "remove this file" in caught.value.hint) == (str(path), True)


def test_an_empty_blob_counts_as_missing(disk: Store) -> None:
    """After a crash a file may be there by name only."""
    path = Path(disk.put([b"hello"]).path)
    path.chmod(0o644)
    path.write_bytes(b"")
    assert disk.find(HELLO) is None
    assert disk.put([b"hello"]) == disk.get(HELLO)
    assert disk.find(disk.put([]).digest) is not None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"manifests": [1]}', '{"manifests": null}', "é"])
def test_an_index_that_is_none(disk: Store, text: str) -> None:
    disk.put([b"hello"])
    (disk.root / "index.json").write_text(text, encoding="latin-1")
    with pytest.raises(StoreError, match="is not an OCI index"):
        disk.tags()


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff"])
def test_a_damaged_action_counts_as_forgotten(disk: Store, text: str) -> None:
    disk.remember(HELLO, {"a": 1})
    (disk.root / "actions" / HELLO.hex[:2] / f"{HELLO.hex}.json").write_text(text, "latin-1")
    assert disk.recall(HELLO) is None


def test_alone_waits_for_nobody(disk: Store) -> None:
    other = Store(disk.root)
    with other.session(), pytest.raises(StoreError, match="a build is running"), disk.alone():
        pass
    with disk.alone(), pytest.raises(StoreError), other.alone():
        pass
    with disk.alone():
        pass


def test_leftovers_of_dead_processes_are_swept_and_young_files_are_not(disk: Store) -> None:
    disk.put([b"hello"])
    old, young = disk.root / "staging/1-dead", disk.root / "staging/2-alive"
    old.write_text("x")
    young.write_text("x")
    os.utime(old, (time.time() - 3600,) * 2)
    with disk.session():
        assert (old.exists(), young.exists()) == (False, True)


def test_a_link_where_possible_and_a_copy_elsewhere(disk: Store, tmp_path: Path) -> None:
    path = Path(disk.put([b"hello"]).path)
    disk.link_or_copy(HELLO, tmp_path / "near")
    disk.link_or_copy(HELLO, tmp_path / "near")
    assert (tmp_path / "near").samefile(path)
    far = Path("/dev/shm") / f"seaslug-test-{os.getpid()}"
    if far.parent.is_dir() and far.parent.stat().st_dev != path.stat().st_dev:
        disk.link_or_copy(HELLO, far)
        assert far.read_bytes() == b"hello"
        far.unlink()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written") as caught:
        Store(tmp_path / "file/home").put([b"hello"])
    assert "SEASLUG_HOME" in caught.value.hint


MANY = """\
import sys
from pathlib import Path
from seaslug.adapters.store import Store
from seaslug.values.descriptor import Descriptor
store = Store(Path(sys.argv[1]))
for number in range(15):
    stored = store.put([b"same %d" % number])
    store.remember(stored.digest, {"n": number})
    store.tag(f"{sys.argv[2]}-{number}", Descriptor("m", stored.digest, stored.size))
"""


def test_processes_that_write_and_tag_at_once(disk: Store) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", MANY, str(disk.root), f"p{n}"]) for n in range(4)
    ]
    assert [process.wait(60) for process in started] == [0] * 4
    assert len(disk.tags()) == 60
    assert harm(disk.root) == []


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"SEASLUG_HOME": "/a/b"}, "/a/b"),
        ({"SEASLUG_HOME": "", "XDG_CACHE_HOME": "/c"}, "/c/seaslug"),
        ({"SEASLUG_HOME": "", "XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/seaslug"),
        ({"SEASLUG_HOME": "~/x", "HOME": "/h"}, "/h/x"),
    ],
)
def test_where_the_store_lies(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], expected: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert str(default_root()) == expected
