"""What is known of a layer without having it at hand: paths, programs, a few texts.

Made by :mod:`seaslug.ops.facts`, remembered by the layer's digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from zlib import crc32

from seaslug.deb.binary import Binary
from seaslug.values.tree import Kind


class Row(NamedTuple):
    """One member of a layer's tar. ``mtime`` is in seconds since 1970, ``size`` in bytes.

    ``xattrs`` are names only; ``digest`` is the sha256 of a file's content in hex, or empty.
    """

    path: str
    kind: Kind
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int
    target: str
    xattrs: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """An ELF file: its *binary*, hashes of the names it defines, names wanted without version."""

    binary: Binary
    defined: frozenset[int]
    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """A layer. *rows* are in the tar's order; all else is by path.

    *texts* are files kept whole; *heads* the first bytes, at most 256, of scripts and of every
    other file that may be executed and is no ELF file; *packages* (name, version) pairs by the
    file that says so.
    """

    rows: tuple[Row, ...]
    binaries: Mapping[str, Facts]
    texts: Mapping[str, str]
    heads: Mapping[str, bytes]
    packages: Mapping[str, tuple[tuple[str, str], ...]]


def hashed(name: str) -> int:
    """Return what stands for a symbol's name: enough to tell whether a library has it."""
    return crc32(name.encode("utf-8", "surrogateescape"))
