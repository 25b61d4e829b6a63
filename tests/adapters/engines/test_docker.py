"""Docker gets what it lacks and no more, and its own words when it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters import engines
from seaslug.adapters.engines.docker import Docker
from seaslug.adapters.engines.endpoint import Endpoint
from seaslug.adapters.store import Store
from seaslug.adapters.transports.bring import import_into
from seaslug.adapters.transports.dockertar import For, chunks, docker_files
from seaslug.errors import EngineError, HostileError, StoreError, UnknownNameError
from seaslug.oci import media
from seaslug.ports import Silent
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.place import Place
from support import images
from support.dockerd import Dockerd

BASE = [images.layer(images.member(f"base{n}", b"b" * 2000)) for n in range(3)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def dockerd(tmp_path: Path) -> Iterator[Dockerd]:
    found = Dockerd(tmp_path / "docker.sock")
    yield found
    found.close()


def app(store: Store, text: str, packing: str = "gzip") -> Descriptor:
    """Return an image of the base and one layer of its own."""
    own = images.layer(images.member("app", text.encode()))
    digest = images.image(store, [*BASE, own], packing=packing)
    return Descriptor(media.MANIFEST, digest, store.get(digest).size)


def load(dockerd: Dockerd, store: Store, image: Descriptor, *names: str) -> str:
    with Docker(Endpoint(dockerd.address)) as docker:
        return docker.load(store, image, names or ("me/app:1",))


def sent(dockerd: Dockerd) -> int:
    """Return how many layers the last archive had."""
    places = [name for name in dockerd.loads[-1] if name.startswith("blobs/")]
    return len(places) - (2 if "index.json" in dockerd.loads[-1] else 1)


def test_the_first_time_it_gets_everything(dockerd: Dockerd, store: Store) -> None:
    assert load(dockerd, store, app(store, "1"), "me/app:1", "me/app") == "whole"
    assert sent(dockerd) == 4
    assert dockerd.names() == {"me/app:1", "me/app:latest"}


def test_an_app_made_anew_sends_its_own_layer(dockerd: Dockerd, store: Store) -> None:
    load(dockerd, store, app(store, "1"))
    assert load(dockerd, store, app(store, "2")) == "partly"
    assert sent(dockerd) == 1
    assert "GET /images/json" not in dockerd.asked[4:], "the image of that name was enough"
    assert dockerd.names() == {"me/app:1"}


def test_an_image_of_another_name_may_have_the_layers(dockerd: Dockerd, store: Store) -> None:
    load(dockerd, store, app(store, "1"))
    assert load(dockerd, store, app(store, "2"), "another:1") == "partly"
    assert sent(dockerd) == 1
    assert dockerd.names() == {"me/app:1", "another:1"}


def test_the_same_image_is_only_named(dockerd: Dockerd, store: Store) -> None:
    image = app(store, "1")
    load(dockerd, store, image)
    assert load(dockerd, store, image, "h.example:5000/other", "it:2") == "there"
    assert len(dockerd.loads) == 1
    assert dockerd.names() == {"me/app:1", "h.example:5000/other:latest", "it:2"}


def test_only_layers_at_the_bottom_count(dockerd: Dockerd, store: Store) -> None:
    load(dockerd, store, app(store, "1"))
    digest = images.image(store, [BASE[1], BASE[0], BASE[2]])
    other = Descriptor(media.MANIFEST, digest, store.get(digest).size)
    assert load(dockerd, store, other) == "whole"
    assert sent(dockerd) == 3


def test_a_layer_that_is_there_twice_is_sent_for_the_upper_one(
    dockerd: Dockerd, store: Store
) -> None:
    load(dockerd, store, app(store, "1"))
    digest = images.image(store, [*BASE, BASE[0]])
    twice = Descriptor(media.MANIFEST, digest, store.get(digest).size)
    assert load(dockerd, store, twice) == "partly"
    assert sent(dockerd) == 1


@pytest.mark.parametrize("how", ["refused", "ignored"])
def test_who_wants_the_whole_gets_the_whole(dockerd: Dockerd, store: Store, how: str) -> None:
    load(dockerd, store, app(store, "1"))
    dockerd.partial = how
    assert load(dockerd, store, app(store, "2")) == "whole"
    assert [len(names) for names in dockerd.loads[1:]] == [3, 9]
    assert len(dockerd.images) == 2


def test_another_store_of_images_is_not_tried(dockerd: Dockerd, store: Store) -> None:
    load(dockerd, store, app(store, "1"))
    dockerd.driver = "overlayfs"
    assert load(dockerd, store, app(store, "2")) == "whole"
    assert len(dockerd.loads) == 2


@pytest.mark.parametrize(
    ("version", "packed"), [("20.10.24", False), ("23.0.1", True), ("", False)]
)
def test_zstd_goes_unpacked_to_an_old_docker(
    dockerd: Dockerd, store: Store, version: str, packed: bool
) -> None:
    dockerd.version = version
    image = app(store, "1", "zstd")
    if packed:
        # The simulated one cannot unpack them; it says so.
        with pytest.raises(EngineError, match="invalid diffID"):
            load(dockerd, store, image)
        return
    assert load(dockerd, store, image) == "whole"
    assert "index.json" not in dockerd.loads[0], "it would lead to blobs that are not in it"
    assert load(dockerd, store, app(store, "2", "zstd")) == "partly"


def test_it_says_why_it_refuses(dockerd: Dockerd, store: Store) -> None:
    dockerd.failure = "no space left on device"
    with pytest.raises(EngineError, match="docker load failed: no space left on device"):
        load(dockerd, store, app(store, "1"))


def test_a_blob_that_is_gone_is_told_as_such(dockerd: Dockerd, store: Store) -> None:
    image = app(store, "1")
    layer = json.loads(store.read(image.digest))["layers"][1]["digest"]
    store.discard(Digest(layer))
    with pytest.raises(StoreError, match="is not in the store"):
        load(dockerd, store, image)
    assert dockerd.images == {}


def test_saving(
    dockerd: Dockerd, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = app(store, "1")
    load(dockerd, store, image)
    dockerd.saved = b"".join(chunks(docker_files(store, image, ["me/app:1"], For())))
    monkeypatch.setenv("DOCKER_HOST", dockerd.address)
    back = Store(tmp_path / "back")
    place = Place("docker-daemon", "", "me/app:1")
    assert import_into(back, place, "linux/amd64", Silent()) == image
    dockerd.saved = dockerd.saved[:3000]
    with pytest.raises(HostileError, match="ends too early"):
        import_into(back, place, "", Silent())
    with pytest.raises(UnknownNameError) as caught:
        import_into(back, Place("docker-daemon", "", "me/ap:1"), "", Silent())
    assert caught.value.nearest == ("me/app:1",)


ODD = {
    b"": "it hangs up",
    b"SSH-2.0-OpenSSH_9.2\r\n": "does not speak HTTP",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab": "hangs up in the middle",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n": "malformed chunk",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n": "malformed chunk",
    b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300: "too many headers",
    b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70000: "a line without end",
    b"HTTP/1.1 200 OK\r\n\r\nno json": "answers what is no JSON",
    b'HTTP/1.1 500 Oh\r\n\r\n{"message": "broken"}': "Docker answers 500: broken",
    b"HTTP/1.1 503 Oh\r\n\r\n<html>": "Docker answers 503: <html>",
}


@pytest.mark.parametrize("raw", ODD)
def test_answers_that_are_none(dockerd: Dockerd, store: Store, raw: bytes) -> None:
    dockerd.raw = raw
    with pytest.raises(EngineError, match=re.escape(ODD[raw])):
        load(dockerd, store, app(store, "1"))


def test_a_ping_that_is_none(dockerd: Dockerd) -> None:
    dockerd.raw = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhey"
    with Docker(Endpoint(dockerd.address)) as docker:
        assert docker.why_not() == "does not answer as Docker does"
        dockerd.raw = None
        assert docker.why_not() == ""


def test_a_socket_that_is_not_there(tmp_path: Path, store: Store) -> None:
    with Docker(Endpoint(f"unix://{tmp_path}/no.sock")) as docker:
        assert "No such file or directory" in docker.why_not()
        with pytest.raises(EngineError) as caught:
            docker.load(store, app(store, "1"), ["a"])
    assert caught.value.hint == "is it running? docker version"


@pytest.mark.parametrize("address", ["", "unix://", "npipe://x", "ftp://h", "ssh://", "tcp://h:x"])
def test_addresses_of_another_form(address: str) -> None:
    with Docker(Endpoint(address)) as docker:
        assert "an engine's address" in docker.why_not()


class Told(Silent):
    """A listener that remembers the notes."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, str]] = []

    def end(self, task: str, note: str = "") -> None:
        self.notes.append((task, note))


def test_loading_into_what_is_there(
    dockerd: Dockerd, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", dockerd.address)
    told = Told()
    for text in "112":
        said = engines.load_into_any(store, app(store, text), ["a:1", "b:1"], told)
        assert said == "docker-daemon:a:1, b:1"
    assert [note for _, note in told.notes] == [
        "", "is there already", "only the layers that it lacks",
    ]  # fmt: skip
    put = engines.put(store, app(store, "3"), Place("docker-daemon", "", "c:1"), told)
    assert (put, "c:1" in dockerd.names()) == ("docker-daemon:c:1", True)


def test_where_no_engine_is(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    monkeypatch.setenv("CONTAINER_HOST", f"unix://{tmp_path}/no.sock")
    with pytest.raises(EngineError, match=r"docker-daemon: .*; podman: ") as caught:
        engines.load_into_any(store, app(store, "1"), ["a"], Silent())
    assert "-o docker-archive:FILE" in caught.value.hint
