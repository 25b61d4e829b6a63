"""What the doctor foretells, seen in Docker: message, status, and a start when put right."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from rules.making import File, Files, specimen
from seaslug.ops.doctor import diagnose, explain, status
from support.cli import Cli
from support.curing import read
from support.failing import RUN, Case, Made, archive, cases, compiled
from support.real import need
from support.ward import Ward

pytestmark = [
    pytest.mark.engine, pytest.mark.slow,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="its programs are for x86_64"),
]  # fmt: skip

STAYS = """
#include <stdio.h>
#include <unistd.h>
int main(void) {
    if (!fopen("/state", "w")) perror("/state");
    for (;;) pause();
}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Case]:
    return cases(compiled(tmp_path_factory.mktemp("programs")))


@pytest.fixture(scope="module")
def sick(ward: Ward, made: Mapping[str, Case]) -> Mapping[str, str]:
    """The name in Docker of each case's image."""
    names = ward.admit([Made(case.stack, case.config) for case in made.values()])
    return dict(zip(made, names, strict=True))


@pytest.fixture(scope="module")
def doctor(tmp_path_factory: pytest.TempPathFactory) -> Cli:
    return Cli(tmp_path_factory.mktemp("doctor") / "home", "-q")


@pytest.mark.network
@pytest.mark.parametrize("name", cases())
def test_it_fails_as_foretold_and_starts_when_what_is_printed_is_done(
    name: str, made: Mapping[str, Case], sick: Mapping[str, str], ward: Ward, doctor: Cli
) -> None:
    case = made[name]
    found = diagnose(specimen(case.stack[0], case.config, case.stack[1:]))
    first = found.findings[0]
    assert first.rule == case.rule
    code, said = ward.start(sick[name])
    assert code == case.status, said
    assert first.symptom.lower() in said.lower()
    if first.symptom:
        told = explain(said, found)
        assert (told[0].causes[0].finding.rule, told[0].causes[0].sure) == (case.rule, "certain")
    assert status(first) == code

    if name == "no command":
        # What to start is for people to say; the doctor writes where.
        assert first.fix.startswith("ENTRYPOINT [")
        assert ward.start(sick[name], "/app") == (0, "hello\n")
        return
    cured = ward.cured(sick[name], case.build, read(first.fix, case.way))
    assert ward.start(cured) == (0, "hello\n")
    after = doctor("doctor", f"docker-daemon:{cured}", "--json")
    assert after.status == 0, after.out


@pytest.mark.parametrize("runner", ["docker", "podman", "unshare"])
def test_what_is_found_is_confirmed_by_starting_it(
    runner: str, made: Mapping[str, Case], tmp_path: Path
) -> None:
    cli = Cli(tmp_path / "home", "-q")
    for name in ("a library", "an unknown user", "cut short", "absent"):
        case = made[name]
        (tmp_path / "image.tar").write_bytes(archive("x:1", case.stack, case.config))
        place = f"docker-archive:{tmp_path / 'image.tar'}"
        found = cli("doctor", place, "--run", "--runner", runner, "--json")
        assert found.status == 15, found.err
        assert (found.json["findings"][0]["rule"], found.json["findings"][0]["seen"]) == (
            case.rule, "confirmed",
        )  # fmt: skip
        assert found.json["run"]["not_found"] == (
            ["libz.so.1"] if name == "a library" else []
        )  # fmt: skip


def test_a_health_check_is_asked(made: Mapping[str, Case], tmp_path: Path) -> None:
    cli = Cli(tmp_path / "home", "-q")
    stays = tmp_path / "stays"
    stays.with_suffix(".c").write_text(STAYS)
    argv = [need("musl-gcc"), "-static", "-s", stays.with_suffix(".c"), "-o", stays]
    subprocess.run(argv, check=True, timeout=60)
    files: Files = {
        "app": File(stays.read_bytes(), 0o755),
        "ok": made["a directory"].files["app/run"],
    }
    for test, word in ((["CMD", "/ok"], "refuted"), (["CMD-SHELL", "/ok || exit 1"], "confirmed")):
        config = {**RUN, "Healthcheck": {"Test": test}}
        (tmp_path / "image.tar").write_bytes(archive("x:1", [files], config))
        place = f"docker-archive:{tmp_path / 'image.tar'}"
        done = cli("doctor", place, "--run", "--read-only", "--json")
        assert done.status == (0 if word == "refuted" else 15), done.err
        run = done.json["run"]
        assert (run["status"], run["healthy"]) == (-1, word == "refuted")
        rows = [one for one in done.json["findings"] if one["rule"] == "IMG018"]
        if rows:
            assert (rows[0]["seen"], rows[0]["symptom"][-40:] in run["check"]) == (word, True)
            told = [one["causes"][0]["rule"] for one in run["messages"]]
            assert told == ["IMG028", "IMG018"]
        assert bool(rows) == (word == "confirmed")
        assert run["not_written"] == ["/state"]


def test_the_words_of_podman(made: Mapping[str, Case], tmp_path: Path) -> None:
    """Another engine says it in other words; the same finding is behind them."""
    cli = Cli(tmp_path / "home", "-q")
    for name in ("not in PATH", "no right", "an unknown group", "no loader", "no shebang"):
        case = made[name]
        (tmp_path / "image.tar").write_bytes(archive("x:1", case.stack, case.config))
        place = f"docker-archive:{tmp_path / 'image.tar'}"
        run = cli("doctor", place, "--run", "--runner", "podman", "--json").json["run"]
        assert run["messages"], run["output"]
        assert run["messages"][0]["causes"][0]["rule"] == case.rule
