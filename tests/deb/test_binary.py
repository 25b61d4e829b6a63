"""Binaries: what pyelftools says of this machine's own, and of made ones what went into them."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.deb.binary import Binary, Need, read
from seaslug.deb.elflanguage import Language, language
from seaslug.values.content import FileSlice, Inline
from seaslug.values.platform import TABLE, Platform
from support.binaries import LOADER, NODEFLIB, PIE, elf
from support.real import need

SAMPLE = 80


def sample(*folders: str) -> list[str]:
    """Return ELF files of this machine, the same number from each folder, evenly spread."""
    found = []
    for folder in folders:
        paths = sorted(e.path for e in os.scandir(folder) if e.is_file(follow_symlinks=False))
        paths = [path for path in paths if _is_elf(path)]
        found += paths[:: max(1, len(paths) * len(folders) // SAMPLE)]
    return found


def _is_elf(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def test_this_machines_binaries_against_pyelftools() -> None:
    paths = sample("/usr/bin", f"/usr/lib/{platform_triplet()}")
    assert paths, "no ELF file on this machine"
    for path in paths:
        found = read(FileSlice(path, 0, os.path.getsize(path)))
        with open(path, "rb") as file:
            other = ELFFile(file)
            if not any(s["p_type"] == "PT_LOAD" for s in other.iter_segments()):
                continue
            assert found is not None, path
            _same(path, found, other)


def platform_triplet() -> str:
    return Platform.parse(platform.machine()).names.triplet


def _same(path: str, found: Binary, other: Any) -> None:
    tags: dict[str, list[str]] = {}
    for segment in other.iter_segments():
        if segment["p_type"] != "PT_DYNAMIC":
            continue
        for tag in segment.iter_tags():
            for kind in ("needed", "soname", "rpath", "runpath"):
                if hasattr(tag, kind):
                    tags.setdefault(kind, []).append(getattr(tag, kind))
    assert list(found.elf.needed) == tags.get("needed", []), path
    assert [found.elf.soname] == tags.get("soname", [""]), path
    assert ":".join(found.rpath) == tags.get("rpath", [""])[0].strip(":"), path
    assert ":".join(found.runpath) == tags.get("runpath", [""])[0].strip(":"), path
    needs, defines = [], []
    for section in other.iter_sections():
        if isinstance(section, GNUVerNeedSection):
            for library, wanted in section.iter_versions():
                needs += [Need(library.name, w.name, bool(w["vna_flags"] & 2)) for w in wanted]
        if isinstance(section, GNUVerDefSection):
            for version, names in section.iter_versions():
                if not version["vd_flags"] & 1:
                    defines.append(next(names).name)
    assert list(found.needs) == needs, path
    assert list(found.defines) == defines, path
    assert found.missing == 0, path


@pytest.mark.parametrize("target", TABLE, ids=str)
def test_every_platform(target: Platform) -> None:
    raw = elf(
        target, soname="libme.so.1", needed=("libc.so.6", "libm.so.6"), rpath="/a:$ORIGIN/b",
        runpath="/c", defines=("ME_1", "ME_2"),
        needs=(("libc.so.6", "GLIBC_2.34"), ("libm.so.6", "M"), ("libc.so.6", "W", True)),
    )  # fmt: skip
    found = read(Inline(raw))
    assert found is not None
    assert (found.rpath, found.runpath) == (("/a", "$ORIGIN/b"), ("/c",))
    assert found.needs == (
        Need("libc.so.6", "GLIBC_2.34"), Need("libc.so.6", "W", True), Need("libm.so.6", "M")
    )  # fmt: skip
    assert found.defines == ("ME_1", "ME_2")
    assert (found.linkage, found.missing, found.default_libraries) == ("library", 0, True)


LINKAGES = {
    "static": {"kind": 2, "entry": 0x400100},
    "static-pie": {"kind": 3, "flags_1": PIE, "entry": 0x100},
    "dynamic": {"kind": 2, "interpreter": LOADER, "needed": ("libc.so.6",)},
    "dynamic-pie": {"kind": 3, "interpreter": LOADER, "needed": ("libc.so.6",)},
    "library": {"kind": 3, "soname": "libx.so.1"},
    "object": {"kind": 1},
    "other": {"kind": 4},
}


@pytest.mark.parametrize("linkage", LINKAGES)
def test_how_it_is_linked(linkage: str) -> None:
    found = read(Inline(elf(**LINKAGES[linkage])))
    assert found is not None and found.linkage == linkage
    assert found.static == linkage.startswith("static")
    assert found.program == (linkage not in ("library", "object", "other"))


def test_a_library_that_can_be_started_is_a_library() -> None:
    """libc.so.6 has an interpreter, and a soname."""
    found = read(Inline(elf(soname="libc.so.6", interpreter=LOADER)))
    assert found is not None and found.linkage == "library"


def test_only_its_own_paths() -> None:
    found = read(Inline(elf(soname="a", flags_1=NODEFLIB)))
    assert found is not None and not found.default_libraries


@pytest.mark.parametrize(
    ("options", "linkage"),
    [
        (("-static",), "static"), (("-static-pie",), "static-pie"), (("-no-pie",), "dynamic"),
        (("-pie", "-fPIE"), "dynamic-pie"), (("-shared", "-fPIC"), "library"), (("-c",), "object"),
    ],
)  # fmt: skip
def test_what_gcc_makes(options: tuple[str, ...], linkage: str, tmp_path: Path) -> None:
    source, target = tmp_path / "a.c", tmp_path / "a"
    source.write_text("int main(void) { return 0; }\n")
    subprocess.run([need("gcc"), *options, "-o", str(target), str(source)], check=True)
    found = read(FileSlice(str(target), 0, target.stat().st_size))
    assert found is not None and found.linkage == linkage
    made = language(FileSlice(str(target), 0, target.stat().st_size))
    assert made is not None and made.compilers[0].startswith("GCC: ")


@pytest.mark.parametrize("cut", [1, 10, 100])
def test_a_file_that_was_cut_short(cut: int) -> None:
    raw = elf(kind=2, needed=("libc.so.6",), interpreter=LOADER)
    found = read(Inline(raw[:-cut]))
    assert found is not None and found.missing == cut


VERSION = b"go1.22.5"
GO = b"\xff Go buildinf:" + bytes((8, 2)) + bytes(16) + bytes((len(VERSION),)) + VERSION + b"\0"
OLD_GO = b"\xff Go buildinf:" + bytes((8, 0)) + bytes(32)


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({".go.buildinfo": GO}, ("Go", "1.22.5", ".go.buildinfo")),
        ({".go.buildinfo": OLD_GO}, ("Go", "", ".go.buildinfo")),
        ({".comment": b"rustc version 1.81.0 (eeb90cda1)\0"}, ("Rust", "1.81.0", ".comment")),
        ({".rodata": b"/rustc/" + b"0a" * 20 + b"/library"}, ("Rust", "", ".rodata")),
        ({".rodata": b"\0fatal.nim\0"}, ("Nim", "", ".rodata")),
        ({".comment": b"clang version 18 (zig-bootstrap)\0"}, ("Zig", "", ".comment")),
        ({".comment": b"GCC: (Debian 12)\0GCC: (Debian 12)\0"}, ("", "", "")),
        ({}, ("", "", "")),
    ],
)
def test_languages(sections: dict[str, bytes], expected: tuple[str, str, str]) -> None:
    found = language(Inline(elf(kind=2, sections=sections)))
    assert found is not None
    assert (found.name, found.version, found.where) == expected


def test_no_elf_has_no_language() -> None:
    assert language(Inline(b"#!/bin/sh\n")) is None and read(Inline(b"#!/bin/sh\n")) is None


def test_compilers_are_told_once() -> None:
    comment = {".comment": b"GCC: (Debian 12)\0GCC: (Debian 12)\0clang 14\0"}
    assert language(Inline(elf(sections=comment))) == Language(
        "", "", "", ("GCC: (Debian 12)", "clang 14")
    )


SEEDS = [
    elf(
        platform,
        soname="s",
        needed=("a", "b"),
        runpath="/x",
        defines=("A", "B"),
        needs=(("a", "V"), ("b", "W"), ("b", "X")),
        sections={".comment": b"GCC\0"},
    )
    for platform in TABLE
]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SEEDS),
    st.lists(
        st.tuples(st.floats(0, 0.9999), st.sampled_from([0, 1, 0x7F, 0x80, 0xFF])), max_size=6
    ),
    st.none() | st.floats(0, 1),
)
def test_changed_bytes_never_fail(
    seed: bytes, changes: list[tuple[float, int]], end: float | None
) -> None:
    raw = bytearray(seed)
    for where, byte in changes:
        raw[int(where * len(raw))] = byte
    if end is not None:
        del raw[int(end * len(raw)) :]
    read(Inline(bytes(raw)))
    language(Inline(bytes(raw)))


def test_a_count_of_versions_that_is_a_lie() -> None:
    raw = bytearray(elf(soname="s", needs=(("a", "V"), ("b", "W"))))
    at = raw.index(b"\1\0\1\0")
    raw[at + 2 : at + 4] = b"\xff\xff"
    found = read(Inline(bytes(raw)))
    assert found is None or len(found.needs) <= 4096


def test_too_many_needed_libraries() -> None:
    assert read(Inline(elf(needed=("a",) * 4096))) is not None
    assert read(Inline(elf(needed=("a",) * 4097))) is None
