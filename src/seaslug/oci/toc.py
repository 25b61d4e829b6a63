"""Tables of contents in layers: eStargz and zstd:chunked put one where a range request reaches it.

So the files of a layer are known without its bytes. Both formats are layers for everybody
else: eStargz ends with a gzip member that holds the table as a tar, and a footer of 51
bytes that says where; zstd:chunked says it in annotations, and has the table in a frame that
decoders skip. The manifest's annotations have the digest of either table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from seaslug.errors import HostileError
from seaslug.tar.compress import decompress
from seaslug.tar.reader import Limits, Member, members, safe_path
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.tree import Kind

STARGZ_DIGEST = "containerd.io/snapshot/stargz/toc.digest"
CHUNKED_PLACE = "io.github.containers.zstd-chunked.manifest-position"
CHUNKED_DIGEST = "io.github.containers.zstd-chunked.manifest-checksum"
MAX_TABLE = 64 << 20
_FOOTER = 51
_KINDS = {"dir": Kind.DIR, "reg": Kind.FILE, "symlink": Kind.SYMLINK, "hardlink": Kind.HARDLINK}

Part = Callable[[int, int], bytes]
"""Gives so many bytes of the layer from an offset on, fewer at its end."""


def has_table(layer: Descriptor) -> bool:
    """Tell whether *layer* says that it has a table of contents."""
    notes = dict(layer.annotations)
    return STARGZ_DIGEST in notes or CHUNKED_PLACE in notes


def table(layer: Descriptor, part: Part) -> tuple[Member, ...] | None:
    """Return the members that the table of *layer* names, without contents; None without one.

    Raises HostileError for a table that is not the one of the manifest, or is malformed.
    """
    notes = dict(layer.annotations)
    where = layer.digest.text
    if CHUNKED_PLACE in notes:
        raw = _chunked(notes, layer, part)
    elif STARGZ_DIGEST in notes:
        raw = _stargz(notes[STARGZ_DIGEST], layer, part)
    else:
        return None
    try:
        rows = json.loads(raw)["entries"]
        return tuple(_member(row) for row in rows if row["type"] in _KINDS)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise HostileError(f"not a table of contents: {error}", where=where) from None


def _chunked(notes: Mapping[str, str], layer: Descriptor, part: Part) -> bytes:
    numbers = notes[CHUNKED_PLACE].split(":")
    if len(numbers) != 4 or not all(n.isdigit() for n in numbers):
        raise HostileError("an odd place of a table of contents", where=layer.digest.text)
    offset, size, plain, _ = map(int, numbers)
    if offset + size > layer.size or max(size, plain) > MAX_TABLE:
        raise HostileError("a table of contents beyond its layer", where=layer.digest.text)
    packed = part(offset, size)
    _check(packed, notes.get(CHUNKED_DIGEST, ""), layer)
    return b"".join(decompress("zstd", [packed], plain))


def _stargz(digest: str, layer: Descriptor, part: Part) -> bytes:
    start = layer.size - _FOOTER
    footer = part(max(start, 0), _FOOTER)
    # A gzip header with one extra field, SG, that reads 16 hexadecimal digits and STARGZ.
    text = footer[16:38].decode("ascii", "replace")
    if len(footer) != _FOOTER or footer[12:14] != b"SG" or text[16:] != "STARGZ":
        raise HostileError("no footer where eStargz has one", where=layer.digest.text)
    offset = _hexadecimal(text[:16])
    if not 0 <= offset < start or start - offset > MAX_TABLE:
        raise HostileError("a table of contents beyond its layer", where=layer.digest.text)
    packed = part(offset, start - offset)
    for member in members(decompress("gzip", [packed], MAX_TABLE), Limits(members=16)):
        if member.path == "stargz.index.json":
            raw = b"".join(bytes(piece) for piece in member.content)
            _check(raw, digest, layer)
            return raw
    raise HostileError("no table of contents where its footer says", where=layer.digest.text)


def _hexadecimal(text: str) -> int:
    return int(text, 16) if all(c in "0123456789abcdefABCDEF" for c in text) else -1


def _check(raw: bytes, digest: str, layer: Descriptor) -> None:
    if Digest.of(raw).text != digest:
        raise HostileError(
            "its table of contents is not the one that the manifest names", where=layer.digest.text
        )


def _member(row: Mapping[str, Any]) -> Member:
    name = str(row["name"]).encode("utf-8", "surrogateescape")
    link = str(row.get("linkName") or "")
    kind = _KINDS[row["type"]]
    return Member(
        safe_path(name.lstrip(b"/"), Limits()), kind, int(row.get("mode") or 0) & 0o7777,
        int(row.get("uid") or 0), int(row.get("gid") or 0), _seconds(row.get("modtime")),
        max(0, int(row.get("size") or 0)) if kind is Kind.FILE else 0,
        safe_path(link.lstrip("/").encode(), Limits()) if kind is Kind.HARDLINK else link,
        tuple((str(key), b"") for key in sorted(row.get("xattrs") or {})), _nothing(),
    )  # fmt: skip


def _seconds(text: object) -> int:
    try:
        return int(datetime.fromisoformat(str(text)).timestamp()) if text else 0
    except (ValueError, OverflowError):
        return 0


def _nothing() -> Iterator[memoryview]:
    return iter(())
