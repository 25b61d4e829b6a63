"""Images for rules, made from a few words and read the way real ones are.

``specimen({"bin/sh": DASH}, {"User": "0"})`` is an image of one layer; *layers* are more, each laid
over the ones before it. A text or bytes is a file of mode 0644; ``File``, ``Folder``, ``Link``,
``Hard`` and ``Odd`` say more.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seaslug.anatomy.rootfs import rootfs
from seaslug.ops.facts import layer_facts
from seaslug.rules.specimen import Specimen
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

NOW = 1_800_000_000
"""What time it is for the rules: January 2027."""


@dataclass(frozen=True)
class File:
    data: bytes | str = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    xattrs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Folder:
    mode: int = 0o755
    uid: int = 0
    gid: int = 0


@dataclass(frozen=True)
class Link:
    target: str


@dataclass(frozen=True)
class Hard:
    target: str


@dataclass(frozen=True)
class Odd:
    kind: bytes = tarfile.FIFOTYPE


Item = bytes | str | File | Folder | Link | Hard | Odd
Files = Mapping[str, Item]


class Memory:
    """A store of one layer that remembers nothing."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def recall(self, key: Digest) -> None:
        return None

    def remember(self, key: Digest, result: object) -> None:
        return None

    def chunks(self, wanted: Descriptor) -> Iterator[bytes]:
        yield self.data


def specimen(
    files: Files | None = None,
    config: Mapping[str, Any] | None = None,
    layers: Sequence[Files] = (),
    *,
    blob: Mapping[str, Any] | None = None,
    platform: str = "linux/amd64",
    annotations: Mapping[str, str] | None = None,
    now: int = NOW,
) -> Specimen:
    """Return an image: *config* is its ``config`` part, *blob* what stands beside that."""
    facts = [facts_of(layer(one)) for one in (files or {}, *layers)]
    system, arch = platform.split("/")[:2]
    whole = {"os": system, "architecture": arch, "config": dict(config or {}), **(blob or {})}
    return Specimen(
        "example", platform, whole, rootfs(facts), 1000, dict(annotations or {}), now
    )  # fmt: skip


def facts_of(data: bytes) -> Any:
    """Return what is known of the layer whose plain tar *data* is."""
    media = "application/vnd.oci.image.layer.v1.tar"
    return layer_facts(Memory(data), Descriptor(media, Digest.of(data), len(data)))  # type: ignore[arg-type]


def layer(files: Files) -> bytes:
    """Return the plain tar of *files*; whiteouts are files named ``.wh.…``."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, item in files.items():
            info, data = _member(path, item)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _member(path: str, item: Item) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(path)
    if isinstance(item, (bytes, str)):
        item = File(item)
    if isinstance(item, File):
        data = item.data.encode() if isinstance(item.data, str) else item.data
        info.size, info.mode, info.uid, info.gid = len(data), item.mode, item.uid, item.gid
        info.pax_headers = {f"SCHILY.xattr.{key}": value for key, value in item.xattrs.items()}
        return info, data
    if isinstance(item, Folder):
        info.type, info.mode, info.uid, info.gid = tarfile.DIRTYPE, item.mode, item.uid, item.gid
    elif isinstance(item, Odd):
        info.type = item.kind
    else:
        info.type = tarfile.SYMTYPE if isinstance(item, Link) else tarfile.LNKTYPE
        info.linkname = item.target
    return info, b""
