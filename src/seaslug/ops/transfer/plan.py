"""What a copy has to bring: manifests, children first, and their blobs, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seaslug.errors import HostileError, RegistryError
from seaslug.oci import media, select
from seaslug.oci.read import IndexEntry, IndexManifest, Manifest, parse
from seaslug.ports import ImageSource
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

_MAX_DEPTH = 4
_MAX_MANIFESTS = 2000


@dataclass(frozen=True, slots=True)
class Wish:
    """What of an image is wanted.

    *platforms* names some of an index; else *everything* takes the whole index as it is; else
    *usual*, this machine's platform, is taken. *referrers*: signatures and SBOMs come along.
    """

    platforms: tuple[str, ...] = ()
    everything: bool = False
    referrers: bool = False
    usual: str = "linux/amd64"


@dataclass(frozen=True, slots=True)
class Page:
    """A manifest or an index: its descriptor and its raw bytes."""

    descriptor: Descriptor
    raw: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """*pages*, children first and the top last; *blobs*, each once; *platforms* as they read."""

    pages: tuple[Page, ...]
    blobs: tuple[Descriptor, ...]
    platforms: tuple[str, ...]

    @property
    def top(self) -> Page:
        """What the name will stand for."""
        return self.pages[-1]


def make(source: ImageSource, top: Descriptor, wish: Wish, where: str) -> Plan:
    """Return what *wish* takes of the image at *top*.

    Raises UnknownNameError for a platform that is not there, HostileError, RegistryError.
    """
    walk = _Walk(source, where)
    walk.page(chosen(source, top, wish, where))
    return walk.plan()


def of(source: ImageSource, descriptor: Descriptor, where: str) -> Plan:
    """Return everything that *descriptor* leads to."""
    walk = _Walk(source, where)
    walk.page(Page(descriptor, source.manifest(descriptor)))
    return walk.plan()


def chosen(source: ImageSource, top: Descriptor, wish: Wish, where: str) -> Page:
    """Return the page, or the new index, that *wish* means.

    Raises UnknownNameError, HostileError.
    """
    page = Page(top, source.manifest(top))
    found = _parsed(page, where)
    if not isinstance(found, IndexManifest) or (wish.everything and not wish.platforms):
        return page
    entries = _flat(source, found, where)
    if wish.platforms:
        picked = list(dict.fromkeys(select.choose(entries, p, where) for p in wish.platforms))
    else:
        picked = [_usual(entries, wish.usual, where)]
    if len(picked) == 1:
        only = picked[0].descriptor
        return Page(only, source.manifest(only))
    return _subset([*picked, *select.attached(found, picked)])


def _usual(entries: Sequence[IndexEntry], usual: str, where: str) -> IndexEntry:
    """Return the one image there is, or this machine's."""
    if len(entries) == 1:
        return entries[0]
    if not entries:
        raise HostileError("an index without images", where=where)
    return select.choose(entries, usual, where)


def _flat(
    source: ImageSource, index: IndexManifest, where: str, depth: int = 0
) -> list[IndexEntry]:
    """Return the images of an index, those of indexes inside it too."""
    if depth > _MAX_DEPTH:
        raise HostileError(f"indexes lie in each other more than {_MAX_DEPTH} deep", where=where)
    found: list[IndexEntry] = []
    for entry in select.images_of(index):
        if entry.descriptor.media_type in media.INDICES:
            page = Page(entry.descriptor, source.manifest(entry.descriptor))
            inner = _parsed(page, where)
            if isinstance(inner, IndexManifest):
                found += _flat(source, inner, where, depth + 1)
        else:
            found.append(entry)
    return found


def _subset(entries: Sequence[IndexEntry]) -> Page:
    """Return a new index of *entries*."""
    from seaslug.oci.plain import canonical, plain

    rows = []
    for entry in entries:
        row = plain(entry.descriptor)
        parts = entry.platform.split("/", 2)
        names = ("os", "architecture", "variant")
        row["platform"] = dict(zip(names, parts, strict=False))
        rows.append(row)
    raw = canonical({"schemaVersion": 2, "mediaType": media.INDEX, "manifests": rows})
    return Page(Descriptor(media.INDEX, Digest.of(raw), len(raw)), raw)


class _Walk:
    """Collects pages and blobs, depth first."""

    def __init__(self, source: ImageSource, where: str) -> None:
        self._source = source
        self._where = where
        self._pages: dict[Digest, Page] = {}
        self._blobs: dict[Digest, Descriptor] = {}
        self._platforms: list[str] = []

    def plan(self) -> Plan:
        """Return what was collected."""
        return Plan(
            tuple(self._pages.values()), tuple(self._blobs.values()), tuple(self._platforms)
        )

    def page(self, page: Page, depth: int = 0, platform: str = "") -> None:
        """Collect what *page* leads to, then itself."""
        if page.descriptor.digest in self._pages:
            return
        if depth > _MAX_DEPTH or len(self._pages) >= _MAX_MANIFESTS:
            raise HostileError("indexes lie too deep, or are too many", where=self._where)
        found = _parsed(page, self._where)
        if isinstance(found, IndexManifest):
            for entry in found.entries:
                inner = Page(entry.descriptor, self._source.manifest(entry.descriptor))
                self.page(inner, depth + 1, entry.platform if select.is_image(entry) else "-")
        else:
            if platform != "-":
                self._platforms.append(platform)
            for blob in (*found.layers, found.config):
                self._blobs.setdefault(blob.digest, blob)
        self._pages[page.descriptor.digest] = page


def _parsed(page: Page, where: str) -> Manifest | IndexManifest:
    known = (*media.MANIFESTS, *media.INDICES)
    kind = page.descriptor.media_type
    if kind.startswith("application/vnd.docker.distribution.manifest.v1"):
        raise RegistryError(
            "is a Docker image of schema 1, which nothing has written since 2017", where=where,
            hint="push it again with any current tool",
        )  # fmt: skip
    if kind and kind not in known:
        raise RegistryError(
            f"is of a kind that this version of seaslug does not know: {kind[:120]}", where=where,
            hint="a newer seaslug may know it",
        )  # fmt: skip
    return parse(page.raw, where)


__all__ = ["Page", "Plan", "Wish", "chosen", "make", "of"]
