"""push, pull, copy, tags and looking from afar, as typed, against a registry that misbehaves."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from seaslug.adapters.store import Store
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from support import images, tables
from support.cli import Cli, harm
from support.registry import Registry

MANIFEST = images.MANIFEST
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as made:
        yield made


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home", env={"DOCKER_CONFIG": str(tmp_path / "docker")})


@pytest.fixture
def other(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "other", env={"DOCKER_CONFIG": str(tmp_path / "docker")})


@pytest.fixture
def app(cli: Cli) -> Digest:
    """The image app:latest of the store: two layers, one of them large enough to be cut."""
    return named(cli, "app:latest", layers_of(b"hello", bytes(range(256)) * 4000))


def layers_of(*contents: bytes) -> list[bytes]:
    return [images.layer(images.member(f"f{n}", data)) for n, data in enumerate(contents)]


def named(cli: Cli, name: str, layers: list[bytes], arch: str = "amd64") -> Digest:
    store = Store(cli.home)
    digest = images.image(store, layers, {"Entrypoint": ["/f0"]}, arch=arch)
    store.tag(name, Descriptor(MANIFEST, digest, store.get(digest).size))
    return digest


def indexed(cli: Cli, name: str) -> Digest:
    store = Store(cli.home)
    rows = []
    for arch in ("amd64", "arm64"):
        digest = images.image(store, layers_of(arch.encode()), arch=arch)
        size = store.get(digest).size
        rows.append({
            "mediaType": MANIFEST, "digest": digest.text, "size": size,
            "platform": {"os": "linux", "architecture": arch},
        })  # fmt: skip
    body = {"schemaVersion": 2, "mediaType": INDEX, "manifests": rows}
    top = store.put([json.dumps(body).encode()])
    store.tag(name, Descriptor(INDEX, top.digest, top.size))
    return top.digest


def test_a_push_prints_the_name_with_its_digest(cli: Cli, registry: Registry, app: Digest) -> None:
    done = cli("push", "app", "-t", f"{registry.host}/me/app:1")
    assert (done.status, done.out) == (0, f"{registry.host}/me/app@{app}\n")
    assert "3 blobs sent" in done.err
    again = cli("push", "app", "-t", f"{registry.host}/me/app:1")
    assert (again.out, "is there already" in again.err) == (done.out, True)


def test_a_push_to_several_names_sends_once(cli: Cli, registry: Registry, app: Digest) -> None:
    names = [f"{registry.host}/me/app:1", f"{registry.host}/me/app:latest"]
    done = cli("push", "app", "-t", names[0], "-t", names[1], "--json")
    first, second = done.json["pushed"]
    assert first["blobs"] == {"sent": 3, "mounted": 0, "there": 0}
    assert second["blobs"]["sent"] == 0
    assert first["digest"] == second["digest"] == app.text
    assert sorted(cli("tags", f"{registry.host}/me/app").out.split()) == ["1", "latest"]


def test_another_repository_gets_the_blobs_by_mounts(
    cli: Cli, registry: Registry, app: Digest
) -> None:
    cli("push", "app", "-t", f"{registry.host}/me/app:1")
    done = cli("push", "app", "-t", f"{registry.host}/you/app:1")
    assert "3 mounted from beside it" in done.err


def test_a_name_with_a_host_says_where_to(cli: Cli, registry: Registry, app: Digest) -> None:
    named(cli, f"{registry.host}/me/own:1", layers_of(b"own"))
    assert cli("push", f"{registry.host}/me/own:1").status == 0
    refused = cli("push", "app")
    assert refused.status == 2
    assert "seaslug push app -t registry.example/me/app" in refused.error


def test_a_pull_gives_what_was_pushed(
    cli: Cli, other: Cli, registry: Registry, app: Digest
) -> None:
    name = f"{registry.host}/me/app:1"
    cli("push", "app", "-t", name)
    done = other("pull", name)
    assert done.out == f"{app}\n"
    assert other("images", "--json").json["images"][0]["name"] == name
    assert other("cat", name, "/f0").raw == b"hello"
    assert harm(other.home) == []
    assert "is there already" in other("pull", name).err
    assert other("pull", f"{registry.host}/me/app@{app}", "-t", "mine").out == f"{app}\n"


def random_bytes(size: int) -> bytes:
    import random

    return random.Random(7).randbytes(size)


def test_a_push_that_was_cut_leaves_no_tag(cli: Cli, registry: Registry, app: Digest) -> None:
    registry.fail("PUT", "*/blobs/uploads/*", "status", 500, times=-1)
    done = cli("push", "app", "-t", f"{registry.host}/me/app:1")
    assert done.status == 14
    assert registry.manifest("me/app", "1") is None
    registry.heal()
    assert cli("push", "app", "-t", f"{registry.host}/me/app:1").status == 0


def test_platforms_are_pulled_one_by_one_or_as_they_are(
    cli: Cli, other: Cli, registry: Registry
) -> None:
    top = indexed(cli, "both")
    name = f"{registry.host}/me/both:1"
    assert top.text in cli("push", "both", "-t", name).out
    one = other("pull", name, "--platform", "arm64", "-t", "arm")
    assert other("inspect", "arm", "--json").json["platform"] == "linux/arm64"
    assert one.out.strip() != top.text
    assert other("pull", name, "--all", "-t", "all").out.strip() == top.text
    refused = other("pull", name, "--platform", "riscv64")
    assert refused.status == 2
    assert "there are: linux/amd64, linux/arm64" in refused.error


def test_only_some_platforms_are_pushed(cli: Cli, registry: Registry) -> None:
    indexed(cli, "both")
    name = f"{registry.host}/me/both:1"
    done = cli("push", "both", "-t", name, "--platform", "arm64", "--json").json["pushed"][0]
    assert done["blobs"]["sent"] == 2
    assert done["media_type"] == MANIFEST


def test_contradicting_wishes_are_refused(cli: Cli, registry: Registry) -> None:
    done = cli("pull", f"{registry.host}/a:1", "--all", "--platform", "arm64")
    assert done.status == 2
    assert "contradict" in done.error


def test_an_unknown_tag_names_the_nearest(cli: Cli, registry: Registry, app: Digest) -> None:
    for tag in ("1.2.3", "1.2.4", "stable"):
        cli("push", "app", "-t", f"{registry.host}/me/app:{tag}")
    done = cli("pull", f"{registry.host}/me/app:1.2.33")
    assert done.status == 2
    assert "did you mean 1.2.3" in done.error


def test_looking_from_afar_fetches_no_layers(
    cli: Cli, other: Cli, registry: Registry, app: Digest
) -> None:
    name = f"docker://{registry.host}/me/app:1"
    cli("push", "app", "-t", name)
    seen = other("inspect", name, "--json").json
    assert (seen["digest"], len(seen["layers"])) == (app.text, 2)
    layers = {layer["digest"] for layer in seen["layers"]}
    assert not [s for s in registry.seen("GET", "*/blobs/*") if s.path.rpartition("/")[2] in layers]
    assert "the layers were not fetched" in other("inspect", name).out
    assert "/f1" in other("ls", name).out
    assert other("cat", name, "/f0").raw == b"hello"
    assert other("images").out == ""


def test_what_a_far_layer_turns_out_to_be_is_checked(
    cli: Cli, other: Cli, registry: Registry, app: Digest
) -> None:
    cli("push", "app", "-t", f"{registry.host}/me/app:1")
    layer = cli("inspect", "app", "--json").json["layers"][1]["digest"]
    registry.fail("GET", f"*/blobs/{layer}", "flip", times=-1)
    for command in ("ls", "pull"):
        scheme = "docker://" if command == "ls" else ""
        done = other(command, f"{scheme}{registry.host}/me/app:1")
        assert done.status in (8, 9), done.err
        assert "/f1" not in done.out
    assert harm(other.home) == []


def test_copies_between_registries_layouts_and_archives(
    cli: Cli, registry: Registry, app: Digest, tmp_path: Path
) -> None:
    steps = [
        "app", f"docker://{registry.host}/me/app:1", f"oci:{tmp_path / 'out'}:it",
        f"oci-archive:{tmp_path / 'it.tar'}", f"docker://{registry.host}/me/back:1", "back",
    ]  # fmt: skip
    for source, target in pairwise(steps):
        done = cli("copy", source, target, "--json")
        assert done.status == 0, done.err
        assert done.json["digest"] == app.text
    assert cli("cat", "back", "/f0").raw == b"hello"


def test_a_docker_archive_and_back(cli: Cli, app: Digest, tmp_path: Path) -> None:
    tar = f"docker-archive:{tmp_path / 'it.tar'}"
    assert cli("copy", "app", f"{tar}:me/app:1").status == 0
    assert cli("copy", tar, "back").status == 0
    assert cli("cat", "back", "/f0").raw == b"hello"
    assert "/f1" in cli("ls", tar).out


@pytest.mark.parametrize(
    ("source", "target", "status", "words"),
    [
        ("app", "app", 2, "the same"),
        ("nosuch", "oci:out", 2, "unknown image"),
        ("app", "dockr://a/b", 2, "docker://"),
        ("app", "oci:", 2, "oci:DIR"),
        ("app", "docker://UPPER", 2, "upper-case"),
        ("oci:nowhere", "x", 10, "no OCI layout"),
        ("kind:app", "x", 2, "only be copied to"),
        ("docker-archive:nowhere.tar", "x", 10, "nowhere.tar"),
    ],
)
def test_places_that_cannot_be(
    cli: Cli, app: Digest, source: str, target: str, status: int, words: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = cli("copy", source, target)
    assert done.status == status, done.err
    assert words in done.err
    assert "Traceback" not in done.err


def test_a_registry_that_is_not_there(cli: Cli, app: Digest) -> None:
    from support.server import closed_port

    done = cli("push", "app", "-t", f"localhost:{closed_port()}/me/app:1")
    assert done.status == 14
    assert "does not answer" in done.error
    assert json.loads(cli("tags", f"localhost:{closed_port()}/a", "--json").out)["error"]


def test_one_who_is_not_known_is_told_to_log_in(cli: Cli, app: Digest) -> None:
    with Registry.with_login("ann", "secret words") as registry:
        done = cli("push", "app", "-t", f"{registry.host}/me/app:1")
        assert done.status == 14
        assert f"seaslug login {registry.host}" in done.error


def test_a_manifest_of_more_than_four_megabytes_is_refused(cli: Cli, registry: Registry) -> None:
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": [], "x": "y" * (5 << 20)}
    registry.add_manifest("me/huge", json.dumps(body).encode(), MANIFEST, "1")
    done = cli("pull", f"{registry.host}/me/huge:1")
    assert done.status == 9
    assert "4 MiB" in done.error


def test_a_kind_of_the_future(cli: Cli, registry: Registry) -> None:
    kind = "application/vnd.oci.image.manifest.v9+json"
    body = {"schemaVersion": 9, "mediaType": kind, "things": []}
    registry.add_manifest("me/new", json.dumps(body).encode(), kind, "1")
    done = cli("pull", f"{registry.host}/me/new:1")
    assert done.status == 14
    assert "does not know" in done.error


def begun(cli: Cli) -> Iterator[bool]:
    """Tell of each blob on its way whether a good part of it is here."""
    for path in cli.home.glob("staging/partial-*"):
        yield path.stat().st_size > 1 << 20


def test_ctrl_c_in_a_pull_leaves_a_whole_store_and_the_next_goes_on(
    cli: Cli, other: Cli, registry: Registry
) -> None:
    named(cli, "slow", [images.layer(images.member("f", random_bytes(8 << 20)))])
    cli("push", "slow", "-t", f"{registry.host}/me/slow:1")
    registry.fail("GET", "*/blobs/*", "slow", 32 << 10, times=-1)
    process = other.start("pull", f"{registry.host}/me/slow:1")
    end = time.monotonic() + 30
    while not any(begun(other)) and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    done = other.finish(process, 20)
    assert done.status == 130
    assert "Traceback" not in done.err
    assert other("images").out == ""
    registry.heal()
    assert other("pull", f"{registry.host}/me/slow:1").status == 0
    assert any("Range" in seen.headers for seen in registry.seen("GET", "*/blobs/*"))
    assert harm(other.home) == []


def test_two_pushes_at_once(cli: Cli, registry: Registry, app: Digest) -> None:
    named(cli, "second:latest", layers_of(b"hello", bytes(range(256)) * 4000, b"more"))
    processes = [
        cli.start("push", name, "-t", f"{registry.host}/me/{name}:1") for name in ("app", "second")
    ]
    for process in processes:
        assert cli.finish(process).status == 0
    for name in ("app", "second"):
        found = registry.manifest(f"me/{name}", "1")
        assert found is not None
        assert registry.lacking(f"me/{name}", found[1]) == []


def test_warnings_of_a_registry_are_shown_once(cli: Cli, registry: Registry, app: Digest) -> None:
    warning = {"Warning": '299 - "this registry ends in March"'}
    registry.fail("*", "*", "headers", times=-1, headers=warning)
    done = cli("push", "app", "-t", f"{registry.host}/me/app:1")
    assert done.status == 0
    assert done.err.count("this registry ends in March") == 1


def test_a_busy_registry_is_waited_for(cli: Cli, registry: Registry, app: Digest) -> None:
    registry.fail("*", "*", "status", 429, times=3, headers={"Retry-After": "0"})
    registry.fail("PUT", "*/manifests/*", "status", 503, times=1)
    assert cli("push", "app", "-t", f"{registry.host}/me/app:1").status == 0


@pytest.mark.parametrize("kind", ["estargz", "zstd:chunked"])
def test_a_layer_with_a_table_of_contents_is_listed_by_ranges(
    cli: Cli, registry: Registry, kind: str
) -> None:
    members = [images.folder("etc"), images.member("etc/large", random_bytes(2 << 20))]
    data, notes = (tables.stargz if kind == "estargz" else tables.chunked)(*members)
    suffix = "+gzip" if kind == "estargz" else "+zstd"
    layer = registry.add_blob("me/toc", data, images.LAYER + suffix)
    config = json.dumps({"os": "linux", "architecture": "amd64"}).encode()
    rows = [registry.add_blob("me/toc", config, images.CONFIG), layer]
    made = [{"mediaType": x.media_type, "digest": x.digest.text, "size": x.size} for x in rows]
    body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": made[0],
            "layers": [{**made[1], "annotations": notes}]}  # fmt: skip
    registry.add_manifest("me/toc", json.dumps(body).encode(), MANIFEST, "1")
    done = cli("ls", f"docker://{registry.host}/me/toc:1")
    assert done.out.split() == ["0", "-", "/etc", "0", "-", "/etc/large"], done.err
    asked = registry.seen("GET", f"*/blobs/{layer.digest}")
    assert asked
    assert all(int(seen.headers["Range"].strip("bytes=-")) > 1 << 20 for seen in asked)
