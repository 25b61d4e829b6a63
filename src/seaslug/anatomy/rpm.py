"""What rpm's database says: a table of header blobs in sqlite, read from its bytes.

Sources: the RPM package file format (header structure and tags), and rpm's sqlite backend. The
older Berkeley DB and ndb are not read. Nothing here raises: what is damaged is not said.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from seaslug.anatomy.facts import Record

DATABASES = ("var/lib/rpm/rpmdb.sqlite", "usr/lib/sysimage/rpm/rpmdb.sqlite")
MAX_DATABASE = 256 << 20
_MAX_HEADER, _MAX_ENTRIES, _MAX_STRINGS = 64 << 20, 4096, 1 << 20
_MAX_PACKAGES = 50_000
_STEPS = 1000
_MOST_STEPS = 200_000
"""Of sqlite's machine, in thousands: what a sound database needs is a small part of it."""
_INT32, _STRING, _STRINGS, _TEXT = 4, 6, 8, 9
_NAME, _VERSION, _RELEASE, _EPOCH, _ARCH, _SOURCE = 1000, 1001, 1002, 1003, 1022, 1044
_PROVIDES, _REQUIRES = 1047, 1049
_INDEXES, _BASES, _FOLDERS = 1116, 1117, 1118
_KEYS = "gpg-pubkey"
_SELECT = "SELECT blob FROM Packages LIMIT ?"

Values = Mapping[int, tuple[str, ...] | tuple[int, ...]]


def records(data: bytes) -> tuple[Record, ...]:
    """Return the packages of the database *data*; imported keys are none."""
    found = []
    for blob in _blobs(data):
        try:
            record = package(blob)
        except (struct.error, ValueError, IndexError):
            continue
        if record is not None and record.name != _KEYS:
            found.append(record)
    return tuple(found)


def package(blob: bytes) -> Record | None:
    """Return the package of a header; raises struct.error or ValueError if it is damaged."""
    values = _values(blob)
    name, version = _first(values, _NAME), _first(values, _VERSION)
    if not name or not version:
        return None
    release, epoch = _first(values, _RELEASE), _first(values, _EPOCH)
    full = f"{epoch}:" * bool(epoch) + version + f"-{release}" * bool(release)
    source = _first(values, _SOURCE).removesuffix(".src.rpm").rsplit("-", 2)[0]
    return Record(
        name, full, _first(values, _ARCH), source or name, _words(values, _REQUIRES),
        _words(values, _PROVIDES), tuple(_paths(values)),
    )  # fmt: skip


def _first(values: Values, tag: int) -> str:
    return str(values[tag][0]) if values.get(tag) else ""


def _words(values: Values, tag: int) -> str:
    """Return names with blanks between them; rich dependencies are sentences, and left out."""
    names = map(str, values.get(tag, ()))
    return " ".join(dict.fromkeys(name for name in names if " " not in name))


def _paths(values: Values) -> Iterator[str]:
    folders = values.get(_FOLDERS, ())
    for index, base in zip(values.get(_INDEXES, ()), values.get(_BASES, ()), strict=False):
        if isinstance(index, int) and index < len(folders):
            yield f"{folders[index]}{base}".strip("/")


def _values(blob: bytes) -> Values:
    """Return the entries that are looked at, by tag."""
    count, size = struct.unpack_from(">II", blob)
    start = 8 + 16 * count
    if not count <= _MAX_ENTRIES or start + size > len(blob):
        raise ValueError("header")
    wanted = {_NAME, _VERSION, _RELEASE, _EPOCH, _ARCH, _SOURCE, _PROVIDES, _REQUIRES, _INDEXES,
              _BASES, _FOLDERS}  # fmt: skip
    found: dict[int, tuple[str, ...] | tuple[int, ...]] = {}
    for tag, kind, offset, many in struct.iter_unpack(">IIII", blob[8:start]):
        if tag not in wanted or offset >= size or many > _MAX_STRINGS:
            continue
        at = start + offset
        if kind == _INT32:
            found[tag] = struct.unpack_from(f">{many}I", blob, at)
        elif kind in (_STRING, _STRINGS, _TEXT):
            found[tag] = tuple(_strings(blob, at, many))
    return found


def _strings(blob: bytes, at: int, many: int) -> Iterator[str]:
    for _ in range(many):
        end = blob.index(b"\0", at)
        yield blob[at:end].decode("utf-8", "surrogateescape")
        at = end + 1


def _blobs(data: bytes) -> Iterator[bytes]:
    """Yield the header of each package. The database is not trusted: one plain select, bounded."""
    if len(data) < 100 or not data.startswith(b"SQLite format 3\0"):
        return
    try:
        import sqlite3
    except ImportError:  # some small Pythons are built without it
        return
    # A database in memory has no write-ahead log: 1 is the format without one.
    plain = data[:18] + b"\1\1" + data[20:]
    connection = sqlite3.connect(":memory:")
    left = [_MOST_STEPS]

    def tired() -> bool:
        left[0] -= 1
        return left[0] < 0

    try:
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_HEADER)
        connection.deserialize(plain)
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.set_authorizer(_only_packages)
        connection.set_progress_handler(tired, _STEPS)
        for (blob,) in connection.execute(_SELECT, (_MAX_PACKAGES,)):
            if isinstance(blob, bytes):
                yield blob
    except (sqlite3.Error, AttributeError, OverflowError, MemoryError):
        return
    finally:
        connection.close()


def _only_packages(action: int, table: str | None, *_: str | None) -> int:
    """Allow to read that table; a view of this name would need more than that."""
    import sqlite3

    reads = action == sqlite3.SQLITE_READ and table == "Packages"
    good = action == sqlite3.SQLITE_SELECT or reads
    return sqlite3.SQLITE_OK if good else sqlite3.SQLITE_DENY
