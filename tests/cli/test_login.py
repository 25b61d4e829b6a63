"""seaslug login and logout, and that no secret leaves them."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import pty
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.certificates import CertificateAuthority
from support.cli import Cli, Done
from support.helpers import Helper
from support.server import closed_port
from support.tokens import Answer, Asked, Door, TokenServer, basic

SECRET = "s3cret-Passw0rd"
ENCODED = "bWU6czNjcmV0LVBhc3N3MHJk"


class Desk:
    """The command line in a home of its own; what it prints is searched for secrets."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = folder / "home"
        self.file = self.home / ".docker" / "config.json"
        self._patch = monkeypatch
        self.env = {
            "HOME": str(self.home), "DOCKER_CONFIG": "", "REGISTRY_AUTH_FILE": "",
            "XDG_RUNTIME_DIR": str(folder / "run"), "XDG_CONFIG_HOME": "",
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        }  # fmt: skip
        self.cli = Cli(folder / "store", env=self.env)
        self.silent = {SECRET, ENCODED}

    def __call__(self, *args: object, stdin: str = "") -> Done:
        self._patch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        done = self.cli(*args)
        for secret in self.silent:
            assert secret not in done.out + done.err
        assert "Traceback" not in done.err
        return done

    def login(self, host: str, *more: object, stdin: str = SECRET) -> Done:
        return self("login", host, "-u", "me", "--password-stdin", *more, stdin=stdin)

    @property
    def auths(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads(self.file.read_bytes()).get("auths", {})
        return found


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


@pytest.fixture
def door() -> Iterator[Door]:
    with Door.basic("me", SECRET) as made:
        yield made


@pytest.fixture
def kit(tmp_path: Path) -> Helper:
    return Helper(tmp_path / "bin", "kit")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_login_is_checked_and_written_as_docker_writes_it(
    desk: Desk, door: Door, ending: str
) -> None:
    done = desk.login(door.host, stdin=f"{SECRET}{ending}")
    assert (done.status, done.out) == (0, f"{door.host}\n")
    assert f"me is logged in to {door.host}; kept in {desk.file}" in done.err
    assert done.err.count("a helper keeps it better") == 1
    assert desk.auths == {door.host: {"auth": ENCODED}}
    assert desk.file.stat().st_mode & 0o777 == 0o600
    assert desk.file.parent.stat().st_mode & 0o777 == 0o700
    assert basic(door.asked[-1].authorization) == f"me:{SECRET}"


def test_a_login_by_tokens(desk: Desk) -> None:
    with TokenServer({"me": SECRET}) as server, Door.of(server) as door:
        done = desk.login(door.host, "--json")
        assert done.json == {
            "host": door.host, "user": "me", "kept": str(desk.file), "checked": True
        }  # fmt: skip
        assert [asked.authorization.split()[0] for asked in door.asked[1:]] == ["Bearer"]
        server.identities = {"lasting-secret": "me"}
        desk.silent.add("lasting-secret")
        assert desk("login", door.host, "--token-stdin", stdin="lasting-secret\n").status == 0
        assert desk.auths == {door.host: {"identitytoken": "lasting-secret"}}
        assert desk("login", "--list").out.split()[-3:-1] == [door.host, "<token>"]


def test_a_wrong_login_is_not_kept(desk: Desk, door: Door) -> None:
    desk.silent.add("wr0ng")
    done = desk.login(door.host, stdin="wr0ng")
    assert done.status == 14
    assert done.error.startswith(f"seaslug: {door.host} does not take the login of me\n")
    assert not desk.file.exists()
    done = desk("login", door.host, "-u", "me", "--password-stdin", "--json", stdin="wr0ng")
    assert done.json["error"]["code"] == "login"


def test_a_wrong_login_at_a_token_server(desk: Desk) -> None:
    with TokenServer({"me": "another"}) as server, Door.of(server) as door:
        assert "does not take the login of me" in desk.login(door.host).error
        desk.silent.add("old-secret")
        done = desk("login", door.host, "--token-stdin", stdin="old-secret")
        assert "does not take the token" in done.error
    assert not desk.file.exists()


def test_a_registry_that_does_not_ask(desk: Desk) -> None:
    with Door() as door:
        done = desk.login(door.host)
        assert done.status == 0
        assert "did not ask who calls" in done.err
        assert desk.login(door.host, "--json").json["checked"] is False


def test_a_registry_that_lets_strangers_in_but_no_wrong_login(desk: Desk) -> None:
    def allows(header: str, _: str) -> bool:
        return not header or basic(header) == f"me:{SECRET}"

    desk.silent.add("wr0ng")
    with Door(lambda *_: "Basic realm=x", allows) as door:
        assert "does not take the login" in desk.login(door.host, stdin="wr0ng").error
        assert desk.login(door.host).status == 0


class Echo(Door):
    """Repeats what it was told."""

    def answer(self, asked: Asked) -> Answer:
        told = f"I heard {asked.authorization}, {SECRET}".encode()
        return Answer(400, told) if asked.authorization else super().answer(asked)


def test_a_registry_that_repeats_what_it_heard(desk: Desk) -> None:
    with Echo(lambda *_: "Basic realm=x", lambda *_: False) as door:
        done = desk.login(door.host)
        assert (done.status, "I heard Basic ..., ..." in done.error) == (14, True)


def test_certificates(desk: Desk, tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "authority")
    with Door.basic("me", SECRET, context=authority.issue("server").server()) as door:
        assert desk.login(door.host).status == 14
        assert desk.login(door.host, "--ca", authority.file).status == 0
        assert desk.login(door.host, "--insecure", f"https://{door.host}").status == 0
        assert desk.login(door.host, "--insecure", door.host).status == 0
        other = CertificateAuthority(tmp_path / "other").file
        done = desk.login(door.host, "--ca", other)
        assert "its certificate is not trusted" in done.error
        assert f"/etc/docker/certs.d/{door.host}/ca.crt" in done.error


def test_what_is_no_registry(desk: Desk) -> None:
    with Door(lambda *_: "", lambda *_: False) as door:
        assert desk.login(door.host).status == 14
        assert desk.login(f"{door.host}/team").status == 2
    done = desk.login(f"127.0.0.1:{closed_port()}")
    assert (done.status, desk.file.exists()) == (14, False)
    assert "does not answer" in done.error
    for host in ("", "a b", "-", "a..b", "x/y", "ftp://", "\x1b[31m"):
        done = desk.login(host)
        assert done.status == 2
        assert "\x1b" not in done.err


@pytest.mark.parametrize(
    "args",
    [
        ["-p", SECRET], [f"-p{SECRET}"], [f"--password={SECRET}"], ["--password", SECRET],
        ["--token", SECRET], [SECRET], ["-u", "me", SECRET],
    ],
)  # fmt: skip
def test_a_password_on_the_command_line_is_refused_and_not_repeated(
    desk: Desk, args: list[str]
) -> None:
    done = desk("login", "r.example", *args)
    assert done.status == 2
    assert "--password-stdin" in done.err or "more than one registry" in done.err


@pytest.mark.parametrize(
    ("args", "stdin", "said"),
    [
        ([], "", "which registry?"),
        (["r.example"], "", "there is no terminal to ask for the password"),
        (["r.example", "-u", "me"], SECRET, "there is no terminal"),
        (["r.example", "--password-stdin"], SECRET, "no user is named"),
        (["r.example", "-u", "me", "--password-stdin"], "\n", "no password on stdin"),
        (["r.example", "-u", "me", "--password-stdin"], "x" * 70_000, "no password is that long"),
        (["r.example", "-u", "a:b", "--password-stdin"], SECRET, "not the name of a user"),
        (["r.example", "--token-stdin"], "", "no token on stdin"),
        (["r.example", "-u", "me", "--token-stdin", "--password-stdin"], "x", "contradict"),
    ],
)
def test_what_cannot_be_asked_for(desk: Desk, args: list[str], stdin: str, said: str) -> None:
    done = desk("login", *args, stdin=stdin)
    assert done.status == 2
    assert said in done.err


@pytest.mark.timeout(60)
def test_a_terminal_is_asked_and_shows_no_password(desk: Desk, door: Door) -> None:
    leader, follower = pty.openpty()

    def own() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = desk.cli.start("login", door.host, stdin=follower, preexec_fn=own)
    seen, shown = b"", b""
    assert process.stderr
    while not seen.endswith(b"user: "):
        seen += os.read(process.stderr.fileno(), 1)
    os.write(leader, b"me\n")
    while b"password of me" not in shown:
        shown += os.read(leader, 1000)
    os.write(leader, f"{SECRET}\n".encode())
    done = desk.cli.finish(process)
    os.close(follower)
    os.set_blocking(leader, False)
    with contextlib.suppress(OSError):
        shown += os.read(leader, 1000)
    os.close(leader)
    assert done.status == 0, done.err
    assert desk.auths == {door.host: {"auth": ENCODED}}
    assert SECRET not in shown.decode() + done.err + done.out


def test_the_helper_of_the_configuration_keeps_it(desk: Desk, door: Door, kit: Helper) -> None:
    desk.file.parent.mkdir(parents=True)
    desk.file.write_text('{"credsStore": "kit", "HttpHeaders": {"a": "b"}}')
    done = desk.login(door.host)
    assert "kept in docker-credential-kit" in done.err
    assert "a helper keeps it better" not in done.err
    assert kit.kept == {door.host: {"Username": "me", "Secret": SECRET}}
    assert desk.auths == {door.host: {}}
    assert desk("login", "--list", "--json").json == {
        "logins": [{"host": door.host, "user": "me", "kept": "docker-credential-kit"}]
    }
    assert desk("logout", door.host).status == 0
    assert (kit.kept, desk.auths) == ({}, {})
    assert json.loads(desk.file.read_bytes())["HttpHeaders"] == {"a": "b"}
    assert all(len(arguments) == 1 for arguments in kit.arguments)


def test_a_helper_for_this_host_only(desk: Desk, door: Door, kit: Helper) -> None:
    desk.file.parent.mkdir(parents=True)
    desk.file.write_text(json.dumps({"credHelpers": {door.host: "kit"}}))
    desk.login(door.host)
    assert kit.kept == {door.host: {"Username": "me", "Secret": SECRET}}
    assert "docker-credential-kit" in desk("login", "--list").out
    assert desk("logout", "--all").out == f"{door.host}\n"
    assert kit.kept == {}


def test_a_helper_that_fails_to_store(desk: Desk, door: Door, kit: Helper) -> None:
    desk.file.parent.mkdir(parents=True)
    desk.file.write_text('{"credsStore": "kit"}')
    kit.behave("print('locked:', sys.stdin.read()); sys.exit(1)")
    done = desk.login(door.host)
    assert done.status == 14
    assert "docker-credential-kit failed: locked" in done.error
    assert json.loads(desk.file.read_bytes()) == {"credsStore": "kit"}


def test_logout(desk: Desk, door: Door) -> None:
    other = desk.home / ".config" / "containers" / "auth.json"
    desk.login(door.host)
    desk.login(door.host, "--authfile", other)
    assert len(desk("login", "--list", "--json").json["logins"]) == 2
    done = desk("logout", f"http://{door.host}/")
    assert done.out == f"{door.host}\n"
    assert f"seaslug logout {door.host} --authfile {other}" in done.err
    done = desk("logout", door.host)
    assert done.status == 2
    assert f"unknown login '{door.host}'" in done.error
    assert desk("logout", door.host, "--authfile", other, "--json").json == {
        "forgotten": [door.host]
    }
    assert "no login is kept" in desk("login", "--list").err
    assert "no login is kept" in desk("logout", "--all").err
    assert desk("logout").status == desk("logout", "--all", "x").status == 2


def test_the_nearest_login_is_named(desk: Desk) -> None:
    desk.file.parent.mkdir(parents=True)
    desk.file.write_text(json.dumps({"auths": {"registry.example": {"auth": ENCODED}}}))
    assert "did you mean registry.example?" in desk("logout", "registy.example").error


def test_files_that_are_spoilt_are_named_not_shown(desk: Desk, door: Door) -> None:
    desk.file.parent.mkdir(parents=True)
    desk.file.write_text(f'{{"auths": {{"{door.host}": {{"auth": "{ENCODED}" oops')
    for done in (desk("login", "--list"), desk("logout", door.host), desk.login(door.host)):
        assert done.status == 2
        assert f"{desk.file}: not JSON at line 1" in done.error


def test_the_help_says_how(desk: Desk) -> None:
    done = desk("login", "--help")
    assert "--password-stdin" in done.out
    assert "--password " not in done.out
    assert "--token " not in desk("completion", "bash").out
