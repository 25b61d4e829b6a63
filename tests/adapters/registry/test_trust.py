"""Passwords and certificates with Debian's docker-registry, mirrors, and layers from elsewhere."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from seaslug.adapters import wire
from seaslug.adapters.registry.client import Client
from seaslug.adapters.registry.source import RegistrySource
from seaslug.adapters.registry.target import RegistryTarget
from seaslug.errors import LoginError, RegistryError, UnreachableError
from seaslug.values.descriptor import Descriptor
from seaslug.values.reference import Reference
from support.certificates import CertificateAuthority
from support.distribution import PASSWORD, USER, Distribution
from support.listening import Heard
from support.pushing import described, image, noise, opener
from support.registry import Registry

Clients = Callable[..., Client]
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
DATA = noise(300_000)


def test_a_login_is_used(
    distribution_login: Distribution, clients: Clients, tmp_path: Path
) -> None:
    host, file = distribution_login.host, tmp_path / "auth.json"
    made = image(DATA)
    for user, password in ((USER, "wrong"), ("bob", PASSWORD)):
        _log_in(file, host, user, password)
        with pytest.raises(LoginError) as caught:
            made.push(RegistryTarget(clients(host, authfile=str(file)), _at(host)))
        assert f"seaslug login {host}" in caught.value.hint
        assert password not in str(caught.value)
    _log_in(file, host, USER, PASSWORD)
    client = clients(host, authfile=str(file))
    assert made.push(RegistryTarget(client, _at(host)))
    assert RegistrySource(client, _at(host)).manifest(made.top) == made.raw


def test_strangers_are_told_to_log_in(distribution_login: Distribution, clients: Clients) -> None:
    host = distribution_login.host
    with pytest.raises(LoginError) as caught:
        RegistrySource(clients(host), _at(host)).top()
    assert f"seaslug login {host}" in caught.value.hint


def test_an_authority_that_is_named_is_trusted(
    distribution_tls: Distribution, authority: CertificateAuthority, clients: Clients
) -> None:
    host = distribution_tls.host
    client = clients(host, ca=(str(authority.file),))
    made = image(DATA)
    made.push(RegistryTarget(client, _at(host)))
    assert RegistrySource(client, _at(host)).top() == made.top


def test_another_authority_is_not(
    distribution_tls: Distribution, clients: Clients, tmp_path: Path
) -> None:
    other = CertificateAuthority(tmp_path / "other")
    host = distribution_tls.host
    with pytest.raises(UnreachableError, match="certificate is not trusted") as caught:
        RegistrySource(clients(host, ca=(str(other.file),)), _at(host)).top()
    assert f"/etc/docker/certs.d/{host}/ca.crt" in caught.value.hint
    assert "--ca" in caught.value.hint


def test_the_other_language_is_recognised(
    distribution: Distribution, distribution_tls: Distribution, clients: Clients
) -> None:
    plain = clients(distribution.host, insecure=(f"https://{distribution.host}",))
    with pytest.raises(UnreachableError, match="plain HTTP, not HTTPS") as caught:
        plain.resolve("a", "1")
    assert caught.value.hint.endswith(f"--insecure {distribution.host}")
    secure = clients(distribution_tls.host, insecure=(f"http://{distribution_tls.host}",))
    with pytest.raises(UnreachableError, match="HTTPS, not plain HTTP"):
        secure.get_manifest("a", "1")


def test_https_is_not_left_on_the_way(authority: CertificateAuthority, clients: Clients) -> None:
    context = authority.issue("redirecting").server()
    with Registry(context=context) as registry, Registry() as plain:
        registry.add_blob("a", DATA)
        client = clients(registry.host, ca=(str(authority.file),))
        registry.fail("GET", "*", "away", text=f"{plain.url}/x")
        with pytest.raises(RegistryError, match="from HTTPS to plain HTTP"):
            list(client.blob("a", described(DATA)))
        registry.fail("POST", "*", "status", 202, headers={"Location": f"{plain.url}/x"})
        with pytest.raises(RegistryError, match="plain HTTP instead of HTTPS"):
            client.upload("b", described(DATA), opener(DATA), lambda _: None).run()
        assert not plain.requests


def test_a_registry_that_believes_to_be_plain_is_kept_to_https(
    authority: CertificateAuthority, clients: Clients
) -> None:
    with Registry(context=authority.issue("behind").server()) as registry:
        client = clients(registry.host, ca=(str(authority.file),))
        session = f"http://{registry.host}/v2/b/blobs/uploads/upload-1"
        registry.begin("b")
        registry.fail("POST", "*", "status", 202, headers={"Location": session})
        client.upload("b", described(DATA), opener(DATA), lambda _: None).run()
        assert registry.has("b", described(DATA).digest.text)


def test_a_layer_that_may_not_be_passed_on(
    authority: CertificateAuthority, clients: Clients
) -> None:
    context = authority.issue("vendor").server()
    with Registry(context=context) as vendor, Registry() as registry:
        digest = vendor.add_blob("layers", DATA).digest
        urls = ("http://127.0.0.1:1/x", f"{vendor.url}/storage/{digest}")
        layer = Descriptor(FOREIGN, digest, len(DATA), (), urls)
        client = clients(registry.host, ca=(str(authority.file),))
        target = RegistryTarget(client, _at(registry.host))
        assert target.put_blob(layer, opener(DATA)) == "there"
        assert not registry.seen("POST")
        source = RegistrySource(client, _at(registry.host))
        assert b"".join(source.open(layer)) == DATA
        assert b"".join(source.open(layer, 299_000)) == DATA[299_000:]
        # An ordinary layer comes from the registry, or not at all.
        plain = Descriptor("application/x", digest, len(DATA), (), urls)
        with pytest.raises(RegistryError, match="does not have this blob"):
            list(source.open(plain))
        vendor.fail("GET", "*", "status", 403, times=-1)
        with pytest.raises(RegistryError, match="answers 403"):
            list(source.open(layer))


def test_mirrors_are_asked_first_and_never_written_to(
    clients: Clients, heard: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, other = image(DATA), image(b"x")
    with Registry() as mirror, Registry() as registry:
        _configure(monkeypatch, tmp_path, registry.host, f"{mirror.url}/mirrored")
        for blob, data in made.blobs:
            mirror.add_blob("mirrored/a", data, blob.media_type)
        mirror.add_manifest("mirrored/a", made.raw, tag="1")
        client = clients(registry.host)
        source = RegistrySource(client, _at(registry.host))
        assert source.top() == made.top
        assert b"".join(source.open(made.blobs[0][0])) == DATA
        assert not registry.requests
        other.push(RegistryTarget(client, _at(registry.host, "2")))
        assert {one.method for one in mirror.requests} <= {"GET", "HEAD"}
        # What the mirror does not have, or spoils, comes from the registry.
        assert RegistrySource(client, _at(registry.host, "2")).manifest(other.top) == other.raw
        made.push(RegistryTarget(client, _at(registry.host)))
        mirror.fail("GET", "*/blobs/*", "cut", 100_000, times=1)
        mirror.fail("GET", "*", "status", 500, times=-1)
        assert b"".join(source.open(made.blobs[0][0])) == DATA
        assert source.manifest(made.top) == made.raw
        assert any(mirror.host in line for line in heard.said)


def _at(host: str, tag: str = "1") -> Reference:
    return Reference.parse(f"{host}/a:{tag}")


def _log_in(file: Path, host: str, user: str, password: str) -> None:
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    file.write_text(json.dumps({"auths": {host: {"auth": token}}}))


def _configure(patch: pytest.MonkeyPatch, folder: Path, host: str, mirror: str) -> None:
    patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    (folder / "config/seaslug").mkdir(parents=True)
    text = f'[registries."{host}"]\nmirrors = ["{mirror}"]\n'
    (folder / "config/seaslug/config.toml").write_text(text)


def test_an_authority_that_says_little_of_itself_is_trusted_as_docker_does() -> None:
    assert not wire.trusting().verify_flags & ssl.VERIFY_X509_STRICT
