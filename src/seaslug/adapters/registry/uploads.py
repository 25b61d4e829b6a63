"""Blobs on their way to a registry: mounted, or POST and then PUT; gone on with after a cut.

A blob goes up in one PUT. After a cut the registry is asked how much it has, and the rest
follows by PATCH; where it cannot say, and where it wants it so, all of it goes in chunks.
"""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import quote, urlsplit

from seaslug.adapters import wire
from seaslug.adapters.registry import blobs, trouble
from seaslug.adapters.registry.link import PUSH, Ask, Link
from seaslug.adapters.registry.message import Body, Response, number
from seaslug.adapters.registry.sending import Sending
from seaslug.adapters.registry.tls import HopelessError
from seaslug.adapters.registry.transport import Patience
from seaslug.errors import (
    IntegrityError,
    LoginError,
    RegistryError,
    SeaslugError,
    UnreachableError,
)

CHUNK = 16 << 20
_RANGE = r"(?:bytes=)?0-([0-9]{1,18})"
_BYTES = {"Content-Type": "application/octet-stream"}


class _LaterError(UnreachableError):
    """An attempt that did not do, with the reason; *asked* is how many seconds to wait."""

    def __init__(self, reason: SeaslugError, asked: float = 0.0) -> None:
        super().__init__(reason.what, where=reason.where, hint=reason.hint)
        self.reason = reason
        self.asked = asked


