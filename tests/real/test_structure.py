"""Every member of the family, by container-structure-test on Docker; our verdicts are the same.

``structure/common.yaml`` holds for all of them, and is tried on those that no other member builds
on; a file that is named after a member (and its variant) is for that one.
"""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest

from support.clients import Engine, Seaslug, run

pytestmark = [pytest.mark.judge, pytest.mark.network, pytest.mark.engine, pytest.mark.slow]

FILES = Path(__file__).parent / "structure"
MEMBERS = (
    "static", "static:debug", "base-nossl", "base", "cc", "python3:nonroot", "java-base", "java",
    "nodejs",
)  # fmt: skip
# Each check of a file starts a container, which takes a while.
TOPS = ("static:debug", "python3:nonroot", "java", "nodejs")


def test_every_file_has_its_member() -> None:
    named = {member.replace(":", "-") for member in MEMBERS}
    assert {file.stem for file in FILES.glob("*.yaml")} == named | {"common"}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the files name amd64's paths")
@pytest.mark.parametrize("member", MEMBERS)
def test_structure(seaslug: Seaslug, docker: Engine, member: str) -> None:
    name = docker.load(seaslug.image(member))
    own = FILES / f"{member.replace(':', '-')}.yaml"
    files = ["--config", FILES / "common.yaml"] if member in TOPS else []
    run("container-structure-test", "test", "--no-color", "--image", name, *files, "--config", own)
    how = ("--runner", "unshare", "--read-only", "--json")
    ours = seaslug("test", seaslug.image(member).name, *files, "--config", own, *how).json
    assert ours["ok"], ours


MIXED = FILES / "mixed.json"
KINDS = {
    "command": "Command Test: {}", "file existence": "File Existence Test: {}",
    "file content": "File Content Test: {}", "metadata": "Metadata Test",
}  # fmt: skip


@pytest.fixture(scope="module")
def theirs(
    seaslug: Seaslug, docker: Engine, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bool]:
    """What container-structure-test says of each test in ``mixed.json``."""
    report = tmp_path_factory.mktemp("theirs") / "report.json"
    name = docker.load(seaslug.image("static:debug"))
    run(
        "container-structure-test", "test", "--image", name, "--config", MIXED,
        "--output", "json", "--test-report", report, status=1,
    )  # fmt: skip
    return {row["Name"]: row["Pass"] for row in json.loads(report.read_text())["Results"]}


@pytest.mark.parametrize("runner", ["docker", "unshare"])
def test_verdicts_are_those_of_the_original(
    seaslug: Seaslug, theirs: dict[str, bool], runner: str
) -> None:
    name = seaslug.image("static:debug").name
    done = seaslug("test", name, "-c", MIXED, "--json", "--runner", runner, status=15)
    ours = {KINDS[row["kind"]].format(row["name"]): row["ok"] for row in done.json["results"]}
    assert ours == theirs
    assert 8 < sum(ours.values()) < len(ours) - 8


@pytest.mark.parametrize(
    ("subject", "version"),
    [
        ("python3", "3.13."),
        ("nodejs24", "24."),
        ("nodejs20", "20."),
        ("java21", "21."),
        ("cc", "13."),
    ],
)
def test_the_version_is_the_runtimes(seaslug: Seaslug, subject: str, version: str) -> None:
    labels = seaslug.image(subject).config()["config"]["Labels"]
    assert labels["org.opencontainers.image.version"].startswith(version)
