"""What a layer holds: read once, in one pass, then remembered by the layer's digest.

Paths with all that tar says of them; of ELF files what they need and give; the texts of a few
files; the first bytes of scripts; the packages that it says are installed; where secrets are.
"""

from __future__ import annotations

import base64
import hashlib
import mmap
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, BinaryIO

from seaslug.anatomy import rpm, secrets
from seaslug.anatomy.capabilities import CAPABILITY, MAX_VALUE
from seaslug.anatomy.certificates import BUNDLES, MAX_BUNDLE, OWN, expiries
from seaslug.anatomy.facts import Facts, LayerFacts, Record, Row, hashed
from seaslug.anatomy.packages.find import is_archive, of_program, of_text
from seaslug.anatomy.packages.model import Library
from seaslug.anatomy.records import is_list, is_record, records
from seaslug.anatomy.secrets import Mark
from seaslug.anatomy.tools import recognise
from seaslug.deb.binary import Binary, Need, read
from seaslug.deb.elf import Elf
from seaslug.deb.elfparts import is_elf
from seaslug.deb.elfsymbols import symbols
from seaslug.errors import HostileError
from seaslug.oci.files import plain_tar
from seaslug.ops.keys import action
from seaslug.ports import BlobStore
from seaslug.tar.reader import Member, members
from seaslug.values.content import FileSlice
from seaslug.values.descriptor import Descriptor
from seaslug.values.tree import Kind

FACTS_VERSION = 12
_HEAD = 256
_MAX_TEXT = 16 << 20
_MAX_ELF = 2 << 30
_TEXTS = ("etc/passwd", "etc/group", "etc/ld.so.conf", "usr/share/seaslug/lock.json",
          "usr/share/seaslug/recipe.json", "etc/nsswitch.conf", "etc/os-release",
          "usr/lib/os-release")  # fmt: skip
_VENV = "pyvenv.cfg"
_FOLDERS = ("etc/ld.so.conf.d/", "etc/ld-musl-")


def layer_facts(store: BlobStore, layer: Descriptor) -> LayerFacts:
    """Return what *layer* holds. Raises StoreError, HostileError."""
    key = action("layer-facts", FACTS_VERSION, layer.digest.text)
    row = store.recall(key)
    if row is None:
        row = _read(plain_tar(store, layer))
        store.remember(key, row)
    return _of(row)


def tar_facts(chunks: Iterator[bytes]) -> LayerFacts:
    """Return what the plain tar *chunks* holds. Raises HostileError."""
    return _of(_read(chunks))


def _read(chunks: Iterator[bytes]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "rows": [], "binaries": {}, "texts": {}, "heads": {}, "packages": {}, "records": {},
        "secrets": {}, "programs": {}, "certificates": {}, "odd": [],
        "capabilities": {}, "libraries": {},
    }  # fmt: skip
    with tempfile.NamedTemporaryFile(prefix="seaslug-elf-") as scratch:
        for member in members(chunks, odd=lambda *told: found["odd"].append(told)):
            hasher = hashlib.sha256()
            if member.kind is Kind.FILE:
                member.content = _hashing(member.content, hasher)
                _file(member, found, scratch)
                for _ in member.content:
                    pass
            found["rows"].append(_row(member, hasher.hexdigest()))
            if value := dict(member.xattrs).get(CAPABILITY):
                found["capabilities"][member.path] = value[:MAX_VALUE].hex()
    for _ in chunks:
        pass  # whether the bytes were the right ones is known at their end
    return found


def _hashing(content: Iterator[memoryview], hasher: Any) -> Iterator[memoryview]:
    for piece in content:
        hasher.update(piece)
        yield piece


def _row(member: Member, digest: str) -> list[Any]:
    return [
        member.path, member.kind.value, member.mode, member.uid, member.gid, member.mtime,
        member.size, member.target, [name for name, _ in member.xattrs],
        digest if member.kind is Kind.FILE else "",
    ]  # fmt: skip


