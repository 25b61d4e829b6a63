"""Looking into the store: what images, inspect, ls, cat and export say of images that we built."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.cli import Cli, Done
from support.shop import AMD64, ARM64, Shop

BOTH = f"{AMD64},{ARM64}"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A store with ``tiny:latest`` for one platform and ``both:latest`` for two."""
    with Shop(tmp_path_factory.mktemp("shop")) as made:
        made.build()
        made.build("-t", "both:latest", platform=BOTH)
        yield made


def good(done: Done) -> Done:
    assert done.status == 0, done.err
    return done


def refused(done: Done, *said: str, status: int = 2) -> None:
    assert (done.status, done.out) == (status, ""), done.err
    assert "Traceback" not in done.err
    for text in said:
        assert text in done.error, done.err


def test_an_empty_store_says_how_to_go_on(tmp_path: Path) -> None:
    done = good(Cli(tmp_path / "home")("images"))
    assert done.out == "" and "seaslug build static" in done.err
    assert Cli(tmp_path / "home")("images", "--json").json == {"images": []}
    refused(Cli(tmp_path / "home")("inspect", "tiny"), "the store has no images")


def test_images(shop: Shop) -> None:
    rows = good(shop.cli("images", "--json")).json["images"]
    shown = [(row["name"], row["platform"], row["index"] is None) for row in rows]
    assert shown == [
        ("both:latest", AMD64, False), ("both:latest", ARM64, False), ("tiny:latest", AMD64, True),
    ]  # fmt: skip
    assert rows[0]["digest"] == rows[2]["digest"]
    assert rows[0]["created"] == "2023-11-14T22:13:20Z"
    text = good(shop.cli("images")).out
    assert text.splitlines()[0].split() == [
        "NAME", "PLATFORM", "DIGEST", "SIZE", "CONTENT", "FROM"
    ]  # fmt: skip
    assert rows[2]["digest"][7:19] in text and "2023-11-14" in text


def test_inspect(shop: Shop) -> None:
    found = good(shop.cli("inspect", "tiny:latest", "--json")).json
    assert found["digest"] == shop.build().out.strip()
    assert found["platform"] == AMD64
    config = found["config"]["config"]
    assert config["Entrypoint"] == ["/usr/bin/hello"]
    assert config["Env"] == ["GREETING=hi amd64"]
    assert config["User"] == "0"
    assert config["Labels"]["org.opencontainers.image.version"] == "1.0-1"
    assert [layer["diff_id"] for layer in found["layers"]] == found["config"]["rootfs"]["diff_ids"]
    assert found["size"] == sum(layer["size"] for layer in found["layers"])
    assert found["layers"][0]["created_by"] == "seaslug: tiny"
    assert {p["name"]: p for p in found["packages"]}["hello"] == {
        "name": "hello", "version": "1.0-1", "arch": "amd64", "source": "hello-src",
        "installed_size": 7 * 1024, "size": 3000 + len("hello amd64"), "files": 4, "layer": 0,
    }  # fmt: skip
    assert [p["name"] for p in found["packages"]] == ["base-files", "hello", "libgreet"]


def test_inspect_for_people(shop: Shop) -> None:
    text = good(shop.cli("inspect", "tiny")).out
    for said in ("entrypoint  /usr/bin/hello", "libgreet", "2.1-3", "seaslug: tiny", "3 packages"):
        assert said in text


