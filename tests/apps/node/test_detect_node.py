"""Telling a Node.js project by its files."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from seaslug.apps.node.detect import detect
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.values.tree import Tree, file


def title(*names: str, **data: Any) -> str:
    files = [file(name, b"") for name in names]
    files.append(file("package.json", json.dumps(data).encode()))
    found = detect(Project("/p", Tree(files)))
    assert found is None or found.kind == "node"
    return found.title if found else ""


@pytest.mark.parametrize(
    ("data", "names", "expected"),
    [
        ({"dependencies": {"express": "5"}}, [], "Node.js, Express"),
        ({"dependencies": {"fastify": "5", "express": "5"}}, [], "Node.js, Fastify"),
        ({"dependencies": {"next": "16"}, "scripts": {"build": "x"}}, [], "Node.js, Next.js"),
        (
            {"dependencies": {"@nestjs/core": "11"}, "devDependencies": {"typescript": "5"},
             "scripts": {"build": "nest build"}}, [], "Node.js, NestJS, built with TypeScript",
        ),
        ({"scripts": {"start": "node x"}}, [], "Node.js"),
        ({"main": "x.js"}, [], "Node.js"),
        ({}, ["server.js"], "Node.js"),
        ({}, [], ""),
        ({"devDependencies": {"x": "3"}, "scripts": {"fmt": "x"}}, ["package-lock.json"], ""),
    ],
)  # fmt: skip
def test_titles(data: dict[str, Any], names: list[str], expected: str) -> None:
    assert title(*names, **data) == expected


def test_the_evidence_names_files() -> None:
    text = b'{"scripts": {"start": "node a"}, "dependencies": {"express": "5"}}'
    found = detect(Project("/p", Tree([file("package.json", text), file("yarn.lock", b"")])))
    assert found is not None
    assert [(row.what, row.where) for row in found.evidence] == [
        ("a package.json", "package.json"), ("scripts.start: node a", "package.json"),
        ("1 dependency", "package.json"), ("a lock", "yarn.lock"),
    ]  # fmt: skip


def test_single_files() -> None:
    for name, is_one in [("a.js", True), ("a.mjs", True), ("a.jar", False), ("a", False)]:
        found = detect(Project("/p", Tree([file(name, b"")]), file=name))
        assert (found is not None) is is_one


def test_other_folders_are_none() -> None:
    assert detect(Project("/p", Tree([file("main.py", b"")]))) is None
    with pytest.raises(ProjectError, match="not JSON"):
        detect(Project("/p", Tree([file("package.json", b"{")])))


def test_a_hundred_thousand_files_take_no_time() -> None:
    files = [file(f"d{n % 100}/package.json{n}", b"") for n in range(100_000)]
    project = Project("/p", Tree([*files, file("package.json", b'{"main": "a.js"}')]))
    begun = time.monotonic()
    assert detect(project) is not None
    assert time.monotonic() - begun < 0.2
