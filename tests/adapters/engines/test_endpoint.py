"""Docker is looked for where its own command looks for it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from seaslug.adapters.engines.endpoint import Endpoint, docker_endpoint, podman_endpoint
from seaslug.errors import EngineError, UnknownNameError

USUAL = Endpoint("unix:///var/run/docker.sock")


def context(folder: Path, name: str, docker: Any, *files: str) -> Path:
    """Write a context as ``docker context create`` does; returns its TLS folder."""
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts/meta" / key
    meta.mkdir(parents=True)
    data = {"Name": name, "Metadata": {}, "Endpoints": {"docker": docker}}
    (meta / "meta.json").write_text(json.dumps(data))
    tls = folder / "contexts/tls" / key / "docker"
    for file in files:
        tls.mkdir(parents=True, exist_ok=True)
        (tls / file).write_text("")
    return tls


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    context(tmp_path, "far", {"Host": "ssh://me@far.example:2222", "SkipTLSVerify": False})
    context(tmp_path, "loose", {"Host": "tcp://loose.example:2376", "SkipTLSVerify": True})
    context(tmp_path, "odd", {"Port": 1})
    return tmp_path


def found(folder: Path, **env: str) -> Endpoint:
    return docker_endpoint({"DOCKER_CONFIG": str(folder), **env})


def test_nothing_said(tmp_path: Path) -> None:
    assert found(tmp_path) == USUAL
    assert found(tmp_path, DOCKER_CONTEXT="default") == USUAL


def test_a_host(tmp_path: Path) -> None:
    assert found(tmp_path, DOCKER_HOST="tcp://h:1") == Endpoint("tcp://h:1")


def test_a_host_with_tls(tmp_path: Path) -> None:
    env = {"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS_VERIFY": "1"}
    assert found(tmp_path, **env) == Endpoint("tcp://h:1", True, str(tmp_path))
    env["DOCKER_CERT_PATH"] = "/certs"
    assert found(tmp_path, **env) == Endpoint("tcp://h:1", True, "/certs")
    env = {"DOCKER_HOST": "tcp://h:1", "DOCKER_TLS": "1"}
    assert found(tmp_path, **env) == Endpoint("tcp://h:1", True, str(tmp_path), verify=False)


def test_a_context(folder: Path) -> None:
    far = Endpoint("ssh://me@far.example:2222")
    assert found(folder, DOCKER_CONTEXT="far") == far
    (folder / "config.json").write_text('{"currentContext": "far"}')
    assert found(folder) == far
    assert found(folder, DOCKER_HOST="unix:///x") == Endpoint("unix:///x"), "a host wins"
    assert found(folder, DOCKER_CONTEXT="default") == USUAL
    loose = Endpoint("tcp://loose.example:2376", True, verify=False)
    assert found(folder, DOCKER_CONTEXT="loose").verify is loose.verify
    assert found(folder, DOCKER_CONTEXT="loose").tls


def test_a_context_with_certificates(folder: Path) -> None:
    tls = context(folder, "tls", {"Host": "tcp://tls.example:2376"}, "ca.pem")
    assert found(folder, DOCKER_CONTEXT="tls") == Endpoint("tcp://tls.example:2376", True, str(tls))


def test_an_unknown_context(folder: Path) -> None:
    with pytest.raises(UnknownNameError) as caught:
        found(folder, DOCKER_CONTEXT="fra")
    assert caught.value.nearest == ("far",)


def test_a_context_that_says_nothing(folder: Path) -> None:
    with pytest.raises(EngineError, match="'odd' does not say where") as caught:
        found(folder, DOCKER_CONTEXT="odd")
    assert caught.value.hint == "docker context inspect odd"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"currentContext": 1}', "é"])
def test_a_config_that_is_odd(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text, encoding="latin-1")
    assert found(tmp_path) == USUAL


def test_podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert podman_endpoint({}) is None
    assert podman_endpoint({"XDG_RUNTIME_DIR": str(tmp_path)}) is None
    (tmp_path / "podman").mkdir()
    (tmp_path / "podman/podman.sock").write_text("")
    service = podman_endpoint({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert service is not None
    assert service.address == f"unix://{tmp_path}/podman/podman.sock"
    named = podman_endpoint({"CONTAINER_HOST": "ssh://h/run/podman/podman.sock"})
    assert named is not None
    assert (named.address[:7], named.dial[0]) == ("ssh://h", "podman")
