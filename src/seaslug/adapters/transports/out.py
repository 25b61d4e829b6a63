"""Images out of the store: into layouts, archives, engines, clusters; all of them or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from seaslug.adapters import rows
from seaslug.adapters.store import Store
from seaslug.adapters.transports import dockertar
from seaslug.adapters.transports.layout import beside, explained, target_in
from seaslug.adapters.transports.store import StoreSource
from seaslug.errors import HostileError, UnknownNameError, UsageError
from seaslug.oci import images, select
from seaslug.oci.read import IndexManifest, parse
from seaslug.ports import Listener, Silent
from seaslug.values.descriptor import Descriptor
from seaslug.values.place import CLUSTERS, ENGINES, FILES, REGISTRY, Place, parse_place

_WRITTEN = (*FILES, *ENGINES, *CLUSTERS)


def parse_output(text: str) -> Place:
    """Read ``TRANSPORT:WHERE``, a place to put an image out to. Raises UsageError."""
    place = parse_place(text)
    if place.transport == REGISTRY:
        raise UsageError(
            f"a registry is no output: {text!r}", hint=f"seaslug push NAME -t {place.name}"
        )
    if place.transport not in _WRITTEN:
        head, colon, rest = text.partition(":")
        if colon and rest and head:
            raise UnknownNameError("output", head, _WRITTEN, where=text)
        raise UsageError(
            f"not an output: {text!r}",
            hint="write TRANSPORT:WHERE, e.g. oci:out/python3 or docker-archive:cc.tar",
        )
    return place


def put_out(
    store: Store,
    top: Descriptor,
    place: Place,
    names: Sequence[str],
    listener: Listener | None = None,
) -> str:
    """Put the image at *top* to *place*; returns a line that says where it is now.

    *names* are what it is called there where *place* has no name. Raises StoreError,
    UsageError, EngineError.
    """
    named = [place.name] if place.name else list(names)
    rows.must_be_names(named)
    if place.transport == "oci":
        _layout(store, top, Path(place.path).expanduser(), named)
    elif place.transport == "oci-archive":
        files = dockertar.oci_files(store, top, rows.named([], top, named), frozenset())
        with writing(Path(place.path).expanduser()) as out:
            dockertar.pour(files, out)
    elif place.transport == "docker-archive":
        _docker_archive(store, single(store, top, place.transport), place, named)
    else:
        from seaslug.adapters import engines

        return engines.put(store, top, place, listener or Silent())
    return f"{place.transport}:{place.path}"


def single(store: Store, top: Descriptor, transport: str) -> Descriptor:
    """Return the one image of *top*. Raises UsageError if there are several."""
    found = parse(store.read(top.digest), top.digest.text)
    if not isinstance(found, IndexManifest):
        return top
    known = select.images_of(found)
    if not known:
        raise HostileError("an index without images", where=top.digest.text)
    if len(known) > 1:
        raise UsageError(
            f"{transport} holds one platform, and this image has {len(known)}",
            hint="choose one: --platform "
            + "|".join(entry.platform for entry in known)
            + "; or put out oci-archive:FILE",
        )
    return known[0].descriptor


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside *path*, renamed at the end: all of it or none. Raises StoreError."""
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path) as out:
            yield out


def _layout(store: Store, top: Descriptor, folder: Path, names: Sequence[str]) -> None:
    """Add the image to the layout in *folder*; the index, which makes it visible, comes last."""
    source = StoreSource(store, top.digest.text)
    with closing(target_in(folder, *names, store=store)) as target:
        for blob in images.blobs(store, top):
            target.put_blob(blob, partial(source.open, blob))
        target.finish(top, b"")


def _docker_archive(store: Store, image: Descriptor, place: Place, names: Sequence[str]) -> None:
    if dockertar.has_zstd(dockertar.manifest_of(store, image)):
        raise UsageError(
            "docker load takes no zstd layers before version 23",
            hint="build with --compression gzip; docker-daemon:NAME unpacks them for an old Docker",
        )
    with writing(Path(place.path).expanduser()) as out:
        dockertar.pour(dockertar.docker_files(store, image, names, dockertar.For()), out)


__all__ = ["parse_output", "put_out", "single", "writing"]
