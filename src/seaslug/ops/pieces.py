"""One package to one piece of a layer, made once ever: cut, kept, compressed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from seaslug.deb.member import MemberRecord, cut
from seaslug.deb.package import Deb
from seaslug.deb.select import Selection
from seaslug.deb.tarball import Tarball
from seaslug.errors import HostileError
from seaslug.ops.keys import CUT_VERSION, action
from seaslug.ports import BlobStore, Stored
from seaslug.tar.compress import Compression, compress
from seaslug.tar.writer import END
from seaslug.values.debian import Package
from seaslug.values.digest import Digest
from seaslug.values.tree import Entry

_READ = 16 << 20

Map = Callable[..., Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A package's share of a layer: its tar fragment in the store and what is in it."""

    record: MemberRecord
    fragment: Stored

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The files and links of the fragment, contents read from the store on demand."""
        return self.record.tree(self.fragment.path)


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts packages and compresses fragments, remembering both in the store."""

    store: BlobStore
    compression: Compression
    map: Map

    def recall(self, package: Package, selection: Selection) -> Piece | None:
        """Return the piece if it was made before and is still here."""
        found = self.store.recall(self._key(package, selection))
        fragment = self.store.find(Digest(found["fragment"])) if found else None
        if found is None or fragment is None or fragment.size != found["size"]:
            return None
        return Piece(MemberRecord.from_dict(found["record"]), fragment)

    def make(self, package: Package, deb: Stored, selection: Selection) -> Piece:
        """Cut the package out of *deb* and keep the result. Raises HostileError."""
        npm = package.archive == "npm"
        try:
            source: Any = Tarball(deb.path, package) if npm else Deb.open(deb.path)
            with source:
                job = cut(source, selection, status=not npm, map=self.map)
                fragment = self.store.put(job.chunks())
                record = job.record
        except HostileError as error:
            inside = f": {error.where}" if error.where not in ("", deb.path) else ""
            where = f"{package.name} {package.version}{inside}"
            raise HostileError(error.what, where=where, hint=error.hint) from None
        result = {
            "fragment": fragment.digest.text, "size": fragment.size, "record": record.to_dict(),
        }  # fmt: skip
        self.store.remember(self._key(package, selection), result)
        return Piece(record, fragment)

    def compressed(self, fragment: Stored) -> Stored:
        """Return *fragment* compressed, from the store if it was compressed before."""
        if self.compression.kind == "none":
            return fragment
        key = action("compress", 1, fragment.digest.text, self.compression.identity)
        found = self.store.recall(key)
        blob = self.store.find(Digest(found["blob"])) if found else None
        if blob is None:
            blob = self.store.put(compress(self.compression, _chunks(fragment), map=self.map))
            self.store.remember(key, {"blob": blob.digest.text})
        return blob

    def end(self) -> bytes:
        """Return the end of every layer: two blocks of zeros, compressed alike."""
        return b"".join(compress(self.compression, [END]))

    def _key(self, package: Package, selection: Selection) -> Digest:
        return action(
            "cut", CUT_VERSION, package.digest.text, selection.digest, package.archive == "npm"
        )


def _chunks(stored: Stored) -> Iterator[bytes]:
    with open(stored.path, "rb", buffering=0) as file:
        while chunk := file.read(_READ):
            yield chunk
