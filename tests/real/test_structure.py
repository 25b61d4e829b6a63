"""Every member of the family, by container-structure-test on Docker.

``structure/common.yaml`` holds for all of them, and is tried on those that no other member builds
on; a file that is named after a member (and its variant) is for that one.
"""

from __future__ import annotations

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
