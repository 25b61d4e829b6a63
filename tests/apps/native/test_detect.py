"""Named programs and build commands: what is recognised."""

from __future__ import annotations

import pytest

from seaslug.apps.config import AppConfig
from seaslug.apps.native.detect import detect
from seaslug.apps.project import Project
from seaslug.values.tree import Tree, file
from support.binaries import LOADER, elf

DYNAMIC = elf(kind=2, interpreter=LOADER, needed=["libc.so.6"])


@pytest.mark.parametrize(
    ("data", "title"),
    [
        (DYNAMIC, "a program, dynamic"),
        (elf(kind=2), "a program, static"),
        (DYNAMIC[:40], "a program"),
    ],
)
def test_a_named_program(data: bytes, title: str) -> None:
    found = detect(Project("/p", Tree([file("x", data)]), file="x"))
    assert found is not None
    assert (found.kind, found.title) == ("binary", title)
    assert found.evidence[0].where == "x"


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", b"PK\3\4", b"MZ"])
def test_no_program(data: bytes) -> None:
    assert detect(Project("/p", Tree([file("x", data)]), file="x")) is None


@pytest.mark.parametrize(
    ("build", "output", "kind"),
    [
        (("make", "server"), "server", "command"), (("make",), "", None), ((), "server", None),
        ((), "", None),
    ],
)  # fmt: skip
def test_a_build_command(build: tuple[str, ...], output: str, kind: str | None) -> None:
    config = AppConfig(where="seaslug.toml", build=build, output=output)
    found = detect(Project("/p", Tree([file("server", DYNAMIC)]), config))
    assert (found.kind if found else None) == kind
    if found:
        assert [row.what for row in found.evidence] == ["build = make server", "output = server"]
