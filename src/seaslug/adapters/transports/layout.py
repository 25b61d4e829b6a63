"""OCI layouts in folders: read, and written so that a name never leads to what is not there.

::

    DIR
    ├── oci-layout, index.json     locked, by a lock on DIR, while it changes
    └── blobs/sha256/<hex>         renamed into place when it is whole
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seaslug.adapters import rows
from seaslug.adapters.store import Store
from seaslug.adapters.transports.laid import LaidOut
from seaslug.adapters.transports.store import StoreTarget
from seaslug.errors import IntegrityError, StoreError
from seaslug.oci.read import subject_of
from seaslug.ports import ImageTarget, Opener
from seaslug.values.content import FileSlice
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

_NO_LAYOUT = "an OCI layout has a file oci-layout; seaslug build … -o oci:DIR makes one"


class LayoutSource(LaidOut):
    """The image called *name* in the layout in *folder*; ``@sha256:…`` is a digest.

    Raises StoreError if there is no layout.
    """

    def __init__(self, folder: str | Path, name: str = "") -> None:
        self._folder = Path(folder).expanduser()
        if not rows.is_layout(str(self._folder)):
            raise StoreError("is no OCI layout", where=str(folder), hint=_NO_LAYOUT)
        index = rows.load(str(self._folder / "index.json"), _NO_LAYOUT)
        super().__init__(index, self._blob, name, str(self._folder))

    def _blob(self, digest: Digest) -> FileSlice | None:
        path = self._folder / "blobs" / "sha256" / digest.hex
        try:
            return FileSlice(str(path), 0, path.stat().st_size)
        except OSError:
            return None


def target_in(folder: str | Path, *names: str, store: Store | None = None) -> ImageTarget:
    """Return the layout in *folder* to write to; another store is written as a store."""
    rows.must_be_names(names)
    root = Path(folder).expanduser()
    if (root / "actions").is_dir() and (root / "staging").is_dir():
        return AnotherStore(root, *names)
    return LayoutTarget(root, *names, store=store)


class AnotherStore(StoreTarget):
    """The store of somebody else, or of another day; its collector is held off meanwhile."""

    def __init__(self, root: Path, *names: str) -> None:
        store = Store(root)
        super().__init__(store, *names)
        self._session = contextlib.ExitStack()
        self._session.enter_context(store.session())

    def finish(self, top: Descriptor, raw: bytes) -> str:
        """As in StoreTarget; the place is named as what it is."""
        return f"oci:{self._store.root}:{super().finish(top, raw)}"

    def close(self) -> None:
        """Let its collector go on."""
        self._session.close()


class LayoutTarget:
    """The layout in *folder*, made if it is not there; *names* will stand for what is written.

    Blobs that lie in *store* as well become links where that is possible.
    """

    parallel = 4

    def __init__(self, folder: str | Path, *names: str, store: Store | None = None) -> None:
        self._folder = Path(folder).expanduser()
        self._names = [name for name in names if name]
        self._store = store
        self._ready = False

    def holds(self, top: Descriptor) -> bool:
        """Tell whether every name stands for *top* already."""
        index = self._index()
        known = {rows.name_of(row) for row in index if row.get("digest") == top.digest.text}
        return bool(known) and known.issuperset(self._names or known) and self._has(top)

    def put_blob(self, wanted: Descriptor, opened: Opener, origins: Sequence[str] = ()) -> str:
        """Write a blob, verified; returns ``there`` or ``sent``. Raises IntegrityError."""
        if self._has(wanted):
            return "there"
        target = self._blob(wanted.digest)
        with self._writing():
            target.unlink(missing_ok=True)
            if self._store is not None and self._store.find(wanted.digest) is not None:
                self._store.link_or_copy(wanted.digest, target)
            else:
                self._write(target, wanted, opened(0))
        return "sent"

    def put_manifest(self, wanted: Descriptor, raw: bytes) -> None:
        """Write a manifest; what refers to another is found there afterwards."""
        self.put_blob(wanted, lambda offset: iter([raw[offset:]]))
        if subject_of(raw):
            self._change(wanted, [])

    def finish(self, top: Descriptor, raw: bytes) -> str:
        """Let the names stand for *top*; without any, it is just there."""
        if raw:
            self.put_blob(top, lambda offset: iter([raw[offset:]]))
        self._change(top, self._names)
        return ":".join(("oci", str(self._folder), *self._names[:1]))

    def close(self) -> None:
        """Do nothing: nothing is open."""

    def _blob(self, digest: Digest) -> Path:
        return self._folder / "blobs" / "sha256" / digest.hex

    def _has(self, wanted: Descriptor) -> bool:
        try:
            return self._blob(wanted.digest).stat().st_size == wanted.size
        except OSError:
            return False

    def _index(self) -> list[rows.Row]:
        return list(
            rows.load(str(self._folder / "index.json"), "choose another folder")["manifests"]
        )

    def _change(self, top: Descriptor, names: Sequence[str]) -> None:
        with self._writing(), self._locked():
            path = self._folder / "index.json"
            index = rows.load(str(path), "choose another folder")
            made = rows.named(index["manifests"], top, names)
            if made != index["manifests"] or not path.exists():
                with beside(path) as file:
                    file.write(rows.encode({**index, "manifests": made}))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with explained(self._folder):
            if not self._ready:
                self._index()  # what is something else is left alone
                (self._folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
                if not rows.is_layout(str(self._folder)):
                    with beside(self._folder / "oci-layout") as file:
                        file.write(rows.LAYOUT)
                self._ready = True
            yield

    @contextmanager
    def _locked(self) -> Iterator[None]:
        handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    @staticmethod
    def _write(target: Path, wanted: Descriptor, chunks: Iterable[bytes]) -> None:
        hasher, count = hashlib.sha256(), 0
        with beside(target) as file:
            for chunk in chunks:
                count += len(chunk)
                if count > wanted.size:
                    break
                hasher.update(chunk)
                file.write(chunk)
            if count != wanted.size or hasher.hexdigest() != wanted.digest.hex:
                raise IntegrityError(
                    "the bytes are not what was promised", where=wanted.digest.text
                )


@contextmanager
def beside(path: Path) -> Iterator[Any]:
    """Open a file that is renamed to *path* at the end: all of it or none."""
    staged = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with open(staged, "xb") as file:
            yield file
        staged.replace(path)
    finally:
        with contextlib.suppress(OSError):
            staged.unlink()


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an OSError of the block into a StoreError that says what to do."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"cannot be written: {error.strerror or error}",
            where=str(path),
            hint="choose another place with -o",
        ) from error
