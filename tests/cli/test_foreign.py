"""Looking into images that others built: whiteouts, links over layers, packages by status.d."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from seaslug.adapters.store import Store
from seaslug.oci.plain import plain
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from support import images
from support.cli import Cli, Done
from support.images import folder, layer, link, member

STANZA = b"Package: libz\nVersion: 1:1.3-1\nArchitecture: amd64\nInstalled-Size: 9\nSource: zlib\n"
GONE = b"Package: gone\nVersion: 1\nArchitecture: all\n"
STATUS = "var/lib/dpkg/status.d"


def hard(path: str, target: str) -> Any:
    return member(path, kind=tarfile.LNKTYPE, link=target)


LAYERS = (
    layer(
        folder("./etc/"), member("./etc/motd", b"first"), member("./etc/secret", b"secret"),
        folder("./usr/lib/"), member("./usr/lib/libz.so.1", b"zzz"), link("./lib", "usr/lib"),
        folder("./opt/app/"), member("./opt/app/old", b"old"), member("./opt/app/kept", b"old"),
        folder("./srv/"), member("./srv/page", b"page"),
        folder("./data/"), member("./data/x", b"x"),
        member(f"./{STATUS}/libz", STANZA),
        member(f"./{STATUS}/libz.md5sums", b"0123  usr/lib/libz.so.1\n0123  usr/lib/dropped\n"),
        member(f"./{STATUS}/gone", GONE), member(f"./{STATUS}/gone.md5sums", b"12  srv/page\n"),
    ),
    layer(
        member("etc/.wh.secret"), folder("opt/app"), member("opt/app/.wh..wh..opq"),
        member("opt/app/kept", b"new"), hard("etc/motd2", "etc/motd"),
        hard("etc/motd3", "etc/motd2"),
        member("lib/plugin.so", b"plug"), member("data", b"now a file"),
        member(f"{STATUS}/.wh.gone"), member(f"{STATUS}/.wh.gone.md5sums"),
    ),
    layer(
        member("etc/motd", b"second"), member(".wh.srv"), folder("srv"),
        member("srv/fresh", b"f"),
    ),
)  # fmt: skip
# What the layers above are, worked out by hand from the image specification.
FILES = {
    "etc/motd": b"second", "etc/motd2": b"first", "etc/motd3": b"first",
    "usr/lib/libz.so.1": b"zzz", "usr/lib/plugin.so": b"plug", "opt/app/kept": b"new",
    "srv/fresh": b"f", "data": b"now a file", f"{STATUS}/libz": STANZA,
}  # fmt: skip


class Foreign:
    """A store with images that were not made by us."""

    def __init__(self, home: Path) -> None:
        self.store = Store(home)
        self.cli = Cli(home)

    def add(self, name: str, layers: Any, config: Mapping[str, Any] | None = None, **more: Any):
        digest = images.image(self.store, layers, config, **more)
        self.tag(name, digest, images.MANIFEST)

    def tag(self, name: str, digest: Digest, media_type: str) -> None:
        size = self.store.get(digest).size
        self.store.tag(name, Descriptor(media_type, digest, size))

    def put(self, name: str, data: Any, media_type: str = images.MANIFEST) -> None:
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.tag(name, self.store.put([raw]).digest, media_type)


@pytest.fixture
def foreign(tmp_path: Path) -> Foreign:
    made = Foreign(tmp_path / "home")
    made.add("theirs", LAYERS, {"Entrypoint": ["/app"], "User": "65532"})
    return made


def files(done: Done) -> dict[str, bytes]:
    """Return the content of every file and hard link of an exported tar."""
    assert done.status == 0, done.err
    with tarfile.open(fileobj=io.BytesIO(done.raw)) as tar:
        found = {m.name: tar.extractfile(m) for m in tar if m.isreg() or m.islnk()}
        return {name: file.read() for name, file in found.items() if file is not None}


@pytest.mark.parametrize("packing", ["gzip", "zstd", "none"])
def test_layers_are_laid_over_each_other(foreign: Foreign, tmp_path: Path, packing: str) -> None:
    foreign.add("theirs", LAYERS, packing=packing)
    found = files(foreign.cli("export", "theirs"))
    found.pop(f"{STATUS}/libz.md5sums")
    assert found == FILES
    rows = foreign.cli("ls", "theirs", "--json").json["files"]
    shown = [row["path"][1:] for row in rows if row["kind"] in ("file", "hard")]
    assert shown == sorted([*FILES, f"{STATUS}/libz.md5sums"])
    for path, content in FILES.items():
        assert foreign.cli("cat", "theirs", path).raw == content, path
    foreign.cli("export", "theirs", "-o", f"root:{tmp_path}/root")
    for path, content in FILES.items():
        assert (tmp_path / "root" / path).read_bytes() == content, path
    assert not (tmp_path / "root/opt/app/old").exists()


def test_each_path_names_the_layer_that_it_is_from(foreign: Foreign) -> None:
    rows = {r["path"]: r["layer"] for r in foreign.cli("ls", "theirs", "--json").json["files"]}
    assert [rows[p] for p in ("/etc", "/etc/motd", "/etc/motd2", "/opt/app/kept")] == [0, 2, 1, 1]


def test_packages_of_a_distroless_image(foreign: Foreign) -> None:
    found = foreign.cli("inspect", "theirs", "--json").json
    assert [p["name"] for p in found["packages"]] == ["libz"], "gone is gone"
    libz = found["packages"][0]
    assert (libz["version"], libz["source"], libz["installed_size"]) == ("1:1.3-1", "zlib", 9 << 10)
    assert (libz["files"], libz["size"]) == (1, 3), "only what is there counts"
    assert found["config"]["config"]["User"] == "65532"
    rows = foreign.cli("ls", "theirs", "--json", "--package", "libz").json["files"]
    assert [row["path"] for row in rows if "/status.d/" not in row["path"]] == [
        "/usr/lib/libz.so.1"
    ]  # fmt: skip
    sums = foreign.cli("ls", "theirs", "--by", "package", "--long", "--json").json["sums"]
    (libz,) = (one for one in sums if one["package"] == "libz")
    assert libz["paths"] == [row["path"] for row in rows], "the same with --by"
    assert "libz" in foreign.cli("inspect", "theirs").out
    assert foreign.cli("images", "--json").json["images"][0]["platform"] == "linux/amd64"


def test_an_image_that_says_nothing_of_itself(foreign: Foreign) -> None:
    foreign.add("bare", [layer(member("app", b"elf", mode=0o755))])
    text = foreign.cli("inspect", "bare").out
    assert "no packages" in text and "linux/amd64" in text
    assert foreign.cli("cat", "bare", "app").raw == b"elf"
    foreign.add("nothing", [])
    assert foreign.cli("export", "nothing").raw.strip(b"\0") == b""
    assert foreign.cli("ls", "nothing").status == 1


def index(foreign: Foreign, *arches: str) -> dict[str, Any]:
    rows = []
    for arch in arches:
        digest = images.image(foreign.store, [layer(member("arch", arch.encode()))], arch=arch)
        found = Descriptor(images.MANIFEST, digest, foreign.store.get(digest).size)
        rows.append({**plain(found), "platform": {"os": "linux", "architecture": arch}})
    return {"schemaVersion": 2, "manifests": rows}


INDEX = "application/vnd.oci.image.index.v1+json"


def test_an_index_without_this_machine_needs_a_choice(foreign: Foreign) -> None:
    foreign.put("many", index(foreign, "s390x", "riscv64"), INDEX)
    done = foreign.cli("ls", "many")
    assert done.status == 2
    assert "--platform linux/s390x|linux/riscv64" in done.error
    assert foreign.cli("cat", "many", "arch", "--platform", "riscv64").raw == b"riscv64"
    foreign.put("one", index(foreign, "s390x"), INDEX)
    assert foreign.cli("cat", "one", "arch").raw == b"s390x"


def test_an_ambiguous_beginning_of_a_digest(foreign: Foreign) -> None:
    """Two manifests whose digests begin alike, found by trying."""
    body = json.loads(foreign.store.read(foreign.store.tags()["theirs"].digest))
    seen: dict[str, bytes] = {}
    for at in range(100_000):
        raw = json.dumps({**body, "annotations": {"n": str(at)}}).encode()
        start = Digest.of(raw).hex[:6]
        if start in seen:
            break
        seen[start] = raw
    foreign.put("a", raw)
    foreign.put("b", seen[start])
    done = foreign.cli("inspect", start)
    assert done.status == 2 and "the beginning of 2 digests" in done.error
    whole = foreign.cli("inspect", Digest.of(raw).hex[:40], "--json")
    assert whole.json["annotations"] == {"n": str(at)}


def bomb() -> bytes:
    head = tarfile.TarInfo("zeros")
    head.size = 1 << 40
    return head.tobuf() + bytes(4096)


@pytest.mark.parametrize(
    "members",
    [
        layer(member("../../etc/passwd", b"x")),
        layer(member("/etc/passwd", b"x")),
        layer(link("a", "b"), link("b", "a"), member("a/x", b"x")),
        bomb(),
        b"x" * 2048,
        layer(member("a", b"x" * 9999))[:4000],
    ],
    ids=["parents", "absolute", "circle", "bomb", "no tar", "cut"],
)
def test_a_hostile_layer(foreign: Foreign, tmp_path: Path, members: bytes) -> None:
    foreign.add("evil", [members])
    place = tmp_path / "out"
    for args in (("ls", "evil"), ("export", "evil", "-o", f"tar:{place}"),
                 ("export", "evil", "-o", f"root:{place}")):  # fmt: skip
        done = foreign.cli(*args)
        assert (done.status, done.out) == (9, ""), done.err
        assert "Traceback" not in done.err and not place.exists()


def test_a_device_is_listed_around_and_never_made(foreign: Foreign, tmp_path: Path) -> None:
    foreign.add("device", [layer(member("dev/sda", kind=tarfile.BLKTYPE), member("a", b"x"))])
    done = foreign.cli("ls", "device")
    assert (done.status, done.out) == (0, "0  -  /a\n")
    assert "passed over: /dev/sda, a block device" in done.err
    for shape in ("tar", "root"):
        done = foreign.cli("export", "device", "-o", f"{shape}:{tmp_path}/out")
        assert (done.status, done.out) == (9, "") and not (tmp_path / "out").exists()


def test_a_layer_that_is_not_what_it_says(foreign: Foreign) -> None:
    manifest = json.loads(foreign.store.read(foreign.store.tags()["theirs"].digest))
    manifest["layers"][0] = images.descriptor(
        foreign.store, gzip.compress(b"")[:-4], images.LAYER + "+gzip"
    )
    foreign.put("evil", manifest)
    assert foreign.cli("ls", "evil").status == 9
    manifest["layers"][0]["mediaType"] = images.LAYER + "+zstd"
    foreign.put("evil", manifest)
    assert foreign.cli("ls", "evil").status == 9


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 9), (b"null", 9), (b"[" * 99_999, 9), ({}, 9), ({"manifests": 1}, 9),
        ({"manifests": []}, 9), ({"manifests": [{}]}, 9), ({"layers": [], "config": {}}, 9),
    ],
)  # fmt: skip
def test_a_hostile_manifest(foreign: Foreign, data: Any, status: int) -> None:
    foreign.put("evil", data)
    for args in (("inspect", "evil"), ("ls", "evil"), ("images",)):
        done = foreign.cli(*args)
        if args != ("images",) or data != {"manifests": []}:
            assert (done.status, done.out) == (status, ""), done.err
        assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "config",
    [
        b"[]", b"{", b"null", b'{"config": 1}', b'{"rootfs": 2}', b'{"history": 3}',
        b'{"config": {"Labels": [1]}}', b'{"config": {"Env": [1]}}',
        b'{"config": {"Entrypoint": "sh"}}',
    ],
)  # fmt: skip
def test_a_hostile_config(foreign: Foreign, config: bytes) -> None:
    manifest = json.loads(foreign.store.read(foreign.store.tags()["theirs"].digest))
    manifest["config"] = images.descriptor(foreign.store, config, images.CONFIG)
    foreign.put("evil", manifest)
    done = foreign.cli("inspect", "evil")
    assert (done.status, done.out) == (9, ""), done.err
