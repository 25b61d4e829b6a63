"""A program of a few hundred bytes that tells what it is like inside a container.

A shell-less image may hold no program at all, so nothing in it can say whether the
root is read-only or who runs there. This one is written here, instruction by
instruction, for every architecture that seaslug knows, and is mounted for a check.

It asks the kernel a few questions, one system call each, writes the answers
to stdout as signed integers of the architecture's word size and byte order, and
exits. The file is one ELF segment::

    ELF header | program header | code | answers | paths
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seaslug.values.platform import Platform

BASE = 0x400000
EROFS = 30
_AT_FDCWD, _CREATE, _GET_NO_NEW_PRIVS = -100, 0o101, 39
_PATHS = (b"/.seaslug-probe\0", b"/tmp/.seaslug-probe\0")
_ANSWERS = 5
Emit = Callable[[int, Sequence[int], int], bytes]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the probe found: ids, and results of system calls (negative: the error)."""

    uid: int
    gid: int
    create_in_root: int
    create_in_tmp: int
    no_new_privileges: int


@dataclass(frozen=True, slots=True)
class _Calls:
    """Numbers of system calls."""

    getuid: int
    getgid: int
    openat: int
    prctl: int
    write: int
    exit: int


def program(platform: Platform) -> bytes:
    """Return the probe as a static ELF executable for *platform*."""
    names = platform.names
    calls, emit, flags = _MACHINES[platform.arch]
    word = names.bits // 8
    head = (64 + 56) if names.bits == 64 else (52 + 32)
    size = len(_code(calls, emit, (BASE, BASE, BASE), word))  # the same for all addresses
    answers = BASE + _aligned(head + size)
    first = answers + _ANSWERS * word
    code = _code(calls, emit, (answers, first, first + len(_PATHS[0])), word)
    body = code.ljust(_aligned(head + size) - head, b"\0") + bytes(_ANSWERS * word)
    return (
        _header(platform, head, head + len(body) + sum(map(len, _PATHS)), flags)
        + body
        + (b"".join(_PATHS))
    )


def holder(platform: Platform) -> bytes:
    """Return a static ELF executable for *platform* that does nothing until a signal comes.

    It holds a container open whose image has no program that would.
    """
    calls, emit, flags = _MACHINES[platform.arch]
    head = (64 + 56) if platform.names.bits == 64 else (52 + 32)
    code = emit(_PPOLL[platform.arch], (0, 0, 0, 0, 0), 0) + emit(calls.exit, (0,), 0)
    return _header(platform, head, head + len(code), flags) + code


def read(output: bytes, platform: Platform) -> Answers | None:
    """Return the answers in the *output* of a probe, or None if it is not one."""
    names = platform.names
    form = ("<" if names.little else ">") + str(_ANSWERS) + ("q" if names.bits == 64 else "i")
    if len(output) != struct.calcsize(form):
        return None
    return Answers(*struct.unpack(form, output))


def _code(calls: _Calls, emit: Emit, places: tuple[int, int, int], word: int) -> bytes:
    answers, in_root, in_tmp = places
    questions = (
        (calls.getuid, ()),
        (calls.getgid, ()),
        (calls.openat, (_AT_FDCWD, in_root, _CREATE, 0o600)),
        (calls.openat, (_AT_FDCWD, in_tmp, _CREATE, 0o600)),
        (calls.prctl, (_GET_NO_NEW_PRIVS, 0, 0, 0, 0)),
    )
    code = b"".join(
        emit(number, args, answers + at * word) for at, (number, args) in enumerate(questions)
    )
    code += emit(calls.write, (1, answers, _ANSWERS * word), 0)
    return code + emit(calls.exit, (0,), 0)


def _aligned(size: int) -> int:
    return (size + 15) & ~15


def _header(platform: Platform, head: int, size: int, flags: int) -> bytes:
    names = platform.names
    wide = names.bits == 64
    order = "<" if names.little else ">"
    ident = b"\x7fELF" + bytes((2 if wide else 1, 1 if names.little else 2, 1)) + bytes(9)
    address = "Q" if wide else "I"
    form = f"{order}HHI{address}{address}{address}IHHHHHH"
    sizes = (64, 56, 1, 64, 0, 0) if wide else (52, 32, 1, 40, 0, 0)
    offset = 64 if wide else 52
    header = struct.pack(form, 2, names.machine, 1, BASE + head, offset, 0, flags, *sizes)
    if wide:
        segment = struct.pack(f"{order}IIQQQQQQ", 1, 7, 0, BASE, BASE, size, size, 0x1000)
    else:
        segment = struct.pack(f"{order}IIIIIIII", 1, 0, BASE, BASE, size, size, 7, 0x1000)
    return ident + header + segment


# Each of these returns one system call: the number, its arguments, and where its
# result is stored (nowhere for 0). Every encoding has a fixed length.


