"""The store: an OCI image layout on disk that also remembers actions.

::

    $SEASLUG_HOME
    ├── oci-layout, index.json       the names, as an OCI layout
    ├── blobs/sha256/<hex>           immutable; written beside and renamed
    ├── actions/<2 hex>/<hex>.json   what a step gave for its inputs
    ├── archive/                     the Debian archive's verified metadata
    ├── runtimes/                    interpreters that compile, unpacked
    ├── caches/                      what the tools of projects keep for themselves
    ├── staging/                     being written; what a dead process left is swept
    └── lock                         held shared while building, alone while collecting

A blob is visible only whole. It is made durable when a name first leads to it: until
then it can be made again, and a flush per blob would cost more than the build. After
a crash a blob may be there and short; so actions and descriptors know sizes, and an
empty blob counts as missing.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seaslug.adapters import rows
from seaslug.errors import IntegrityError, StoreError, UnknownNameError
from seaslug.oci.plain import canonical
from seaslug.ports import Opener, Stored
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

_EMPTY = Digest.of(b"")
_COPY = 1 << 20
_ABANDONED = 600.0
_RESUMED = 7 * 86400.0


def default_root() -> Path:
    """Return where the store lies: $SEASLUG_HOME, else seaslug in the user's cache folder."""
    home = os.environ.get("SEASLUG_HOME")
    if home:
        return Path(home).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "seaslug"


