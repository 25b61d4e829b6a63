"""An image made anew goes into Docker at once, or is left to the long way with nothing done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters import quickload
from seaslug.adapters.engines.docker import Docker
from seaslug.adapters.engines.endpoint import Endpoint
from seaslug.adapters.store import Store
from seaslug.oci import media
from seaslug.oci.plain import canonical
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from support import images
from support.dockerd import Dockerd

BASE = [images.layer(images.member(f"base{n}", b"b" * 2000)) for n in range(3)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def dockerd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dockerd]:
    found = Dockerd(tmp_path / "docker.sock")
    monkeypatch.setenv("DOCKER_HOST", found.address)
    yield found
    found.close()


def app(store: Store, text: str, packing: str = "gzip") -> Descriptor:
    """Return an image as seaslug writes it: JSON without spaces, keys sorted."""
    own = images.layer(images.member("app", text.encode()))
    labels = {"Labels": {"x": 'say "layers":[ and "diff_ids":["'}}
    digest = images.image(store, [*BASE, own], labels, packing=packing)
    manifest = json.loads(store.read(digest))
    config = store.put([canonical(json.loads(store.read(Digest(manifest["config"]["digest"]))))])
    manifest["config"] |= {"digest": config.digest.text, "size": config.size}
    made = store.put([canonical(manifest)])
    return Descriptor(media.MANIFEST, made.digest, made.size)


def config_of(store: Store, image: Descriptor) -> tuple[str, int]:
    row = json.loads(store.read(image.digest))["config"]
    return row["digest"], row["size"]


def quickly(store: Store, image: Descriptor, name: str = "me/app:1") -> bool:
    place = image.digest.text, image.size
    return quickload.loaded(str(store.root), place, config_of(store, image), name)


def slowly(dockerd: Dockerd, store: Store, image: Descriptor, name: str = "me/app:1") -> str:
    with Docker(Endpoint(dockerd.address)) as docker:
        return docker.load(store, image, [name])


@pytest.mark.parametrize("name", ["me/app:1", "me/app", "h.example:5000/me/app:1"])
def test_only_the_top_layer_is_sent(dockerd: Dockerd, store: Store, name: str) -> None:
    slowly(dockerd, store, app(store, "1"), name)
    image = app(store, "2")
    assert quickly(store, image, name)
    assert len(dockerd.loads[-1]) == 3, "the table, the config, the layer"
    found = dockerd.find(name if ":" in name.rpartition("/")[2] else f"{name}:latest")
    assert found is not None
    assert found["Id"] == config_of(store, image)[0]


def test_the_same_image_is_only_named(dockerd: Dockerd, store: Store) -> None:
    image = app(store, "1")
    slowly(dockerd, store, image)
    assert quickly(store, image, "other/app")
    assert (len(dockerd.loads), dockerd.names()) == (1, {"me/app:1", "other/app:latest"})


def test_a_docker_that_knows_nothing_of_it(dockerd: Dockerd, store: Store) -> None:
    assert not quickly(store, app(store, "1"))
    slowly(dockerd, store, app(store, "1"), "another:1")
    assert not quickly(store, app(store, "2"))
    assert len(dockerd.loads) == 1


@pytest.mark.parametrize("how", ["refused", "ignored"])
def test_a_docker_that_wants_the_whole(dockerd: Dockerd, store: Store, how: str) -> None:
    slowly(dockerd, store, app(store, "1"))
    dockerd.partial = how
    assert not quickly(store, app(store, "2"))
    assert len(dockerd.images) == 1


def test_what_takes_the_long_way(
    dockerd: Dockerd, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly(dockerd, store, app(store, "1"))
    image, asked = app(store, "2"), len(dockerd.asked)
    for name in ("a b", 'a"', "a?b=c", "a\r\nb", "", "/a", "a@sha256:12"):
        assert not quickly(store, image, name)
    for host in ("tcp://localhost:1", "ssh://h", f"unix://{tmp_path}/no"):
        monkeypatch.setenv("DOCKER_HOST", host)
        assert not quickly(store, image)
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    assert not quickly(store, image)
    monkeypatch.delenv("DOCKER_CONTEXT")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text('{"currentContext":"far"}')
    assert not quickly(store, image)
    assert len(dockerd.asked) == asked, "nothing was asked"


def test_another_store_of_images(dockerd: Dockerd, store: Store) -> None:
    slowly(dockerd, store, app(store, "1"))
    dockerd.driver = "overlayfs"
    assert not quickly(store, app(store, "2"))
    assert len(dockerd.loads) == 1


def test_layers_that_an_old_docker_does_not_take(dockerd: Dockerd, store: Store) -> None:
    slowly(dockerd, store, app(store, "1"))
    assert not quickly(store, app(store, "2", "zstd"))
    assert len(dockerd.loads) == 1


@pytest.mark.parametrize(
    "raw", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200", b"HTTP/1.1 500 Oh\r\n\r\n", b"HTTP/1.1 x y"]
)
def test_answers_that_are_none(dockerd: Dockerd, store: Store, raw: bytes) -> None:
    dockerd.raw = raw
    assert not quickly(store, app(store, "1"))


@pytest.mark.parametrize("part", ["manifest", "config", "layer"])
def test_a_damaged_store(dockerd: Dockerd, store: Store, part: str) -> None:
    slowly(dockerd, store, app(store, "1"))
    image = app(store, "2")
    manifest = json.loads(store.read(image.digest))
    digest = {
        "manifest": image.digest.text, "config": manifest["config"]["digest"],
        "layer": manifest["layers"][-1]["digest"],
    }[part]  # fmt: skip
    path, config = store.get(Digest(digest)).path, config_of(store, image)
    os.chmod(path, 0o644)
    with open(path, "r+b") as file:
        file.write(b"??")
    place = image.digest.text, image.size
    assert not quickload.loaded(str(store.root), place, config, "me/app:1")
    assert len(dockerd.loads) == 1


def test_importing_it_costs_nothing() -> None:
    code = "import sys; from seaslug.adapters import quickload; print(*sys.modules)"
    argv = [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}"]
    loaded = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    assert not {"socket", "json", "re", "dataclasses", "enum", "typing"} & set(loaded)
