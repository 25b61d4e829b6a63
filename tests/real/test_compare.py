"""compare beside dive, on images made by hand and by Docker; its page in a real Chromium."""

from __future__ import annotations

import json
import os
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rules.making import Files, Folder, Hard, Link, layer
from seaslug.adapters.store import Store
from seaslug.values.descriptor import Descriptor
from support import images
from support.cli import Cli
from support.clients import run

A, B = "a" * 5000, "b" * 700

BY_HAND: dict[str, list[Files]] = {
    "replaced and removed": [
        {"etc/a": A, "etc/b": B, "usr": Folder(), "usr/x/y": A},
        {"etc/a": B, "etc/.wh.b": "", "usr/z": B},
        {"etc/a": A, "new/.keep": ""},
    ],
    "a folder removed": [
        {"d": Folder(), "d/a": A, "d/e": Folder(), "d/e/b": B}, {".wh.d": ""}, {"d": B},
    ],
    "a folder without a member of its own": [{"d/a": A, "d/e/b": B}, {".wh.d": "", "c": A}],
    "an opaque folder": [
        {"d": Folder(), "d/a": A}, {"d": Folder(), "d/.wh..wh..opq": "", "d/b": B},
    ],
    "a whiteout of nothing": [{"a": A, "z": B}, {"b": A, ".wh.nothing": "", "z": A}],
    "links": [
        {"a": A, "b": Hard("a"), "c": Link("a")}, {"a": B, "c": Link("b")}, {"c": A, "b": B},
    ],
    "removed, then anew": [{"d": Folder(), "d/a": A}, {"d/.wh.a": ""}, {"d/a": B}],
    "a file where a folder was": [{"d": Folder(), "d/a": A}, {".wh.d": ""}, {"d": B}, {"d": A}],
    "one layer": [{"a": A, "b": A}],
}  # fmt: skip


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """A store with an image for each case, by the case's number."""
    made = Cli(tmp_path_factory.mktemp("compare") / "home")
    store = Store(made.home)
    for at, layers in enumerate(BY_HAND.values()):
        digest = images.image(store, map(layer, layers))
        size = store.get(digest).size
        store.tag(f"case:{at}", Descriptor(images.MANIFEST, digest, size))
    return made


@pytest.fixture
def by_docker(tmp_path: Path) -> Iterator[Path]:
    """An image that Docker built and saved, with files copied twice and over each other.

    No two layers are the same: of those dive reads one only, for Docker saves a link.
    """
    context, tag = tmp_path / "context", f"seaslug-compare:{secrets.token_hex(4)}"
    made = {"one/a": A, "one/b": B, "two/a": B, "two/deep/c": A, "three/a": A, "three/d": B}
    for name, text in made.items():
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).write_text(text)
    (context / "Dockerfile").write_text(
        "FROM scratch\nCOPY one /app\nCOPY two /app\nCOPY three /app\nCOPY two/a /srv/a\n"
    )
    run("docker", "build", "--quiet", "-t", tag, context, env={"DOCKER_BUILDKIT": "0"})
    try:
        run("docker", "save", "-o", tmp_path / "saved.tar", tag)
        yield tmp_path / "saved.tar"
    finally:
        run("docker", "rmi", tag)


def agree(cli: Cli, archive: Path, place: str) -> dict[str, Any]:
    """Hold what we say of *place* against what dive says of *archive*."""
    told = archive.with_suffix(".json")
    run("dive", "--source", "docker-archive", archive, "--json", told)
    theirs = json.loads(told.read_text())["image"]
    done = cli("compare", place, "--as-dive", "--json")
    assert done.status == 0, done.err
    (ours,) = done.json["images"]
    assert ours["dive"]["inefficient"] == theirs["inefficientBytes"]
    assert ours["dive"]["efficiency"] == pytest.approx(theirs["efficiencyScore"], abs=1e-12)
    found: dict[str, Any] = ours
    return found


@pytest.mark.judge
@pytest.mark.parametrize("case", BY_HAND)
def test_dive_says_the_same(cli: Cli, case: str, tmp_path: Path) -> None:
    name = f"case:{list(BY_HAND).index(case)}"
    archive = tmp_path / "image.tar"
    assert cli("export", name, "-o", f"docker-archive:{archive}").status == 0
    agree(cli, archive, name)


@pytest.mark.judge
@pytest.mark.engine
def test_dive_says_the_same_of_what_docker_built(cli: Cli, by_docker: Path) -> None:
    found = agree(cli, by_docker, f"docker-archive:{by_docker}")
    assert found["dive"]["inefficient"] == 2 * len(A) + len(B)
    assert found["waste"] == {
        "hidden": len(A) + len(B), "repeated": len(A) + 2 * len(B)
    }, "each copy that nobody sees, and each content that is there again, once"  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "corner", "command"),
    [
        ("1", (255, 255, 255), ("compare", "case:0", "case:1")),
        ("0", (20, 24, 28), ("compare", "case:0", "case:1")),
        ("0", (20, 24, 28), ("diff", "case:0", "case:1")),
        ("1", (255, 255, 255), ("diff", "case:0", "case:1")),
        ("0", (15, 19, 24), ("check", "case:0", "--fail-on", "never")),
    ],
    ids=["light", "dark", "diff dark", "diff light", "check dark"],
)
def test_the_page_in_chromium(
    cli: Cli, scheme: str, corner: tuple[int, int, int], command: tuple[str, ...], tmp_path: Path
) -> None:
    page, shot = tmp_path / "r.html", tmp_path / "shot.png"
    assert cli(*command, "-o", page).status == 0
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    done = run(
        "chromium", "--headless", "--disable-gpu", *root, "--enable-logging=stderr",
        f"--blink-settings=preferredColorScheme={scheme}", "--window-size=800,600",
        f"--user-data-dir={tmp_path}/profile", f"--screenshot={shot}", page.as_uri(),
    )  # fmt: skip
    assert "CONSOLE" not in done.err, "nothing was refused by the page's own policy"
    assert first_pixel(shot.read_bytes()) == corner


def first_pixel(png: bytes) -> tuple[int, int, int]:
    """Return red, green and blue of the upper left corner: no filter changes that one."""
    data, at = b"", 8
    while at < len(png):
        size, kind = int.from_bytes(png[at : at + 4]), png[at + 4 : at + 8]
        data += png[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    red, green, blue = zlib.decompress(data)[1:4]
    return red, green, blue
