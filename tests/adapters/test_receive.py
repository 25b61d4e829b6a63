from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters.store import Store
from seaslug.errors import IntegrityError, StoreError, UnreachableError
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

DATA = bytes(range(256)) * 4000
WANTED = Descriptor("x", Digest.of(DATA), len(DATA))


class Sender:
    """Gives DATA, cut off after *cuts* bytes in the first calls; notes where it was asked from."""

    def __init__(self, *cuts: int, data: bytes = DATA) -> None:
        self.cuts = list(cuts)
        self.data = data
        self.asked: list[int] = []

    def __call__(self, offset: int) -> Iterator[bytes]:
        self.asked.append(offset)
        end = offset + self.cuts.pop(0) if self.cuts else len(self.data)
        for at in range(offset, min(end, len(self.data)), 1000):
            yield self.data[at : min(at + 1000, end)]
        if end < len(self.data):
            raise UnreachableError("cut off")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def left(store: Store) -> list[str]:
    return [path.name for path in (store.root / "staging").iterdir()]


def test_a_blob_arrives_whole(store: Store) -> None:
    found = store.receive(WANTED, Sender())
    assert Path(found.path).read_bytes() == DATA
    assert left(store) == []


def test_what_is_here_is_not_asked_for(store: Store) -> None:
    store.put([DATA])
    sender = Sender()
    assert store.receive(WANTED, sender).size == len(DATA)
    assert sender.asked == []


def test_what_came_before_a_cut_is_not_asked_for_again(store: Store) -> None:
    sender = Sender(300_500, 400_000)
    for _ in range(2):
        with pytest.raises(UnreachableError):
            store.receive(WANTED, sender)
        assert store.find(WANTED.digest) is None
    assert store.receive(WANTED, sender).size == len(DATA)
    assert sender.asked == [0, 300_500, 700_500]
    assert left(store) == []


def test_another_process_goes_on_with_it(store: Store) -> None:
    with pytest.raises(UnreachableError):
        store.receive(WANTED, Sender(5000))
    sender = Sender()
    Store(store.root).receive(WANTED, sender)
    assert sender.asked == [5000]


def test_a_damaged_beginning_costs_time_only(store: Store) -> None:
    with pytest.raises(UnreachableError):
        store.receive(WANTED, Sender(5000))
    partial = next((store.root / "staging").iterdir())
    partial.write_bytes(b"rubbish")
    sender = Sender()
    assert Path(store.receive(WANTED, sender).path).read_bytes() == DATA
    assert sender.asked == [7, 0]


def test_a_beginning_that_is_longer_than_the_blob_is_dropped(store: Store) -> None:
    with pytest.raises(UnreachableError):
        store.receive(WANTED, Sender(5000))
    next((store.root / "staging").iterdir()).write_bytes(DATA * 2)
    assert Path(store.receive(WANTED, Sender()).path).read_bytes() == DATA


@pytest.mark.parametrize(
    "data", [DATA + b"x", DATA[:-1], DATA[:-1] + b"x"], ids=["longer", "shorter", "other"]
)
def test_wrong_bytes_are_refused_and_not_kept(store: Store, data: bytes) -> None:
    with pytest.raises(IntegrityError):
        store.receive(WANTED, Sender(data=data))
    assert store.find(WANTED.digest) is None
    assert left(store) == []


def test_an_endless_body_ends_where_the_blob_should(store: Store) -> None:
    given = []

    def endless(offset: int) -> Iterator[bytes]:
        while True:
            given.append(1)
            yield bytes(1 << 16)

    with pytest.raises(IntegrityError, match="more than"):
        store.receive(WANTED, endless)
    assert len(given) <= len(DATA) // (1 << 16) + 2


def test_the_empty_blob(store: Store) -> None:
    empty = Descriptor("x", Digest.of(b""), 0)
    assert store.receive(empty, Sender(data=b"")).size == 0
    assert left(store) == []


def test_two_who_want_the_same_fetch_it_once(store: Store) -> None:
    sender = Sender()
    threads = [threading.Thread(target=store.receive, args=(WANTED, sender)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sender.asked == [0]


def test_a_full_disk_says_what_to_do(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from seaslug.adapters import receive

    def full(file: object, chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(receive, "_write", full)
    with pytest.raises(StoreError, match="No space left") as caught:
        store.receive(WANTED, Sender())
    assert "seaslug gc" in caught.value.hint
