"""An image as the tar stream that ``docker load`` has read since version 1.10."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from typing import IO

from seaslug.oci.files import layer_chunks
from seaslug.oci.runnable import RunImage
from seaslug.ports import BlobStore


def write_docker_archive(store: BlobStore, image: RunImage, out: IO[bytes], reference: str) -> None:
    """Write *image* to *out*; zstd layers go unpacked, since Docker before 23 refuses them."""
    names = tuple(f"{digest.hex}.tar" for digest, _ in image.layers)
    head = [{"Config": f"{image.config.hex}.json", "RepoTags": [reference], "Layers": names}]
    with tarfile.open(fileobj=out, mode="w|", format=tarfile.USTAR_FORMAT) as tar:
        written: set[str] = set()
        for name, (digest, media_type) in zip(names, image.layers, strict=True):
            if name in written:
                continue
            written.add(name)
            if media_type.endswith("+zstd"):
                _add_unpacked(tar, name, store.get(digest).path, media_type)
            else:
                _add_file(tar, name, store.get(digest).path)
        _add_file(tar, f"{image.config.hex}.json", store.get(image.config).path)
        _add(tar, "manifest.json", io.BytesIO(json.dumps(head).encode()))


def _add_file(tar: tarfile.TarFile, name: str, path: str) -> None:
    with open(path, "rb") as file:
        _add(tar, name, file)


def _add_unpacked(tar: tarfile.TarFile, name: str, path: str, media_type: str) -> None:
    with tempfile.TemporaryFile() as plain:
        for piece in layer_chunks(path, media_type):
            plain.write(piece)
        _add(tar, name, plain)


def _add(tar: tarfile.TarFile, name: str, file: IO[bytes]) -> None:
    info = tarfile.TarInfo(name)
    info.size = file.seek(0, io.SEEK_END)
    file.seek(0)
    tar.addfile(info, file)
