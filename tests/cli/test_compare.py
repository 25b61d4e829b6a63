"""compare, diff and ls --by, as typed: images in any place, in every format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters.store import Store
from seaslug.values.descriptor import Descriptor
from support import images
from support.cli import Cli, Done
from support.images import folder, link, member
from support.registry import Registry
from support.shop import Shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A store with ``tiny`` and ``tiny:more``, and the former in other places."""
    with Shop(tmp_path_factory.mktemp("shop")) as made:
        made.build("-o", f"oci:{made.folder}/layout", "-o", f"docker-archive:{made.folder}/a.tar")
        made.build("--with", "tracer", "-t", "tiny:more")
        yield made


def good(done: Done, status: int = 0) -> Done:
    assert done.status == status, done.err
    return done


def test_compare_as_text(shop: Shop) -> None:
    text = good(shop.cli("compare", "tiny", "tiny:more")).out
    head, *rows = text.splitlines()
    assert head.split() == ["SIZE", "tiny", "tiny:more"]
    cells = {row[:20].strip(): row[20:].split() for row in rows}
    assert cells["Packages"][-2:] == ["3", "4"]
    for title in ("SECURITY", "DEBUGGING", "LAYERS SHARED"):
        assert f"\n\n{title}" in text


def test_compare_as_json(shop: Shop) -> None:
    found = good(shop.cli("compare", "tiny", "tiny:more", "--json")).json
    tiny, more = found["images"]
    assert (tiny["packages"], more["packages"]) == (3, 4)
    inspected = shop.cli("inspect", "tiny", "--json").json
    assert tiny["size"] == inspected["size"]
    assert [layer["digest"] for layer in tiny["layers"]] == [
        layer["digest"] for layer in inspected["layers"]
    ]
    assert {share["name"] for share in tiny["shares"]} == {"base-files", "hello", "libgreet", ""}
    assert [table["title"] for table in found["tables"]] == [
        "Size", "Security", "Debugging", "Layers shared"
    ]  # fmt: skip
    assert found == json.loads(shop.cli("compare", "tiny", "tiny:more", "--format", "json").out), (
        "twice the same"
    )


@pytest.mark.parametrize(
    ("name", "begins"),
    [("r.html", "<!doctype html>"), ("r.md", "### Size"), ("r.json", "{"), ("r.txt", "SIZE")],
)
def test_the_end_of_the_file_says_the_format(
    shop: Shop, tmp_path: Path, name: str, begins: str
) -> None:
    done = good(shop.cli("compare", "tiny", "tiny:more", "-o", tmp_path / name))
    assert done.out == "" and name in done.err
    assert (tmp_path / name).read_text().startswith(begins)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_one_image_in_three_places(shop: Shop) -> None:
    places = ("tiny", f"oci:{shop.folder}/layout", f"docker-archive:{shop.folder}/a.tar")
    found = good(shop.cli("compare", *places, "--json")).json["images"]
    assert len({image["unpacked"] for image in found}) == 1
    assert len({json.dumps(image["shares"]) for image in found}) == 1
    for place in places[1:]:
        done = good(shop.cli("diff", "tiny", place, "--exit-code"))
        assert "are the same" in done.out
        found = good(shop.cli("diff", "tiny", place, "--json")).json
        assert found["shared"] + found["alike"] == found["layers"][1]
        assert found["stored"] == 0, "Docker's are not compressed, and have the same content"


def test_layers_of_a_registry_stream_by_and_are_remembered(tmp_path: Path) -> None:
    with Registry() as registry:
        cli = Cli(tmp_path / "home", env={"DOCKER_CONFIG": str(tmp_path / "none")})
        store = Store(cli.home)
        made = images.image(store, [images.layer(member("usr/bin/x", b"#!/bin/sh\n", mode=0o755))])
        store.tag("app:latest", Descriptor(images.MANIFEST, made, store.get(made).size))
        target = f"{registry.host}/me/app:1"
        good(cli("push", "app", "-t", target))
        other = Cli(tmp_path / "other", env={"DOCKER_CONFIG": str(tmp_path / "none")})
        for _ in range(2):
            found = good(other("compare", f"docker://{target}", "--json")).json
            assert found["images"][0]["executables"] == 1
        fetched = [digest for digest in (layer["digest"] for layer in found["images"][0]["layers"])
                   if (other.home / "blobs" / "sha256" / digest[7:]).exists()]  # fmt: skip
        assert fetched == []


@pytest.mark.parametrize(
    ("args", "said", "status"),
    [
        (("compare", "tyni"), "unknown image 'tyni'", 2),
        (("compare", "tiny", "--bandwidth", "fast"), "not a bandwidth: 'fast'", 2),
        (("compare", "tiny", "--bandwidth", "0"), "not a bandwidth: '0'", 2),
        (("compare", "tiny", "--bandwidth", "M"), "not a bandwidth: 'M'", 2),
        (("compare", "tiny", "--bandwidth", "10MM"), "not a bandwidth: '10MM'", 2),
        (("compare", "tiny", "-o", "/no/such/folder/r.html"), "cannot be written", 2),
        (("diff", "tiny", "tiny", "-o", "r.sarif"), "not a format here: sarif", 2),
        (("diff", "tiny", "tyni"), "unknown image 'tyni'", 2),
        (("diff", "tiny", "oci:/no/such/layout"), "/no/such/layout", None),
        (("ls", "tiny", "--by", "package", "--package", "libgret"), "libgreet", 2),
    ],
)
def test_what_cannot_be(shop: Shop, args: tuple[str, ...], said: str, status: int | None) -> None:
    done = shop.cli(*args)
    assert done.out == "" and done.status and (status is None or done.status == status)
    assert said in done.error and "Traceback" not in done.err