@pytest.mark.parametrize("spelling", ["tiny:latest", "tiny", "{digest}", "{hex}", "{short}"])
def test_the_ways_to_name_an_image(shop: Shop, spelling: str) -> None:
    digest = shop.build().out.strip()
    name = spelling.format(digest=digest, hex=digest[7:], short=digest[7:15])
    assert good(shop.cli("inspect", name, "--json")).json["digest"] == digest


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("inspect", "tyni"), ("unknown image 'tyni'", "tiny:latest")),
        (("inspect", "12345"), ("unknown image",)),
        (("ls", "both", "--platform", "linux/s390x"), ("unknown platform", AMD64, ARM64)),
        (("ls", "both", "--platform", "linux/amd46"), ("unknown platform", AMD64)),
        (("ls", "tiny", "--package", "libgret"), ("unknown package 'libgret'", "libgreet")),
        (("cat", "tiny", "/usr/bin/helo"), ("unknown path", "/usr/bin/hello")),
        (("cat", "tiny", "/usr/bin"), ("/usr/bin: a folder", "seaslug ls tiny /usr/bin")),
        (("cat", "tiny", "/"), ("/: a folder",)),
        (("cat", "tiny", "../.."), ("a folder",)),
        (("export", "tiny", "-o", "zip:x"), ("unknown output 'zip'",)),
        (("export", "tiny", "-o", "root:"), ("not an output: 'root:'",)),
        (("export", "both", "-o", "docker-archive:x", "--platform", "arm"), ("linux/arm/v7",)),
    ],
)
def test_what_is_not_there(shop: Shop, args: tuple[str, ...], said: tuple[str, ...]) -> None:
    refused(shop.cli(*args), *said)


def test_the_platform_of_an_index(shop: Shop) -> None:
    for platform, arch in ((AMD64, "amd64"), (ARM64, "arm64")):
        done = good(shop.cli("cat", "both", "/usr/bin/hello", "--platform", platform))
        assert done.raw == f"hello {arch}".encode()


def test_ls(shop: Shop) -> None:
    rows = good(shop.cli("ls", "tiny", "--json")).json["files"]
    paths = [row["path"] for row in rows]
    assert paths == sorted(paths)
    assert "/usr/share/man/man1/hello.1" not in paths
    by = {row["path"]: row for row in rows}
    assert by["/usr/bin/hello"] == {
        "path": "/usr/bin/hello", "kind": "file", "mode": "0755", "uid": 0, "gid": 0, "size": 11,
        "mtime": 1_700_000_000, "layer": 0, "package": "hello",
    }  # fmt: skip
    assert by["/usr/bin/hi"]["target"] == "hello"
    assert by["/etc/passwd"]["package"] is None


@pytest.mark.parametrize(
    ("args", "paths"),
    [
        (("/usr/bin",), "/usr/bin /usr/bin/hello /usr/bin/hi /usr/bin/howdy"),
        (("usr/bin/hi",), "/usr/bin/hi"),
        (("h*y",), "/usr/bin/howdy"),
        (("/etc/debian*", "*.so.1"), "/etc/debian_version /usr/lib/libgreet.so.1"),
        (("usr/*/hello",), "/usr/bin/hello /usr/share/hello"),
        (("--layer", "1"), "/usr /usr/share /usr/share/seaslug /usr/share/seaslug/lock.json"),
        (("--package", "libgreet", "/usr"), "/usr/lib/libgreet.so.1"),
        (("--package", "hello", "--layer", "1"), ""),
        (("no-such-folder",), ""),
    ],
)
def test_ls_chooses(shop: Shop, args: tuple[str, ...], paths: str) -> None:
    rows = shop.cli("ls", "tiny", "--json", *args).json["files"]
    assert [row["path"] for row in rows] == paths.split()
    done = shop.cli("ls", "tiny", *args)
    shown = [line.split(" -> ")[0].split()[-1] for line in done.out.splitlines()]
    assert (done.status, shown) == (0 if paths else 1, paths.split())


def test_ls_long(shop: Shop) -> None:
    lines = good(shop.cli("ls", "tiny", "-l", "/usr/bin", "/home")).out.splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "0 - d0755 0:0 0 2023-11-14 22:13 /home",
        "0 - d0700 65532:65532 0 2023-11-14 22:13 /home/nonroot",
        "0 - d0755 0:0 0 2023-11-14 22:13 /usr/bin",
        "0 hello -0755 0:0 11 2023-11-14 22:13 /usr/bin/hello",
        "0 hello l0777 0:0 0 2023-11-14 22:13 /usr/bin/hi -> hello",
        "0 hello -0644 0:0 0 2023-11-14 22:13 /usr/bin/howdy -> usr/bin/hello",
    ]


@pytest.mark.parametrize(
    "path", ["/usr/bin/hello", "usr/bin/hi", "/usr/bin/howdy", "/bin/hi", "/etc/../bin/hello"]
)
def test_cat_follows_links(shop: Shop, path: str) -> None:
    assert good(shop.cli("cat", "tiny", path)).raw == b"hello amd64"
    assert good(shop.cli("cat", "tiny", path, "--json")).json["content"] == "hello amd64"


