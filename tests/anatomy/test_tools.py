"""Shells and package managers known by their content; programs that only know of them are none."""

from __future__ import annotations

import os
import shutil

import pytest

from rules.making import File, specimen
from support.real import need

PROGRAMS = ("dash", "bash", "busybox", "zsh", "fish", "dpkg", "apt-get")
NONE = ("docker", "podman", "skopeo", "python3", "git", "tar", "ls", "env", "perl")


def known(name: str) -> str:
    with open(os.path.realpath(need(name)), "rb") as file:
        return specimen({"opt/x": File(file.read(), 0o755)}).root.program("opt/x")


@pytest.mark.parametrize("name", [name for name in PROGRAMS if shutil.which(name)])
def test_a_program_is_known_under_any_name(name: str) -> None:
    assert known(name) == name.removesuffix("-get")


@pytest.mark.parametrize("name", [name for name in NONE if shutil.which(name)])
def test_others_are_none(name: str) -> None:
    assert known(name) == ""


def test_a_text_about_a_shell_is_none() -> None:
    image = specimen({"opt/x": File("GNU bash, version 5\nBusyBox v1 multi-call binary\n", 0o755)})
    assert image.root.program("opt/x") == ""
