"""TCP with TLS and ssh lead to the same Docker; what is not to be trusted is not used."""

from __future__ import annotations

import hashlib
import json
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters.engines.docker import Docker
from seaslug.adapters.store import Store
from seaslug.errors import EngineError
from seaslug.oci import media
from seaslug.values.descriptor import Descriptor
from support import images
from support.certificates import CertificateAuthority
from support.dockerd import Dockerd
from support.fakes import first_in_path
from support.relay import Relay, Ssh


@pytest.fixture
def dockerd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dockerd]:
    for name in ("HOST", "CONTEXT", "TLS", "TLS_VERIFY", "CERT_PATH"):
        monkeypatch.delenv(f"DOCKER_{name}", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    found = Dockerd(tmp_path / "docker.sock")
    yield found
    found.close()


def load(tmp_path: Path) -> str:
    store = Store(tmp_path / "home")
    digest = images.image(store, [images.layer(images.member("a", b"a" * 100_000))])
    image = Descriptor(media.MANIFEST, digest, store.get(digest).size)
    with Docker() as docker:
        return docker.load(store, image, ["it:1"])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def certificates(tmp_path: Path, authority: CertificateAuthority) -> Path:
    """Return a folder as DOCKER_CERT_PATH wants it."""
    client = authority.issue("client")
    folder = tmp_path / "certificates"
    folder.mkdir()
    for file, name in ((authority.file, "ca"), (client.file, "cert"), (client.key, "key")):
        shutil.copy(file, folder / f"{name}.pem")
    return folder


@pytest.fixture
def relay(dockerd: Dockerd, authority: CertificateAuthority) -> Iterator[Relay]:
    context = authority.issue("server").server()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.file)
    found = Relay(str(dockerd.path), context)
    yield found
    found.close()


def test_tls(
    dockerd: Dockerd,
    relay: Relay,
    certificates: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://localhost:{relay.port}")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))
    assert load(tmp_path) == "whole"
    assert dockerd.names() == {"it:1"}


def test_tls_by_a_context(
    dockerd: Dockerd, relay: Relay, certificates: Path, tmp_path: Path
) -> None:
    key = hashlib.sha256(b"far").hexdigest()
    contexts = tmp_path / "config/contexts"
    (contexts / "meta" / key).mkdir(parents=True)
    meta = {"Name": "far", "Endpoints": {"docker": {"Host": f"tcp://127.0.0.1:{relay.port}"}}}
    (contexts / "meta" / key / "meta.json").write_text(json.dumps(meta))
    shutil.copytree(certificates, contexts / "tls" / key / "docker")
    (tmp_path / "config/config.json").write_text('{"currentContext": "far"}')
    assert load(tmp_path) == "whole"
    assert dockerd.names() == {"it:1"}


def test_a_certificate_that_nobody_vouches_for(
    dockerd: Dockerd,
    relay: Relay,
    certificates: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://localhost:{relay.port}")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))
    other = CertificateAuthority(tmp_path / "other")
    shutil.copy(other.file, certificates / "ca.pem")
    with pytest.raises(EngineError, match="not to be trusted") as caught:
        load(tmp_path)
    assert "ca.pem" in caught.value.hint
    monkeypatch.delenv("DOCKER_TLS_VERIFY")
    monkeypatch.setenv("DOCKER_TLS", "1")
    assert load(tmp_path) == "whole", "as asked for: TLS that is not verified"


def test_without_a_certificate_of_ours(
    dockerd: Dockerd,
    relay: Relay,
    certificates: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://localhost:{relay.port}")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(certificates))
    (certificates / "cert.pem").unlink()
    with pytest.raises(EngineError):
        load(tmp_path)
    assert dockerd.names() == set()


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("ssh://far.example", "-o ConnectTimeout=30 -T -- far.example"),
        ("ssh://me@far.example:2222", "-o ConnectTimeout=30 -T -l me -p 2222 -- far.example"),
    ],
)
def test_ssh(
    dockerd: Dockerd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, words: str
) -> None:
    ssh = Ssh(tmp_path, str(dockerd.path))
    monkeypatch.setenv("PATH", first_in_path(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", host)
    assert load(tmp_path) == "whole"
    assert load(tmp_path) == "there"
    assert ssh.calls() == [f"{words} docker system dial-stdio"] * 2
    assert dockerd.names() == {"it:1"}


def test_ssh_that_fails(dockerd: Dockerd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Ssh(tmp_path, "", "ssh: Could not resolve hostname far.example")
    monkeypatch.setenv("PATH", first_in_path(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "ssh://far.example")
    with pytest.raises(EngineError, match="by ssh: ssh: Could not resolve hostname"):
        load(tmp_path)


def test_no_ssh(dockerd: Dockerd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("DOCKER_HOST", "ssh://far.example")
    with pytest.raises(EngineError, match="ssh cannot be started"):
        load(tmp_path)
