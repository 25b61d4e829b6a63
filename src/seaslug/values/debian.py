"""Debian packages as values."""

from __future__ import annotations

from dataclasses import dataclass

from seaslug.values.digest import Digest


@dataclass(frozen=True, slots=True)
class Package:
    """One resolved binary package.

    ``arch`` is the package's own architecture field (may be ``all``). ``archive``
    names the archive it comes from (``trixie``, ``trixie-security`` ...). ``path``
    is the pool path below that archive's root, ``size`` the length of the .deb in
    bytes and ``installed_size`` the archive's own figure in KiB. ``source`` is the
    source package with its version, as ``name (version)``.
    """

    name: str
    version: str
    arch: str
    archive: str
    path: str
    size: int
    digest: Digest
    source: str
    installed_size: int
