"""Tables of contents in layers, made by hand, whole and damaged."""

from __future__ import annotations

import pytest

from seaslug.errors import HostileError
from seaslug.oci import toc
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.tree import Kind
from support import images, tables

MEMBERS = (
    images.folder("etc"),
    images.member("etc/name", b"data" * 1000, mode=0o640, uid=7),
    images.link("etc/link", "name"),
)
MAKERS = {"estargz": tables.stargz, "zstd:chunked": tables.chunked}


class Layer:
    """A layer far away; ``asked`` is what was read of it."""

    def __init__(self, data: bytes, notes: dict[str, str]) -> None:
        self.data = data
        self.descriptor = Descriptor("x", Digest.of(data), len(data), tuple(sorted(notes.items())))
        self.asked = 0

    def part(self, offset: int, size: int) -> bytes:
        self.asked += size
        return self.data[offset : offset + size]


@pytest.mark.parametrize("kind", MAKERS)
def test_the_files_are_known_without_the_layer(kind: str) -> None:
    layer = Layer(*MAKERS[kind](*MEMBERS))
    assert toc.has_table(layer.descriptor)
    found = toc.table(layer.descriptor, layer.part)
    assert found is not None
    assert [(m.path, m.kind, m.mode, m.uid, m.size, m.target) for m in found] == [
        ("etc", Kind.DIR, 0o755, 0, 0, ""),
        ("etc/name", Kind.FILE, 0o640, 7, 4000, ""),
        ("etc/link", Kind.SYMLINK, 0o644, 0, 0, "name"),
    ]
    assert found[0].mtime == 1767323045
    assert layer.asked < len(layer.data)


def test_a_layer_without_a_table_has_none() -> None:
    layer = Layer(b"data", {"other": "note"})
    assert not toc.has_table(layer.descriptor)
    assert toc.table(layer.descriptor, layer.part) is None


@pytest.mark.parametrize("kind", MAKERS)
def test_a_table_that_is_not_the_one_of_the_manifest(kind: str) -> None:
    data, notes = MAKERS[kind](*MEMBERS)
    changed = {k: v if v[:7] != "sha256:" else f"sha256:{'0' * 64}" for k, v in notes.items()}
    layer = Layer(data, changed)
    with pytest.raises(HostileError, match="not the one"):
        toc.table(layer.descriptor, layer.part)


@pytest.mark.parametrize("place", ["", "1:2:3", "a:b:c:d", "-1:2:3:1", "0:99999999999:5:1",
                                   "0:5:99999999999:1", "5:9999999:5:1"])  # fmt: skip
def test_odd_places(place: str) -> None:
    data, notes = tables.chunked(*MEMBERS)
    layer = Layer(data, {**notes, toc.CHUNKED_PLACE: place})
    with pytest.raises(HostileError):
        toc.table(layer.descriptor, layer.part)


@pytest.mark.parametrize("cut", [0, 10, 51, 60, 100])
def test_an_estargz_layer_cut_off(cut: int) -> None:
    data, notes = tables.stargz(*MEMBERS)
    layer = Layer(data[: len(data) - cut - 1], notes)
    with pytest.raises(HostileError):
        toc.table(layer.descriptor, layer.part)


def test_paths_that_lead_out_are_refused() -> None:
    layer = Layer(*tables.stargz(images.member("a/../../etc/passwd", b"x")))
    with pytest.raises(HostileError, match="leads out"):
        toc.table(layer.descriptor, layer.part)
