"""Projects on the command line, as far as they come without the archive."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.cli import Cli

PROJECT, USAGE, RECIPE = 13, 2, 3


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return Cli(tmp_path / "home")


def files(**texts: str) -> None:
    for name, text in texts.items():
        path = Path(name.replace("__", "/").replace("_dot_", "."))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize("command", ["build", "choose", "lock"])
def test_an_empty_folder_is_told_what_would_be_a_project(cli: Cli, command: str) -> None:
    done = cli(command, ".")
    assert (done.status, done.out) == (PROJECT, "")
    assert "no project was found" in done.err and "package.json" in done.err
    assert not (cli.home / "blobs").exists() or not list((cli.home / "blobs").rglob("*/*"))


def test_the_current_folder_is_the_default(cli: Cli) -> None:
    assert "no project was found" in cli("build").err


def test_two_kinds_ask_for_a_decision(cli: Cli) -> None:
    files(go_dot_mod="module x\n", main_dot_go="package main", requirements_dot_txt="flask")
    done = cli("build")
    assert done.status == PROJECT and "--kind python or --kind go" in done.err


def test_mistakes_in_the_configuration_come_all_at_once(cli: Cli) -> None:
    files(seaslug_dot_toml="nme = 'x'\nports = ['web']\n")
    done = cli("build")
    assert done.status == RECIPE
    assert "seaslug.toml:1: nme" in done.err and "seaslug.toml:2: ports" in done.err


def test_a_path_that_is_not_there(cli: Cli) -> None:
    done = cli("build", "./nowhere")
    assert (done.status, "no such file or folder" in done.err) == (USAGE, True)


@pytest.mark.parametrize(
    "args",
    [("static", "--kind", "go"), ("static", "--config", "x.toml"), ("static", "--watch")],
)
def test_options_of_projects_on_a_base(cli: Cli, args: tuple[str, ...]) -> None:
    done = cli("build", *args)
    assert done.status == USAGE and "for projects" in done.err


def test_an_unknown_kind_names_the_nearest(cli: Cli) -> None:
    files(main_dot_py="print(1)")
    done = cli("build", "--kind", "pyton")
    assert done.status == USAGE and "did you mean python" in done.err


def test_a_file_that_is_no_program(cli: Cli) -> None:
    files(notes="just text")
    done = cli("choose", "./notes")
    assert done.status == PROJECT and "notes" in done.err


def test_a_truncated_program(cli: Cli, tmp_path: Path) -> None:
    Path("server").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(40))
    done = cli("choose", "./server")
    assert done.status == PROJECT and "Traceback" not in done.err


def test_links_out_of_the_project(cli: Cli) -> None:
    files(main_dot_py="print(1)")
    Path("outside").symlink_to("/etc/passwd")
    done = cli("build")
    assert done.status == PROJECT and "lead out of the project: outside" in done.err


def test_errors_as_json(cli: Cli) -> None:
    done = cli("build", "--json")
    assert json.loads(done.out)["error"]["code"] == "project"


def test_a_family_s_name_wins_over_a_folder(cli: Cli) -> None:
    """``./static`` means the folder."""
    files(static__notes="x")
    assert "no project was found" in cli("build", "./static").err
    assert "no project was found" not in cli("build", "static", "--offline").err


@pytest.mark.parametrize("text", ["a:b", ":", "80:x", "-1:80"])
def test_what_is_no_pair_of_ports(cli: Cli, text: str) -> None:
    files(main_dot_py="print(1)")
    done = cli("run", f"--publish={text}")
    assert done.status == USAGE and "not a pair of ports" in done.err
