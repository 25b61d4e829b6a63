"""One package to one tar fragment: selected, moved, with fresh headers, and a record of it.

The record says where in the fragment each file's content lies, so that a tree can
be read from the store without unpacking anything.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

from seaslug.deb.select import Selection, merged_link
from seaslug.errors import HostileError
from seaslug.tar.header import BLOCK, header
from seaslug.tar.reader import Limits, Member, members
from seaslug.values.content import Content, FileSlice, Inline
from seaslug.values.tree import Entry, Kind

STATUS = "var/lib/dpkg/status.d"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.-]*\Z")
_FIRST = 128
_HELD = 32 << 20

Map = Callable[..., Iterable[Any]]
Row = list[Any]


class Source(Protocol):
    """A package: its control stanza, its md5 sums, its files as a tar stream."""

    @property
    def control(self) -> Mapping[str, str]: ...  # noqa: D102

    @property
    def control_text(self) -> str: ...  # noqa: D102

    @property
    def md5sums(self) -> Mapping[str, str]: ...  # noqa: D102

    def data(self, map: Map = map) -> Iterator[bytes | memoryview]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class MemberRecord:
    """What a fragment holds.

    Rows are [path, kind, mode, uid, gid, mtime, size, target, offset, xattrs].

    ``directories`` are those that the package declares, in the same form; they are not in
    the fragment. ``mtime`` is the newest time of any kept file, in seconds.
    """

    package: str
    version: str
    arch: str
    mtime: int
    entries: tuple[Row, ...]
    directories: tuple[Row, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready data."""
        return {
            "package": self.package, "version": self.version, "arch": self.arch,
            "mtime": self.mtime,
            "entries": list(self.entries), "directories": list(self.directories),
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MemberRecord:
        """Return the record that ``to_dict`` wrote."""
        return cls(
            data["package"], data["version"], data["arch"], data["mtime"],
            tuple(data["entries"]), tuple(data["directories"]),
        )  # fmt: skip

    @property
    def paths(self) -> Iterator[str]:
        """The paths of the files and links."""
        return (row[0] for row in self.entries)

    def tree(self, blob_path: str) -> tuple[Entry, ...]:
        """Return the files and links, their contents read from the fragment at *blob_path*."""
        return tuple(_entry(row, blob_path) for row in self.entries)

    def directory_entries(self) -> tuple[Entry, ...]:
        """Return the directories that the package declares."""
        return tuple(_entry(row, "") for row in self.directories)


@dataclass
class Cut:
    """A package being cut: ask for ``chunks()`` once, to the end; then ``record`` is there."""

    source: Source
    selection: Selection
    status: bool = True
    map: Map = map
    _rows: list[Row] = field(default_factory=list)
    _directories: list[Row] = field(default_factory=list)
    _sums: dict[str, str] = field(default_factory=dict)
    _held: dict[str, list[bytes]] = field(default_factory=dict)
    _held_size: int = 0
    _kept: dict[str, str] = field(default_factory=dict)
    _links: dict[str, str] = field(default_factory=dict)
    _offset: int = 0
    _done: bool = False

    @property
    def record(self) -> MemberRecord:
        """What was cut; there once the chunks have all been taken."""
        assert self._done, "the chunks have not been taken yet"
        control = self.source.control
        newest = max((row[5] for row in self._rows), default=0)
        return MemberRecord(
            control.get("Package", ""), control.get("Version", ""), control.get("Architecture", ""),
            newest, tuple(self._rows), tuple(self._directories),
        )  # fmt: skip

    def chunks(self) -> Iterator[bytes | memoryview]:
        """Yield the fragment. Raises HostileError; nothing of it may be kept then."""
        first = True
        for member in members(self.source.data(self.map), Limits()):
            if first and self.status:
                yield from self._stanza(member.mtime)
            first = False
            if member.kind is Kind.DIR:
                self._directory(member)
            elif self.selection.takes(member.path):
                yield from self._take(member)
            elif member.kind is Kind.FILE:
                self._hold(member)
        if first and self.status:
            yield from self._stanza(0)
        if self.status:
            yield from self._listing()
        self._done = True

    def _directory(self, member: Member) -> None:
        path = self.selection.place(member.path)
        if path:
            self._directories.append(
                [path, "dir", member.mode, member.uid, member.gid, member.mtime, 0, "", 0]
            )

    def _take(self, member: Member) -> Iterator[bytes | memoryview]:
        path = self.selection.place(member.path)
        if not path:
            raise HostileError("a file that would replace the root", where=member.path)
        if member.kind is Kind.HARDLINK:
            yield from self._hard(member, path)
        elif member.kind is Kind.SYMLINK:
            target = member.target
            if self.selection.usrmerge:
                target = merged_link(member.path, target)
            yield from self._emit(member, path, (), target)
        else:
            yield from self._file(member, path)

    def _file(self, member: Member, path: str) -> Iterator[bytes | memoryview]:
        first: list[memoryview] = []
        for piece in member.content:
            first.append(piece)
            if sum(len(part) for part in first) >= _FIRST:
                break
        if self.selection.refuses_script(member.mode, _beginning(first)):
            self._keep_aside(member.path, [*first, *member.content])
            return
        self._kept[member.path] = path
        yield from self._emit(
            member, path, self._summed(member, path, chain(first, member.content))
        )

    def _summed(
        self, member: Member, path: str, content: Iterable[memoryview]
    ) -> Iterator[memoryview]:
        """Pass *content* on, noting its md5 sum: the package's own, else computed."""
        known = self.source.md5sums
        if known or not self.status:
            if member.path in known:
                self._sums[path] = known[member.path]
            yield from content
            return
        md5 = hashlib.md5(usedforsecurity=False)
        for piece in content:
            md5.update(piece)
            yield piece
        self._sums[path] = md5.hexdigest()

    def _hard(self, member: Member, path: str) -> Iterator[bytes | memoryview]:
        """Emit a hard link; where its target was left out, the first link becomes the file."""
        target = self._kept.get(member.target)
        if target is not None:
            self._kept[member.path] = target
            yield from self._emit(member, path, (), target)
            return
        if member.target not in self._held:
            raise HostileError(
                f"a hard link to {member.target}, which is not there", where=member.path
            )
        content = [memoryview(piece) for piece in self._held[member.target]]
        member.kind, member.size = Kind.FILE, sum(map(len, content))
        if self.selection.refuses_script(member.mode, _beginning(content)):
            self._held[member.path] = self._held[member.target]
            return
        self._kept[member.target] = self._kept[member.path] = path
        yield from self._emit(member, path, self._summed(member, path, content))

    def _emit(
        self, member: Member, path: str, content: Iterable[bytes | memoryview], target: str = ""
    ) -> Iterator[bytes | memoryview]:
        size = member.size if member.kind is Kind.FILE else 0
        entry = Entry(
            path, member.kind, member.mode, member.uid, member.gid, member.mtime, target,
            FileSlice("", 0, size) if member.kind is Kind.FILE else None, member.xattrs,
        )  # fmt: skip
        head = header(entry)
        yield head
        self._offset += len(head)
        row: Row = [
            path, member.kind.value, member.mode, member.uid, member.gid, member.mtime, size,
            target,
            self._offset,
        ]  # fmt: skip
        if member.xattrs:
            row.append([[name, value.hex()] for name, value in member.xattrs])
        self._rows.append(row)
        yield from content
        if padding := -size % BLOCK:
            yield bytes(padding)
        self._offset += size + (-size % BLOCK)

    def _hold(self, member: Member) -> None:
        """Keep a left-out file's content for a while: a hard link to it may be wanted."""
        if self._held_size + member.size <= _HELD:
            self._keep_aside(member.path, list(member.content))

    def _keep_aside(self, path: str, content: list[memoryview]) -> None:
        pieces = [bytes(piece) for piece in content]
        size = sum(map(len, pieces))
        if self._held_size + size <= _HELD:
            self._held[path] = pieces
            self._held_size += size

    def _stanza(self, mtime: int) -> Iterator[bytes | memoryview]:
        """Emit the control stanza. It comes first: what follows it is the package's."""
        yield from self._say("", self.source.control_text, mtime)

    def _listing(self) -> Iterator[bytes | memoryview]:
        """Emit the md5 sums of what is there, for scanners; with them the package ends."""
        newest = max((row[5] for row in self._rows), default=0)
        listing = "".join(f"{md5}  {path}\n" for path, md5 in sorted(self._sums.items()))
        yield from self._say(".md5sums", listing, newest)

    def _say(self, suffix: str, text: str, mtime: int) -> Iterator[bytes | memoryview]:
        data = text.encode("utf-8", "surrogateescape")
        member = Member("", Kind.FILE, 0o644, 0, 0, mtime, len(data), "", (), iter(()))
        name = self.source.control.get("Package", "")
        if not _NAME.match(name):
            raise HostileError(f"a package called {name[:60]!r}")
        yield from self._emit(member, f"{STATUS}/{name}{suffix}", [data])


def _beginning(pieces: Iterable[memoryview]) -> bytes:
    return b"".join(bytes(piece[:_FIRST]) for piece in pieces)[:_FIRST]


def cut(source: Source, selection: Selection, *, status: bool = True, map: Map = map) -> Cut:
    """Return the cutting of *source*; nothing happens until its chunks are taken."""
    return Cut(source, selection, status, map)


def _entry(row: Row, blob: str) -> Entry:
    path, kind, mode, uid, gid, mtime, size, target, offset, *rest = row
    content: Content | None = None
    if kind == Kind.FILE.value:
        content = FileSlice(blob, offset, size) if size else Inline(b"")
    xattrs = tuple((name, bytes.fromhex(value)) for name, value in rest[0]) if rest else ()
    return Entry(path, Kind(kind), mode, uid, gid, mtime, target, content, xattrs)
