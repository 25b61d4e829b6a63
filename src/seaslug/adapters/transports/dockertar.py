"""The one writer of archives for ``docker load``, which are OCI archives as well.

::

    manifest.json            Docker's table of contents
    oci-layout, index.json   the same image for everybody else
    blobs/sha256/<hex>       config, layers, manifest

Layers in zstd go unpacked to a Docker that does not take them (before 23), and layers
that an engine has already are left out for it: then it is for that engine only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from seaslug.adapters import rows
from seaslug.errors import HostileError
from seaslug.oci import images, media
from seaslug.oci.files import layer_chunks
from seaslug.oci.plain import canonical
from seaslug.oci.read import Manifest, parse
from seaslug.ports import BlobStore
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

TarFile = tuple[str, Iterable[bytes], int]
_COPY = 1 << 20


@dataclass(frozen=True, slots=True)
class For:
    """What the reader takes: zstd layers or not, and how many of the lowest it has already."""

    zstd: bool = True
    has: int = 0


def chunks(files: Iterable[TarFile]) -> Iterator[bytes]:
    """Yield the tar of *files*, which are (name, content, size in bytes)."""
    # Layouts, the common case, need none of it.
    from seaslug.tar.writer import BLOCK, END, header
    from seaslug.values.content import FileSlice
    from seaslug.values.tree import Entry, Kind

    for name, content, size in files:
        yield header(Entry(name, Kind.FILE, 0o644, content=FileSlice("", 0, size)))
        yield from content
        yield bytes(-size % BLOCK)
    yield END


def pour(files: Iterable[TarFile], out: IO[bytes]) -> None:
    """Write the tar of *files* to *out*."""
    for chunk in chunks(files):
        out.write(chunk)


def oci_files(
    store: BlobStore, top: Descriptor, table: Sequence[rows.Row], without: frozenset[Digest]
) -> Iterator[TarFile]:
    """Yield an OCI archive of all that *top* leads to; *table* are the rows of its index."""
    yield small("oci-layout", rows.LAYOUT)
    yield small("index.json", rows.encode({"manifests": list(table)}))
    seen = set(without)
    for blob in images.blobs(store, top):
        if blob.digest not in seen:
            seen.add(blob.digest)
            yield _blob(store, blob.digest)


def docker_files(
    store: BlobStore, image: Descriptor, names: Sequence[str], reader: For
) -> Iterator[TarFile]:
    """Yield what ``docker load`` reads of the image under *names*."""
    manifest = manifest_of(store, image)
    packed = has_zstd(manifest) and not reader.zstd
    plain = frozenset(layer.digest for layer in manifest.layers if packed and _zstd(layer))
    # By place, not by content: the same layer higher up is another one to an engine.
    upper = {layer.digest for layer in manifest.layers[reader.has :]}
    without = frozenset(layer.digest for layer in manifest.layers if layer.digest not in upper)
    table = {
        "Config": _place(manifest.config.digest),
        "RepoTags": [tagged(name) for name in names] or None,
        "Layers": [_place(layer.digest) for layer in manifest.layers],
    }
    yield small("manifest.json", canonical([table]))
    if not plain and not reader.has:
        yield from oci_files(store, image, rows.named([], image, names), without)
        return
    # For this engine only: each file that it need not unpack saves some milliseconds.
    yield _blob(store, manifest.config.digest)
    done = set(without)
    for layer in manifest.layers:
        if layer.digest not in done:
            done.add(layer.digest)
            yield _unpacked(store, layer) if _zstd(layer) else _blob(store, layer.digest)


def manifest_of(store: BlobStore, image: Descriptor) -> Manifest:
    """Return the manifest at *image*. Raises HostileError for an index."""
    found = parse(store.read(image.digest), image.digest.text)
    if not isinstance(found, Manifest):
        raise HostileError("an index, not an image", where=image.digest.text)
    return found


def has_zstd(manifest: Manifest) -> bool:
    """Tell whether a layer is packed with zstd."""
    return any(_zstd(layer) for layer in manifest.layers)


def tagged(name: str) -> str:
    """Return *name* with a tag."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def small(name: str, data: bytes) -> TarFile:
    """Return a member held in memory."""
    return name, [data], len(data)


def _zstd(layer: Descriptor) -> bool:
    return media.compression_of(layer.media_type) == "zstd"


def _place(digest: Digest) -> str:
    return f"blobs/sha256/{digest.hex}"


def _blob(store: BlobStore, digest: Digest) -> TarFile:
    stored = store.get(digest)
    return _place(digest), _pieces(stored.path), stored.size


def _unpacked(store: BlobStore, layer: Descriptor) -> TarFile:
    """Return a layer unpacked; read twice, since a tar has the size first."""
    path = store.get(layer.digest).path
    size = sum(len(piece) for piece in layer_chunks(path, layer.media_type))
    return _place(layer.digest), layer_chunks(path, layer.media_type), size


def _pieces(path: str) -> Iterator[bytes]:
    with open(path, "rb", buffering=0) as file:
        while chunk := file.read(_COPY):
            yield chunk
