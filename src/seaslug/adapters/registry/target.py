"""A name at a registry, to be written: what is there already is not sent again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seaslug.adapters.registry.blobs import is_foreign
from seaslug.adapters.registry.client import Client
from seaslug.adapters.registry.trouble import RefusedError
from seaslug.errors import SeaslugError, UsageError
from seaslug.oci import media
from seaslug.oci.read import IndexManifest, Manifest, parse, subject_of
from seaslug.ports import Opener
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.reference import Reference

_SMALL = 64 << 10
_ORIGINS = 2
_PAGES = 16
_ATTEMPTS = 3
_LACKING = frozenset(("MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"))


@dataclass(frozen=True, slots=True)
class _Trusted:
    """A blob that was not sent, because the prior image has it; and how to send it all the same."""

    wanted: Descriptor
    opened: Opener
    origins: tuple[str, ...]


class RegistryTarget:
    """One name at a registry, an ImageTarget; *client* is closed with it. Safe for many threads."""

    parallel = 8

    def __init__(self, client: Client, reference: Reference) -> None:
        self._client = client
        self._reference = reference
        self._repository = reference.repository
        self._lock = threading.Lock()
        self._before: Descriptor | None = None
        self._asked = False
        self._prior: frozenset[Digest] | None = None
        self._trusted: list[_Trusted] = []

    def holds(self, top: Descriptor) -> bool:
        """Tell whether the name stands for *top* already."""
        with self._lock:
            self._ask()
        return self._before is not None and self._before.digest == top.digest

    def put_blob(self, wanted: Descriptor, opened: Opener, origins: Sequence[str] = ()) -> str:
        """Bring a blob there by the least that does; returns ``there``, ``mounted`` or ``sent``.

        Layers that may not be passed on are left out, as the licence wants it; they name where
        else they are.
        """
        if is_foreign(wanted) and wanted.urls:
            return "there"
        if wanted.digest in self._known():
            with self._lock:
                self._trusted.append(_Trusted(wanted, opened, tuple(origins)))
            return "there"
        return self._bring(wanted, opened, origins)

    def put_manifest(self, wanted: Descriptor, raw: bytes) -> None:
        """Put a manifest under its digest."""
        self._put(wanted.digest.text, wanted, raw)

    def finish(self, top: Descriptor, raw: bytes) -> str:
        """Let the name stand for *top*; empty *raw* means that it does. Returns it by digest."""
        pinned = self._reference.digest
        if pinned is not None and pinned != top.digest:
            raise UsageError(
                f"the image is {top.digest}, and cannot be put under another digest",
                where=str(self._reference),
                hint=f"push to a tag: {self._reference.name}:{self._reference.tag or 'latest'}",
            )
        if raw:
            self._put(self._selector, top, raw)
        return f"{self._reference.name}@{top.digest}"

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    @property
    def _selector(self) -> str:
        return self._reference.tag or self._reference.selector

    def _put(self, selector: str, wanted: Descriptor, raw: bytes) -> None:
        kind = wanted.media_type or media.MANIFEST
        subject = subject_of(raw)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._client.put_manifest(self._repository, selector, raw, kind, subject)
                return
            except RefusedError as error:
                if not _LACKING.intersection(error.codes) or attempt == _ATTEMPTS:
                    raise
                self._mend(attempt)

    def _mend(self, attempt: int) -> None:
        """Do something about blobs that the registry does not find.

        It may have lost some of the prior image. Or another push of the same blob is just
        writing it: docker-registry 2.8 does not see it for a moment then.
        """
        with self._lock:
            trusted, self._trusted = self._trusted, []
        for blob in trusted:
            self._bring(blob.wanted, blob.opened, blob.origins)
        if not trusted:
            self._client.wait(self._repository, attempt)

    def _bring(self, wanted: Descriptor, opened: Opener, origins: Sequence[str]) -> str:
        listener, task = self._client.listener, f"push {wanted.digest.hex[:12]}"
        own = self._reference.name
        known = wanted.size > _SMALL or own in origins
        if known and self._client.has_blob(self._repository, wanted.digest):
            return "there"
        upload = self._client.upload(
            self._repository, wanted, opened, lambda size: listener.advance(task, size)
        )
        for origin in self._near(origins):
            if upload.mount(origin):
                return "mounted"
        listener.begin(task, wanted.size, "bytes")
        try:
            upload.run()
        finally:
            listener.end(task)
        return "sent"

    def _near(self, origins: Iterable[str]) -> list[str]:
        """Return the first repositories of the same registry, but this one."""
        start = f"{self._client.host}/"
        inside = (x.removeprefix(start) for x in origins if x.startswith(start))
        return [x for x in dict.fromkeys(inside) if x != self._repository][:_ORIGINS]

    def _ask(self) -> None:
        if not self._asked:
            self._before = self._client.head_manifest(self._repository, self._selector)
            self._asked = True

    def _known(self) -> frozenset[Digest]:
        """Return the blobs of the image that the name stands for until now; it is read once."""
        with self._lock:
            if self._prior is None:
                self._ask()
                self._prior = self._blobs_of(self._before)
            return self._prior

    def _blobs_of(self, top: Descriptor | None) -> frozenset[Digest]:
        """Return the blobs that an image leads to, as far as few questions tell."""
        found: set[Digest] = set()
        todo = [top.digest] if top else []
        for number in range(_PAGES):
            if number >= len(todo):
                break
            page = self._read(todo[number])
            if isinstance(page, IndexManifest):
                todo += [entry.descriptor.digest for entry in page.entries]
            elif page is not None:
                blobs = (page.config, *page.layers)
                found.update(blob.digest for blob in blobs if not is_foreign(blob))
        return frozenset(found)

    def _read(self, digest: Digest) -> Manifest | IndexManifest | None:
        try:
            return parse(self._client.get_manifest(self._repository, digest.text)[1])
        except SeaslugError:
            # What cannot be read tells nothing; everything is brought then.
            return None
