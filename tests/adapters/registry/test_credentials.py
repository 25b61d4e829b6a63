"""Logins as Docker, podman and their helpers keep them."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from seaslug.adapters.registry import authfile, credentials, helper
from seaslug.adapters.registry.authfile import AuthFile, Credentials, plain_key
from seaslug.adapters.registry.machine import Machine
from seaslug.adapters.registry.settings import RegistryOptions
from seaslug.errors import LoginError, SeaslugError, UsageError
from support.helpers import Helper

SECRET = "s3cret-Passw0rd"
NONE = RegistryOptions()


def auth(user: str = "me", password: str = SECRET) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


class Home:
    """A home of its own, with the files that a test writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.machine = Machine({"HOME": str(folder)}, folder / "root")
        self.docker = folder / ".docker" / "config.json"
        self.podman = folder / ".config" / "containers" / "auth.json"

    def write(self, path: Path, data: Any) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(data if isinstance(data, str) else json.dumps(data))
        return path

    def find(
        self, host: str, repository: str = "", options: RegistryOptions = NONE, **environ: str
    ) -> Credentials | None:
        machine = Machine({**self.machine.environ, **environ}, self.machine.root)
        return credentials.find(host, repository, options, machine)

    def user(self, host: str, repository: str = "", **environ: str) -> str:
        found = self.find(host, repository, **environ)
        return found.username if found else ""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Helper:
    """A helper named kit."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return Helper(tmp_path / "bin", "kit")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("https://index.docker.io/v1/", "docker.io"), ("index.docker.io", "docker.io"),
        ("docker.io", "docker.io"), ("registry-1.docker.io", "docker.io"),
        ("https://r.example/v1/", "r.example"), ("https://r.example/v2/", "r.example"),
        ("http://r.example:5000", "r.example:5000"), ("https://r.example/path/x", "r.example"),
        ("r.example/team/app", "r.example/team/app"), ("R.Example/team", "r.example/team"),
        ("r.example/", "r.example"), ("docker.io/me", "docker.io/me"),
        ("r.example/v2", "r.example"),
    ],
)  # fmt: skip
def test_keys_whoever_wrote_them(key: str, name: str) -> None:
    assert plain_key(key) == name


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (auth(), ("me", SECRET)),
        ({"auth": auth()["auth"].rstrip("=")}, ("me", SECRET)),
        ({"auth": f" {auth()['auth'][:6]}\n{auth()['auth'][6:]} "}, ("me", SECRET)),
        (auth("me", "a:b:c"), ("me", "a:b:c")),
        (auth("mé", "ü~~~???"), ("mé", "ü~~~???")),
        ({"auth": base64.urlsafe_b64encode("m:ü~~~???".encode()).decode()}, ("m", "ü~~~???")),
        (auth("me", f"{SECRET}\0\0"), ("me", SECRET)),
        ({"username": "me", "password": SECRET}, ("me", SECRET)),
    ],
)
def test_what_an_entry_says(home: Home, row: dict[str, str], expected: tuple[str, str]) -> None:
    home.write(home.docker, {"auths": {"r.example": row}})
    found = home.find("r.example")
    assert found and (found.username, found.password) == expected
    assert found.origin == str(home.docker)


def test_tokens_of_an_entry(home: Home) -> None:
    rows = {"a.example": {**auth("me", ""), "identitytoken": "i"}, "b.example": {
        "registrytoken": "r"}, "c.example": {}, "d.example": auth("me", "")}  # fmt: skip
    home.write(home.docker, {"auths": rows})
    a, b = home.find("a.example"), home.find("b.example")
    assert a and (a.username, a.password, a.identity_token) == ("me", "", "i")
    assert b and b.registry_token == "r"
    assert home.find("c.example") is home.find("d.example") is None


def test_the_hub_by_all_its_names(home: Home) -> None:
    for key in ("https://index.docker.io/v1/", "docker.io", "index.docker.io"):
        home.write(home.docker, {"auths": {key: auth()}})
        assert home.user("docker.io", "library/nginx") == "me"
        assert home.user("registry-1.docker.io", "library/nginx") == "me"


def test_the_longest_path_goes_first(home: Home) -> None:
    names = {"q.example": "host", "q.example/team": "team", "q.example/team/app": "app"}
    home.write(home.podman, {"auths": {key: auth(user) for key, user in names.items()}})
    assert home.user("q.example", "team/app") == "app"
    assert home.user("q.example", "team/app/more") == "app"
    assert home.user("q.example", "team/application") == "team"
    assert home.user("q.example", "teams/app") == "host"
    assert home.user("q.example") == "host"
    home.write(home.docker, {"auths": {"q.example": auth("docker")}})
    assert home.user("q.example", "team/x") == "team", "whichever file it is in"


def test_the_order_of_files(home: Home, tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    said = tmp_path / "said.json"
    other = tmp_path / "other"
    for path, user in (
        (home.folder / ".dockercfg", "old"), (home.podman, "podman"),
        (runtime / "containers" / "auth.json", "runtime"), (home.docker, "docker"),
    ):  # fmt: skip
        data = {"r.example": auth(user)}
        home.write(path, data if user == "old" else {"auths": data})
        assert home.user("r.example", XDG_RUNTIME_DIR=str(runtime)) == user
    home.write(other / "config.json", {"auths": {"r.example": auth("moved")}})
    assert home.user("r.example", DOCKER_CONFIG=str(other)) == "moved"
    home.write(said, {"auths": {"r.example": auth("said")}})
    assert home.user("r.example", REGISTRY_AUTH_FILE=str(said)) == "said"
    found = home.find("r.example", "", RegistryOptions(authfile=str(home.podman)))
    assert found and found.username == "podman"
    assert home.find("x.example", "", RegistryOptions(authfile=str(home.podman))) is None


def test_a_named_file_that_is_not_there(home: Home) -> None:
    with pytest.raises(UsageError) as caught:
        home.find("r.example", "", RegistryOptions(authfile="/no/such.json"))
    assert "seaslug login r.example --authfile /no/such.json" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{{"auths": {{"r.example": {{"auth": "{SECRET}" }}', "line 1 column"),
        (f'{{\n"auths": {SECRET}}}', "line 2 column 10"),
        (f'["{SECRET}"]', "no JSON object"),
        (f'{{"auths": ["{SECRET}"]}}', "auths is no JSON object"),
        (f'{{"auths": {{}}, "credHelpers": "{SECRET}"}}', "credHelpers is no JSON object"),
        (json.dumps({"auths": {"r.example": {"auth": f"{SECRET}!"}}}), "auth is not base64"),
        (json.dumps({"auths": {"r.example": {"auth": "bWU="}}}), "not the base64 of USER:PASS"),
        (json.dumps({"auths": {"r.example": {"auth": "gICA"}}}), "auth is not base64"),
        ("[" * 100_000, "not JSON that can be read"),
        (f'"{SECRET}' + "x" * (5 << 20), "more than 4 MiB"),
    ],
)
def test_a_file_that_is_spoilt(home: Home, text: str, said: str) -> None:
    home.write(home.docker, text)
    with pytest.raises(UsageError) as caught:
        home.find("r.example")
    assert said in str(caught.value)
    assert str(home.docker) in str(caught.value)
    assert SECRET not in f"{caught.value} {caught.value!r} {vars(caught.value)}"


@pytest.mark.parametrize("text", ["", "  \n", "{}", '{"auths": null}', '{"HttpHeaders": {}}'])
def test_a_file_that_says_nothing(home: Home, text: str) -> None:
    home.write(home.docker, text)
    assert home.find("r.example") is None


def test_a_helper_for_one_host_and_one_for_all(home: Home, kit: Helper) -> None:
    kit.keep("r.example", "kept", SECRET)
    kit.keep("https://index.docker.io/v1/", "hub", SECRET)
    home.write(home.docker, {"credHelpers": {"r.example": "kit"}, "auths": {"b.example": auth()}})
    assert home.user("r.example") == "kept"
    assert home.user("docker.io") == ""
    assert home.user("b.example") == "me"
    home.write(home.docker, {"credsStore": "kit", "auths": {"b.example": auth()}})
    assert home.user("docker.io") == "hub"
    assert home.user("b.example") == "me", "what a helper does not know may be in the file"
    assert kit.arguments[0] == ["get"], "no server and no secret is an argument"


def test_a_helper_gives_identity_tokens(home: Home, kit: Helper) -> None:
    kit.keep("r.example", "<token>", "i-secret")
    home.write(home.docker, {"credsStore": "kit"})
    found = home.find("r.example")
    assert found and (found.username, found.identity_token) == ("", "i-secret")
    assert found.origin == "docker-credential-kit"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("sys.exit('no agent')", "docker-credential-kit failed: no agent"),
        ("print('keychain is \\x1b[31mlocked'); sys.exit(1)", "failed: keychain is"),
        ("sys.exit(3)", "failed: status 3"),
        ("print('hello')", "no JSON object"),
        ("print('[]')", "no JSON object"),
        ("print('{}')", "without Username and Secret"),
        ('print(\'{"Username": "me", "Secret": 7}\')', "without Username and Secret"),
        ("while True: print('x' * 100000)", "did not answer within"),
        ("time.sleep(60)", "did not answer within"),
    ],
)
def test_a_helper_that_fails(
    home: Home, kit: Helper, monkeypatch: pytest.MonkeyPatch, body: str, said: str
) -> None:
    monkeypatch.setattr(helper, "PATIENCE", 1.0)
    kit.behave(body)
    home.write(home.docker, {"credHelpers": {"r.example": "kit"}})
    with pytest.raises(LoginError) as caught:
        home.find("r.example")
    assert said in caught.value.what
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("name", ["absent", "../../bin/sh", "a b", "", "x\x1b[31m"])
def test_a_helper_that_is_not_there(home: Home, kit: Helper, name: str) -> None:
    home.write(home.docker, {"credHelpers": {"r.example": name}})
    if not name:
        assert home.find("r.example") is None
        return
    with pytest.raises(LoginError, match=r"docker-credential-.* is not installed") as caught:
        home.find("r.example")
    assert "credHelpers" in caught.value.hint
    assert "\x1b" not in str(caught.value)
    assert home.find("other.example") is None


def test_a_helper_that_repeats_the_secret(kit: Helper) -> None:
    kit.behave("print('cannot store', sys.stdin.read()); sys.exit(1)")
    with pytest.raises(SeaslugError) as caught:
        helper.store("kit", "r.example", "me", SECRET)
    assert "cannot store" in caught.value.what
    assert SECRET not in str(caught.value)


WRITTEN: Mapping[str, Any] = {
    "HttpHeaders": {"X-Meta": "ünï"}, "psFormat": "table {{.ID}}", "auths": {
        "other.example": auth("other")}, "plugins": {"a": {"b": "c"}}, "detachKeys": "ctrl-e"
}  # fmt: skip


def test_what_else_a_file_holds_stays(home: Home) -> None:
    home.write(home.docker, dict(WRITTEN))
    home.docker.chmod(0o644)
    AuthFile.read(home.docker).put("r.example", Credentials("me", SECRET)).save()
    data = json.loads(home.docker.read_bytes())
    assert data["auths"].pop("r.example") == auth()
    assert data == WRITTEN
    assert list(data) == list(WRITTEN)
    assert home.docker.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.docker.parent.iterdir()] == ["config.json"]
    assert home.user("r.example") == "me"
    AuthFile.read(home.docker).without("r.example").save()
    assert json.loads(home.docker.read_bytes()) == WRITTEN


def test_the_hub_is_written_as_docker_reads_it(home: Home) -> None:
    home.write(home.docker, {"auths": {"docker.io": auth("old"), "docker.io/me": auth("path")}})
    AuthFile.read(home.docker).put("docker.io", Credentials("me", SECRET)).save()
    keys = json.loads(home.docker.read_bytes())["auths"]
    assert set(keys) == {"https://index.docker.io/v1/", "docker.io/me"}


def test_a_link_stays_a_link(home: Home, tmp_path: Path) -> None:
    real = home.write(tmp_path / "dotfiles" / "docker.json", {})
    home.docker.parent.mkdir(parents=True)
    home.docker.symlink_to(real)
    AuthFile.read(home.docker).put("r.example", Credentials("me", SECRET)).save()
    assert home.docker.is_symlink()
    assert home.user("r.example") == "me"
    assert "auths" in json.loads(real.read_bytes())


def test_nothing_half_written_stays(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(home.docker, dict(WRITTEN))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(authfile.os, "fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        AuthFile.read(home.docker).put("r.example", Credentials("me", SECRET)).save()
    assert json.loads(home.docker.read_bytes()) == WRITTEN
    assert [path.name for path in home.docker.parent.iterdir()] == ["config.json"]


def test_a_folder_that_cannot_be_made(home: Home) -> None:
    home.folder.mkdir()
    home.docker.parent.write_text("a file")
    with pytest.raises(UsageError, match="cannot be written"):
        AuthFile(home.docker).put("r.example", Credentials("me", SECRET)).save()
