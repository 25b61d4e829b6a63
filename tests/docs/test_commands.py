"""Every command of the documentation, run as it stands, page by page, in an empty folder."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.docs import PAGES, ROOT, shown
from support.real import need
from support.terminal import Terminal

WITH_COMMANDS = [page for page in PAGES if shown(page).commands]


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.engine
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=str)
def test_the_commands_of_a_page_work(
    page: str, tmp_path: Path, real_home: Path, request: pytest.FixtureRequest
) -> None:
    told = shown(page)
    if any("localhost:5000" in command for command in told.commands):
        request.getfixturevalue("registry_of_the_docs")
    if any("docker" in command or "--load" in command for command in told.commands):
        need("docker")
    for name, text in told.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    here = Path(sys.executable).parent
    env = {
        **os.environ, "PATH": f"{here}:{os.environ['PATH']}", "SEASLUG_HOME": str(real_home),
        "SEASLUG_ALLOW_EXPIRED": "1",
    }  # fmt: skip
    for command in told.commands:
        if command.startswith("seaslug explore "):
            assert looked_at(command, tmp_path, env) == 0, command
            continue
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=env, capture_output=True, text=True,
            timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"$ {command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        assert "Traceback" not in done.stderr


def looked_at(command: str, where: Path, env: Mapping[str, str]) -> int:
    """Run a command that wants a terminal, wait until all is there to see, and leave it."""
    terminal = Terminal(shlex.split(command), env, where)
    terminal.wait_for(b"Findings ", 120)
    terminal.type(b"q")
    return terminal.end()


@pytest.mark.slow
@pytest.mark.network
def test_make_demo_shows_an_image_that_answers(real_home: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"], capture_output=True, text=True,
        timeout=600, check=False, env={**os.environ, "SEASLUG_HOME": str(real_home)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    assert "no shell: " in done.stdout
    assert "user 65532 (nonroot)" in done.stdout
    assert "read-only root: " in done.stdout
    assert "/health answers:" in done.stdout