def test_an_image_carries_its_lock(shop: Shop) -> None:
    lock = json.loads(shop.cli("cat", "tiny", "/usr/share/seaslug/lock.json").out)
    names = [p["name"] for p in lock["platforms"][0]["packages"]]
    assert names == ["base-files", "hello", "libgreet"]
    assert lock["platforms"][0]["skipped"] == [["hello", "docs-viewer"]]


# Export.


def rows(data: bytes) -> dict[str, tuple[bytes, int, int, str, bytes]]:
    """Return a tar's members by path: type, mode, owner, link, content."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            assert member.name not in found, f"{member.name} comes twice"
            file = tar.extractfile(member) if member.isreg() else None
            content = file.read() if file else b""
            found[member.name] = (
                member.type, member.mode, member.uid, member.linkname, content
            )  # fmt: skip
    return found


def test_export_the_root_as_a_tar(shop: Shop, tmp_path: Path) -> None:
    done = good(shop.cli("export", "tiny", "-o", f"tar:{tmp_path}/root.tar"))
    assert done.out == f"tar:{tmp_path}/root.tar\n"
    data = (tmp_path / "root.tar").read_bytes()
    assert good(shop.cli("export", "tiny")).raw == data
    assert good(shop.cli("export", "tiny", "-o", "tar:-")).raw == data
    found = rows(data)
    listed = [row["path"][1:] for row in shop.cli("ls", "tiny", "--json").json["files"]]
    assert sorted(found) == listed
    assert found["usr/bin/hello"] == (tarfile.REGTYPE, 0o755, 0, "", b"hello amd64")
    assert found["usr/bin/hi"][3] == "hello"
    assert found["usr/bin/howdy"][:1] + found["usr/bin/howdy"][3:4] == (
        tarfile.LNKTYPE, "usr/bin/hello"
    )  # fmt: skip
    assert found["home/nonroot"][:3] == (tarfile.DIRTYPE, 0o700, 65532)


def test_export_the_root_as_a_folder(shop: Shop, tmp_path: Path) -> None:
    root = tmp_path / "root"
    good(shop.cli("export", "both", "--platform", ARM64, "-o", f"root:{root}"))
    assert (root / "usr/bin/hi").read_bytes() == b"hello arm64"
    assert os.stat(root / "usr/bin/howdy").st_nlink == 2
    assert os.readlink(root / "bin") == "usr/bin"
    assert os.stat(root / "tmp").st_mode & 0o7777 == 0o1777
    again = shop.cli("export", "both", "--platform", ARM64, "-o", f"root:{root}")
    refused(again, "is there already and not empty", "a new folder")
    (root / "usr/bin/hello").unlink()
    assert not (root / "usr/bin/hello").exists(), "it was left alone"


def test_export_in_other_forms(shop: Shop, tmp_path: Path) -> None:
    done = good(shop.cli("export", "both", "-o", f"oci:{tmp_path}/oci", "--json"))
    assert done.json == {"output": f"oci:{tmp_path}/oci"}
    index = json.loads((tmp_path / "oci/index.json").read_bytes())
    assert index["manifests"][0]["mediaType"].endswith("image.index.v1+json"), "all platforms"
    good(shop.cli("export", "both", "--platform", ARM64, "-o", f"docker-archive:{tmp_path}/d.tar"))
    with tarfile.open(tmp_path / "d.tar") as tar:
        member = tar.extractfile("manifest.json")
        assert member is not None
        head = json.load(member)[0]
        assert head["RepoTags"] == ["both:latest"]
        config = tar.extractfile(head["Config"])
        assert config is not None and json.load(config)["architecture"] == "arm64"


def test_a_failed_export_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    cli = shop.copy(tmp_path / "home")
    layer = cli("inspect", "tiny", "--json").json["layers"][1]["digest"]
    (cli.home / "blobs/sha256" / layer[7:]).unlink()
    for where in ("root", "tar", "oci-archive", "docker-archive"):
        refused(cli("export", "tiny", "-o", f"{where}:{tmp_path}/out"), layer, status=10)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]
