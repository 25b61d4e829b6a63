"""Images out of archives and engines, brought into the store: nothing of them is read in place."""

from __future__ import annotations

from collections.abc import Iterable

from seaslug.adapters.store import Store
from seaslug.adapters.transports import dockersave
from seaslug.adapters.transports.arrived import Arrived
from seaslug.adapters.transports.members import opened, packing, read_pieces
from seaslug.errors import HostileError, UnknownNameError, UsageError
from seaslug.oci import images, select
from seaslug.oci.read import IndexManifest, parse
from seaslug.ports import Listener
from seaslug.tar.compress import decompress
from seaslug.values.descriptor import Descriptor
from seaslug.values.place import ENGINES, Place

_MAX_PLAIN = 256 << 30
_DOCKERS = ("docker-archive", "docker-daemon")
_ARCHIVES = ("docker-archive", "oci-archive")


def import_into(store: Store, place: Place, platform: str, listener: Listener) -> Descriptor:
    """Bring the image at *place* into *store*, without a name, and return its top.

    Of several platforms *platform* is taken, all of them if it is empty. The caller holds
    the store's session. Raises UnknownNameError, UsageError, HostileError, IntegrityError,
    StoreError, EngineError.
    """
    task = f"read {place}"
    listener.begin(task)
    try:
        top = _imported(store, place, platform)
    finally:
        listener.end(task)
    return _chosen(store, top, platform, str(place))


def _imported(store: Store, place: Place, platform: str) -> Descriptor:
    if place.transport in ENGINES:
        from seaslug.adapters import engines

        with engines.saved(place, platform) as saved:
            return _unpacked(store, saved, place)
    if place.transport not in _ARCHIVES:
        raise UsageError(f"{place.transport} is not read like this", where=str(place))
    with opened(place.path) as file:
        kind = packing(file.read(6), place.path)
        file.seek(0)
        chunks = read_pieces(file)
        plain = decompress(kind, chunks, _MAX_PLAIN) if kind else chunks
        return _unpacked(store, plain, place)


def _unpacked(store: Store, chunks: Iterable[bytes], place: Place) -> Descriptor:
    pieces = iter(chunks)
    arrived = Arrived(store, pieces)
    for _ in pieces:
        pass  # Who writes it would fail if what follows the tar's end were not read.
    dockers = arrived.text("manifest.json") is not None
    # What an engine gives has one image, whatever it calls it.
    name = place.name if place.transport in _ARCHIVES else ""
    if not (dockers and place.transport in _DOCKERS):
        try:
            return dockersave.bring_layout(store, arrived, name, str(place))
        except HostileError:
            # containerd writes an index whole, and the manifests of one platform.
            if not dockers:
                raise
    return dockersave.bring(store, arrived, name, str(place))


def _chosen(store: Store, top: Descriptor, platform: str, where: str) -> Descriptor:
    """Return the image of *top* for *platform*. Raises UnknownNameError."""
    if not platform:
        return top
    found = parse(store.read(top.digest), where)
    if isinstance(found, IndexManifest):
        return select.choose(select.images_of(found), platform, where).descriptor
    known = [select.normal(text) for _, text in images.images(store, top) if text]
    if known and select.normal(platform) not in known:
        raise UnknownNameError("platform", select.normal(platform), known, where=where)
    return top
