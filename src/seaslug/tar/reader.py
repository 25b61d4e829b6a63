"""A tar stream, read without trusting it.

The stream comes as chunks of any size; what is yielded are members with their
content as slices of those chunks, so nothing is copied. Refused, with the name
of the member: absolute paths and ``..``, devices and FIFOs (unless they are to be told
and passed over), sparse files, bad checksums, more members or bytes than the limits allow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from seaslug.errors import HostileError
from seaslug.values.tree import Kind

BLOCK = 512
_ZERO = bytes(BLOCK)
_MAX_EXTENDED = 1 << 20
_SECONDS = re.compile(rb"(-?[0-9]{1,18})(?:\.[0-9]*)?\Z")
_KINDS = {
    b"0": Kind.FILE, b"\0": Kind.FILE, b"7": Kind.FILE, b"1": Kind.HARDLINK, b"2": Kind.SYMLINK,
    b"5": Kind.DIR,
}  # fmt: skip

_ODD = {b"3": "a character device", b"4": "a block device", b"6": "a FIFO"}

Buffer = bytes | memoryview
Odd = Callable[[str, str], None]
"""Hears of a member that is passed over: its path, and what it is."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one stream: members and headers of theirs, bytes of content, length of a path."""

    members: int = 1_000_000
    total: int = 16 << 30
    path: int = 4096


@dataclass(slots=True)
class Member:
    """One member. ``content`` must be consumed, or is skipped, before the next is asked for."""

    path: str
    kind: Kind
    mode: int
    uid: int
    gid: int
    mtime: int
    size: int
    target: str
    xattrs: tuple[tuple[str, bytes], ...]
    content: Iterator[memoryview] = field(repr=False)


class Source:
    """Chunks as one stream: exact reads for headers, slices for content."""

    def __init__(self, chunks: Iterable[Buffer]) -> None:
        self._chunks = iter(chunks)
        self._view = memoryview(b"")
        self._at = 0

    def exact(self, size: int, what: str) -> memoryview:
        """Return exactly *size* bytes; raises HostileError at a premature end."""
        end = self._at + size
        if end <= len(self._view):
            found = self._view[self._at : end]
            self._at = end
            return found
        parts = [bytes(piece) for piece in self.pieces(size, what)]
        return memoryview(b"".join(parts))

    def pieces(self, size: int, what: str) -> Iterator[memoryview]:
        """Yield slices that together are *size* bytes."""
        while size:
            if self._at == len(self._view) and not self._next():
                raise HostileError("ends too early", where=what)
            piece = self._view[self._at : self._at + size]
            self._at += len(piece)
            size -= len(piece)
            yield piece

    def ended(self) -> bool:
        """Tell whether the stream is at its end."""
        return self._at == len(self._view) and not self._next()

    def _next(self) -> bool:
        for chunk in self._chunks:
            if len(chunk):
                self._view, self._at = memoryview(chunk), 0
                return True
        return False


def members(
    chunks: Iterable[Buffer] | Source, limits: Limits | None = None, odd: Odd | None = None
) -> Iterator[Member]:
    """Yield the members of a tar stream. Raises HostileError.

    With *odd* devices and FIFOs are passed over, and it hears of each.
    """
    limits = limits or Limits()
    source = chunks if isinstance(chunks, Source) else Source(chunks)
    extended: dict[str, bytes] = {}
    everywhere: dict[str, bytes] = {}
    count = total = held = lasting = 0
    while (block := _header(source)) is not None:
        kind = bytes(block[156:157])
        size = _number(block[124:136], "size")
        count += 1
        if count > limits.members:
            raise HostileError(f"more than {limits.members} members")
        if kind in (b"x", b"g", b"L", b"K"):
            held += size
            if held > _MAX_EXTENDED:
                raise HostileError(f"extended headers of {held} bytes")
            data = bytes(source.exact(size, "extended header"))
            source.exact(-size % BLOCK, "padding")
            if kind == b"g":
                everywhere.update(_records(data))
                lasting += size
            elif kind == b"x":
                extended.update(_records(data))
            else:
                extended["path" if kind == b"L" else "linkpath"] = data.rstrip(b"\0")
            continue
        if odd is not None and kind in _ODD:
            passed = _member(block, b"5", 0, {**everywhere, **extended}, limits)
            odd(passed.path, _ODD[kind])
            extended, held = {}, lasting
            continue
        member = _member(block, kind, size, {**everywhere, **extended}, limits)
        extended, held = {}, lasting
        total += member.size
        if total > limits.total:
            raise HostileError(f"more than {limits.total} bytes", where=member.path)
        left = source.pieces(member.size, member.path)
        yield replace_content(member, left)
        for _ in left:
            pass
        source.exact(-member.size % BLOCK, member.path)


