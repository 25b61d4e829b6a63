"""Debian packages made in memory, honest ones and hostile ones."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MTIME = 1_700_000_000


@dataclass
class Item:
    """One tar member: a file with ``data``, or of another ``kind`` (tarfile's type bytes)."""

    path: str
    data: bytes = b""
    kind: bytes = tarfile.REGTYPE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: int = MTIME
    target: str = ""
    pax: dict[str, str] = field(default_factory=dict)


def folder(path: str, mode: int = 0o755) -> Item:
    return Item(path, kind=tarfile.DIRTYPE, mode=mode)


def link(path: str, target: str) -> Item:
    return Item(path, kind=tarfile.SYMTYPE, mode=0o777, target=target)


def hard(path: str, target: str) -> Item:
    return Item(path, kind=tarfile.LNKTYPE, target=target)


def tar(items: Sequence[Item], *, fmt: int = tarfile.GNU_FORMAT) -> bytes:
    """Return a tar stream of *items* as tarfile writes it; paths are taken as they are."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt) as archive:
        for item in items:
            info = tarfile.TarInfo(item.path)
            info.type, info.mode, info.mtime = item.kind, item.mode, item.mtime
            info.uid, info.gid, info.linkname = item.uid, item.gid, item.target
            info.uname = info.gname = "root"
            info.size, info.pax_headers = len(item.data), item.pax
            archive.addfile(info, io.BytesIO(item.data) if item.data else None)
    return out.getvalue()


def ar(members: Sequence[tuple[str, bytes]]) -> bytes:
    """Return an ar archive of *members*."""
    out = b"!<arch>\n"
    for name, data in members:
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode()
        out += data + b"\n" * (len(data) % 2)
    return out


def _zst(data: bytes) -> bytes:
    try:
        from compression import zstd
    except ImportError:
        from backports import zstd
    found: bytes = zstd.compress(data)
    return found


PACK: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".xz": lambda data: lzma.compress(data, preset=1),
    ".zst": _zst,
}


@dataclass
class MadeDeb:
    """A package as a file: its bytes and what a Packages index says of it."""

    name: str
    version: str
    arch: str
    raw: bytes
    control: str
    paths: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return f"pool/main/{self.name[0]}/{self.name}/{self.name}_{self.version}_{self.arch}.deb"

    @property
    def stanza(self) -> str:
        digest = hashlib.sha256(self.raw).hexdigest()
        return f"{self.control}Filename: {self.path}\nSize: {len(self.raw)}\nSHA256: {digest}\n"


def deb(
    name: str,
    version: str = "1.0-1",
    *,
    arch: str = "amd64",
    files: Mapping[str, bytes | str] | None = None,
    items: Sequence[Item] | None = None,
    fields: Mapping[str, str] | None = None,
    control: str = ".xz",
    data: str = ".xz",
    md5sums: bool = True,
    data_tar: bytes | None = None,
) -> MadeDeb:
    """Return a package. *files* are path and content; *items* are given as they shall be.

    *fields* are more control fields (``Depends`` ...), *control* and *data* the suffix of
    their compression, *data_tar* replaces the data member's tar by anything.
    """
    found: list[Item] = [folder("./")] if items is None else []
    seen: set[str] = set()
    for path, content in (files or {}).items():
        parts = path.split("/")[:-1]
        for at in range(1, len(parts) + 1):
            parent = "/".join(parts[:at])
            if parent not in seen:
                seen.add(parent)
                found.append(folder(f"./{parent}/"))
        raw = content.encode() if isinstance(content, str) else content
        found.append(Item(f"./{path}", raw))
    found += items or []
    known: dict[str, Any] = {
        "Package": name, "Version": version, "Architecture": arch,
        "Maintainer": "Nobody <nobody@example.org>", "Installed-Size": "1", **(fields or {}),
        "Description": "a package made by a test",
    }  # fmt: skip
    text = "".join(f"{key}: {value}\n" for key, value in known.items())
    inside = [folder("./"), Item("./control", text.encode())]
    if md5sums:
        sums = "".join(
            f"{hashlib.md5(item.data).hexdigest()}  {item.path.removeprefix('./')}\n"
            for item in found
            if item.kind == tarfile.REGTYPE
        )
        inside.append(Item("./md5sums", sums.encode()))
    body = tar(found) if data_tar is None else data_tar
    raw = ar([
        ("debian-binary", b"2.0\n"),
        (f"control.tar{control}", PACK[control](tar(inside))),
        (f"data.tar{data}", PACK[data](body)),
    ])  # fmt: skip
    paths = tuple(item.path.removeprefix("./") for item in found if item.kind != tarfile.DIRTYPE)
    return MadeDeb(name, version, arch, raw, text, paths)
