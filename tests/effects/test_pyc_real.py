"""Debian's own interpreters compile the same bytes each time, started out of a tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from effects.released import package, read, unpack
from seaslug.adapters.pycompile import Compiler
from seaslug.api import machine
from seaslug.values.tree import Tree
from support.real import missing


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize(
    ("suite", "python", "libraries"),
    [
        ("bullseye", "3.9", ("libc6", "zlib1g", "libexpat1")),
        ("trixie", "3.13", ("libc6", "zlib1g", "libexpat1")),
    ],
)
def test_a_release_compiles_its_library_reproducibly(
    suite: str, python: str, libraries: tuple[str, ...], tmp_path: Path
) -> None:
    host = machine()
    if host is None:
        missing("Linux programs do not run here")
    assert host is not None
    if suite == "trixie":  # the links are base-files' there
        libraries = ("base-files", *libraries)
    minimal = (f"python{python}-minimal", f"libpython{python}-minimal")
    for name in (*libraries, *minimal):
        unpack(package(suite, host.debian, name), tmp_path)
    runtime = read(tmp_path)
    sources = runtime.select(lambda e: e.path.startswith(f"usr/lib/python{python}/"))
    compiler = Compiler(host)
    made = [Tree(compiler.compile(lambda: runtime, sources, python)) for _ in range(2)]
    assert len(made[0]) > 80
    assert made[0] == made[1]
