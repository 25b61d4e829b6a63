"""Archives as they come: docker save's of all times, OCI's, packed ones, hostile ones."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from seaslug.adapters.store import Store
from seaslug.adapters.transports.archive import ArchiveSource
from seaslug.adapters.transports.bring import import_into
from seaslug.adapters.transports.out import put_out
from seaslug.errors import (
    HostileError,
    IntegrityError,
    SeaslugError,
    StoreError,
    UnknownNameError,
    UsageError,
)
from seaslug.oci import media
from seaslug.ports import Silent
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.place import Place
from support import images

ONE = images.layer(images.member("one", b"1" * 3000))
TWO = images.layer(images.member("two", b"2" * 400_000))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


def hexes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Saved:
    """What docker save wrote until version 24, with mistakes as attributes."""

    def __init__(self, layers: Sequence[bytes] = (ONE, TWO, ONE)) -> None:
        self.layers = list(layers)
        self.names: list[str] | None = ["it:1"]
        self.config: dict[str, Any] = {
            "architecture": "amd64", "os": "linux", "config": {},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hexes(x)}" for x in layers]},
        }  # fmt: skip
        self.linked = True
        self.extra: list[tuple[tarfile.TarInfo, bytes]] = []
        self.table: Any = None

    def members(self) -> list[tuple[tarfile.TarInfo, bytes]]:
        """Return the members, the table of contents last."""
        found, paths, known = [], [], {}
        for number, data in enumerate(self.layers):
            path = f"{hexes(b'%d' % number)}/layer.tar"
            if self.linked and data in known:
                found.append(images.link(path, f"../{known[data]}"))
            else:
                found.append(images.member(path, data))
            known.setdefault(data, path)
            paths.append(path)
        raw = json.dumps(self.config).encode()
        config = f"{hexes(raw)}.json"
        table = [{"Config": config, "RepoTags": self.names, "Layers": paths}]
        table = table if self.table is None else self.table
        found += [images.member(config, raw), *self.extra]
        return [*found, images.member("manifest.json", json.dumps(table).encode())]

    def write(self, path: Path) -> Path:
        """Write the archive."""
        path.write_bytes(images.layer(*self.members()))
        return path


def bring(store: Store, path: Path, name: str = "", platform: str = "") -> Descriptor:
    return import_into(store, Place("docker-archive", str(path), name), platform, Silent())


def layers_of(store: Store, top: Descriptor) -> list[tuple[str, bytes]]:
    rows = json.loads(store.read(top.digest))["layers"]
    return [(row["mediaType"], store.read(Digest(row["digest"]))) for row in rows]


@pytest.mark.parametrize("linked", [True, False])
def test_an_archive_of_an_old_docker(store: Store, tmp_path: Path, linked: bool) -> None:
    saved = Saved()
    saved.linked = linked
    top = bring(store, saved.write(tmp_path / "a.tar"))
    assert layers_of(store, top) == [(media.LAYER, data) for data in (ONE, TWO, ONE)]
    manifest = json.loads(store.read(top.digest))
    assert json.loads(store.read(Digest(manifest["config"]["digest"]))) == saved.config
    assert (top.media_type, top.size) == (media.MANIFEST, store.get(top.digest).size)


def test_a_config_keeps_its_bytes(store: Store, tmp_path: Path) -> None:
    saved = Saved()
    raw = json.dumps(saved.config).encode()
    top = bring(store, saved.write(tmp_path / "a.tar"))
    manifest = json.loads(store.read(top.digest))
    assert manifest["config"]["digest"] == f"sha256:{hexes(raw)}"


def test_layers_may_be_packed(store: Store, tmp_path: Path) -> None:
    saved = Saved()
    saved.layers = [gzip.compress(ONE), TWO, gzip.compress(ONE)]
    top = bring(store, saved.write(tmp_path / "a.tar"))
    assert [kind.removeprefix(media.LAYER) for kind, _ in layers_of(store, top)] == [
        "+gzip", "", "+gzip",
    ]  # fmt: skip


def zstd(data: bytes) -> bytes:
    return images._pack(data, "zstd")


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_archives_may_be_packed(
    store: Store, tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    path = Saved().write(tmp_path / "a.tar")
    path.write_bytes(pack(path.read_bytes()))
    assert len(layers_of(store, bring(store, path))) == 3


@pytest.mark.parametrize(
    "name", ["it:1", "docker.io/library/it:1", "@sha256:", "", "h.example:5/it"]
)
def test_names(store: Store, tmp_path: Path, name: str) -> None:
    saved = Saved()
    saved.names = ["it:1", "h.example:5/it:latest"]
    if name == "@sha256:":
        name += hexes(json.dumps(saved.config).encode())[:12]
    assert bring(store, saved.write(tmp_path / "a.tar"), name).media_type == media.MANIFEST


def test_an_unknown_name_names_the_nearest(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError) as caught:
        bring(store, Saved().write(tmp_path / "a.tar"), "it:2")
    assert caught.value.nearest == ("it:1",)


def test_several_images_want_a_name(store: Store, tmp_path: Path) -> None:
    one, two = Saved([ONE]), Saved([TWO])
    two.names = ["other:1"]
    both = Saved([ONE])
    *rest, table = one.members()
    table_two = json.loads(two.members()[-1][1])
    both_rows = json.loads(table[1]) + table_two
    moved = two.members()
    moved[0][0].name = "two/layer.tar"
    both_rows[1]["Layers"] = ["two/layer.tar"]
    del both
    raw = json.dumps(both_rows).encode()
    path = tmp_path / "both.tar"
    path.write_bytes(images.layer(*rest, *moved[:-1], images.member("manifest.json", raw)))
    with pytest.raises(UsageError, match="holds 2 images") as caught:
        bring(store, path)
    assert "it:1, other:1" in caught.value.hint
    assert layers_of(store, bring(store, path, "other:1")) == [(media.LAYER, TWO)]


def test_a_platform_that_it_is_not(store: Store, tmp_path: Path) -> None:
    path = Saved().write(tmp_path / "a.tar")
    assert bring(store, path, platform="linux/amd64").size
    with pytest.raises(UnknownNameError, match="platform"):
        bring(store, path, platform="linux/arm64")


def test_what_seaslug_writes_comes_back_byte_for_byte(store: Store, tmp_path: Path) -> None:
    digest = images.image(store, [ONE, TWO, ONE])
    top = Descriptor(media.MANIFEST, digest, store.get(digest).size)
    place = Place("docker-archive", str(tmp_path / "a.tar"), "it:1")
    put_out(store, top, place, [])
    back = Store(tmp_path / "back")
    assert import_into(back, place, "", Silent()) == top
    assert {r[0] for r in store.contents()} <= {r[0] for r in back.contents()}


# What is wrong with an archive, one thing at a time.


def wrong_diff_id(saved: Saved) -> None:
    saved.config["rootfs"]["diff_ids"][1] = f"sha256:{'0' * 64}"


def too_few_layers(saved: Saved) -> None:
    saved.config["rootfs"]["diff_ids"].pop()


def no_rootfs(saved: Saved) -> None:
    del saved.config["rootfs"]


def damaged_layer(saved: Saved) -> None:
    saved.layers[1] = TWO[:-1] + b"!"


def bad_gzip(saved: Saved) -> None:
    saved.layers[1] = gzip.compress(TWO)[:-20]


def member_above(saved: Saved) -> None:
    saved.extra = [images.member("../above", b"x")]


def member_absolute(saved: Saved) -> None:
    saved.extra = [images.member("/etc/passwd", b"x")]


def member_twice(saved: Saved) -> None:
    saved.extra = [images.member("manifest.json", b"[]")]


def device(saved: Saved) -> None:
    saved.extra = [images.member("dev", kind=tarfile.CHRTYPE)]


def table(layers: Any, config: str = "c.json") -> Callable[[Saved], None]:
    def change(saved: Saved) -> None:
        raw = json.dumps(saved.config).encode()
        saved.extra += [images.member("c.json", raw)]
        saved.table = [{"Config": config, "RepoTags": None, "Layers": layers}]

    return change


def links(*pairs: tuple[str, str]) -> Callable[[Saved], None]:
    def change(saved: Saved) -> None:
        table([pairs[0][0]] * 3)(saved)
        saved.extra += [images.link(name, target) for name, target in pairs]

    return change


def rows(value: Any) -> Callable[[Saved], None]:
    def change(saved: Saved) -> None:
        saved.table = value

    return change


HOSTILE: dict[str, tuple[Callable[[Saved], None], type[SeaslugError]]] = {
    "a diff id that is wrong": (wrong_diff_id, IntegrityError),
    "a layer that is damaged": (damaged_layer, IntegrityError),
    "fewer diff ids than layers": (too_few_layers, HostileError),
    "no rootfs": (no_rootfs, HostileError),
    "a gzip layer cut off": (bad_gzip, HostileError),
    "a path above": (member_above, HostileError),
    "an absolute path": (member_absolute, HostileError),
    "a member twice": (member_twice, HostileError),
    "a device": (device, HostileError),
    "a config that is not there": (table([], "no.json"), HostileError),
    "a layer that is not there": (table(["no"] * 3), HostileError),
    "a config above": (table([], "../../etc/passwd"), HostileError),
    "a link out": (links(("l", "../../../etc/passwd")), HostileError),
    "an absolute link": (links(("l", "/etc/passwd")), HostileError),
    "links in a circle": (links(("l", "m"), ("m", "l")), HostileError),
    "a table that is none": (rows({"Config": "x"}), HostileError),
    "rows that are none": (rows([1]), HostileError),
    "rows without a config": (rows([{"Layers": []}]), HostileError),
    "layers that are no texts": (rows([{"Config": "x", "Layers": [1]}]), HostileError),
    "no rows": (rows([]), HostileError),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_archives(store: Store, tmp_path: Path, what: str) -> None:
    change, error = HOSTILE[what]
    saved = Saved()
    change(saved)
    with pytest.raises(error):
        bring(store, saved.write(tmp_path / "a.tar"))
    assert store.tags() == {}


@pytest.mark.parametrize("size", [0, 100, 512, 3000, 50_000, 400_000])
def test_an_archive_that_is_cut_off(store: Store, tmp_path: Path, size: int) -> None:
    path = Saved().write(tmp_path / "a.tar")
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(HostileError):
        bring(store, path)


def test_a_config_of_five_megabytes(store: Store, tmp_path: Path) -> None:
    saved = Saved()
    saved.config["config"]["Labels"] = {"x": "y" * (5 << 20)}
    with pytest.raises(SeaslugError):
        bring(store, saved.write(tmp_path / "a.tar"))


def test_what_cannot_be_opened(store: Store, tmp_path: Path) -> None:
    for path in (tmp_path / "no", tmp_path):
        with pytest.raises(StoreError):
            bring(store, path)
        with pytest.raises(StoreError):
            ArchiveSource(path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="no file"):
        bring(store, tmp_path / "pipe")


@pytest.mark.parametrize("head", [b"BZh91AY", b"\xfd7zXZ\x00"])
def test_a_packing_that_no_engine_reads(store: Store, tmp_path: Path, head: bytes) -> None:
    (tmp_path / "a").write_bytes(head + b"x" * 100)
    with pytest.raises(StoreError, match="is packed with"):
        bring(store, tmp_path / "a")


# OCI archives, read in place.


def oci(store: Store, path: Path) -> Descriptor:
    digest = images.image(store, [ONE, TWO, ONE])
    top = Descriptor(media.MANIFEST, digest, store.get(digest).size)
    put_out(store, top, Place("oci-archive", str(path), "it:1"), [])
    return top


def read_all(source: ArchiveSource) -> dict[Digest, bytes]:
    top = source.top()
    manifest = json.loads(source.manifest(top))
    found = {}
    for row in (manifest["config"], *manifest["layers"]):
        wanted = Descriptor(row["mediaType"], Digest(row["digest"]), row["size"])
        data = b"".join(source.open(wanted))
        assert Digest.of(data) == wanted.digest
        assert b"".join(source.open(wanted, 10)) == data[10:]
        found[wanted.digest] = data
    return found


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd])
@pytest.mark.parametrize("name", ["", "it:1"])
def test_an_oci_archive_is_read_in_place(
    store: Store, tmp_path: Path, pack: Callable[[bytes], bytes], name: str
) -> None:
    path = tmp_path / "a.tar"
    top = oci(store, path)
    path.write_bytes(pack(path.read_bytes()))
    source = ArchiveSource(path, name)
    assert (source.top(), source.known_as) == (top, "")
    assert len(read_all(source)) == 3
    source.close()


def test_what_was_unpacked_goes_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    path = tmp_path / "a.tar"
    oci(store, path)
    path.write_bytes(gzip.compress(path.read_bytes()))
    source = ArchiveSource(path)
    assert len(os.listdir(tmp_path / "spool")) == 1
    source.close()
    path.write_bytes(gzip.compress(b"no tar" * 500))
    with pytest.raises(HostileError):
        ArchiveSource(path)
    assert os.listdir(tmp_path / "spool") == []


def test_names_may_begin_with_a_dot(store: Store, tmp_path: Path) -> None:
    oci(store, tmp_path / "a.tar")
    out = io.BytesIO()
    with tarfile.open(tmp_path / "a.tar") as old, tarfile.open(fileobj=out, mode="w") as new:
        for member in old:
            member.name = f"./{member.name}"
            new.addfile(member, old.extractfile(member))
    (tmp_path / "b.tar").write_bytes(out.getvalue())
    assert len(read_all(ArchiveSource(tmp_path / "b.tar"))) == 3


def test_what_is_no_oci_archive(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no OCI archive") as caught:
        ArchiveSource(Saved().write(tmp_path / "a.tar"))
    assert "docker-archive" in caught.value.hint


@pytest.mark.parametrize("change", [member_above, member_absolute, member_twice, device])
def test_hostile_members(tmp_path: Path, change: Callable[[Saved], None]) -> None:
    saved = Saved()
    change(saved)
    with pytest.raises(HostileError):
        ArchiveSource(saved.write(tmp_path / "a.tar"))


def test_an_oci_archive_that_is_cut_off(store: Store, tmp_path: Path) -> None:
    oci(store, tmp_path / "a.tar")
    whole = (tmp_path / "a.tar").read_bytes()
    for size in range(0, len(whole) - 2048, 700):
        (tmp_path / "a.tar").write_bytes(whole[:size])
        with pytest.raises(SeaslugError):
            read_all(ArchiveSource(tmp_path / "a.tar"))


def test_an_oci_archive_as_a_stream(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    top = oci(store, path)
    back = Store(tmp_path / "back")
    assert import_into(back, Place("oci-archive", str(path)), "", Silent()) == top
    for transport in ("oci-archive", "docker-archive"):
        assert import_into(back, Place(transport, str(path), "it:1"), "", Silent()) == top
        with pytest.raises(UnknownNameError):
            import_into(back, Place(transport, str(path), "it:2"), "", Silent())
    raw = path.read_bytes()
    at = raw.index(gzip.compress(ONE, 1, mtime=0))
    path.write_bytes(raw[: at + 40] + b"!!" + raw[at + 42 :])
    with pytest.raises(HostileError, match="damaged"):
        import_into(back, Place("oci-archive", str(path)), "", Silent())
