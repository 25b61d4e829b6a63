"""ELF files: what readelf says of real ones, and nothing at all of damaged ones."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seaslug.deb.elf import Elf, read
from seaslug.values.content import FileSlice, Inline
from support.real import need


def from_file(path: str) -> Elf | None:
    return read(FileSlice(path, 0, Path(path).stat().st_size))


def real() -> list[str]:
    """Return programs and libraries of this machine that are there."""
    found = [shutil.which(name) for name in ("true", "sh", "tar", "openssl", "python3")]
    found.append(sys.executable)
    maps = Path("/proc/self/maps")
    if maps.exists():
        found += re.findall(r"(/\S+\.so\S*)$", maps.read_text(), re.MULTILINE)
    paths = {str(Path(path).resolve()) for path in found if path}
    return [path for path in sorted(paths) if Path(path).read_bytes()[:4] == b"\x7fELF"][:25]


def test_real_files_against_readelf() -> None:
    program = need("readelf")
    files = real()
    assert files, "no ELF file on this machine"
    for path in files:
        done = subprocess.run(
            [program, "-hdlnW", path], capture_output=True, text=True, env={"LC_ALL": "C"}
        )
        text, elf = done.stdout, from_file(path)
        assert elf is not None, path
        assert f"ELF{elf.bits}" in text
        assert elf.little == ("little endian" in text)
        kinds = {"REL": 1, "EXEC": 2, "DYN": 3}
        assert elf.kind == kinds[re.findall(r"Type: +(\w+)", text)[0]]
        assert f"Flags:{' ' * 29}{elf.flags:#x}" in re.sub(r"(0x\w+),.*", r"\1", text)
        assert list(elf.needed) == re.findall(r"\(NEEDED\) .*\[(.*)\]", text), path
        assert [elf.soname] == (re.findall(r"\(SONAME\) .*\[(.*)\]", text) or [""]), path
        paths = re.findall(r"\((?:RUNPATH|RPATH)\) .*\[(.*)\]", text) or [""]
        assert ":".join(elf.runpath) == paths[0], path
        asked = re.findall(r"Requesting program interpreter: (.*)\]", text) or [""]
        assert [elf.interpreter] == asked, path
        version = re.findall(r"OS: Linux, ABI: (\d+)\.(\d+)\.(\d+)", text)
        major, minor, sub = map(int, version[0]) if version else (0, 0, 0)
        assert elf.os_version == major << 16 | minor << 8 | sub, path


def test_a_file_inside_another(tmp_path: Path) -> None:
    """As in the store, where a file is a slice of a package's blob."""
    raw = Path(real()[0]).read_bytes()
    (tmp_path / "blob").write_bytes(b"before" + raw + b"after")
    assert read(FileSlice(str(tmp_path / "blob"), 6, len(raw))) == read(Inline(raw))


STRINGS = b"\0libc.so.6\0libme.so.1\0$ORIGIN/a:/opt/b\0libm.so.6\0"


def made(
    *, wide: bool = True, little: bool = True, machine: int = 62, table: tuple[int, ...] = ()
) -> bytes:
    """Return a shared object: header, three program headers, strings, a dynamic section."""
    order = "<" if little else ">"
    word, tag = ("Q", "qQ") if wide else ("I", "iI")
    start, size = (64, 56) if wide else (52, 32)
    strings = start + 4 * size
    dynamic = strings + len(STRINGS)
    base = 0x400000
    rows = [
        (1, 1), (1, STRINGS.index(b"libm.so")), (14, STRINGS.index(b"libme")),
        (29, STRINGS.index(b"$")), (5, base + strings), (10, len(STRINGS)), (0, 0), (1, 1),
    ]  # fmt: skip
    body = b"".join(struct.pack(order + tag, *row) for row in rows)
    interp = dynamic + len(body)
    tail = b"/lib/ld.so\0"
    note = interp + len(tail)
    abi = struct.pack(order + "III", 4, 16, 1) + b"GNU\0"
    abi += struct.pack(order + "IIII", 0, 3, 2, 1)
    whole = note + len(abi)
    segments = [(1, 0, whole), (2, dynamic, len(body)), (3, interp, len(tail)), (4, note, len(abi))]
    headers = b""
    for kind, offset, length in segments:
        if wide:
            row = struct.pack(order + "IIQQQQQQ", kind, 4, offset, base + offset, 0, length, 0, 1)
        else:
            row = struct.pack(order + "IIIIIIII", kind, offset, base + offset, 0, length, 0, 4, 1)
        headers += row
    count = table or (size, len(segments))
    head = b"\x7fELF" + bytes([2 if wide else 1, 1 if little else 2, 1]) + bytes(9)
    head += struct.pack(order + "HHI" + word * 3, 3, machine, 1, 0, start, 0)
    head += struct.pack(order + "IHHHHHH", 0x5000400, start, *count, 0, 0, 0)
    return head + headers + STRINGS + body + tail + abi


@pytest.mark.parametrize("wide", [True, False], ids=["64", "32"])
@pytest.mark.parametrize("little", [True, False], ids=["little", "big"])
@pytest.mark.parametrize("machine", [3, 21, 22, 40, 62, 183, 243])
def test_every_width_and_order(wide: bool, little: bool, machine: int) -> None:
    """s390x is big, armhf and i386 are narrow; this machine is but one of them."""
    assert read(Inline(made(wide=wide, little=little, machine=machine))) == Elf(
        machine=machine, bits=64 if wide else 32, little=little, kind=3, flags=0x5000400,
        soname="libme.so.1", needed=("libc.so.6", "libm.so.6"), runpath=("$ORIGIN/a", "/opt/b"),
        interpreter="/lib/ld.so", os_version=0x030201,
    )  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x7fEL",
        b"\x7fELF",
        b"#!/bin/sh\n",
        b"!<arch>\n" + bytes(60),
        b"\x7fELF" + bytes(60),
        b"\x7fELF\3\1" + bytes(60),
        b"\x7fELF\2\3" + bytes(60),
        made()[:63],
        made()[:100],
        made(table=(0, 4)),
        made(table=(8, 4)),
        made(table=(65535, 4)),
        made(table=(56, 65535)),
    ],
)
def test_what_is_no_elf_or_a_damaged_one(raw: bytes) -> None:
    assert read(Inline(raw)) is None


def test_a_program_without_dynamic_section() -> None:
    elf = read(Inline(made().replace(struct.pack("<II", 2, 4), struct.pack("<II", 9, 4))))
    assert elf is not None
    assert (elf.needed, elf.soname, elf.runpath) == ((), "", ())
    assert elf.interpreter == "/lib/ld.so"


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize("at", [32, 64 + 56 + 8, 64 + 2 * 56 + 8, 64 + 3 * 56 + 8])
def test_offsets_beyond_everything(number: int, at: int, tmp_path: Path) -> None:
    """From a file, an offset goes to the kernel, which takes 63 bits."""
    raw = bytearray(made())
    raw[at : at + 8] = struct.pack("<Q", number)
    (tmp_path / "x").write_bytes(raw)
    found = from_file(str(tmp_path / "x"))
    assert found is None or found.needed in ((), ("libc.so.6", "libm.so.6"))


SEEDS = [made(wide=wide, little=little) for wide in (True, False) for little in (True, False)]


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


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_never_fail(raw: bytes) -> None:
    read(Inline(raw))
    for head in (b"\x7fELF\1\1", b"\x7fELF\2\2"):
        read(Inline(head + raw))
