"""Images to and from engines and archives, and those of other programs: real ones, both ways."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters import engines
from seaslug.adapters.engines.docker import Docker
from seaslug.adapters.store import Store
from seaslug.adapters.transports.archive import ArchiveSource
from seaslug.adapters.transports.bring import import_into
from seaslug.adapters.transports.layout import LayoutSource
from seaslug.adapters.transports.out import put_out
from seaslug.errors import UnknownNameError
from seaslug.oci import media
from seaslug.oci.index import index_bytes
from seaslug.ports import Silent
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.place import Place, parse_place
from seaslug.values.platform import Platform
from support import images
from support.clients import Engine, run
from support.fakes import Fake, first_in_path
from support.real import missing, need
from support.relay import Ssh

pytestmark = [pytest.mark.judge]
engine = pytest.mark.engine
LAYERS = [images.layer(images.member(f"base{n}", os.urandom(20_000))) for n in range(3)]
_CONTAINERD = "/var/run/docker/containerd/containerd.sock"
_SOCKET = "/var/run/docker.sock"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def back(tmp_path: Path) -> Store:
    return Store(tmp_path / "back")


@pytest.fixture
def name(docker: Engine) -> str:
    return docker.own(f"localhost/seaslug-test-{secrets.token_hex(4)}:1")


def app(store: Store, text: str, packing: str = "gzip", arch: str = "amd64") -> Descriptor:
    """Return an image of the layers below and one of its own."""
    own = images.layer(images.member("app", text.encode()))
    config = {"Cmd": ["/app"], "Env": ["A=b"]}
    digest = images.image(store, [*LAYERS, own], config, packing=packing, arch=arch)
    return Descriptor(media.MANIFEST, digest, store.get(digest).size)


def diff_ids(store: Store, top: Descriptor) -> list[str]:
    manifest = json.loads(store.read(top.digest))
    config = json.loads(store.read(Digest(manifest["config"]["digest"])))
    return list(config["rootfs"]["diff_ids"])


def identity(store: Store, top: Descriptor) -> str:
    return str(json.loads(store.read(top.digest))["config"]["digest"])


def skopeo(source: str, target: str) -> None:
    run("skopeo", "copy", "--insecure-policy", source, target)


# Docker.


@engine
@pytest.mark.parametrize("packing", ["gzip", "zstd", "none"])
def test_docker_takes_what_it_lacks(docker: Engine, store: Store, name: str, packing: str) -> None:
    with Docker() as api:
        first = app(store, secrets.token_hex(8), packing)
        # Its own name as well: it shall not stay when the other one moves on.
        own = docker.own(f"{name}-first")
        assert api.load(store, first, [name, own]) in ("whole", "partly")
        second = app(store, secrets.token_hex(8), packing)
        assert api.load(store, second, [name]) == "partly"
        assert api.load(store, second, [name]) == "there"
    (told,) = run("docker", "image", "inspect", name).json
    assert told["Id"] == identity(store, second)
    assert told["RootFS"]["Layers"] == diff_ids(store, second)
    assert told["Config"]["Env"] == ["A=b"]


@engine
def test_what_docker_keeps_of_parts_is_whole(
    docker: Engine, store: Store, back: Store, name: str, tmp_path: Path
) -> None:
    for number in range(2):
        top = app(store, secrets.token_hex(8))
        names = [docker.own(f"{name}-{number}"), name]
        engines.load_into("docker-daemon", store, top, names, Silent())
    run("docker", "save", name, "-o", tmp_path / "saved.tar")
    for place in (
        Place("docker-archive", str(tmp_path / "saved.tar")), Place("docker-daemon", "", name),
        Place("docker-archive", str(tmp_path / "saved.tar"), name),
        Place("docker-daemon", "", identity(store, top)),
    ):  # fmt: skip
        found = import_into(back, place, "linux/amd64", Silent())
        assert (identity(back, found), diff_ids(back, found)) == (
            identity(store, top), diff_ids(store, top),
        )  # fmt: skip


@engine
def test_docker_knows_no_such_name(docker: Engine, back: Store, name: str, store: Store) -> None:
    engines.put(store, app(store, "x"), Place("docker-daemon", "", name), Silent())
    with pytest.raises(UnknownNameError) as caught:
        import_into(back, Place("docker-daemon", "", name[:-3] + "x:1"), "", Silent())
    assert name in caught.value.nearest


@engine
def test_docker_by_ssh(
    docker: Engine, store: Store, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Ssh(tmp_path, _SOCKET)
    monkeypatch.setenv("PATH", first_in_path(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "ssh://me@far.example")
    with Docker() as api:
        assert api.why_not() == ""
        top = app(store, secrets.token_hex(8))
        api.load(store, top, [name])
    monkeypatch.delenv("DOCKER_HOST")
    assert run("docker", "image", "inspect", name).json[0]["Id"] == identity(store, top)


# podman, by its command and by its service.


@pytest.fixture
def podman_service(
    podman: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    path = tmp_path / "podman.sock"
    argv = [need("podman"), "system", "service", "--time", "0", f"unix://{path}"]
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as service:
        deadline = time.monotonic() + 20
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        monkeypatch.setenv("CONTAINER_HOST", f"unix://{path}")
        yield
        service.terminate()


def through_podman(podman: Engine, store: Store, back: Store) -> None:
    name = podman.own(f"localhost/seaslug-test-{secrets.token_hex(4)}:1")
    other = podman.own(f"localhost/seaslug-test-{secrets.token_hex(4)}:2")
    top = app(store, secrets.token_hex(8))
    told: list[str] = []
    for at in (name, other):
        told.append(engines.load_into("podman", store, top, [at], Silent()))
    assert told == ["whole", "there"]
    (seen,) = run("podman", "image", "inspect", other).json
    assert seen["Id"] == identity(store, top).removeprefix("sha256:")
    found = import_into(back, Place("podman", "", name), "linux/amd64", Silent())
    assert diff_ids(back, found) == diff_ids(store, top)
    with pytest.raises(UnknownNameError) as caught:
        import_into(back, Place("podman", "", name[:-3] + "x:1"), "", Silent())
    assert caught.value.nearest


@engine
def test_podman_by_its_command(podman: Engine, store: Store, back: Store) -> None:
    through_podman(podman, store, back)


@engine
def test_podman_by_its_service(
    podman: Engine, podman_service: None, store: Store, back: Store
) -> None:
    through_podman(podman, store, back)


@engine
@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_what_podman_saves(
    podman: Engine, store: Store, back: Store, tmp_path: Path, form: str
) -> None:
    name = podman.own(f"localhost/seaslug-test-{secrets.token_hex(4)}:1")
    top = app(store, secrets.token_hex(8))
    engines.put(store, top, Place("podman", "", name), Silent())
    run("podman", "save", "--format", form, "-o", tmp_path / "saved.tar", name)
    place = Place(form, str(tmp_path / "saved.tar"), name)
    assert diff_ids(back, import_into(back, place, "", Silent())) == diff_ids(store, top)


# containerd: the one of Docker, in a namespace of our own.


@pytest.fixture
def namespace(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    program = need("ctr")
    address = os.environ.get("CONTAINERD_ADDRESS") or _CONTAINERD
    if not os.path.exists(address):
        missing(f"no containerd listens at {address}")
    found = f"seaslug-{secrets.token_hex(4)}"
    monkeypatch.setenv("CONTAINERD_ADDRESS", address)
    monkeypatch.setenv("CONTAINERD_NAMESPACE", found)
    yield found
    ours = [program, "--namespace", found]
    names = subprocess.run([*ours, "images", "ls", "-q"], capture_output=True, text=True)
    for name in names.stdout.split():
        subprocess.run([*ours, "images", "rm", "--sync", name], capture_output=True)
    for _ in range(20):
        if (
            subprocess.run([program, "namespaces", "rm", found], capture_output=True).returncode
            == 0
        ):
            break
        time.sleep(0.2)


def both(store: Store) -> Descriptor:
    rows = [(app(store, a, arch=a), Platform("linux", a)) for a in ("amd64", "arm64")]
    stored = store.put([index_bytes(rows)])
    return Descriptor(media.INDEX, stored.digest, stored.size)


@engine
def test_containerd_keeps_every_byte(namespace: str, store: Store, back: Store) -> None:
    top = app(store, secrets.token_hex(8))
    place = Place("containerd", "", "me/app:1")
    for _ in range(2):
        said = engines.put(store, top, place, Silent())
    assert said == f"containerd:{namespace}/docker.io/me/app:1"
    assert import_into(back, place, "linux/amd64", Silent()) == top
    named = Place("containerd", "", f"{namespace}/me/app:1")
    assert import_into(back, named, "", Silent()).digest == top.digest


@engine
def test_containerd_keeps_every_platform(namespace: str, store: Store, back: Store) -> None:
    top = both(store)
    engines.put(store, top, Place("containerd", "", "two"), Silent())
    found = import_into(back, Place("containerd", "", "two"), "", Silent())
    assert found.digest == top.digest
    assert {row[0] for row in store.contents()} <= {row[0] for row in back.contents()}
    arm = import_into(back, Place("containerd", "", "two"), "linux/arm64", Silent())
    assert diff_ids(back, arm) == diff_ids(store, app(store, "arm64", arch="arm64"))


# skopeo, both ways.


@pytest.mark.parametrize("packing", ["gzip", "none"])
def test_skopeo_reads_our_archives(store: Store, tmp_path: Path, packing: str) -> None:
    top = app(store, "x", packing)
    for transport in ("oci", "oci-archive", "docker-archive"):
        path = tmp_path / f"{transport}.out"
        put_out(store, top, Place(transport, str(path), "me/app:1"), [])
        seen = run("skopeo", "inspect", f"{transport}:{path}:me/app:1").json
        assert seen["Env"] == ["A=b"]
        assert len(seen["Layers"]) == 4
        if transport != "docker-archive":
            assert seen["Digest"] == top.digest.text
        skopeo(f"{transport}:{path}:me/app:1", f"dir:{tmp_path}/{transport}.dir")


def test_we_read_skopeos_archives(store: Store, back: Store, tmp_path: Path) -> None:
    top = app(store, "x")
    put_out(store, top, Place("oci", str(tmp_path / "ours"), "me/app:1"), [])
    ours = f"oci:{tmp_path}/ours:me/app:1"
    for transport in ("oci", "oci-archive", "docker-archive"):
        skopeo(ours, f"{transport}:{tmp_path}/{transport}:me/app:1")
    assert LayoutSource(tmp_path / "oci", "me/app:1").top().digest == top.digest
    source = ArchiveSource(tmp_path / "oci-archive", "me/app:1")
    assert source.top().digest == top.digest
    assert source.manifest(source.top()) == store.read(top.digest)
    place = parse_place(f"docker-archive:{tmp_path}/docker-archive:me/app:1")
    found = import_into(back, place, "linux/amd64", Silent())
    assert diff_ids(back, found) == diff_ids(store, top)


# Clusters take what skopeo reads.


@pytest.mark.parametrize(("transport", "word"), [("kind", "load"), ("minikube", "image")])
def test_clusters_are_given_sound_archives(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transport: str, word: str
) -> None:
    fake = Fake(tmp_path, transport, {})
    monkeypatch.setenv("PATH", first_in_path(tmp_path))
    top = app(store, "x", "zstd")
    engines.put(store, top, Place(transport, "", "app:1"), Silent())
    assert fake.calls()[-1][0] == word
    seen = run("skopeo", "inspect", f"docker-archive:{fake.given}:app:1").json
    assert len(seen["Layers"]) == 4
