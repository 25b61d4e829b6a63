"""Which images of an index are meant: platforms, their variants, and what is no platform at all.

Attestations and signatures lie in indexes beside images; BuildKit marks them with the
platform ``unknown/unknown`` and an annotation. They are copied along, never chosen.
"""

from __future__ import annotations

from collections.abc import Sequence

from seaslug.errors import UnknownNameError, UsageError
from seaslug.oci.read import IndexEntry, IndexManifest

ATTESTATION = "vnd.docker.reference.type"
_ARCHES = {
    "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm/v7", "armel": "arm/v6",
    "armv7l": "arm/v7", "armv6l": "arm/v6", "i386": "386", "i686": "386", "x86": "386",
    "ppc64el": "ppc64le",
}  # fmt: skip
_SYSTEMS = ("linux", "windows", "darwin", "freebsd", "wasip1", "js")
_BELOW = {"arm/v8": ("arm/v7", "arm/v6", "arm/v5"), "arm/v7": ("arm/v6", "arm/v5"),
          "arm/v6": ("arm/v5",)}  # fmt: skip


def normal(text: str) -> str:
    """Return a platform in one spelling: ``arm64/v8`` is ``linux/arm64``, ``arm`` is v7.

    Any platform is taken, also one that seaslug cannot build for. Raises UsageError.
    """
    parts = text.strip().lower().split("/")
    if parts[0] not in _SYSTEMS:
        parts = ["linux", *parts]
    if not 2 <= len(parts) <= 4 or not all(parts):
        raise UsageError(f"not a platform: {text!r}", hint="it reads linux/amd64 or linux/arm/v7")
    system, arch, *variant = parts
    arch, _, more = _ARCHES.get(arch, arch).partition("/")
    variant = variant or ([more] if more else [])
    if arch == "arm" and not variant:
        variant = ["v7"]
    if (arch, variant[:1]) in (("arm64", ["v8"]), ("amd64", ["v1"])):
        variant = variant[1:]
    return "/".join((system, arch, *variant))


def is_image(entry: IndexEntry) -> bool:
    """Tell whether an entry is an image for a platform, not an attestation of one."""
    return ATTESTATION not in dict(entry.descriptor.annotations) and not entry.platform.startswith(
        "unknown"
    )


def images_of(index: IndexManifest) -> tuple[IndexEntry, ...]:
    """Return the entries that are images."""
    return tuple(entry for entry in index.entries if is_image(entry))


def choose(entries: Sequence[IndexEntry], platform: str, where: str) -> IndexEntry:
    """Return the entry for *platform*: exactly it, else an older variant that runs there too.

    Raises UnknownNameError that names the platforms there are.
    """
    wanted = normal(platform)
    known = {normal(entry.platform): entry for entry in reversed(entries) if entry.platform}
    system, _, arch = wanted.partition("/")
    for spelling in (wanted, *(f"{system}/{below}" for below in _BELOW.get(arch, ()))):
        if spelling in known:
            return known[spelling]
    raise UnknownNameError(
        "platform", wanted, sorted(known), where=where,
        hint="there are: " + (", ".join(sorted(known)) or "none that are named"),
    )  # fmt: skip


def attached(index: IndexManifest, chosen: Sequence[IndexEntry]) -> tuple[IndexEntry, ...]:
    """Return the attestations that belong to *chosen* images."""
    digests = {entry.descriptor.digest.text for entry in chosen}
    return tuple(
        entry
        for entry in index.entries
        if not is_image(entry)
        and dict(entry.descriptor.annotations).get("vnd.docker.reference.digest") in digests
    )
