"""What is known of a layer without having it at hand: paths, programs, a few texts.

Made by :mod:`seaslug.ops.facts`, remembered by the layer's digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from zlib import crc32

from seaslug.anatomy.packages.model import Library
from seaslug.anatomy.secrets import Mark
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


class Record(NamedTuple):
    """What one file says of one package; a list of files says no more than name and paths.

    ``depends`` and ``provides`` are as they are written there, Debian's or Alpine's way.
    """

    name: str
    version: str = ""
    arch: str = ""
    source: str = ""
    depends: str = ""
    provides: str = ""
    paths: tuple[str, ...] = ()


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
    file that says so; *records* all that such files, and lists of files, say. *secrets* are marks
    of texts, *programs* the names of shells and package managers known by their content,
    *certificates* (expiry, name) of trusted authorities. *odd* are members that are passed over,
    as (path, what it is): devices and FIFOs. *capabilities* are the
    values of security.capability. *libraries* are packages of languages.
    """

    rows: tuple[Row, ...]
    binaries: Mapping[str, Facts]
    texts: Mapping[str, str]
    heads: Mapping[str, bytes]
    packages: Mapping[str, tuple[tuple[str, str], ...]]
    secrets: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)
    programs: Mapping[str, str] = field(default_factory=dict)
    certificates: Mapping[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)
    odd: tuple[tuple[str, str], ...] = ()
    records: Mapping[str, tuple[Record, ...]] = field(default_factory=dict)
    capabilities: Mapping[str, bytes] = field(default_factory=dict)
    libraries: Mapping[str, tuple[Library, ...]] = field(default_factory=dict)

    @property
    def unpacked(self) -> int:
        """The bytes of all its files."""
        return sum(row.size for row in self.rows if row.kind is Kind.FILE)


def hashed(name: str) -> int:
    """Return what stands for a symbol's name: enough to tell whether a library has it."""
    return crc32(name.encode("utf-8", "surrogateescape"))
