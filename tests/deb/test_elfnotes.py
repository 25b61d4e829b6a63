"""The build id, in notes made by hand."""

from __future__ import annotations

import struct

import pytest

from seaslug.deb.elfnotes import build_id
from seaslug.values.content import Inline


def note(kind: int, name: bytes, data: bytes) -> bytes:
    padded = name + bytes(-len(name) % 4) + data + bytes(-len(data) % 4)
    return struct.pack("<III", len(name), len(data), kind) + padded


def program(notes: bytes, size: int | None = None) -> Inline:
    """Return a 64-bit ELF file with one segment, of notes."""
    head = b"\x7fELF\2\1\1" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    length = len(notes) if size is None else size
    segment = struct.pack("<IIQQQQQQ", 4, 4, 120, 0, 0, length, length, 4)
    return Inline(head + segment + notes)


ABI = note(1, b"GNU\0", bytes(16))
ID = note(3, b"GNU\0", bytes(range(20)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (program(ID), bytes(range(20)).hex()),
        (program(ABI + ID), bytes(range(20)).hex()),
        (program(ABI), ""),
        (program(note(3, b"Go\0\0", b"abc")), ""),
        (program(note(3, b"GNU\0", bytes(200))), ""),
        (program(ID, size=1 << 30), ""),
        (program(struct.pack("<III", 0xFFFFFFFF, 4, 3)), ""),
        (Inline(b"\x7fELF"), ""),
        (Inline(b"#!/bin/sh\n"), ""),
        (Inline(program(ID).data[:100]), ""),
    ],
    ids=["alone", "second", "another kind", "another owner", "too long", "too many", "a wild size",
         "only its mark", "a script", "cut short"],
)  # fmt: skip
def test_the_build_id(content: Inline, expected: str) -> None:
    assert build_id(content) == expected
