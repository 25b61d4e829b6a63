"""Cargo projects: what they are, which binary is meant, for which target."""

from __future__ import annotations

import json

import pytest

from seaslug.apps.config import AppConfig
from seaslug.apps.project import Project
from seaslug.apps.rust import metadata
from seaslug.apps.rust.detect import detect
from seaslug.apps.rust.metadata import Binary
from seaslug.errors import ProjectError, ToolError
from seaslug.values.platform import TABLE
from seaslug.values.tree import Tree, file


def project(files: dict[str, str] | None = None, **options: object) -> Project:
    config = AppConfig(where="seaslug.toml", options=(("rust", tuple(options.items())),))
    tree = Tree(file(path, text.encode()) for path, text in (files or {}).items())
    return Project("/p", tree, config)


@pytest.mark.parametrize(
    ("files", "title", "rows"),
    [
        ({"Cargo.toml": '[package]\nname = "shop"'}, "Rust, shop", ["package shop"]),
        ({"Cargo.toml": "[workspace]\nmembers = []", "Cargo.lock": ""}, "Rust, a workspace",
         ["a workspace", "built with the locked versions"]),
        ({"Cargo.toml": "not toml ["}, "Rust, a workspace", ["a Cargo project"]),
        ({"Cargo.toml": "package = 3"}, "Rust, a workspace", ["a Cargo project"]),
    ],
)  # fmt: skip
def test_detection(files: dict[str, str], title: str, rows: list[str]) -> None:
    found = detect(project(files))
    assert found is not None and (found.kind, found.title) == ("rust", title)
    assert [row.what for row in found.evidence] == rows


def test_no_cargo_project() -> None:
    assert detect(project({"sub/Cargo.toml": ""})) is None


def said(*packages: tuple[str, str, list[tuple[str, str]]]) -> str:
    """Return what cargo would say of (package, default_run, [(kind, name)])."""
    rows = [
        {
            "name": name,
            "default_run": run or None,
            "targets": [
                {"kind": [kind], "name": target, "src_path": f"/w/{name}/src/{target}.rs"}
                for kind, target in targets
            ],
        }
        for name, run, targets in packages
    ]
    return json.dumps({"packages": rows, "version": 1})


def test_binaries() -> None:
    text = said(("a", "two", [("lib", "a"), ("bin", "one"), ("bin", "two"), ("test", "t")]))
    assert metadata.binaries(text, "/w/") == (
        Binary("a", "one", "a/src/one.rs"), Binary("a", "two", "a/src/two.rs", True),
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"packages": [{"name": "a"}]}', "null"])
def test_metadata_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ToolError, match="nothing that can be read"):
        metadata.binaries(text, "/w")


ONE, TWO = Binary("a", "one", ""), Binary("a", "two", "")
OTHER, SAME = Binary("b", "three", ""), Binary("b", "one", "")


@pytest.mark.parametrize(
    ("found", "options", "expected"),
    [
        ([ONE], {}, ONE),
        ([ONE, TWO], {"bin": "two"}, TWO),
        ([ONE, Binary("a", "two", "", True)], {}, Binary("a", "two", "", True)),
        ([ONE, OTHER], {"package": "b"}, OTHER),
        ([ONE, SAME], {"bin": "one", "package": "b"}, SAME),
    ],
)
def test_the_binary_to_build(
    found: list[Binary], options: dict[str, object], expected: Binary
) -> None:
    assert metadata.chosen(found, project(**options)) == expected


@pytest.mark.parametrize(
    ("found", "options", "text", "hint"),
    [
        ([], {}, "no binary: this is a library", "src/main.rs"),
        ([ONE, TWO], {}, "2 binaries: one, two", '[rust] bin = "one"'),
        ([ONE, OTHER], {}, "2 binaries: one of a, three of b", '[rust] bin = "one"'),
        ([ONE, SAME], {"bin": "one"}, "2 binaries: one of a, one of b", '[rust] package = "a"'),
        ([ONE], {"bin": "x"}, "no binary x", "there is one"),
        ([ONE], {"package": "x"}, "no binary of the package x", "there is one"),
        ([], {"bin": "x"}, "no binary x", "none at all"),
    ],
)
def test_no_clear_binary(
    found: list[Binary], options: dict[str, object], text: str, hint: str
) -> None:
    with pytest.raises(ProjectError, match=text) as caught:
        metadata.chosen(found, project(**options))
    assert hint in caught.value.hint


def test_every_platform_has_a_triple() -> None:
    assert {metadata.triple(platform).split("-")[2] for platform in TABLE} == {"linux"}