def replace_content(member: Member, content: Iterator[memoryview]) -> Member:
    """Return *member* with its content."""
    return replace(member, content=content)


def _header(source: Source) -> memoryview | None:
    if source.ended():
        return None
    block = source.exact(BLOCK, "header")
    if block == _ZERO:
        return None
    stored = _number(block[148:156], "checksum")
    if stored != sum(block) - sum(block[148:156]) + 256:
        raise HostileError("a header with a wrong checksum", where=_name(block[:100]))
    return block


def _member(
    block: memoryview, kind: bytes, size: int, extra: dict[str, bytes], limits: Limits
) -> Member:
    raw = extra.get("path")
    if raw is None:
        name, prefix = bytes(block[:100]), bytes(block[345:500])
        raw = name.split(b"\0", 1)[0]
        if bytes(block[257:262]) == b"ustar" and block[262] == 0 and prefix[0]:
            raw = prefix.split(b"\0", 1)[0] + b"/" + raw
    link = extra.get("linkpath", bytes(block[157:257]).split(b"\0", 1)[0])
    shown = raw[:200].decode("utf-8", "replace")
    known = _KINDS.get(kind)
    if any(key.startswith("GNU.sparse") for key in extra):
        known = None
    if known is None:
        raise HostileError(f"a member of type {kind!r}; only files, folders and links", where=shown)
    if known is Kind.FILE and raw.endswith(b"/"):
        known = Kind.DIR
    if "size" in extra:
        size = _decimal(extra["size"], "size")
    path = safe_path(raw, limits)
    target = _name(link) if known is Kind.SYMLINK else ""
    if known is Kind.HARDLINK:
        target = safe_path(link, limits)
    if known is Kind.SYMLINK and (not target or "\0" in target or len(target) > limits.path):
        raise HostileError("a link without a sound target", where=shown)
    return Member(
        path=path,
        kind=known,
        mode=_number(block[100:108], "mode") & 0o7777,
        uid=_decimal(extra["uid"], "uid") if "uid" in extra else _number(block[108:116], "uid"),
        gid=_decimal(extra["gid"], "gid") if "gid" in extra else _number(block[116:124], "gid"),
        mtime=_time(extra["mtime"]) if "mtime" in extra else _number(block[136:148], "mtime"),
        size=size if known is Kind.FILE else 0,
        target=target,
        xattrs=tuple(
            sorted((k[13:], v) for k, v in extra.items() if k.startswith("SCHILY.xattr."))
        ),
        content=iter(()),
    )


def safe_path(raw: bytes, limits: Limits) -> str:
    """Return *raw* as a tree path (the root is empty). Raises HostileError if it would escape."""
    text = _name(raw)
    if raw.startswith(b"/") or b"\0" in raw or len(raw) > limits.path:
        raise HostileError("an absolute, too long or malformed path", where=text[:200])
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise HostileError("a path that leads out of the root", where=text[:200])
    return "/".join(parts)


def _name(raw: bytes | memoryview) -> str:
    return bytes(raw).decode("utf-8", "surrogateescape")


def _number(raw: memoryview, what: str) -> int:
    data = bytes(raw)
    if data[0] & 0x80:
        value = int.from_bytes(data, "big") & ((1 << (8 * len(data) - 1)) - 1)
        if data[0] == 0xFF or value >> 62:
            raise HostileError(f"an impossible {what}")
        return value
    text = data.split(b"\0", 1)[0].strip()
    if not text:
        return 0
    try:
        value = int(text, 8)
    except ValueError:
        raise HostileError(f"a {what} that is no number: {text[:20]!r}") from None
    if value < 0:
        raise HostileError(f"a negative {what}")
    return value


def _decimal(raw: bytes, what: str) -> int:
    if not raw.isdigit() or len(raw) > 18:
        raise HostileError(f"a {what} that is no number: {raw[:20]!r}")
    return int(raw)


def _time(raw: bytes) -> int:
    """Return the whole seconds; a float would round the fraction up."""
    found = _SECONDS.match(raw)
    if not found:
        raise HostileError(f"an mtime that is no number: {raw[:20]!r}")
    return int(found[1])


def _records(data: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        digits = data[at:space]
        if space < 0 or not digits.isdigit():
            raise HostileError("a malformed extended header")
        end = at + int(digits)
        record = data[space + 1 : end - 1]
        key, equals, value = record.partition(b"=")
        if not equals or end > len(data) or data[end - 1 : end] != b"\n":
            raise HostileError("a malformed extended header")
        found[key.decode("utf-8", "surrogateescape")] = value
        at = end
    return found
