"""Logins that docker and podman made are found by us, and ours by them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters.registry.authfile import Credentials
from seaslug.adapters.registry.login import keep
from support.cli import Cli, Done
from support.distribution import PASSWORD, USER, Distribution
from support.real import need

_UNSET = ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_CONFIG_HOME")


class Desk:
    """A home of its own for all three."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.docker = self.home / ".docker" / "config.json"
        self.podman = folder / "run" / "containers" / "auth.json"
        self.podman.parent.mkdir(parents=True)
        self.env = {
            "HOME": str(self.home), "XDG_RUNTIME_DIR": str(folder / "run"),
            **dict.fromkeys(_UNSET, ""),
        }  # fmt: skip
        self.cli = Cli(folder / "store", env=self.env)

    def run(self, *argv: str, stdin: str = "") -> str:
        """Run one of the two others."""
        env = {k: v for k, v in {**os.environ, **self.env}.items() if k not in _UNSET}
        done = subprocess.run(
            [need(argv[0]), *argv[1:]], input=stdin, env=env, capture_output=True, text=True,
            timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def login(self, host: str, password: str = PASSWORD) -> Done:
        argv = ["login", host, "-u", USER, "--password-stdin"]
        process = self.cli.start(*argv, stdin=subprocess.PIPE)
        assert process.stdin
        process.stdin.write(password)
        process.stdin.close()
        process.stdin = None
        done = self.cli.finish(process)
        assert password not in done.out + done.err
        return done


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry that lets nobody in without a password."""
    made = Distribution.start(tmp_path_factory.mktemp("registry"), login=True)
    yield made.host
    made.stop()


def test_a_login_by_docker(desk: Desk, host: str) -> None:
    assert desk.cli("tags", f"{host}/a/b").status == 14
    desk.run("docker", "login", host, "-u", USER, "--password-stdin", stdin=PASSWORD)
    assert desk.docker.exists()
    done = desk.cli("tags", f"{host}/a/b")
    assert "no such repository" in done.error, "the login was taken"
    assert desk.cli("login", "--list", "--json").json["logins"] == [
        {"host": host, "user": USER, "kept": str(desk.docker)}
    ]
    assert desk.cli("logout", host).status == 0
    assert "wants a login" in desk.cli("tags", f"{host}/a/b").error


def test_a_login_by_podman(desk: Desk, host: str) -> None:
    argv = ["login", "--tls-verify=false", "-u", USER, "--password-stdin", host]
    desk.run("podman", *argv, stdin=PASSWORD)
    assert desk.podman.exists()
    assert "no such repository" in desk.cli("tags", f"{host}/a/b").error
    assert desk.cli("logout", host, "--authfile", desk.podman).status == 0
    assert json.loads(desk.podman.read_bytes())["auths"] == {}


def test_our_login_is_dockers_and_podmans(desk: Desk, host: str) -> None:
    done = desk.login(host)
    assert done.status == 0, done.err
    assert desk.run("podman", "login", "--get-login", host).strip() == USER
    # Without a word about who, docker takes what is kept.
    assert "Login Succeeded" in desk.run("docker", "login", host)
    desk.run("docker", "logout", host)
    assert "no login is kept" in desk.cli("login", "--list").err


def test_our_login_at_the_hub_is_the_one_that_podman_looks_for(desk: Desk) -> None:
    for path in (desk.docker, desk.podman):
        keep("docker.io", Credentials(USER, PASSWORD), path)
        assert desk.run("podman", "login", "--get-login", "docker.io").strip() == USER
        path.unlink()


def test_a_wrong_password(desk: Desk, host: str) -> None:
    done = desk.login(host, "wr0ng")
    assert done.status == 14
    assert f"{host} does not take the login of {USER}" in done.error
    assert not desk.docker.exists()
