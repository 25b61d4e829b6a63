"""Which programs an image has, by what they are good for."""

from __future__ import annotations

import pytest

from anatomy.made import PROGRAM, SCRIPT, SLIM, alpine
from rules.making import File, Hard, Link, specimen
from seaslug.anatomy import programs
from support.binaries import elf

PATH = "/usr/bin:/opt/tool"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("python3.13", "python"), ("python3", "python"), ("perl5.36.0", "perl"), ("lua5.4", "lua"),
        ("nodejs", "node"), ("sh", "sh"), ("vim.tiny", "vim"), ("7z", "7z"), ("", ""), ("42", "42"),
    ],
)  # fmt: skip
def test_a_name_without_its_version(name: str, short: str) -> None:
    assert programs.plain(name) == short


def test_links_lead_to_programs() -> None:
    assert programs.programs(alpine().root, PATH) == {
        "sh": "bin/sh", "busybox": "bin/busybox", "awk": "usr/bin/awk", "nc": "usr/bin/nc",
        "apk": "sbin/apk",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "item", "there"),
    [
        ("usr/bin/x", PROGRAM, True),
        ("usr/bin/x", SCRIPT, True),
        ("opt/tool/x", SCRIPT, True),
        ("opt/other/x", SCRIPT, False),
        ("usr/bin/x", "#!/bin/sh\n", False),
        ("usr/bin/x", File("words", 0o755), False),
        ("usr/bin/x", File(elf(soname="libx.so"), 0o755), False),
        ("usr/bin/x", Link("nowhere"), False),
        ("usr/bin/x", Link("x"), False),
        ("usr/bin/x", Hard("usr/bin/bash"), True),
    ],
)
def test_what_a_program_is(path: str, item: object, there: bool) -> None:
    made = specimen({**SLIM, path: item})  # type: ignore[dict-item]
    assert ("x" in programs.programs(made.root, PATH)) == there


def test_executables_are_files_that_may_be_started() -> None:
    made = specimen(SLIM)
    assert sorted(programs.executables(made.root)) == [
        "usr/bin/bash", "usr/bin/python3.11", "usr/bin/su"
    ]  # fmt: skip
