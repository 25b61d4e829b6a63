"""Symbols of programs and libraries: made ones of every kind, damaged ones, and real ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seaslug.deb.elfsymbols import Symbols, symbols
from seaslug.values.content import FileSlice, Inline
from seaslug.values.platform import TABLE, Platform
from support.binaries import elf
from support.real import missing, need

KINDS = ("GLOBAL", "WEAK", "UNIQUE")
MADE = elf(soname="libx.so.1", gives=("x_open", "x_close"), takes=("malloc_hook",))


@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_what_is_defined_and_what_is_wanted(platform: Platform) -> None:
    made = elf(platform, soname="libx.so.1", gives=("x_open", "x_close"), takes=("y",))
    assert symbols(Inline(made)) == Symbols(("x_close", "x_open"), ("y",))


def test_what_has_none() -> None:
    assert symbols(Inline(b"#!/bin/sh\n")) == Symbols()
    assert symbols(Inline(elf())) == Symbols()
    assert symbols(Inline(elf(soname="libx.so.1"))) == Symbols()


@given(st.integers(0, len(MADE) - 1), st.binary(min_size=1, max_size=8))
def test_damage_is_no_error(at: int, junk: bytes) -> None:
    found = symbols(Inline(MADE[:at] + junk + MADE[at + len(junk) :]))
    assert len(found.defined) + len(found.wanted) <= len(MADE)
    symbols(Inline(MADE[:at]))


def test_names_that_share_one_long_string_are_refused() -> None:
    """A small file could otherwise make names of many gigabytes."""
    long = elf(soname="libx.so.1", gives=("y" * (70 << 10), "z"))
    assert symbols(Inline(long)) == Symbols()
    names = [f"{n:05}" + "y" * 60_000 for n in range(1200)]
    assert symbols(Inline(elf(gives=names))) == Symbols()
    assert len(symbols(Inline(elf(gives=names[:100]))).defined) == 100


def test_without_a_table_of_sections_the_hash_table_tells() -> None:
    for path in _libraries():
        whole = path.read_bytes()
        if whole[4] == 2:
            bare = whole[:40] + bytes(8) + whole[48:60] + bytes(4) + whole[64:]
            assert symbols(Inline(bare)).defined == symbols(Inline(whole)).defined


def test_they_are_what_readelf_says() -> None:
    need("readelf")
    for path in (Path(sys.executable).resolve(), *_libraries()):
        found = symbols(FileSlice(str(path), 0, path.stat().st_size))
        defined, wanted = _by_readelf(path)
        assert (set(found.defined), set(found.wanted)) == (defined, wanted), path


def _libraries() -> list[Path]:
    with open("/proc/self/maps", encoding="utf-8") as maps:
        found = {line.split()[-1] for line in maps if ".so" in line}
    libraries = [Path(name).resolve() for name in sorted(found)][:12]
    if not libraries:
        missing("this Python loads no library")
    return libraries


def _by_readelf(path: Path) -> tuple[set[str], set[str]]:
    done = subprocess.run(
        ["readelf", "--wide", "--dyn-syms", path], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in done.stdout.splitlines()]
    rows = [row for row in rows if len(row) >= 8 and row[0][:-1].isdigit()]
    defined = {r[7].partition("@")[0] for r in rows if r[4] in KINDS and r[6] != "UND"}
    return defined, {r[7] for r in rows if r[4] == "GLOBAL" and r[6] == "UND" and "@" not in r[7]}