def _amd64(number: int, args: Sequence[int], store: int) -> bytes:
    loads = (b"\x48\xbf", b"\x48\xbe", b"\x48\xba", b"\x49\xba", b"\x49\xb8")
    code = b"\x48\xb8" + struct.pack("<q", number)
    for load, value in zip(loads, args, strict=False):
        code += load + struct.pack("<q", value)
    code += b"\x0f\x05"
    return code + (b"\x48\xa3" + struct.pack("<q", store) if store else b"")


def _i386(number: int, args: Sequence[int], store: int) -> bytes:
    code = b"\xb8" + struct.pack("<i", number)
    for load, value in zip((0xBB, 0xB9, 0xBA, 0xBE, 0xBF), args, strict=False):
        code += bytes((load,)) + struct.pack("<i", value)
    code += b"\xcd\x80"
    return code + (b"\xa3" + struct.pack("<i", store) if store else b"")


def _arm64(number: int, args: Sequence[int], store: int) -> bytes:
    def load(register: int, value: int) -> bytes:
        value &= (1 << 64) - 1
        parts = [(value >> 16 * n & 0xFFFF) << 5 | n << 21 | register for n in range(4)]
        words = [0xD2800000 | parts[0], *(0xF2800000 | part for part in parts[1:])]
        return struct.pack("<4I", *words)

    code = load(8, number) + b"".join(load(n, value) for n, value in enumerate(args))
    code += struct.pack("<I", 0xD4000001)
    return code + (load(9, store) + struct.pack("<I", 0xF9000120) if store else b"")


def _arm(number: int, args: Sequence[int], store: int) -> bytes:
    def half(opcode: int, register: int, value: int) -> int:
        return opcode | (value >> 12) << 16 | register << 12 | value & 0xFFF

    def load(register: int, value: int) -> bytes:
        low, high = value & 0xFFFF, value >> 16 & 0xFFFF
        words = half(0xE3000000, register, low), half(0xE3400000, register, high)
        return struct.pack("<2I", *words)

    code = load(7, number) + b"".join(load(n, value) for n, value in enumerate(args))
    code += struct.pack("<I", 0xEF000000)
    return code + (load(9, store) + struct.pack("<I", 0xE5890000) if store else b"")


def _riscv64(number: int, args: Sequence[int], store: int) -> bytes:
    def load(register: int, value: int) -> bytes:
        high, low = (value + 0x800) >> 12 & 0xFFFFF, value & 0xFFF
        upper = high << 12 | register << 7 | 0x37
        return struct.pack("<2I", upper, low << 20 | register << 15 | register << 7 | 0x1B)

    code = load(17, number) + b"".join(load(10 + n, value) for n, value in enumerate(args))
    code += struct.pack("<I", 0x73)
    return code + (load(5, store) + struct.pack("<I", 0x00A2B023) if store else b"")


def _ppc64le(number: int, args: Sequence[int], store: int) -> bytes:
    def load(register: int, value: int) -> bytes:
        high, low = value >> 16 & 0xFFFF, value & 0xFFFF
        upper = 15 << 26 | register << 21 | high
        return struct.pack("<2I", upper, 24 << 26 | register << 21 | register << 16 | low)

    code = load(0, number) + b"".join(load(3 + n, value) for n, value in enumerate(args))
    code += struct.pack("<I", 0x44000002)
    if not store:
        return code
    # An error comes as a positive number with the summary overflow bit set: skip or negate.
    code += struct.pack("<2I", 0x40830008, 0x7C6300D0)
    return code + load(9, store) + struct.pack("<I", 0xF8690000)


def _s390x(number: int, args: Sequence[int], store: int) -> bytes:
    def load(register: int, value: int) -> bytes:
        return struct.pack(">BBi", 0xC0, register << 4 | 1, value)

    code = load(1, number) + b"".join(load(2 + n, value) for n, value in enumerate(args))
    code += b"\x0a\x00"
    return code + (load(9, store) + bytes.fromhex("e32090000024") if store else b"")


_MACHINES: dict[str, tuple[_Calls, Emit, int]] = {
    "amd64": (_Calls(102, 104, 257, 157, 1, 231), _amd64, 0),
    "386": (_Calls(199, 200, 295, 172, 4, 252), _i386, 0),
    "arm64": (_Calls(174, 176, 56, 167, 64, 94), _arm64, 0),
    "arm": (_Calls(199, 200, 322, 172, 4, 248), _arm, 0x05000400),
    "riscv64": (_Calls(174, 176, 56, 167, 64, 94), _riscv64, 0x5),
    "ppc64le": (_Calls(24, 47, 286, 171, 4, 234), _ppc64le, 2),
    "s390x": (_Calls(199, 200, 288, 172, 4, 248), _s390x, 0),
}
_PPOLL = {
    "amd64": 271, "386": 309, "arm64": 73, "arm": 336, "riscv64": 73, "ppc64le": 281,
    "s390x": 302,
}  # fmt: skip