class Store:
    """The store in the folder *root*, made when first written to. Safe for many processes."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        self._blobs = f"{self.root}/blobs/sha256/"
        self._ready = False

    def put(self, chunks: Iterable[bytes | memoryview]) -> Stored:
        """Keep the concatenation of *chunks*; nothing is visible until all of it is there."""
        with self._writing() as (file, path):
            hasher, size = hashlib.sha256(), 0
            for chunk in chunks:
                hasher.update(chunk)
                file.write(chunk)
                size += len(chunk)
            file.flush()
            return self._adopt(path, Digest.from_hex(hasher.hexdigest()), size)

    def put_verified(
        self, chunks: Iterable[bytes | memoryview], digest: Digest, size: int
    ) -> Stored:
        """As put; raises IntegrityError as soon as the bytes cannot be *digest* and *size*."""
        with self._writing() as (file, path):
            hasher, count = hashlib.sha256(), 0
            for chunk in chunks:
                count += len(chunk)
                if count > size:
                    raise IntegrityError(f"more than the {size} bytes that were promised")
                hasher.update(chunk)
                file.write(chunk)
            file.flush()
            if count != size:
                raise IntegrityError(f"{count} bytes instead of {size}")
            if hasher.hexdigest() != digest.hex:
                raise IntegrityError(f"sha256:{hasher.hexdigest()} instead of {digest}")
            return self._adopt(path, digest, size)

    def receive(self, wanted: Descriptor, opened: Opener) -> Stored:
        """Bring a blob here; what came of it before a cut is kept, and asked for no more.

        Raises IntegrityError as soon as the bytes cannot be the ones of *wanted*.
        """
        from seaslug.adapters.receive import PREFIX, Partial

        found = self.find(wanted.digest)
        if found is not None and found.size == wanted.size:
            return found
        self._prepare()
        with self.explained():
            partial = Partial(f"{self.root}/staging/{PREFIX}{wanted.digest.hex}", wanted)
            with partial.locked():
                found = self.find(wanted.digest)
                if found is not None and found.size == wanted.size:
                    return found
                partial.fill(opened)
                return self._adopt(partial.path, wanted.digest, wanted.size)

    def find(self, digest: Digest) -> Stored | None:
        """Return the blob, or None if it is not here."""
        path = self._blobs + digest.hex
        try:
            size = os.stat(path).st_size
        except OSError:
            return None
        return Stored(digest, size, path) if size or digest == _EMPTY else None

    def get(self, digest: Digest) -> Stored:
        """Return the blob; raises StoreError if it is not here."""
        found = self.find(digest)
        if found is None:
            raise StoreError(
                f"{digest} is not in the store", where=str(self.root), hint="build or pull it again"
            )
        return found

    def read(self, digest: Digest, limit: int = 64 << 20) -> bytes:
        """Return a small blob's bytes, checked against its digest. Raises StoreError."""
        found = self.get(digest)
        if found.size > limit:
            raise StoreError(f"{digest} has {found.size} bytes, more than expected")
        with open(found.path, "rb") as file:
            data = file.read()
        if Digest.of(data) != digest:
            raise StoreError(
                f"{digest} is damaged", where=found.path, hint="remove this file and build again"
            )
        return data

    def chunks(self, wanted: Descriptor) -> Iterator[bytes]:
        """Yield a blob's bytes, piece by piece. Raises StoreError."""
        with open(self.get(wanted.digest).path, "rb", buffering=0) as file:
            while chunk := file.read(_COPY):
                yield chunk

    def concat(self, parts: Sequence[Stored], tail: bytes) -> Stored:
        """Keep the concatenation of *parts* and *tail*."""
        return self.put(_joined(parts, tail))

    def hash_concat(self, parts: Sequence[Stored], tail: bytes) -> Digest:
        """Return the digest of the concatenation of *parts* and *tail*; nothing is kept."""
        hasher = hashlib.sha256()
        for chunk in _joined(parts, tail):
            hasher.update(chunk)
        return Digest.from_hex(hasher.hexdigest())

    def recall(self, key: Digest) -> dict[str, Any] | None:
        """Return what the action *key* gave the last time, or None."""
        try:
            with open(self._action(key), "rb") as file:
                found = json.loads(file.read())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def remember(self, key: Digest, result: Mapping[str, Any]) -> None:
        """Keep the JSON-ready *result* of the action *key*."""
        path = self._action(key)
        with self._writing() as (file, staged):
            file.write(json.dumps(result, separators=(",", ":")).encode())
            file.flush()
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.replace(staged, path)

    def tags(self) -> dict[str, Descriptor]:
        """Return every name and what it stands for."""
        return {
            rows.name_of(row): rows.descriptor_of(row)
            for row in self._index()["manifests"]
            if rows.name_of(row)
        }

    def tag(self, name: str, descriptor: Descriptor, platform: str = "") -> None:
        """Let *name* stand for the manifest or index at *descriptor*; its blobs become durable."""
        row = rows.row(descriptor, name)
        if platform:
            parts = platform.split("/")
            row["platform"] = dict(zip(("os", "architecture", "variant"), parts, strict=False))
        if row in self._index()["manifests"]:
            return
        self._sync()
        with self._changing() as known:
            known[:] = [one for one in known if rows.name_of(one) != name]
            known.append(row)
            known.sort(key=rows.name_of)

    def row(self, name: str) -> str:
        """Return the row of *name* as it is written in the index; empty if there is none."""
        found = (row for row in self._index()["manifests"] if rows.name_of(row) == name)
        return next((canonical(row).decode() for row in found), "")

    def untag(self, name: str) -> Descriptor:
        """Forget *name*; raises UnknownNameError if it is not known."""
        with self._changing() as known:
            found = [row for row in known if rows.name_of(row) == name]
            if not found:
                names = [rows.name_of(row) for row in known if rows.name_of(row)]
                raise UnknownNameError("image", name, names)
            known[:] = [row for row in known if rows.name_of(row) != name]
            return rows.descriptor_of(found[0])

    def refer(self, referrer: Descriptor) -> None:
        """Keep a manifest, as long as what it names as its subject is kept."""
        row = rows.row(referrer)
        if row in self._index()["manifests"]:
            return
        self._sync()
        with self._changing() as known:
            known.append(row)
            known.sort(key=rows.name_of)

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """Return the manifests that name *subject* as their subject."""
        return rows.referring(self._nameless(), subject, lambda one: self.read(one.digest))

    def forget_gone(self) -> None:
        """Forget the referrers whose manifests were discarded."""
        gone = [row for row in self._index()["manifests"] if self._is_gone(row)]
        if gone:
            with self._changing() as known:
                known[:] = [row for row in known if row not in gone]

    def _nameless(self) -> list[rows.Row]:
        found = self._index()["manifests"]
        return [row for row in found if not (rows.name_of(row) or self._is_gone(row))]

    def _is_gone(self, row: rows.Row) -> bool:
        return not rows.name_of(row) and self.find(rows.descriptor_of(row).digest) is None

    @contextmanager
    def session(self) -> Iterator[None]:
        """Hold off the collector while blobs are in use that nothing refers to yet."""
        with self._flock("lock", fcntl.LOCK_SH) as handle:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._sweep()
            fcntl.flock(handle, fcntl.LOCK_SH)
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold off everybody else; raises StoreError if a build is running."""
        with self._flock("lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
            self._sweep()
            yield

    def contents(self) -> Iterator[tuple[Digest, int, float]]:
        """Yield (digest, size in bytes, time of making) of every blob."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self._blobs) as entries:
            for entry in entries:
                if len(entry.name) == 64:
                    state = entry.stat()
                    yield Digest.from_hex(entry.name), state.st_size, state.st_mtime

    def discard(self, digest: Digest) -> None:
        """Remove a blob that nothing refers to; only for who holds the store ``alone``."""
        with contextlib.suppress(FileNotFoundError), self.explained():
            os.unlink(self._blobs + digest.hex)

    def forget_before(self, moment: float) -> int:
        """Forget actions, archive indices, runtimes and caches of tools made before *moment*.

        Returns how many there were.
        """
        import shutil  # costs ten milliseconds, and is for the collector only

        count = 0
        for pattern in ("actions/*/*.json", "archive/indices/*"):
            for path in self.root.glob(pattern):
                if path.stat().st_mtime < moment:
                    path.unlink(missing_ok=True)
                    count += 1
        for path in (*self.root.glob("runtimes/*"), *self.root.glob("caches/*")):
            if path.stat().st_mtime < moment:
                shutil.rmtree(path, ignore_errors=True)
                count += 1
        return count

    def _sweep(self) -> None:
        """Remove what dead processes left half written; only while nobody else is here.

        Young files stay: names and locks are written without a session, in a moment.
        """
        with os.scandir(self.root / "staging") as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    kept = _RESUMED if entry.name.startswith("partial-") else _ABANDONED
                    if time.time() - entry.stat().st_mtime > kept:
                        os.unlink(entry.path)

    def link_or_copy(self, digest: Digest, target: Path) -> None:
        """Make *target* a file with the blob's bytes: a hard link where that is possible."""
        found = self.get(digest)
        try:
            os.link(found.path, target)
        except FileExistsError:
            pass
        except OSError:
            beside = target.with_name(f".{target.name}.{os.getpid()}")
            with self.explained():
                _copy(found.path, str(beside))
                os.replace(beside, target)

    def _adopt(self, staged: str, digest: Digest, size: int) -> Stored:
        path = self._blobs + digest.hex
        os.chmod(staged, 0o444)
        os.rename(staged, path)
        return Stored(digest, size, path)

    def _action(self, key: Digest) -> str:
        return f"{self.root}/actions/{key.hex[:2]}/{key.hex}.json"

    @contextmanager
    def _writing(self) -> Iterator[tuple[Any, str]]:
        """Open a staging file; it is gone afterwards unless it was renamed."""
        self._prepare()
        path = f"{self.root}/staging/{os.getpid()}-{os.urandom(8).hex()}"
        try:
            with self.explained(), open(path, "wb", buffering=0) as file:
                yield _Whole(file), path
        finally:
            with contextlib.suppress(OSError):
                os.unlink(path)

    def _prepare(self) -> None:
        if self._ready:
            return
        with self.explained():
            for folder in ("blobs/sha256", "actions", "staging"):
                os.makedirs(self.root / folder, exist_ok=True)
            layout = self.root / "oci-layout"
            if not layout.exists():
                layout.write_bytes(rows.LAYOUT)
        self._ready = True

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn an OSError of the block into a StoreError that says what to do."""
        try:
            yield
        except OSError as error:
            hint = "set SEASLUG_HOME (or --store) to a folder that you may write to"
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                hint = "free some space (seaslug gc helps), then run the same command again"
            what = f"cannot be written: {error.strerror or error}"
            raise StoreError(what, where=str(self.root), hint=hint) from error

    @contextmanager
    def _flock(self, name: str, how: int) -> Iterator[int]:
        self._prepare()
        with self.explained():
            handle = os.open(self.root / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(handle, how)
            except BlockingIOError:
                raise StoreError(
                    "a build is running on this store",
                    where=str(self.root),
                    hint="wait for it to end, then try again",
                ) from None
            yield handle
        finally:
            os.close(handle)

    def _index(self) -> dict[str, Any]:
        hint = "move it away; the blobs are still there"
        return rows.load(f"{self.root}/index.json", hint)

    @contextmanager
    def _changing(self) -> Iterator[list[dict[str, Any]]]:
        with self._flock("index.lock", fcntl.LOCK_EX):
            data = self._index()
            yield data["manifests"]
            with self._writing() as (file, staged):
                file.write(rows.encode(data))
                os.fsync(file.fileno())
                os.replace(staged, self.root / "index.json")

    def _sync(self) -> None:
        """Make everything that was written durable, in one go where the system can."""
        self._prepare()
        handle = os.open(self.root, os.O_RDONLY)
        try:
            if not _syncfs(handle):
                os.sync()
        finally:
            os.close(handle)


class _Whole:
    """An unbuffered file whose ``write`` writes all of it."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while len(view):
            view = view[self._file.write(view) :]

    def flush(self) -> None:
        self._file.flush()

    def fileno(self) -> int:
        found: int = self._file.fileno()
        return found


def _joined(parts: Sequence[Stored], tail: bytes) -> Iterator[bytes | memoryview]:
    for part in parts:
        with open(part.path, "rb", buffering=0) as file:
            while chunk := file.read(_COPY):
                yield chunk
    if tail:
        yield tail


def _copy(source: str, target: str) -> None:
    import shutil

    shutil.copyfile(source, target)


def _syncfs(handle: int) -> bool:
    import ctypes

    try:
        return bool(ctypes.CDLL(None).syncfs(handle) == 0)
    except (OSError, AttributeError):
        return False
