"""Which kind of project a tree is, and what is said where that is not clear."""

from __future__ import annotations

import pytest

from seaslug.apps.config import AppConfig
from seaslug.apps.detect import detect
from seaslug.apps.project import Project
from seaslug.errors import ProjectError, UnknownNameError
from seaslug.values.tree import Tree, file

GO = file("go.mod", b"module example.org/x\n\ngo 1.22\n")
MAIN = file("main.go", b"package main\n\nfunc main() {}\n")
PYTHON = (file("requirements.txt", b"flask\n"), file("app.py", b"import flask\n"))
NODE = (file("package.json", b'{"name": "x", "main": "index.js"}'), file("index.js", b""))


def project(*entries: object, config: AppConfig | None = None) -> Project:
    return Project("/src/thing", Tree(entries), config or AppConfig())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entries", "kind"), [((GO, MAIN), "go"), (PYTHON, "python"), (NODE, "node")]
)
def test_one_kind(entries: tuple[object, ...], kind: str) -> None:
    found = detect(project(*entries))
    assert found.kind == kind and found.title and found.evidence


def test_a_front_end_does_not_make_it_a_node_project() -> None:
    assert detect(project(*PYTHON, *NODE)).kind == "python"


def test_two_kinds_need_a_decision() -> None:
    with pytest.raises(ProjectError) as caught:
        detect(project(GO, MAIN, *PYTHON))
    assert "more than one kind" in caught.value.what
    assert "--kind python or --kind go" in caught.value.hint


@pytest.mark.parametrize("kind", ["go", "python"])
def test_the_option_and_the_configuration_decide(kind: str) -> None:
    assert detect(project(GO, MAIN, *PYTHON), kind).kind == kind
    said = project(GO, MAIN, *PYTHON, config=AppConfig(kind=kind))
    assert detect(said).kind == kind


def test_nothing_found_says_what_would_be() -> None:
    with pytest.raises(ProjectError) as caught:
        detect(project(file("README.md", b"x")))
    assert "no project was found" in caught.value.what
    for sign in ("pyproject.toml", "package.json", "go.mod", "Cargo.toml", "pom.xml"):
        assert sign in caught.value.hint


def test_the_wanted_kind_is_not_there() -> None:
    with pytest.raises(ProjectError, match="no rust project"):
        detect(project(*PYTHON), "rust")


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        detect(project(), "pyhton")
    assert "python" in caught.value.nearest
