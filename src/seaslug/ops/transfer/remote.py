"""Looking at an image where it is: small parts are kept in the store, layers stream by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from seaslug.errors import HostileError, IntegrityError
from seaslug.oci import images, toc
from seaslug.oci.files import STATUS, Placed
from seaslug.oci.read import Manifest, parse
from seaslug.ops.look import View
from seaslug.ops.transfer import plan
from seaslug.ops.transfer.plan import Wish
from seaslug.ops.transfer.through import Through
from seaslug.ports import BlobStore, ImageSource
from seaslug.tar.reader import Member
from seaslug.values.descriptor import Descriptor

_MAX_CONFIG = 16 << 20


class Far:
    """A store whose layers are elsewhere: they are read from *source*, verified, and not kept."""

    def __init__(self, store: BlobStore, source: ImageSource) -> None:
        self._store = store
        self._source = source

    def chunks(self, wanted: Descriptor) -> Iterator[bytes]:
        """Yield a blob's bytes; the end of it comes only if all were right.

        Raises IntegrityError.
        """
        if self._store.find(wanted.digest) is not None:
            yield from self._store.chunks(wanted)
            return
        hasher, count = hashlib.sha256(), 0
        for chunk in self._source.open(wanted):
            count += len(chunk)
            if count > wanted.size:
                break
            hasher.update(chunk)
            yield chunk
        if count != wanted.size or hasher.hexdigest() != wanted.digest.hex:
            raise IntegrityError("other bytes than the manifest says", where=wanted.digest.text)

    def is_here(self, wanted: Descriptor) -> bool:
        """Tell whether a blob is in the store already."""
        return self._store.find(wanted.digest) is not None

    def part(self, wanted: Descriptor, offset: int, size: int) -> bytes:
        """Return *size* bytes of a blob from *offset* on, fewer at its end, unverified."""
        found = bytearray()
        with closing(self._source.open(wanted, offset)) as chunks:  # type: ignore[type-var]
            for chunk in chunks:
                found += chunk
                if len(found) >= size:
                    break
        return bytes(found[:size])

    def bring(self, wanted: Descriptor) -> None:
        """Keep a blob in the store, for who wants a part of it only."""
        self._store.receive(wanted, lambda at: self._source.open(wanted, at))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class FarView(View):
    """An image that is elsewhere; a layer of which one file is wanted is fetched whole."""

    def __init__(self, store: Far, found: images.Found, *, far: bool) -> None:
        super().__init__(store, found)
        self._far = store
        self.far = far

    def _table(self, layer: Descriptor) -> Sequence[Member] | None:
        """Return what a layer's own table of contents says, fetched by ranges, if it has one.

        Not where it names lists of packages: those have to be read.
        """
        if not self.far or not toc.has_table(layer) or self._far.is_here(layer):
            return None
        found = toc.table(layer, lambda offset, size: self._far.part(layer, offset, size))
        return None if any(x.path.startswith(STATUS) for x in found or ()) else found

    def read(self, item: Placed) -> Iterator[memoryview]:
        """Yield the content of a file."""
        self._far.bring(self.layers[item.origin[0]])
        return super().read(item)

    def contents(self, at: int) -> Iterator[tuple[str, Iterator[memoryview]]]:
        """Yield (path, content) of each regular file that the layer *at* holds."""
        self._far.bring(self.layers[at])
        return super().contents(at)


def view(
    source: ImageSource, store: BlobStore, wish: Wish, where: str, *, far: bool = True
) -> FarView:
    """Return one platform's image; of its blobs only the configuration is fetched now.

    Without *far* its layers are quick to read: they are on this machine.

    Raises UnknownNameError, HostileError, RegistryError.
    """
    through = Through(source, store)
    top = through.top()
    page = plan.chosen(through, top, wish, where)
    manifest = parse(page.raw, where)
    if not isinstance(manifest, Manifest):
        raise HostileError("an index where an image was promised", where=where)
    if manifest.config.size > _MAX_CONFIG:
        raise HostileError("the configuration is far too large", where=where)
    store.receive(manifest.config, lambda at: through.open(manifest.config, at))
    found = images.image_at(store, page.descriptor.digest, where)
    one = images.Found(where, top, page.descriptor, found.manifest, found.platform)
    return FarView(Far(store, through), one, far=far)