def _file(member: Member, found: dict[str, Any], scratch: Any) -> None:
    path = member.path
    if path in _TEXTS or path.startswith(_FOLDERS) or path.rpartition("/")[2] == _VENV:
        found["texts"][path] = _text(member.content, path)
    elif is_record(path):
        rows = records(path, _text(member.content, path))
        found["records"][path] = rows
        if not is_list(path):
            found["packages"][path] = [(row.name, row.version) for row in rows]
    elif path in rpm.DATABASES and member.size <= rpm.MAX_DATABASE:
        rows = rpm.records(b"".join(map(bytes, member.content)))
        found["records"][path] = rows
        found["packages"][path] = [(row.name, row.version) for row in rows]
    elif path.startswith((*BUNDLES, *OWN)) and member.size <= MAX_BUNDLE:
        found["certificates"][path] = list(expiries(b"".join(map(bytes, member.content))))
    else:
        _other(member, found, scratch)


def _other(member: Member, found: dict[str, Any], scratch: Any) -> None:
    path = member.path
    head, rest = _head(member.content)
    if is_elf(head) and member.size <= _MAX_ELF:
        row = _elf(rest, scratch)
        if row is not None:
            name, linked = row.pop("program"), row.pop("libraries")
            found["binaries"][path] = row
            if linked:
                found["libraries"][path] = linked
            if name:
                found["programs"][path] = name
        return
    if head.startswith(b"#!") or member.mode & 0o111:
        found["heads"][path] = head.decode("latin-1")
    libraries: Iterable[Library] = ()
    if is_archive(path) and head[:2] == b"PK" and member.size <= _MAX_ELF:
        libraries = _archive(rest, path, scratch)
    elif member.size <= secrets.MAX_TEXT and b"\0" not in head:
        data = b"".join(map(bytes, rest))
        marks, libraries = secrets.scan(path, data), of_text(path, data)
        if marks:
            found["secrets"][path] = marks
    if libraries:
        found["libraries"][path] = libraries


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


def _laid(data: Iterable[bytes | memoryview], scratch: BinaryIO) -> FileSlice:
    scratch.seek(0)
    scratch.truncate()
    for piece in data:
        scratch.write(piece)
    scratch.flush()
    return FileSlice(scratch.name, 0, scratch.tell())


def _archive(
    data: Iterable[bytes | memoryview], path: str, scratch: BinaryIO
) -> tuple[Library, ...]:
    from seaslug.apps.java.contained import libraries

    return libraries(_laid(data, scratch), path)


def _elf(data: Iterable[bytes | memoryview], scratch: BinaryIO) -> dict[str, Any] | None:
    content = _laid(data, scratch)
    binary = read(content)
    if binary is None:
        return None
    names = symbols(content)
    hashes = array("I", sorted({hashed(name) for name in names.defined}))
    return {
        "program": _program(binary, scratch),
        "libraries": of_program(content),
        "binary": asdict(binary),
        "defined": base64.b64encode(hashes.tobytes()).decode(),
        "wanted": list(names.wanted),
    }


def _program(binary: Binary, scratch: BinaryIO) -> str:
    with mmap.mmap(scratch.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return recognise(binary, content)


def _of(row: Mapping[str, Any]) -> LayerFacts:
    return LayerFacts(
        tuple(_member(found) for found in row["rows"]),
        {path: _facts(found) for path, found in row["binaries"].items()},
        row["texts"],
        {path: head.encode("latin-1") for path, head in row["heads"].items()},
        {path: tuple((n, v) for n, v in rows) for path, rows in row["packages"].items()},
        records={path: tuple(map(_record, rows)) for path, rows in row["records"].items()},
        secrets={path: tuple(Mark(*m) for m in marks) for path, marks in row["secrets"].items()},
        programs=row["programs"],
        certificates={
            path: tuple((when, name) for when, name in rows)
            for path, rows in row["certificates"].items()
        },
        odd=tuple((path, what) for path, what in row["odd"]),
        capabilities={path: bytes.fromhex(value) for path, value in row["capabilities"].items()},
        libraries={p: tuple(Library(*one) for one in rows) for p, rows in row["libraries"].items()},
    )


def _member(row: list[Any]) -> Row:
    path, kind, mode, uid, gid, mtime, size, target, xattrs, digest = row
    return Row(path, Kind(kind), mode, uid, gid, mtime, size, target, tuple(xattrs), digest)


def _record(row: list[Any]) -> Record:
    name, version, arch, source, depends, provides, paths = row
    return Record(name, version, arch, source, depends, provides, tuple(paths))


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
