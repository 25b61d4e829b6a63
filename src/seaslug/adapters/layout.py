"""Where an image goes: OCI layouts, archives, engines. Nothing is left half written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from seaslug.adapters.store import REF_NAME, Store
from seaslug.errors import StoreError, UnknownNameError, UsageError
from seaslug.oci import images, media
from seaslug.oci.config import canonical
from seaslug.oci.image import plain
from seaslug.oci.read import Manifest, parse
from seaslug.values.descriptor import Descriptor

TRANSPORTS = ("oci", "oci-archive", "docker-archive", "docker-daemon", "podman")
_LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'


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
    with _explained(folder):
        blobs = folder / "blobs" / "sha256"
        blobs.mkdir(parents=True, exist_ok=True)
        for blob in images.blobs(store, top):
            target = blobs / blob.digest.hex
            if not target.exists() or target.stat().st_size != blob.size:
                target.unlink(missing_ok=True)
                store.link_or_copy(blob.digest, target)
        (folder / "oci-layout").write_bytes(_LAYOUT)
        rows = [row for row in _rows(folder / "index.json") if _ref(row) not in names]
        rows += [_row(top, name) for name in names] or [_row(top, "")]
        _replace(folder / "index.json", _index(rows))


def _rows(path: Path) -> list[dict[str, object]]:
    try:
        rows = json.loads(path.read_bytes())["manifests"]
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError("manifests")
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError):
        raise StoreError(
            "is there and is no OCI index", where=str(path), hint="choose another folder"
        ) from None
    return list(rows)


def _ref(row: dict[str, object]) -> object:
    notes = row.get("annotations")
    return notes.get(REF_NAME) if isinstance(notes, dict) else None


def _row(top: Descriptor, name: str) -> dict[str, object]:
    row = plain(top)
    if name:
        row["annotations"] = {REF_NAME: name}
    return row


def _index(rows: Sequence[dict[str, object]]) -> bytes:
    return canonical({"schemaVersion": 2, "mediaType": media.INDEX, "manifests": list(rows)})


Member = tuple[str, Iterable[bytes], int]


def _oci_members(store: Store, top: Descriptor, names: Sequence[str]) -> Iterator[Member]:
    rows = [_row(top, name) for name in names] or [_row(top, "")]
    yield _small("oci-layout", _LAYOUT)
    yield _small("index.json", _index(rows))
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
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with open(beside, "wb") as out:
                yield out
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)


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


def _replace(path: Path, data: bytes) -> None:
    with writing(path) as out:
        out.write(data)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"cannot be written: {error.strerror or error}",
            where=str(path),
            hint="choose another place with -o",
        ) from error


__all__ = ["Output", "docker_archive", "parse_output", "put_out", "single", "writing"]