def test_bandwidths(shop: Shop) -> None:
    text = good(shop.cli("compare", "tiny", "--bandwidth", "1500K,2g,800")).out
    for rate in ("1.5 Mbit/s", "2000 Mbit/s", "0.0008 Mbit/s"):
        assert f"Pull at {rate}" in text


def test_diff(shop: Shop) -> None:
    found = good(shop.cli("diff", "tiny", "tiny:more", "--json")).json
    assert [(p["name"], p["before"]) for p in found["packages"]] == [("tracer", "")]
    paths = {row["path"]: row["package"] for row in found["files"] if row["change"] == "added"}
    assert paths["/usr/bin/tracer"] == "tracer"
    assert not found["same"]
    text = good(shop.cli("diff", "tiny", "tiny:more")).out
    assert "  + tracer  1.0-1" in text and "    + /usr/bin/tracer  5 B" in text


@pytest.mark.parametrize(("pair", "status"), [(("tiny", "tiny"), 0), (("tiny", "tiny:more"), 1)])
def test_the_exit_code_of_diff(shop: Shop, pair: tuple[str, str], status: int) -> None:
    good(shop.cli("diff", *pair, "--exit-code"), status)
    good(shop.cli("diff", *pair))


def test_ls_by_package(shop: Shop) -> None:
    found = good(shop.cli("ls", "tiny", "--by", "package", "--json", "--long")).json
    sums = {row["package"]: row for row in found["sums"]}
    assert set(sums) == {"hello", "libgreet", "base-files", None}
    rows = shop.cli("ls", "tiny", "--package", "hello", "--json").json["files"]
    assert sums["hello"]["size"] == sum(row["size"] for row in rows)
    assert "/usr/bin/hi" in sums["hello"]["paths"], "a link, too"
    assert sums["libgreet"]["why"][-2:] == ["hello", "libgreet"]
    listed = shop.cli("ls", "tiny", "--json").json["files"]
    assert sum(row["size"] for row in listed) == sum(row["size"] for row in found["sums"])
    text = good(shop.cli("ls", "tiny", "--by", "package", "--top", "1")).out
    assert text.splitlines()[1].split()[3] == "hello" and len(text.splitlines()) == 2


def test_ls_and_inspect_read_every_database(tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home")
    store = Store(cli.home)
    files = [
        member("lib/apk/db/installed", b"P:musl\nV:1.2-r0\nA:x86_64\nF:lib\nR:libc.so\n"),
        member("lib/libc.so", b"four"), member("etc/mine", b"x"),
    ]  # fmt: skip
    made = images.image(store, [images.layer(*files)])
    store.tag("apk:1", Descriptor(images.MANIFEST, made, store.get(made).size))
    rows = good(cli("ls", "apk:1", "--json")).json["files"]
    assert {row["path"]: row["package"] for row in rows}["/lib/libc.so"] == "musl"
    assert good(cli("ls", "apk:1", "--package", "musl")).out.endswith("/lib/libc.so\n")
    (musl,) = good(cli("inspect", "apk:1", "--json")).json["packages"]
    assert (musl["version"], musl["size"], musl["files"]) == ("1.2-r0", 4, 1)
    assert "1 packages" in good(cli("inspect", "apk:1")).out


def test_ls_by_layer(shop: Shop) -> None:
    found = good(shop.cli("ls", "tiny", "--by", "layer", "--json")).json["sums"]
    told = shop.cli("inspect", "tiny", "--json").json["layers"]
    assert [row["digest"] for row in found] == [layer["digest"] for layer in told]
    assert [row["size"] for row in found] == [layer["files_size"] for layer in told]
    assert found[0]["why"] == ["seaslug: tiny"]
    only = good(shop.cli("ls", "tiny", "/usr/bin", "--by", "layer", "--long")).out
    assert "    /usr/bin/hello" in only and "/etc/passwd" not in only
    assert shop.cli("ls", "tiny", "nothing*", "--by", "layer").status == 1


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """A name of bytes, cyclic links, a name that would move the cursor."""
    cli = Cli(tmp_path / "home")
    store = Store(cli.home)
    odd = [
        folder("d"), member("d/\udcff\udcfe", b"x"), member("d/\x1b[31mred\n", b"y"),
        link("loop", "pool"), link("pool", "loop"), link("usr", "d/../d"),
    ]  # fmt: skip
    for name, layers in (("odd:1", [images.layer(*odd)]), ("none:1", [images.layer()])):
        made = images.image(store, layers)
        store.tag(name, Descriptor(images.MANIFEST, made, store.get(made).size))
    pair = ("none:1", "odd:1")
    for args in (
        ("compare", "odd:1"), ("compare", "odd:1", "-o", tmp_path / "r.html"),
        ("diff", *pair), ("diff", *pair, "--json"), ("diff", *pair, "--format", "markdown"),
        ("diff", *pair, "-o", tmp_path / "d"), ("diff", *pair, "-o", tmp_path / "d.html"),
        ("ls", "odd:1", "--by", "package", "-l"),
    ):  # fmt: skip
        done = good(cli(*args))
        assert "Traceback" not in done.err and "\x1b" not in done.out
    found = cli("diff", *pair, "--json").json
    assert "/d/\udcff\udcfe" in [row["path"] for row in found["files"]]
    assert cli("ls", "odd:1").raw.count(b"/d/\xff\xfe\n") == 1, "as the bytes that it is"
