"""OCI archives: a layout as a tar, read where it lies."""

from __future__ import annotations

import os

from seaslug.adapters import rows
from seaslug.adapters.transports.laid import LaidOut, pieces
from seaslug.adapters.transports.members import Members
from seaslug.errors import StoreError
from seaslug.values.content import FileSlice
from seaslug.values.digest import Digest

_HINT = "docker-archive:FILE reads what docker save wrote"


class ArchiveSource(LaidOut):
    """The image called *name* in the OCI archive at *path*; ``@sha256:…`` is a digest.

    Raises StoreError if it is not one, HostileError for an archive that is not sound.
    """

    def __init__(self, path: str | os.PathLike[str], name: str = "") -> None:
        text = os.path.expanduser(os.fspath(path))
        self._members = Members(text)
        try:
            index = self._members.find("index.json")
            if index is None or self._members.find("oci-layout") is None:
                raise StoreError("is no OCI archive", where=text, hint=_HINT)
            raw = b"".join(pieces(index)) if index.size <= rows.MAX_INDEX else b""
            super().__init__(rows.parse(raw, text, _HINT), self._blob, name, text)
        except BaseException:
            self._members.close()
            raise

    def close(self) -> None:
        """Remove what was unpacked."""
        self._members.close()

    def _blob(self, digest: Digest) -> FileSlice | None:
        return self._members.find(f"blobs/sha256/{digest.hex}")
