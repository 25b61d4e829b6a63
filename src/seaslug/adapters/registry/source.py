"""An image at a registry, to be read."""

from __future__ import annotations

from collections.abc import Iterator

from seaslug.adapters.registry.client import Client
from seaslug.errors import IntegrityError
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.reference import Reference


class RegistrySource:
    """One name at a registry, an ImageSource; *client* is closed with it."""

    def __init__(self, client: Client, reference: Reference) -> None:
        self._client = client
        self._reference = reference
        self._repository = reference.repository

    @property
    def known_as(self) -> str:
        """``HOST/PATH``, from where its registry may mount blobs."""
        return self._reference.name

    def top(self) -> Descriptor:
        """Return what the name stands for. Raises UnknownNameError with the nearest tags."""
        return self._client.resolve(self._repository, self._reference.selector)

    def manifest(self, wanted: Descriptor) -> bytes:
        """Return the bytes of a manifest, verified. Raises IntegrityError, HostileError."""
        _, raw = self._client.get_manifest(self._repository, wanted.digest.text)
        if wanted.size not in (0, len(raw)):
            raise IntegrityError(
                f"{len(raw)} bytes instead of the {wanted.size} promised",
                where=wanted.digest.text,
            )
        return raw

    def open(self, wanted: Descriptor, offset: int = 0) -> Iterator[bytes]:
        """Yield a blob's bytes from *offset* on; who takes them verifies them."""
        listener, task = self._client.listener, f"pull {wanted.digest.hex[:12]}"
        listener.begin(task, wanted.size, "bytes")
        try:
            listener.advance(task, offset)
            for piece in self._client.blob(self._repository, wanted, offset):
                listener.advance(task, len(piece))
                yield piece
        finally:
            listener.end(task)

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """Return the manifests that name *subject* as their subject."""
        found = self._client.referrers(self._repository, subject)
        return tuple(row.descriptor for row in found)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()
