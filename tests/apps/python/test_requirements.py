"""requirements.txt: includes, continued lines, options, paths; all mistakes at once."""

from __future__ import annotations

import pytest

from seaslug.apps.python.manifest import read as manifest
from seaslug.apps.python.plan import plan
from seaslug.apps.python.requirements import inside, read
from seaslug.errors import ProjectError
from support.pythons import HASH, project, target

OTHER = "sha256:" + "b" * 64


def lines(text: str, **files: str) -> list[str]:
    named = {name.replace("__", "/") + ".txt": value for name, value in files.items()}
    found = read(project({"requirements.txt": text, **named}), "requirements.txt", target())
    return [line.text for line in found.lines]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("flask==3.0  # why\n# all of it\n\nredis\n", ["flask==3.0", "redis"]),
        (f"a==1 \\\n    --hash={HASH} \\\n    --hash={OTHER}\n",
         [f"a==1 --hash={HASH} --hash={OTHER}"]),
        ("win ; sys_platform == 'win32'\nx ; python_version > '3.9'\n",
         ["x ; python_version > '3.9'"]),
        ("a[b,c]>=1,<2", ["a[b,c]>=1,<2"]),
        ("a @ https://x.test/a-1-py3-none-any.whl#sha256=00",
         ["a @ https://x.test/a-1-py3-none-any.whl#sha256=00"]),
        ("--require-hashes\n--only-binary=:all:\na", ["a"]),
        ("\ufeffa\r\nb\r\n", ["a", "b"]),
    ],
)  # fmt: skip
def test_lines(text: str, want: list[str]) -> None:
    assert lines(text) == want


def test_includes_are_relative_to_their_file() -> None:
    assert lines("-r sub/base.txt\na", sub__base="-rmore.txt\nb", sub__more="c") == ["c", "b", "a"]


def test_constraints_are_kept_apart() -> None:
    files = {"requirements.txt": "-c c.txt\na\n", "c.txt": "a==1\nb==2\n"}
    found = plan(project(files), manifest(project(files)), target())
    assert found.lines == ("a",) and found.constraints == ("a==1", "b==2")


def test_includes_in_a_circle_end() -> None:
    assert lines("-r a.txt\nx", a="-r requirements.txt\ny") == ["y", "x"]


def test_every_mistake_is_told() -> None:
    text = "-r ../outside.txt\n-r missing.txt\nfoo bar\n-e git+https://x.test/y\n--weird\n./no\n"
    with pytest.raises(ProjectError) as caught:
        lines(text)
    for said in (
        "requirements.txt:1: no file ../outside.txt in the project",
        "requirements.txt:2: no file missing.txt",
        "requirements.txt:3: not a requirement: 'foo bar'",
        "requirements.txt:4: git+https://x.test/y is not in the project",
        "requirements.txt:5: --weird is not supported",
        "requirements.txt:6: there is no folder or wheel no",
    ):
        assert said in caught.value.what
    assert caught.value.where == "requirements.txt"


@pytest.mark.parametrize(
    ("path", "want"),
    [("a/../b", "b"), (".", ""), ("./x/", "x"), ("..", None), ("a/../../b", None), ("/etc", None)],
)
def test_what_is_inside(path: str, want: str | None) -> None:
    assert inside(path) == want


def test_pinned_and_hashed() -> None:
    def facts(text: str) -> tuple[bool, bool]:
        found = read(project({"requirements.txt": text}), "requirements.txt", target())
        return found.pinned, found.hashed

    assert facts("a==1\nb===2") == (True, False)
    assert facts("a==1.*") == (False, False)
    assert facts(f"a==1 --hash={HASH}") == (True, True)
    assert facts("a>=1") == (False, False)


@pytest.mark.parametrize(
    ("text", "complete", "note"),
    [
        (f"a==1 --hash={HASH}\n", True, ""),
        ("a==1\n", False, "what its packages need in turn"),
        ("a\n", False, "does not fix its versions"),
    ],
)
def test_what_is_not_repeatable_is_told(text: str, complete: bool, note: str) -> None:
    files = project({"requirements.txt": text})
    found = plan(files, manifest(files), target())
    assert found.complete is complete
    assert note in " ".join(found.notes) and bool(found.notes) is bool(note)


def test_folders_and_wheels_of_the_project() -> None:
    files = project(
        {
            "requirements.txt": "-e ./libs/one[x]\n./wheels/w-1-py3-none-any.whl\n-e .\n"
            "-f wheels\n--index-url https://own.test/simple\n",
            "libs/one/pyproject.toml": '[project]\nname = "one"\ndependencies = ["d>=1"]\n',
            "wheels/w-1-py3-none-any.whl": "PK",
            "pyproject.toml": '[project]\nname = "thing"\ndependencies = ["e"]\n',
        }
    )
    found = plan(files, manifest(files), target())
    assert found.folders == ("libs/one",)
    assert found.files == ("wheels/w-1-py3-none-any.whl",)
    assert found.lines == ("./wheels/w-1-py3-none-any.whl", "e", "d>=1")
    assert found.options == ("--find-links ./wheels", "--index-url https://own.test/simple")
