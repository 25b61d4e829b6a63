"""A project's own tools: their output when they fail, and nothing left behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters.toolbox import LocalTools
from seaslug.errors import ToolError
from seaslug.ports import Silent
from seaslug.values.tree import Tree, file


@pytest.fixture
def tools() -> Iterator[LocalTools]:
    with LocalTools(Silent()) as made:
        yield made


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_it_runs_in_the_folder_with_the_environment(tools: LocalTools) -> None:
    with tools.folder() as folder:
        code = "import os; print(os.getcwd(), os.environ['A'])"
        assert tools.run(python(code), cwd=folder, env={"A": "b"}) == f"{folder} b\n"


def test_our_own_python_does_not_leak_into_the_project_s(
    tools: LocalTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    with tools.folder() as folder:
        code = "import os; print(os.environ.get('PYTHONPATH'))"
        assert tools.run(python(code), cwd=folder) == "None\n"


def test_a_failure_shows_the_end_of_its_output(tools: LocalTools) -> None:
    code = "import sys\nfor n in range(200): print('line', n)\nsys.exit('cannot compile')"
    with tools.folder() as folder, pytest.raises(ToolError) as caught:
        tools.run(python(code), cwd=folder, task="go build")
    assert caught.value.what.startswith("go build failed (status 1)")
    assert caught.value.output.endswith("cannot compile") and "line 199" in caught.value.output
    assert "line 10\n" not in caught.value.output


def test_a_program_that_is_not_there(tools: LocalTools) -> None:
    with tools.folder() as folder, pytest.raises(ToolError) as caught:
        tools.run(["no-such-tool"], cwd=folder)
    assert "is no-such-tool installed?" in caught.value.hint


def test_find_takes_the_first_that_is_here(tools: LocalTools) -> None:
    assert tools.find("no-such-tool", "sh").endswith("/sh")
    assert tools.find("no-such-tool") == ""
    assert tools.find("pytest"), "what lies beside our Python counts"


def test_folders_stay_until_the_end_and_go_whatever_their_modes() -> None:
    with LocalTools(Silent()) as tools:
        with tools.folder() as folder:
            tools.write(folder, Tree([file("deep/er/x", b"1")]))
        tree = tools.collect(folder)
        assert [e.read() for e in tree if e.size] == [b"1"]
        os.chmod(Path(folder, "deep", "er"), 0o500)
    assert not os.path.exists(folder)
