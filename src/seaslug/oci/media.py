"""Media types of the OCI image specification, and Docker's that mean the same."""

from __future__ import annotations

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

MANIFESTS = (MANIFEST, DOCKER_MANIFEST)
INDICES = (INDEX, DOCKER_LIST)

_SUFFIXES = {"none": "", "gzip": "+gzip", "zstd": "+zstd"}


def layer_type(compression: str) -> str:
    """Return the media type of a layer compressed as ``gzip``, ``zstd`` or ``none``."""
    return LAYER + _SUFFIXES[compression]


def compression_of(media_type: str) -> str:
    """Return how a layer of *media_type* is compressed: ``gzip``, ``zstd`` or ``none``."""
    if media_type.endswith(("+gzip", ".gzip")):
        return "gzip"
    return "zstd" if media_type.endswith("+zstd") else "none"
