"""The only place where tar headers are made.

POSIX ustar with numeric ids and empty owner names. What ustar cannot say (a long
path, a name that is not ASCII, an extended attribute, a huge number) goes into a
PAX header before it, which holds nothing but the records that are needed, sorted.
Importing it costs nothing: a rebuild of one layer starts here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seaslug.values.tree import Entry

BLOCK = 512
END = bytes(2 * BLOCK)
_TYPES = {"file": b"0", "hard": b"1", "link": b"2", "dir": b"5"}
_MAX_ID = 0o7777777
_MAX_SIZE = 0o77777777777
_COPY = 16 << 20


def header(entry: Entry) -> bytes:
    """Return the header blocks of *entry*: one block, or PAX blocks and then one."""
    name = _encode(entry.path + "/" if entry.kind.value == "dir" else entry.path)
    link = _encode(entry.target)
    records: dict[str, bytes] = {}
    prefix, short = _split(name)
    if short is None:
        records["path"] = name
        prefix, short = b"", name[:100].rstrip(b"/")
    if len(link) > 100 or not link.isascii():
        records["linkpath"] = link
    numbers = (
        ("uid", entry.uid, _MAX_ID), ("gid", entry.gid, _MAX_ID),
        ("mtime", entry.mtime, _MAX_SIZE), ("size", entry.size, _MAX_SIZE),
    )  # fmt: skip
    for key, number, limit in numbers:
        if number > limit:
            records[key] = b"%d" % number
    for attribute, value in entry.xattrs:
        records[f"SCHILY.xattr.{attribute}"] = value
    block = _block(entry, (short, prefix, link[:100]), _TYPES[entry.kind.value])
    return _pax(records, entry) + block if records else block


def resized(block: bytes, size: int) -> bytes:
    """Return a file's header *block*, one without PAX, for a content of *size* bytes (< 8 GiB)."""
    return _checked(block[:124] + b"%011o\0" % size + block[136:])


def fragment(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Yield the tar bytes of *entries* in their order, without the end of the archive."""
    for entry in entries:
        yield header(entry)
        if entry.content is not None:
            offset, size = 0, entry.size
            while offset < size:
                piece = entry.content.read(offset, _COPY)
                yield piece
                offset += len(piece)
            if padding := -size % BLOCK:
                yield bytes(padding)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _split(name: bytes) -> tuple[bytes, bytes | None]:
    """Return ustar's (prefix, name), or a name of None if ustar cannot hold it."""
    if not name.isascii():
        return b"", None
    if len(name) <= 100:
        return b"", name
    at = name.rfind(b"/", 0, 156)
    while at > 0:
        if 0 < len(name) - at - 1 <= 100:
            return name[:at], name[at + 1 :]
        at = name.rfind(b"/", 0, at)
    return b"", None


def _block(entry: Entry, names: tuple[bytes, bytes, bytes], kind: bytes) -> bytes:
    short, prefix, link = names
    size = entry.size if entry.size <= _MAX_SIZE else 0
    mtime = min(max(0, entry.mtime), _MAX_SIZE)
    return _checked(
        b"%s%07o\0%07o\0%07o\0%011o\0%011o\0        %s%sustar\00000%s%s%s%s"
        % (
            short.ljust(100, b"\0"), entry.mode & 0o7777, min(entry.uid, _MAX_ID),
            min(entry.gid, _MAX_ID), size, mtime, kind, link.ljust(100, b"\0"),
            bytes(64), b"%07o\0%07o\0" % (0, 0), prefix.ljust(155, b"\0"), bytes(12),
        )
    )  # fmt: skip


def _pax(records: dict[str, bytes], entry: Entry) -> bytes:
    body = b"".join(_record(key, records[key]) for key in sorted(records))
    name = b"PaxHeaders/" + _encode(entry.path.rpartition("/")[2])[:80]
    if not name.isascii():
        name = b"PaxHeaders/entry"
    from seaslug.values.tree import Entry, Kind

    plain = Entry("", Kind.FILE, 0o644, mtime=entry.mtime)
    block = bytearray(_block(plain, (name, b"", b""), b"x"))
    block[124:136] = b"%011o\0" % len(body)
    return _checked(bytes(block)) + body + bytes(-len(body) % BLOCK)


def _record(key: str, value: bytes) -> bytes:
    rest = b" " + _encode(key) + b"=" + value + b"\n"
    size = len(rest)
    total = size + len(str(size))
    total = size + len(str(total))
    return str(total).encode() + rest


def _checked(block: bytes) -> bytes:
    blank = block[:148] + b"        " + block[156:]
    return block[:148] + b"%06o\0 " % sum(blank) + block[156:]
