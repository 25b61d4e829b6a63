"""The command on a real terminal, and where there is none."""

from __future__ import annotations

import os
import sys
import termios
from pathlib import Path

import pytest

from explore.made import LOWER, UPPER
from seaslug.adapters.store import Store
from seaslug.values.descriptor import Descriptor
from support import images
from support.cli import Cli
from support.terminal import Terminal


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    home = tmp_path_factory.mktemp("terminal") / "home"
    store = Store(home)
    digest = images.image(store, (LOWER, UPPER))
    store.tag("made:latest", Descriptor(images.MANIFEST, digest, store.get(digest).size))
    return Cli(home)


def explore(cli: Cli, *args: str, **env: str) -> Terminal:
    code = "import sys; from seaslug.cli.main import script; script()"
    return Terminal(
        [sys.executable, "-c", code, "explore", *args], {**os.environ, **cli.env, **env}
    )


@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}], ids=["colours", "no colours"])
def test_it_shows_an_image_and_leaves_the_terminal_as_it_was(cli: Cli, env: dict[str, str]) -> None:
    terminal = explore(cli, "made", "/usr/bin", **env)
    terminal.wait_for(b"Findings ")
    terminal.type(b"q")
    assert terminal.end() == 0
    on, off = terminal.out.count(b"\x1b[?1049h"), terminal.out.count(b"\x1b[?1049l")
    assert on == off == 1, "the screen that was there before is back"
    assert terminal.out.rindex(b"\x1b[?25h") > terminal.out.rindex(b"\x1b[?25l"), "and the cursor"
    assert termios.tcgetattr(terminal.fd)[3] == terminal.modes[3]
    assert b"Traceback" not in terminal.out


def test_without_a_terminal_it_says_what_to_type(cli: Cli) -> None:
    process = cli.start("explore", "made", stdin=-3)
    done = cli.finish(process)
    assert done.status == 2
    assert "not a terminal" in done.error
    assert "seaslug ls made --long, or seaslug inspect made --json" in done.error


@pytest.mark.parametrize(
    ("args", "said"),
    [(("made", "--layer", "7"), b"there is no layer 7: it has 2"),
     (("maid",), b"unknown image 'maid'")],
    ids=["layer", "image"],
)  # fmt: skip
def test_what_is_not_there_is_told_before_the_screen_is_taken(
    cli: Cli, args: tuple[str, ...], said: bytes
) -> None:
    terminal = explore(cli, *args)
    assert terminal.end() == 2
    assert said in terminal.out and b"\x1b[?1049h" not in terminal.out


def test_without_textual_it_says_how_to_get_it(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "textual.py").write_text("raise ImportError('textual')")
    terminal = explore(cli, "made", PYTHONPATH=str(tmp_path))
    assert terminal.end() == 2
    assert b"pip install 'seaslug[explore]'" in terminal.out
