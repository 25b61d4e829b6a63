"""The store's folder at its plainest: whole blobs in, and one row of its index exchanged.

For a rebuild of one layer, which has no time to import :mod:`seaslug.adapters.store`; the
layout and the locks are the ones drawn there. OSError is for the caller, who then takes
the long way. Importing it costs nothing.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

MAX_INDEX = 16 << 20


class Held:
    """Holds the file *name* of the store in *root* locked, for as long as the block lasts.

    Raises BlockingIOError at once if somebody else holds it and *wait* is false.
    """

    def __init__(self, root: str, name: str, *, alone: bool = False, wait: bool = False) -> None:
        import fcntl

        self._handle = os.open(f"{root}/{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        how = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
        try:
            fcntl.flock(self._handle, how if wait else how | fcntl.LOCK_NB)
        except OSError:
            os.close(self._handle)
            raise

    def __enter__(self) -> Held:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        os.close(self._handle)


def path(root: str, digest: str) -> str:
    """Return where the blob *digest* lies, or would."""
    return f"{root}/blobs/sha256/{digest[7:]}"


def raw(root: str, blob: tuple[str, int]) -> bytes:
    """Return the bytes of *blob* (digest, size), unchecked but for their number."""
    with open(path(root, blob[0]), "rb") as file:
        data = file.read(blob[1] + 1)
    if len(data) != blob[1]:
        raise ValueError(f"{blob[0]} is cut short")
    return data


def read(root: str, blob: tuple[str, int]) -> bytes:
    """Return the bytes of *blob* (digest, size). Raises ValueError if they are others."""
    data = raw(root, blob)
    if named(data) != blob[0]:
        raise ValueError(f"{blob[0]} is damaged")
    return data


def named(data: bytes) -> str:
    """Return the digest of *data*."""
    return f"sha256:{_sha256(data).hexdigest()}"


def _sha256(data: bytes) -> Any:
    """Return the hash of *data*; hashlib would load OpenSSL, which takes longer than hashing."""
    from importlib import import_module

    for name in ("_sha256", "_sha2", "hashlib"):  # up to Python 3.11, from 3.12 on, elsewhere
        try:
            return import_module(name).sha256(data)
        except ImportError:
            continue
    raise ImportError("hashlib")


def put(root: str, data: bytes) -> tuple[str, int]:
    """Keep *data* as a blob and return (digest, size); it is durable before it is visible."""
    digest = named(data)
    _replace(root, data, path(root, digest), 0o444)
    return digest, len(data)


def settle(root: str) -> None:
    """Make the names of new blobs durable as well."""
    handle = os.open(f"{root}/blobs/sha256", os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def exchange(root: str, old: bytes, new: bytes) -> bool:
    """Put the row *new* into the index for *old*; False if that is not there just once."""
    place = f"{root}/index.json"
    with Held(root, "index.lock", alone=True, wait=True):
        with open(place, "rb", buffering=0) as file:
            raw = file.read(MAX_INDEX + 1)
        if raw.count(old) != 1:
            return False
        if old != new:
            _replace(root, raw.replace(old, new), place, 0o644)
    return True


def _replace(root: str, data: bytes, target: str, mode: int) -> None:
    staged = f"{root}/staging/{os.getpid()}-{os.urandom(8).hex()}"
    try:
        with open(staged, "xb", buffering=0) as file:
            view = memoryview(data)
            while len(view):
                view = view[file.write(view) :]
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), mode)
        os.rename(staged, target)
    except BaseException:
        if os.path.lexists(staged):
            os.unlink(staged)
        raise
