"""The rows of a layout's ``index.json``: what is there, and under which names."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seaslug.errors import SeaslugError, StoreError, UnknownNameError, UsageError
from seaslug.oci import media
from seaslug.oci.plain import canonical, plain
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

REF_NAME = "org.opencontainers.image.ref.name"
LAYOUT = b'{"imageLayoutVersion":"1.0.0"}'
_FULL_NAME = "io.containerd.image.name"
MAX_INDEX = 16 << 20
_SHORTEST = 6

Row = dict[str, Any]


def load(path: str, hint: str) -> dict[str, Any]:
    """Return the index in the file *path*, an empty one if there is none. Raises StoreError."""
    try:
        with open(path, "rb") as file:
            raw = file.read(MAX_INDEX + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {"schemaVersion": 2, "manifests": []}
    except OSError as error:
        raise StoreError(f"cannot be read: {error.strerror}", where=path) from None
    return parse(raw, path, hint)


def parse(raw: bytes, where: str, hint: str) -> dict[str, Any]:
    """Return the index in *raw*; its ``manifests`` are objects. Raises StoreError."""
    try:
        data = json.loads(raw if len(raw) <= MAX_INDEX else b"")
        if not all(isinstance(row, dict) for row in data["manifests"]):
            raise ValueError("manifests")
    except (ValueError, TypeError, KeyError, RecursionError):
        raise StoreError("is not an OCI index", where=where, hint=hint) from None
    found: dict[str, Any] = data
    return found


def encode(index: Mapping[str, Any]) -> bytes:
    """Return the bytes of *index*."""
    return canonical({**index, "schemaVersion": 2, "mediaType": media.INDEX})


def notes_of(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the annotations of *row*."""
    found = row.get("annotations")
    return found if isinstance(found, dict) else {}


def name_of(row: Mapping[str, Any]) -> str:
    """Return the name of *row*, or an empty string."""
    return str(notes_of(row).get(REF_NAME, ""))


def descriptor_of(row: Mapping[str, Any]) -> Descriptor:
    """Return what *row* describes. Raises StoreError."""
    try:
        size = int(row["size"])
        if size >= 0:
            return Descriptor(str(row["mediaType"]), Digest(str(row["digest"])), size)
    except (KeyError, TypeError, ValueError, SeaslugError):
        pass
    raise StoreError("a malformed entry in index.json", where=str(dict(row))[:200])


def row(descriptor: Descriptor, name: str = "") -> Row:
    """Return the row that lets *name* stand for *descriptor*; without a name it is just there."""
    made: Row = plain(descriptor)
    made.pop("annotations", None)
    if name:
        made["annotations"] = {REF_NAME: name}
    return made


def named(rows: Sequence[Row], top: Descriptor, names: Sequence[str]) -> list[Row]:
    """Return *rows* with *names* standing for *top*, or with *top* in them if there are none."""
    kept = [known for known in rows if not names or name_of(known) not in names]
    if not names and any(known.get("digest") == top.digest.text for known in kept):
        return kept
    return kept + [row(top, name) for name in names or ("",)]


def must_be_names(names: Sequence[str]) -> None:
    """Raise UsageError if one of *names* is a digest: that is read by, not written to."""
    for name in names:
        if name.startswith("@"):
            raise UsageError(
                f"a digest is no name to write to: {name[:80]!r}", hint="write :NAME behind it"
            )


def pick(rows: Sequence[Row], name: str, where: str) -> Descriptor:
    """Return what *name* stands for: a name, a digest or its beginning, or the only image.

    Raises UnknownNameError with the nearest names, UsageError if several are meant.
    """
    if not name:
        return _only(rows, where)
    for spelling in (name, f"{name}:latest"):
        for known in rows:
            if spelling in (name_of(known), notes_of(known).get(_FULL_NAME)):
                return descriptor_of(known)
    wanted = name.removeprefix("@").removeprefix("sha256:")
    if len(wanted) >= _SHORTEST and set(wanted) <= set("0123456789abcdef"):
        hits = {d for d in map(descriptor_of, rows) if d.digest.hex.startswith(wanted)}
        if len({hit.digest for hit in hits}) == 1:
            return hits.pop()
        if hits:
            said = f"{name} is the beginning of {len(hits)} digests"
            raise UsageError(said, where=where, hint="write more of it")
    raise UnknownNameError("image", name, _names(rows), where=where)


def _only(rows: Sequence[Row], where: str) -> Descriptor:
    # Signatures and the like lie there without a name.
    found = {d.digest: d for d in map(descriptor_of, [r for r in rows if _names([r])] or rows)}
    if not found:
        raise StoreError("holds no image", where=where)
    if len(found) > 1:
        names = _names(rows) or [digest.text for digest in found]
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        raise UsageError(
            f"holds {len(found)} images", where=where, hint=f"write :NAME behind it: {shown}"
        )
    return next(iter(found.values()))


def _names(rows: Sequence[Row]) -> list[str]:
    found = (name_of(row) or str(notes_of(row).get(_FULL_NAME, "")) for row in rows)
    return sorted(set(filter(None, found)))


def referring(
    rows: Sequence[Row], subject: Digest, read: Callable[[Descriptor], bytes]
) -> tuple[Descriptor, ...]:
    """Return the rows' manifests that name *subject* as theirs; *read* gives their bytes."""
    # Names are read on every run, referrers seldom.
    from seaslug.oci.read import subject_of

    found: dict[Digest, Descriptor] = {}
    for known in rows:
        descriptor = descriptor_of(known)
        if descriptor.digest not in found and subject_of(read(descriptor)) == subject.text:
            found[descriptor.digest] = descriptor
    return tuple(found.values())


def is_layout(folder: str) -> bool:
    """Tell whether *folder* says of itself that it is an OCI layout."""
    return os.path.isfile(os.path.join(folder, "oci-layout"))
