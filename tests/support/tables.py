"""Layers with tables of contents, made by hand: eStargz and zstd:chunked."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import tarfile
from typing import Any

from support import images


def entries(*members: tuple[tarfile.TarInfo, bytes]) -> list[dict[str, Any]]:
    """Return what a table says of *members*."""
    kinds = {tarfile.REGTYPE: "reg", tarfile.DIRTYPE: "dir", tarfile.SYMTYPE: "symlink",
             tarfile.LNKTYPE: "hardlink"}  # fmt: skip
    return [
        {
            "name": info.name + ("/" if info.isdir() else ""), "type": kinds[info.type],
            "size": info.size, "mode": info.mode, "uid": info.uid, "gid": info.gid,
            "modtime": "2026-01-02T03:04:05Z", "linkName": info.linkname,
        }
        for info, _ in members
    ]  # fmt: skip


def stargz(*members: tuple[tarfile.TarInfo, bytes]) -> tuple[bytes, dict[str, str]]:
    """Return an eStargz layer and its annotations."""
    toc = json.dumps({"version": 1, "entries": entries(*members)}).encode()
    data = gzip.compress(images.layer(*members)[:-10240].rstrip(b"\0") + bytes(512), mtime=0)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("stargz.index.json")
        info.size = len(toc)
        tar.addfile(info, io.BytesIO(toc))
    field = b"SG" + struct.pack("<H", 22) + f"{len(data):016x}STARGZ".encode()
    footer = b"\x1f\x8b\x08\x04" + bytes(4) + b"\0\xff" + struct.pack("<H", len(field)) + field
    footer += b"\x01\x00\x00\xff\xff" + bytes(8)
    notes = {
        "containerd.io/snapshot/stargz/toc.digest": f"sha256:{hashlib.sha256(toc).hexdigest()}"
    }
    assert len(footer) == 51
    return data + gzip.compress(out.getvalue(), mtime=0) + footer, notes


def chunked(*members: tuple[tarfile.TarInfo, bytes]) -> tuple[bytes, dict[str, str]]:
    """Return a zstd:chunked layer and its annotations."""
    try:
        from compression import zstd
    except ImportError:
        from backports import zstd
    toc = json.dumps({"version": 1, "entries": entries(*members)}).encode()
    packed = zstd.compress(toc)
    data = zstd.compress(images.layer(*members)) + struct.pack("<II", 0x184D2A50, len(packed))
    key = "io.github.containers.zstd-chunked"
    notes = {
        f"{key}.manifest-position": f"{len(data)}:{len(packed)}:{len(toc)}:1",
        f"{key}.manifest-checksum": f"sha256:{hashlib.sha256(packed).hexdigest()}",
    }
    return data + packed, notes
