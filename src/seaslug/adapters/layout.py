"""Where an image goes: OCI layouts, archives, engines. Nothing is left half written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from seaslug.adapters import rows
from seaslug.adapters.store import Store
from seaslug.adapters.transports.layout import LayoutTarget, beside, explained
from seaslug.adapters.transports.store import StoreSource
from seaslug.errors import UnknownNameError, UsageError
from seaslug.oci import images, media
from seaslug.oci.config import canonical
from seaslug.oci.read import Manifest, parse
from seaslug.values.descriptor import Descriptor

TRANSPORTS = ("oci", "oci-archive", "docker-archive", "docker-daemon", "podman")


@dataclass(frozen=True, slots=True)
class Output:
    """A place for an image: a transport, a path (or a name, for an engine), a tag."""

    transport: str
    path: str
    tag: str = ""


def parse_output(text: str) -> Output:
    """Read ``TRANSPORT:WHERE``. Raises UsageError, UnknownNameError."""
    transport, colon, where = text.partition(":")
    if not colon or not where:
        raise UsageError(
            f"not an output: {text!r}",
            hint="write TRANSPORT:WHERE, e.g. oci:out/python3 or docker-archive:cc.tar",
        )
    if transport not in TRANSPORTS:
        raise UnknownNameError("output", transport, TRANSPORTS, where=text)
    if transport == "oci":
        path, _, tag = where.partition(":")
        return Output(transport, path, tag)
    if transport.endswith("-archive"):
        path, _, tag = where.partition(":")
        return Output(transport, path, tag)
    return Output(transport, where)


def put_out(store: Store, top: Descriptor, output: Output, names: Sequence[str]) -> str:
    """Put the image at *top* to *output* and return a line that says where it is now.

    Raises StoreError, UsageError, EngineError.
    """
    named = [output.tag] if output.tag else list(names)
    if output.transport == "oci":
        _layout(store, top, Path(output.path).expanduser(), named)
    elif output.transport == "oci-archive":
        _archive(Path(output.path).expanduser(), _oci_members(store, top, named))
    elif output.transport == "docker-archive":
        _archive(
            Path(output.path).expanduser(),
            _docker_members(store, single(store, top, output), named),
        )
    else:
        from seaslug.adapters.engines import load_into

        return load_into(output.transport, store, single(store, top, output), [output.path])
    return f"{output.transport}:{output.path}"


def single(store: Store, top: Descriptor, output: Output) -> Descriptor:
    """Return the one image of *top*. Raises UsageError if there are several."""
    known = images.images(store, top)
    if len(known) > 1:
        raise UsageError(
            f"{output.transport} holds one platform, and this image has {len(known)}",
            hint="build one: --platform "
            + "|".join(p for _, p in known)
            + "; or put out oci-archive:FILE",
        )
    return known[0][0]


def docker_archive(
    store: Store, image: Descriptor, names: Sequence[str], out: IO[bytes], *, zstd: bool = False
) -> None:
    """Write *image* to *out* as ``docker load`` reads it; it is an OCI archive as well.

    Layers in zstd are a UsageError unless the reader is known to take them: *zstd*.
    """
    _write(out, _docker_members(store, image, names, zstd=zstd))


def _layout(store: Store, top: Descriptor, folder: Path, names: Sequence[str]) -> None:
    """Add the image to the layout in *folder*; the index, which makes it visible, comes last."""
    target = LayoutTarget(folder, *names, store=store)
    source = StoreSource(store, top.digest.text)
    for blob in images.blobs(store, top):
        target.put_blob(blob, partial(source.open, blob))
    target.finish(top, b"")


Member = tuple[str, Iterable[bytes], int]


def _oci_members(store: Store, top: Descriptor, names: Sequence[str]) -> Iterator[Member]:
    yield _small("oci-layout", rows.LAYOUT)
    yield _small("index.json", rows.encode({"manifests": rows.named([], top, names)}))
    seen = set()
    for blob in images.blobs(store, top):
        if blob.digest not in seen:
            seen.add(blob.digest)
            stored = store.get(blob.digest)
            yield f"blobs/sha256/{blob.digest.hex}", _pieces(stored.path), stored.size


def _docker_members(
    store: Store, image: Descriptor, names: Sequence[str], *, zstd: bool = False
) -> Iterator[Member]:
    """Yield an OCI archive with docker's own table of contents in it."""
    manifest = parse(store.read(image.digest))
    assert isinstance(manifest, Manifest)
    if not zstd and any(
        media.compression_of(layer.media_type) == "zstd" for layer in manifest.layers
    ):
        raise UsageError(
            "docker load takes no zstd layers before version 23",
            hint="build with --compression gzip",
        )
    row = {
        "Config": f"blobs/sha256/{manifest.config.digest.hex}",
        "RepoTags": [_tagged(name) for name in names] or None,
        "Layers": [f"blobs/sha256/{layer.digest.hex}" for layer in manifest.layers],
    }
    yield _small("manifest.json", canonical([row]))
    yield from _oci_members(store, image, names)


def _tagged(name: str) -> str:
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _small(name: str, data: bytes) -> Member:
    return name, [data], len(data)


def _pieces(path: str) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            yield chunk


def _archive(path: Path, members: Iterable[Member]) -> None:
    with writing(path) as out:
        _write(out, members)


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside *path*, renamed at the end: all of it or none. Raises StoreError."""
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path) as out:
            yield out


def _write(out: IO[bytes], members: Iterable[Member]) -> None:
    # Layouts, the common case, need none of it.
    from seaslug.tar.writer import BLOCK, END, header
    from seaslug.values.content import FileSlice
    from seaslug.values.tree import Entry, Kind

    for name, chunks, size in members:
        out.write(header(Entry(name, Kind.FILE, 0o644, content=FileSlice("", 0, size))))
        for chunk in chunks:
            out.write(chunk)
        out.write(bytes(-size % BLOCK))
    out.write(END)


__all__ = ["Output", "docker_archive", "parse_output", "put_out", "single", "writing"]
