"""OCI content descriptors."""

from __future__ import annotations

from dataclasses import dataclass

from seaslug.values.digest import Digest


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Media type, digest and size in bytes of a blob, with its annotations (sorted pairs).

    *urls* are other places that have it, of layers that registries may not pass on.
    """

    media_type: str
    digest: Digest
    size: int
    annotations: tuple[tuple[str, str], ...] = ()
    urls: tuple[str, ...] = ()
