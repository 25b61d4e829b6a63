"""Which Debian release has the Python that a project asks for."""

from __future__ import annotations

import pytest

from seaslug.apps.python import poetry
from seaslug.apps.python.manifest import read
from seaslug.apps.python.target import choose
from seaslug.errors import ProjectError
from seaslug.values.platform import Platform
from support.pythons import AMD64, project


def chosen(requires: str, base: str = "", platform: Platform = AMD64) -> str:
    text = f'[project]\nname = "x"\nrequires-python = "{requires}"\n'
    return choose(read(project({"pyproject.toml": text})).wishes, base, platform).distribution


@pytest.mark.parametrize(
    ("requires", "want"),
    [
        ("", "debian13"), (">=3.8", "debian13"), (">=3.9,<3.13", "debian12"),
        ("~=3.11.0", "debian12"),
        ("==3.9.*", "debian11"), ("<3.11", "debian11"), (">=3.13.5", "debian13"),
        ("!=3.13.*", "debian12"),
    ],
)  # fmt: skip
def test_by_requires_python(requires: str, want: str) -> None:
    assert chosen(requires) == want


@pytest.mark.parametrize("requires", [">=3.14", "==3.12.*", ">=3.13.9", "<3.9"])
def test_what_no_release_has(requires: str) -> None:
    with pytest.raises(ProjectError) as caught:
        chosen(requires)
    assert requires in caught.value.what
    assert caught.value.where == "pyproject.toml: project.requires-python"
    assert "3.13.5 (debian13), 3.11.2 (debian12), 3.9.2 (debian11)" in caught.value.hint


@pytest.mark.parametrize(
    ("base", "want"),
    [("python3", "debian13"), ("python3-debian12", "debian12"),
     ("python3-debian11:debug", "debian11"), ("python3-testing", "testing")],
)  # fmt: skip
def test_the_configured_base_decides(base: str, want: str) -> None:
    assert chosen(">=3.8", base) == want


@pytest.mark.parametrize(
    ("base", "requires", "said"),
    [
        ("python3-debian12", ">=3.13", "python3-debian13"),
        ("cc", ">=3.8", "no Python"),
        ("pyton3", ">=3.8", "python3"),
        ("python3-debian13", ">=4", "no release"),
    ],
)
def test_a_base_that_will_not_do(base: str, requires: str, said: str) -> None:
    with pytest.raises(ProjectError) as caught:
        chosen(requires, base)
    assert said in str(caught.value)


def test_a_platform_that_a_release_does_not_have() -> None:
    riscv = Platform("linux", "riscv64")
    assert chosen(">=3.9", platform=riscv) == "debian13"
    with pytest.raises(ProjectError, match="no release of Debian has it for linux/riscv64"):
        chosen("<3.12", platform=riscv)


@pytest.mark.parametrize(("pin", "want"), [("3.11\n", "debian12"), ("3.12.4", "debian13"),
                                           ("", "debian13"), ("system\n", "debian13")])  # fmt: skip
def test_a_liking_counts_if_it_can_be_met(pin: str, want: str) -> None:
    found = project({"pyproject.toml": '[project]\nname = "x"\n', ".python-version": pin})
    assert choose(read(found).wishes, "", AMD64).distribution == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("^3.11", [">=3.11,<4"]), ("^0.2.3", [">=0.2.3,<0.3"]), ("^0.0.3", [">=0.0.3,<0.0.4"]),
        ("^0", [">=0,<1"]), ("^1.2.3", [">=1.2.3,<2"]), ("~1.2", [">=1.2,<1.3"]),
        ("~1", [">=1,<2"]), ("~1.2.3", [">=1.2.3,<1.3"]), ("*", []), ("1.4", ["==1.4"]),
        ("3.11.*", ["==3.11.*"]), (">=3.9,<3.12 || >=3.13", [">=3.9,<3.12", ">=3.13"]),
        (">= 3.9, < 4", [">=3.9,<4"]), (">=3.9 <4", [">=3.9,<4"]), ("~=1.4", ["~=1.4"]),
        ("=1.0", ["==1.0"]), ("nonsense here", []),
    ],
)  # fmt: skip
def test_poetry_constraints(text: str, want: list[str]) -> None:
    assert [str(one) for one in poetry.constraint(text)] == want


def test_poetry_python_and_wishes() -> None:
    found = project({"pyproject.toml": '[tool.poetry]\nname = "x"\n[tool.poetry.dependencies]\n'
                                       'python = "^3.9,<3.12"\n'})  # fmt: skip
    assert choose(read(found).wishes, "", AMD64).distribution == "debian12"
