"""What every command has in common: help, examples, options, streams; and completion."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from seaslug import __version__
from seaslug.cli import main as entry
from seaslug.cli.options import parser_for
from seaslug.recipe import catalog
from support.cli import Cli
from support.real import need
from support.shop import Shop


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path / "home")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with Shop(tmp_path_factory.mktemp("shop")) as made:
        made.build()
        made.build("-t", "old:latest")
        yield made


@pytest.mark.parametrize("args", [(), ("--help",), ("-h",), ("help",)])
def test_the_overview_lists_every_command(cli: Cli, args: tuple[str, ...]) -> None:
    done = cli(*args)
    assert (done.status, done.err) == (0, "")
    shown = [line.split()[0] for line in done.out.splitlines() if line.startswith("  ")]
    assert shown[: len(entry.COMMANDS)] == list(entry.COMMANDS)


def test_every_command_module_is_in_the_overview() -> None:
    folder = Path(entry.__file__).parent
    found = {
        path.stem for path in folder.glob("*.py") if "\ndef run(args" in path.read_text("utf-8")
    }
    assert found == set(entry.COMMANDS)


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version(cli: Cli, option: str) -> None:
    assert cli(option).out == f"seaslug {__version__}\n"


@pytest.mark.parametrize("command", entry.COMMANDS)
def test_every_command_explains_itself(cli: Cli, command: str) -> None:
    done = cli(command, "--help")
    assert (done.status, done.err) == (0, "")
    for said in (f"usage: seaslug {command}", "--json", "--quiet", "--store", "examples:"):
        assert said in done.out
    module = import_module(f"seaslug.cli.{command}")
    assert module.HELP.endswith(".") and module.HELP.splitlines()[0] in done.out.replace("\n", " ")
    for line in module.EXAMPLES.splitlines():
        assert line.startswith(f"  seaslug {command}") and len(line) <= 100
    assert not cli.home.exists(), "asking for help touches nothing"


@pytest.mark.parametrize("command", entry.COMMANDS)
def test_examples_are_commands_that_parse(command: str) -> None:
    module = import_module(f"seaslug.cli.{command}")
    for line in module.EXAMPLES.splitlines():
        words = line.strip().split("  ")[0].split()[2:]
        words = words[: words.index("--")] if "--" in words else words
        if ">" in words:
            words = words[: words.index(">")]
        parser_for(command, module).parse_intermixed_args([w.strip("'") for w in words])


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("bulid", "build"), ("image", "images"), ("inspct", "inspect"), ("remove", ""), ("", "")],
)
def test_an_unknown_command(cli: Cli, name: str, nearest: str) -> None:
    done = cli(name)
    assert (done.status, done.out) == (2, "")
    assert f"unknown command {name!r}" in done.err
    assert nearest in done.err
    assert cli(name, "--json").json["error"]["code"] == "unknown-name"


@pytest.mark.parametrize("command", entry.COMMANDS)
def test_an_unknown_option(cli: Cli, command: str) -> None:
    done = cli(command, "x", "--no-such-option")
    assert (done.status, done.out) == (2, "")
    assert "usage: seaslug" in done.err and "Traceback" not in done.err


# Streams.

QUIET = (
    ("images",), ("inspect", "tiny"), ("ls", "tiny"), ("cat", "tiny", "/etc/passwd"),
    ("export", "tiny"), ("families",), ("completion", "bash"), ("gc", "--dry-run"),
    ("rm", "nothing-here"),
)  # fmt: skip


@pytest.mark.parametrize("args", QUIET, ids=lambda args: args[0])
def test_quiet_says_results_and_errors_only(shop: Shop, args: tuple[str, ...]) -> None:
    done = shop.cli(*args, "-q")
    assert bool(done.out) == (done.status == 0)
    assert bool(done.err) == (done.status != 0)


def test_a_build_prints_the_digest_and_nothing_else(shop: Shop) -> None:
    done = shop.build("--refresh")
    assert done.out == shop.cli("inspect", "tiny", "--json").json["digest"] + "\n"
    assert "tiny:latest  linux/amd64" in done.err
    quiet = shop.build("--refresh", "-q")
    assert (quiet.out, quiet.err) == (done.out, "")


def test_a_build_as_json(shop: Shop) -> None:
    found = shop.build("--json", "-t", "a:1", "-t", "b", "-o", f"oci:{shop.folder}/out").json
    assert found["names"] == ["a:1", "b"]
    assert found["outputs"] == [f"oci:{shop.folder}/out"]
    image = found["images"][0]
    assert (image["platform"], image["packages"], image["layers"]) == ("linux/amd64", 3, 2)
    shop.cli("rm", "a:1", "b")


JSON = (
    ("images",), ("inspect", "tiny"), ("ls", "tiny"), ("cat", "tiny", "/etc/passwd"),
    ("families",), ("gc", "--dry-run"),
)  # fmt: skip


@pytest.mark.parametrize("args", JSON, ids=lambda args: args[0])
def test_json_is_all_of_stdout(shop: Shop, args: tuple[str, ...]) -> None:
    assert isinstance(shop.cli(*args, "--json").json, dict)


@pytest.mark.parametrize(
    "args",
    [
        ("build", "pyton3"), ("inspect", "tyni"), ("ls", "tyni"), ("cat", "tiny", "/nope"),
        ("export", "tyni", "-o", "tar:x"), ("rm", "tyni"), ("gc", "--older", "soon"),
        ("prove", "pyton3"), ("lock", "pyton3"), ("why", "pyton3", "x"),
    ],
    ids=lambda args: args[0],
)  # fmt: skip
def test_errors_as_json(shop: Shop, args: tuple[str, ...]) -> None:
    plain, done = shop.cli(*args), shop.cli(*args, "--json")
    assert plain.out == "" and done.status == plain.status == 2
    error = done.json["error"]
    assert set(error) == {"code", "what", "where", "hint"}
    assert error["what"] in plain.err


# Names, and freeing space.


def test_rm_forgets_all_or_nothing(shop: Shop, tmp_path: Path) -> None:
    cli = shop.copy(tmp_path / "home")
    done = cli("rm", "tiny", "odl")
    assert (done.status, done.out) == (2, "") and "old:latest" in done.err
    names = {row["name"] for row in cli("images", "--json").json["images"]}
    assert names == {"tiny:latest", "old:latest"}
    done = cli("rm", "tiny", "old", "tiny:latest")
    assert (done.status, done.out) == (0, "tiny:latest\nold:latest\n")
    assert cli("images", "--json").json == {"images": []}


def blobs(cli: Cli) -> set[str]:
    return {path.name for path in cli.home.glob("blobs/sha256/*")}


def test_gc_keeps_what_names_lead_to(shop: Shop, tmp_path: Path) -> None:
    cli = shop.copy(tmp_path / "home")
    root = cli("export", "tiny").raw
    before = blobs(cli)
    assert cli("gc").out.startswith("freed 0.00 MB in 0 blobs"), "everything is young"
    told = cli("gc", "--all", "--dry-run", "--json").json
    assert told["dry_run"] and blobs(cli) == before
    done = cli("gc", "--all", "--json").json
    assert {**done, "dry_run": True} == told
    assert len(blobs(cli)) == done["left_blobs"] == len(before) - done["blobs"] == 4
    assert cli("export", "tiny").raw == root
    cli("rm", "tiny", "old")
    assert cli("gc", "--all", "--json").json["left_blobs"] == 0
    assert blobs(cli) == set()
    shop.build("--store", cli.home)
    assert cli("export", "tiny").raw == root, "built again from nothing"


@pytest.mark.parametrize(("older", "gone"), [("2h", False), ("30m", True), ("1s", True)])
def test_gc_by_age(shop: Shop, tmp_path: Path, older: str, gone: bool) -> None:
    cli = shop.copy(tmp_path / "home")
    for path in cli.home.glob("blobs/sha256/*"):
        os.utime(path, (time.time() - 3600,) * 2)
    assert (cli("gc", "--older", older, "--json").json["blobs"] > 0) == gone


@pytest.mark.parametrize("text", ["", "7", "d", "1y", "-1d", "1.5h", "7d "])
def test_gc_takes_times_only(cli: Cli, text: str) -> None:
    done = cli("gc", f"--older={text}")
    assert (done.status, done.out) == (2, "") and "30m, 12h, 7d or 2w" in done.err


def test_gc_waits_for_nobody_and_disturbs_nobody(shop: Shop, tmp_path: Path) -> None:
    cli = shop.copy(tmp_path / "home")
    before = blobs(cli)
    code = (
        "import sys, pathlib; from seaslug.adapters.store import Store\n"
        "with Store(pathlib.Path(sys.argv[1])).session():\n"
        "    print('open', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(cli.home)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as other:  # fmt: skip
        assert other.stdout is not None and other.stdout.readline() == "open\n"
        done = cli("gc", "--all")
        assert (done.status, done.out) == (10, "") and "a build is running" in done.err
        other.communicate("")
    assert blobs(cli) == before
    assert cli("gc", "--all").status == 0


# Completion.


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_are_valid(cli: Cli, tmp_path: Path, shell: str) -> None:
    script = tmp_path / "script"
    script.write_text(cli("completion", shell).out)
    done = subprocess.run([need(shell), "-n", str(script)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("seaslug bui", {"build"}),
        ("seaslug in", {"inspect"}),
        ("seaslug ", set(entry.COMMANDS)),
        ("seaslug build --comp", {"--compression"}),
        ("seaslug build python", {"python3"}),
        ("seaslug gc --", {"--help", "--older", "--all", "--dry-run", "--json", "--quiet",
                           "--store"}),
        ("seaslug no-such-command x", set()),
    ],
)  # fmt: skip
def test_completion_in_bash(cli: Cli, line: str, expected: set[str]) -> None:
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    call = (
        f"{cli('completion', 'bash').out}\n"
        f"COMP_WORDS=({quoted}) COMP_CWORD={len(words) - 1} COMPREPLY=()\n"
        '_seaslug && printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run([need("bash"), "-c", call], capture_output=True, text=True, timeout=20)
    assert (set(done.stdout.split()), done.stderr) == (expected, "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_commands_options_and_members(cli: Cli, shell: str) -> None:
    text = cli("completion", shell).out
    for word in (*entry.COMMANDS, *catalog.members(), "compression"):
        assert word in text
