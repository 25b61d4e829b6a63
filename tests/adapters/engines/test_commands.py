"""Clusters and containerd, by commands that note what they were asked and given."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from seaslug.adapters import engines
from seaslug.adapters.engines.containerd import full_name
from seaslug.adapters.engines.podman import Command
from seaslug.adapters.store import Store
from seaslug.adapters.transports.bring import import_into
from seaslug.errors import EngineError, UnknownNameError, UsageError
from seaslug.oci import media
from seaslug.oci.index import index_bytes
from seaslug.ports import Silent
from seaslug.values.descriptor import Descriptor
from seaslug.values.place import Place
from seaslug.values.platform import Platform
from support import images
from support.fakes import Fake, first_in_path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def bin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", first_in_path(folder))
    for name in ("KIND_CLUSTER_NAME", "MINIKUBE_PROFILE", "CONTAINERD_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "containerd.sock").write_text("")
    monkeypatch.setenv("CONTAINERD_ADDRESS", str(tmp_path / "containerd.sock"))
    return folder


def made(store: Store, arch: str = "amd64") -> Descriptor:
    digest = images.image(store, [images.layer(images.member("a", arch.encode()))], arch=arch)
    return Descriptor(media.MANIFEST, digest, store.get(digest).size)


def both(store: Store) -> Descriptor:
    rows = [(made(store, arch), Platform("linux", arch)) for arch in ("amd64", "arm64")]
    stored = store.put([index_bytes(rows)])
    return Descriptor(media.INDEX, stored.digest, stored.size)


def put(store: Store, top: Descriptor, transport: str, name: str) -> str:
    return engines.put(store, top, Place(transport, "", name), Silent())


def table(path: Path) -> dict[str, object]:
    with tarfile.open(path) as tar:
        found = tar.extractfile("manifest.json")
        assert found is not None
        (row,) = json.loads(found.read())
        return dict(row)


@pytest.mark.parametrize(
    ("name", "cluster", "image"),
    [
        ("app:1", "kind", "app:1"),
        ("dev/app:1", "dev", "app:1"),
        ("me/app:1", "kind", "me/app:1"),
        ("dev/me/app", "dev", "me/app:latest"),
        ("localhost/app:1", "kind", "localhost/app:1"),
    ],
)
def test_kind(store: Store, bin: Path, name: str, cluster: str, image: str) -> None:
    kind = Fake(bin, "kind", {"get clusters": (0, "dev\nkind\n")})
    said = put(store, made(store), "kind", name)
    *asked, loading = kind.calls()
    assert loading[:2] + loading[3:] == ["load", "image-archive", "--name", cluster]
    assert asked in ([], [["get", "clusters"]])
    assert table(kind.given)["RepoTags"] == [image]
    assert not Path(loading[2]).exists(), "the archive is gone again"
    assert said == f"kind:{cluster}/{image.removesuffix(':latest')}"


def test_kind_has_a_variable(store: Store, bin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = Fake(bin, "kind", {})
    monkeypatch.setenv("KIND_CLUSTER_NAME", "mine")
    assert put(store, made(store), "kind", "app") == "kind:mine/app"
    assert kind.calls()[-1][-1] == "mine"


def test_minikube(store: Store, bin: Path) -> None:
    profiles = json.dumps({"valid": [{"Name": "work"}], "invalid": []})
    minikube = Fake(bin, "minikube", {"profile list": (0, profiles)})
    assert put(store, made(store), "minikube", "work/app:1") == "minikube:work/app:1"
    loading = minikube.calls()[-1]
    assert loading[:2] + loading[3:] == ["image", "load", "--profile", "work"]
    assert put(store, made(store), "minikube", "me/app:1") == "minikube:minikube/me/app:1"
    assert table(minikube.given)["RepoTags"] == ["me/app:1"]


@pytest.mark.parametrize("transport", ["kind", "minikube"])
def test_a_cluster_that_refuses(store: Store, bin: Path, transport: str) -> None:
    Fake(bin, transport, {"": (1, "line\nERROR: no nodes found\n")})
    with pytest.raises(EngineError, match=f"{transport} does not take it: ERROR: no nodes found"):
        put(store, made(store), transport, "app")
    with pytest.raises(UsageError, match="holds one platform"):
        put(store, both(store), transport, "app")


@pytest.mark.parametrize("transport", ["kind", "minikube", "containerd"])
def test_a_command_that_is_not_here(
    store: Store, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EngineError, match="installed") as caught:
        put(store, made(store), transport, "app")
    assert "archive:FILE" in caught.value.hint


# containerd.


@pytest.mark.parametrize(
    ("name", "namespace", "full"),
    [
        ("app:1", "default", "docker.io/library/app:1"),
        ("k8s.io/me/app", "k8s.io", "docker.io/me/app:latest"),
        ("mine/h.example/app:1", "mine", "h.example/app:1"),
        ("other/app:1", "default", "docker.io/other/app:1"),
    ],
)
def test_containerd(store: Store, bin: Path, name: str, namespace: str, full: str) -> None:
    ctr = Fake(bin, "ctr", {"namespaces ls": (0, "default\nmine\n")})
    top = made(store)
    assert put(store, top, "containerd", name) == f"containerd:{namespace}/{full}"
    assert ctr.calls()[-1] == ["--namespace", namespace, "images", "import", "-"]
    with tarfile.open(ctr.given) as tar:
        index = json.loads(tar.extractfile("index.json").read())  # type: ignore[union-attr]
    (row,) = index["manifests"]
    assert row["digest"] == top.digest.text
    assert row["annotations"]["io.containerd.image.name"] == full


def test_containerd_takes_every_platform(store: Store, bin: Path) -> None:
    ctr = Fake(bin, "ctr", {})
    put(store, both(store), "containerd", "app")
    assert ctr.calls()[-1][-2:] == ["--all-platforms", "-"]


def test_what_containerd_has_is_not_sent_again(store: Store, bin: Path) -> None:
    top = made(store)
    rows = f"REF TYPE DIGEST SIZE\ndocker.io/library/app:1 {top.media_type} {top.digest} 1 MiB\n"
    ctr = Fake(bin, "ctr", {"--namespace default images ls name==": (0, rows)})
    put(store, top, "containerd", "app:1")
    assert all("import" not in words for words in ctr.calls())


def test_nerdctl_does_as_well(store: Store, bin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nerdctl = Fake(bin, "nerdctl", {})
    monkeypatch.setenv("PATH", str(bin))
    monkeypatch.setenv("CONTAINERD_NAMESPACE", "mine")
    assert (
        put(store, made(store), "containerd", "a") == "containerd:mine/docker.io/library/a:latest"
    )
    assert nerdctl.calls()[-1] == ["--namespace", "mine", "load"]


def test_containerd_refuses(store: Store, bin: Path) -> None:
    Fake(bin, "ctr", {"--namespace default images import": (1, "ctr: no such namespace\n")})
    with pytest.raises(EngineError, match="import of containerd failed: ctr: no such namespace"):
        put(store, made(store), "containerd", "a")


def test_containerd_that_does_not_listen(
    store: Store, bin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fake(bin, "ctr", {})
    monkeypatch.setenv("CONTAINERD_ADDRESS", f"{tmp_path}/no.sock")
    with pytest.raises(EngineError, match="does not listen") as caught:
        put(store, made(store), "containerd", "a")
    assert "CONTAINERD_ADDRESS" in caught.value.hint


def test_an_image_that_containerd_does_not_have(store: Store, bin: Path) -> None:
    names = "docker.io/library/app:1\n"
    Fake(bin, "ctr", {"--namespace default images ls -q": (0, names)})
    with pytest.raises(UnknownNameError) as caught:
        import_into(store, Place("containerd", "", "ap:1"), "", Silent())
    assert caught.value.nearest == ("docker.io/library/app:1",)


def test_full_names() -> None:
    assert full_name("a") == "docker.io/library/a:latest"
    assert full_name("h:5/a:1") == "h:5/a:1"


# podman's command, when it fails.


def test_podman_says_why(store: Store, bin: Path) -> None:
    exists = {"image exists": (1, ""), "load": (125, "Error: no space left on device\n")}
    podman = Fake(bin, "podman", exists)
    with pytest.raises(EngineError, match="podman load failed: Error: no space left"):
        Command().load(store, made(store), ["a"])
    assert podman.calls()[-1] == ["load"]


def test_an_image_that_podman_has_is_only_named(store: Store, bin: Path) -> None:
    podman = Fake(bin, "podman", {})
    image = made(store)
    assert Command().load(store, image, ["a", "h.example/b:1"]) == "there"
    tag = podman.calls()[-1]
    assert tag[0] == "tag"
    assert tag[2:] == ["localhost/a:latest", "h.example/b:1"]


def test_a_stream_that_fails_in_the_end(
    store: Store, bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONTAINER_HOST", raising=False)
    monkeypatch.setattr("seaslug.adapters.engines.podman.podman_endpoint", lambda: None)
    Fake(bin, "podman", {"save": (125, "Error: it broke\n")})
    with pytest.raises(EngineError, match="podman failed: Error: it broke"):
        import_into(store, Place("podman", "", "a"), "", Silent())
