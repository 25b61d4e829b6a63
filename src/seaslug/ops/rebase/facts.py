"""What a layer holds, as far as a rebase asks: read once, then remembered by the layer's digest.

Paths with their kinds; of ELF files what they need and give; the texts of a few files;
the first line of scripts; the packages that it says are installed.
"""

from __future__ import annotations

import base64
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO
from zlib import crc32

from seaslug.deb.binary import Binary, Need, read
from seaslug.deb.elf import Elf
from seaslug.deb.elfparts import is_elf
from seaslug.deb.elfsymbols import symbols
from seaslug.errors import HostileError
from seaslug.oci.files import STATUS, plain_tar
from seaslug.ops.keys import action
from seaslug.ports import BlobStore
from seaslug.tar.reader import Member, members
from seaslug.values.content import FileSlice
from seaslug.values.descriptor import Descriptor
from seaslug.values.tree import Kind

FACTS_VERSION = 1
DPKG = "var/lib/dpkg/status"
_HEAD = 256
_MAX_TEXT = 16 << 20
_MAX_ELF = 2 << 30
_TEXTS = ("etc/passwd", "etc/group", "etc/ld.so.conf", "usr/share/seaslug/lock.json",
          "usr/share/seaslug/recipe.json")  # fmt: skip
_FOLDERS = ("etc/ld.so.conf.d/", "etc/ld-musl-")


@dataclass(frozen=True, slots=True)
class Facts:
    """An ELF file: its *binary*, hashes of the names it defines, names wanted without version."""

    binary: Binary
    defined: frozenset[int]
    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """A layer. *rows* are (path, kind, mode, target, size) in the tar's order.

    *packages* are (name, version) pairs by the file that says so.
    """

    rows: tuple[tuple[str, Kind, int, str, int], ...]
    binaries: Mapping[str, Facts]
    texts: Mapping[str, str]
    scripts: Mapping[str, str]
    packages: Mapping[str, tuple[tuple[str, str], ...]]


def layer_facts(store: BlobStore, layer: Descriptor) -> LayerFacts:
    """Return what *layer* holds. Raises StoreError, HostileError."""
    key = action("layer-facts", FACTS_VERSION, layer.digest.text)
    row = store.recall(key)
    if row is None:
        row = _read(store, layer)
        store.remember(key, row)
    return _of(row)


def hashed(name: str) -> int:
    """Return what stands for a symbol's name: enough to tell whether a library has it."""
    return crc32(name.encode("utf-8", "surrogateescape"))


def _read(store: BlobStore, layer: Descriptor) -> dict[str, Any]:
    found: dict[str, Any] = {
        "rows": [], "binaries": {}, "texts": {}, "scripts": {}, "packages": {},
    }  # fmt: skip
    chunks = plain_tar(store, layer)
    with tempfile.NamedTemporaryFile(prefix="seaslug-elf-") as scratch:
        for member in members(chunks):
            found["rows"].append(
                [member.path, member.kind.value, member.mode, member.target, member.size]
            )
            if member.kind is Kind.FILE:
                _file(member, found, scratch)
    for _ in chunks:
        pass  # whether the bytes were the right ones is known at their end
    return found


def _file(member: Member, found: dict[str, Any], scratch: Any) -> None:
    path = member.path
    if path in _TEXTS or path.startswith(_FOLDERS):
        found["texts"][path] = _text(member.content, path)
    elif path == DPKG or (path.startswith(STATUS) and not path.endswith(".md5sums")):
        found["packages"][path] = _packages(_text(member.content, path))
    else:
        head, rest = _head(member.content)
        if is_elf(head) and member.size <= _MAX_ELF:
            row = _elf(rest, scratch)
            if row is not None:
                found["binaries"][path] = row
        elif head.startswith(b"#!"):
            line = head.split(b"\n")[0][2:].decode("utf-8", "surrogateescape")
            found["scripts"][path] = line.strip()


def _head(content: Iterator[memoryview]) -> tuple[bytes, Iterable[bytes | memoryview]]:
    """Return the first bytes, and everything from the start on."""
    head = b""
    for piece in content:
        head += bytes(piece)
        if len(head) >= _HEAD:
            break

    def again() -> Iterator[bytes | memoryview]:
        yield head
        yield from content

    return head[:_HEAD], again()


def _text(content: Iterator[memoryview], path: str) -> str:
    data = b""
    for piece in content:
        data += bytes(piece)
        if len(data) > _MAX_TEXT:
            raise HostileError("far larger than such a file may be", where=path)
    return data.decode("utf-8", "surrogateescape")


def _packages(text: str) -> list[list[str]]:
    """Return (name, version) of each stanza."""
    found = []
    for stanza in text.split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " "
        )
        if "Package" in fields:
            found.append([fields["Package"], fields.get("Version", "")])
    return found


def _elf(data: Iterable[bytes | memoryview], scratch: BinaryIO) -> dict[str, Any] | None:
    scratch.seek(0)
    scratch.truncate()
    for piece in data:
        scratch.write(piece)
    scratch.flush()
    content = FileSlice(scratch.name, 0, scratch.tell())
    binary = read(content)
    if binary is None:
        return None
    names = symbols(content)
    hashes = array("I", sorted({hashed(name) for name in names.defined}))
    return {
        "binary": asdict(binary),
        "defined": base64.b64encode(hashes.tobytes()).decode(),
        "wanted": list(names.wanted),
    }


def _of(row: Mapping[str, Any]) -> LayerFacts:
    return LayerFacts(
        tuple((p, Kind(kind), mode, target, size) for p, kind, mode, target, size in row["rows"]),
        {path: _facts(found) for path, found in row["binaries"].items()},
        row["texts"],
        row["scripts"],
        {path: tuple((n, v) for n, v in rows) for path, rows in row["packages"].items()},
    )


def _facts(row: Mapping[str, Any]) -> Facts:
    plain = dict(row["binary"])
    elf = _tuples(plain.pop("elf"))
    needs = tuple(Need(**need) for need in plain.pop("needs"))
    rest = _tuples(plain)
    hashes = array("I", base64.b64decode(row["defined"]))
    return Facts(
        Binary(elf=Elf(**elf), needs=needs, **rest), frozenset(hashes), tuple(row["wanted"])
    )


def _tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}