class Upload:
    """One blob, to one repository."""

    def __init__(self, link: Link, repository: str, sending: Sending) -> None:
        self._link = link
        self._repository = repository
        self._sending = sending
        self._wanted = sending.wanted
        self._location = ""
        self._offset = 0
        self._best = 0
        self._chunk = 0
        self._least = 0

    def mount(self, origin: str) -> bool:
        """Let the registry take the blob from its repository *origin*; false if it does not.

        What it offers instead, the beginning of an upload, is gone on with.
        """
        self.cancel()
        named = self._link.endpoint.named(origin)
        query = f"?mount={quote(self._wanted.digest.text, safe='')}&from={quote(named, safe='')}"
        ask = Ask("POST", f"blobs/uploads/{query}", PUSH, also=(origin,))
        try:
            with self._link.call(self._repository, ask) as answer:
                if answer.status == 202:
                    self._begun(answer)
                return answer.status == 201
        except LoginError:
            # Who may not read the origin may still push.
            return False

    def run(self) -> None:
        """Send the blob. Raises IntegrityError if its bytes are wrong, RegistryError."""
        failures = 0
        while True:
            try:
                self._attempt()
                return
            except IntegrityError:
                self.cancel()
                raise
            except UnreachableError as error:
                failures = self._failed(failures, error)
                if self._recovered():
                    return

    def cancel(self) -> None:
        """Give up what was begun; nothing of it stays at the registry."""
        location, self._location = self._location, ""
        if location:
            with suppress(SeaslugError):
                self._link.call(self._repository, Ask("DELETE", location, PUSH)).close()

    def _failed(self, failures: int, error: UnreachableError) -> int:
        """Wait, and return how many attempts have brought nothing by now; raises if too many."""
        later = error if isinstance(error, _LaterError) else None
        failures = 1 if self._offset > self._best else failures + 1
        self._best = max(self._best, self._offset)
        if isinstance(error, HopelessError) or failures >= self._patience.attempts:
            raise (later.reason if later else error) from None
        self._link.transport.wait(failures, later.asked if later else 0.0)
        return failures

    def _recovered(self) -> bool:
        """Find out how much the registry has; tells whether it has the whole blob by now."""
        if self._location:
            with suppress(UnreachableError):
                ask = Ask("GET", self._location, PUSH)
                with self._link.call(self._repository, ask) as answer:
                    if answer.status == 204:
                        self._moved(answer, self._offset)
                        return False
        self._restart()
        with suppress(UnreachableError):
            return blobs.has(self._link, self._repository, self._wanted.digest)
        return False

    def _restart(self) -> None:
        self._location, self._offset = "", 0
        if self._wanted.size > CHUNK:
            self._chunk = max(CHUNK, self._least)

    def _attempt(self) -> None:
        if not self._location:
            self._start()
        if not self._chunk and not self._offset:
            size = self._wanted.size
            self._finish(Body(size, lambda: self._sending.pieces(0, size)))
            return
        while self._offset < self._wanted.size:
            self._patch()
        self._finish(b"")

    def _start(self) -> None:
        ask = Ask("POST", "blobs/uploads/", PUSH)
        with self._link.answer(self._repository, ask, (202,), "takes no blobs") as answer:
            self._begun(answer)

    def _begun(self, answer: Response) -> None:
        self._least = min(number(answer.headers["OCI-Chunk-Min-Length"]) or 0, 1 << 30)
        self._chunk = max(self._chunk, self._least) if self._chunk else 0
        self._location, self._offset = self._next(answer), 0

    def _patch(self) -> None:
        begin, size = self._offset, self._wanted.size
        end = min(begin + self._chunk, size) if self._chunk else size
        headers = {**_BYTES, "Content-Range": f"{begin}-{end - 1}"}
        body = Body(end - begin, lambda: self._sending.pieces(begin, end))
        with self._link.call(
            self._repository, Ask("PATCH", self._location, PUSH, headers, body)
        ) as answer:
            if answer.status not in (202, 204):
                raise self._refused(answer)
            self._moved(answer, end)

    def _finish(self, body: bytes | Body) -> None:
        mark = "&" if "?" in self._location else "?"
        url = f"{self._location}{mark}digest={quote(self._wanted.digest.text, safe='')}"
        ask = Ask("PUT", url, PUSH, _BYTES, body, self._patience.commit)
        with self._link.call(self._repository, ask) as answer:
            if answer.status not in (201, 204):
                raise self._refused(answer)
            told = answer.headers["Docker-Content-Digest"]
        if told and told != self._wanted.digest.text:
            raise IntegrityError(f"the registry says it has {told[:80]} now", where=self._where)

    def _moved(self, answer: Response, otherwise: int) -> None:
        """Note where to go on, and from which byte on."""
        found = re.fullmatch(_RANGE, answer.headers["Range"] or "")
        # Nothing at all is often told as 0-0, as one byte is.
        offset = int(found.group(1)) + 1 if found else otherwise
        offset = 0 if offset == 1 and self._wanted.size > 1 else offset
        if offset > self._wanted.size:
            raise RegistryError("says it has more of a blob than there is", where=self._where)
        self._offset = offset
        if answer.headers["Location"]:
            self._location = self._next(answer)

    def _next(self, answer: Response) -> str:
        location = answer.headers["Location"] or ""
        url = self._link.transport.absolute(location, answer.url)
        parts = urlsplit(url)
        if not location or parts.scheme not in ("http", "https") or "@" in parts.netloc:
            raise RegistryError("does not say where a blob shall go", where=self._where)
        if parts.scheme == "http" and urlsplit(answer.url).scheme == "https":
            raise RegistryError("wants a blob over plain HTTP instead of HTTPS", where=self._where)
        return url

    def _refused(self, answer: Response) -> SeaslugError:
        """Return the error, a _LaterError if another attempt, or another way, may do."""
        asked = wire.asked_for(answer.headers["Retry-After"])
        found = trouble.read(answer)
        error = trouble.explained(found, self._link.host, self._where, "does not take a blob")
        if found.status in wire.AGAIN or found.has(416, "BLOB_UPLOAD_INVALID", "DIGEST_INVALID"):
            if found.has(-1, "BLOB_UPLOAD_INVALID", "DIGEST_INVALID"):
                self._location = ""
            return _LaterError(error, asked)
        if found.has(404, "BLOB_UPLOAD_UNKNOWN"):
            self._location = ""
            return _LaterError(error)
        if found.has(413, "UNSUPPORTED") and not self._chunk:
            self._location, self._chunk = "", max(CHUNK, self._least)
            return _LaterError(error)
        return error

    @property
    def _where(self) -> str:
        return f"{self._link.where(self._repository)} {self._wanted.digest}"

    @property
    def _patience(self) -> Patience:
        return self._link.transport.patience
