"""The client of one registry host, with its mirrors."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from seaslug.adapters.registry import blobs, manifests
from seaslug.adapters.registry.link import Ask, Link, Links
from seaslug.adapters.registry.manifests import AbsentError
from seaslug.adapters.registry.transport import PATIENT, Patience
from seaslug.errors import RegistryError, SeaslugError, UnknownNameError
from seaslug.ports import Listener, Opener
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

if TYPE_CHECKING:
    from seaslug.adapters.registry.referrers import Referrer
    from seaslug.adapters.registry.settings import RegistryOptions
    from seaslug.adapters.registry.uploads import Upload

MAX_TAGS = 10_000
_ENOUGH_TAGS = 1000
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"

T = TypeVar("T")


class Client:
    """Asks and tells a registry. Safe for many threads.

    All methods raise LoginError, UnreachableError and RegistryError; those that read from
    mirrors too only after the last of them has failed.
    """

    def __init__(
        self,
        host: str,
        options: RegistryOptions,
        listener: Listener,
        patience: Patience = PATIENT,
    ) -> None:
        self.host = host
        self.listener = listener
        self._links = Links(host, options, listener, patience)
        self._lock = threading.Lock()

    def get_manifest(self, repository: str, selector: str) -> tuple[Descriptor, bytes]:
        """Return what a tag or digest stands for and its raw bytes, verified, at most 4 MiB.

        Raises UnknownNameError with the nearest tags, IntegrityError, HostileError.
        """
        try:
            return self._first(
                repository, selector, lambda x: manifests.get(x, repository, selector)
            )
        except AbsentError:
            raise self._unknown(repository, selector) from None

    def head_manifest(self, repository: str, selector: str) -> Descriptor | None:
        """Return what a tag or digest stands for, None if there is nothing; the registry says."""
        return manifests.head(self._links.own(repository), repository, selector)

    def resolve(self, repository: str, selector: str) -> Descriptor:
        """Return what a tag or digest stands for; mirrors may say. Raises UnknownNameError."""

        def there(link: Link) -> Descriptor:
            found = manifests.head(link, repository, selector)
            if found is None:
                raise AbsentError(f"there is no {selector}", where=link.where(repository))
            return found

        try:
            return self._first(repository, selector, there)
        except AbsentError:
            raise self._unknown(repository, selector) from None

    def put_manifest(
        self, repository: str, selector: str, raw: bytes, media_type: str, subject: str = ""
    ) -> None:
        """Put a manifest under a tag or its digest; *subject* is the digest that it refers to.

        Where the registry has no referrers API, the subject's fallback tag is brought up to date.
        """
        from seaslug.adapters.registry import referrers

        link = self._links.own(repository)
        noted = manifests.put(link, repository, selector, raw, media_type)
        if subject and not noted:
            with self._lock:
                referrers.add(link, repository, Digest(subject), media_type, raw)

    def delete(self, repository: str, selector: str) -> None:
        """Delete a tag, or a manifest by its digest. Raises UnknownNameError."""
        try:
            manifests.delete(self._links.own(repository), repository, selector)
        except AbsentError:
            raise self._unknown(repository, selector) from None

    def has_blob(self, repository: str, digest: Digest) -> bool:
        """Tell whether the registry has a blob."""
        return blobs.has(self._links.own(repository), repository, digest)

    def blob(self, repository: str, wanted: Descriptor, offset: int = 0) -> Iterator[bytes]:
        """Yield a blob's bytes from *offset* on; who takes them verifies them.

        Goes on after cuts. Raises IntegrityError if more comes than promised.
        """
        served = [x for x in self._links.of(repository) if x.endpoint.serves(wanted.digest.text)]
        return blobs.read(served, repository, wanted, offset)

    def upload(
        self, repository: str, wanted: Descriptor, opened: Opener, told: Callable[[int], None]
    ) -> Upload:
        """Return a blob that is to be mounted, or sent; *told* hears of bytes that went."""
        from seaslug.adapters.registry.sending import Sending
        from seaslug.adapters.registry.uploads import Upload

        link = self._links.own(repository)
        return Upload(link, repository, Sending(wanted, opened, told))

    def tags(self, repository: str, limit: int = MAX_TAGS) -> tuple[str, ...]:
        """Return the tags, at most *limit*, in the registry's order."""
        from seaslug.adapters.registry.pages import pages

        link = self._links.own(repository)
        ask = Ask("GET", f"tags/list?n={min(limit, _ENOUGH_TAGS)}")
        found: dict[str, None] = {}
        for _, data in pages(link, repository, ask, "its tags cannot be read"):
            rows = data.get("tags") or []
            if not isinstance(rows, list):
                raise RegistryError("answers no list of tags", where=link.where(repository))
            found.update((x, None) for x in rows if isinstance(x, str) and re.fullmatch(_TAG, x))
            if len(found) >= limit:
                break
        return tuple(found)[:limit]

    def referrers(self, repository: str, subject: Digest, kind: str = "") -> tuple[Referrer, ...]:
        """Return what refers to a manifest, of one artifact type only if *kind* names it."""
        from seaslug.adapters.registry import referrers

        return referrers.find(self._links.own(repository), repository, subject, kind)

    def wait(self, repository: str, attempt: int) -> None:
        """Pause, longer with each *attempt*, before something is asked of the registry again."""
        self._links.own(repository).transport.wait(attempt)

    def close(self) -> None:
        """Break off everything that is on its way."""
        self._links.close()

    def _first(self, repository: str, selector: str, action: Callable[[Link], T]) -> T:
        """Return what *action* gives for the first server that does it, the registry last."""
        *mirrors, own = self._links.of(repository)
        for link in mirrors:
            if link.endpoint.serves(selector):
                try:
                    return action(link)
                except SeaslugError as error:
                    if not isinstance(error, AbsentError):
                        self.listener.say(f"mirror {link.endpoint.host}: {error.what}")
        return action(own)

    def _unknown(self, repository: str, selector: str) -> SeaslugError:
        """Return the error for a name that is not there, with names that are."""
        where = f"{self.host}/{repository}"
        if selector.startswith("sha256:"):
            return UnknownNameError(
                "manifest", selector, [], where=where,
                hint="nothing has this digest there; tags are listed by "
                f"seaslug tags docker://{where}",
            )  # fmt: skip
        try:
            found = self.tags(repository, _ENOUGH_TAGS)
            known = [name for name in found if not name.startswith("sha256-")]
        except SeaslugError:
            known = []
        if known:
            return UnknownNameError("tag", selector, known, where=where)
        hint = f"check the name; private ones are seen after a login: seaslug login {self.host}"
        return UnknownNameError("image", f"{where}:{selector}", [], hint=hint)
