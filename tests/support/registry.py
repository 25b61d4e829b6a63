"""A registry on the loopback, as distribution 1.1 has it, that misbehaves when told to.

Everything that was asked is recorded, so tests can count round trips and see who was told
what. With a *folder*, blobs lie in files and may be large.
"""

from __future__ import annotations

import fnmatch
import hashlib
import io
import itertools
import json
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from seaslug.oci import media
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from support.registryhttp import Http
from support.tokens import TokenServer, basic

PIECE = 64 << 10


@dataclass
class Fault:
    """What goes wrong for a *method* (``*``: any) and paths that fit *pattern*, *times* often.

    Before anything is done: ``status`` (answers *amount*, with *headers*), ``away`` (redirects
    to *text*), ``cut-up`` (takes *amount* bytes of the body, then hangs up), ``body`` (answers
    200 and *text*). After it is done: ``lost`` (hangs up instead of answering), ``cut`` (hangs
    up after *amount* bytes of the body), ``stall`` (says nothing more after them), ``slow``
    (*amount* bytes each hundredth of a second), ``flip`` (other bytes, as many), ``longer``
    (*amount* bytes more), ``shorter`` (as many fewer), ``endless``, ``leave``
    (hangs up afterwards without a word), ``headers`` (*headers* besides).
    """

    method: str
    pattern: str
    kind: str
    amount: int = 0
    times: int = 1
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass
class Blob:
    """Bytes, or the file they are in."""

    size: int
    data: bytes = b""
    file: Path | None = None

    def open(self) -> IO[bytes]:
        return open(self.file, "rb") if self.file else io.BytesIO(self.data)


@dataclass
class Upload:
    """A blob on its way here."""

    repository: str
    sink: IO[bytes]
    size: int = 0


class Registry:
    """Use as a context manager.

    ``ports`` are those that connections came from. Switches: ``ranges``, ``api`` (referrers),
    ``mounts``, ``digests`` (says digests in headers), ``partial`` (keeps what came before a
    cut), ``page`` (rows of a list at once), ``loop`` (the next page is always the first),
    ``least`` (of a chunk), ``most`` (bytes of one request), ``delay`` (seconds before each
    answer), ``storage`` (the address that blobs are redirected to), ``filters`` (of referrers
    are applied). *allows* tells whether an Authorization header will do for a scope,
    *challenge* what to answer if not.
    """

    def __init__(
        self,
        *,
        folder: Path | None = None,
        context: ssl.SSLContext | None = None,
        challenge: Callable[..., str] | None = None,
        allows: Callable[[str, str], bool] = lambda *_: True,
    ) -> None:
        self.folder, self.challenge, self.allows = folder, challenge, allows
        self.ranges = self.api = self.mounts = self.digests = self.partial = self.filters = True
        self.loop = False
        self.page = self.least = self.most = 0
        self.delay = 0.0
        self.storage = ""
        self.requests: list[Seen] = []
        self.ports: set[int] = set()
        self.faults: list[Fault] = []
        self.blobs: dict[str, Blob] = {}
        self.linked: dict[str, set[str]] = {}
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.uploads: dict[str, Upload] = {}
        self.over = threading.Event()
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._http = Http(self, context)

    @classmethod
    def with_tokens(cls, server: TokenServer) -> Registry:
        return cls(challenge=server.challenge, allows=server.allows)

    @classmethod
    def with_login(cls, user: str, password: str) -> Registry:
        def allows(header: str, scope: str) -> bool:
            return header.startswith("Basic ") and basic(header) == f"{user}:{password}"

        return cls(challenge=lambda *_: 'Basic realm="registry"', allows=allows)

    @property
    def host(self) -> str:
        return self._http.host

    @property
    def url(self) -> str:
        return self._http.url

    def __enter__(self) -> Registry:
        self._http.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.over.set()
        self._http.stop()

    def fail(self, method: str, pattern: str, kind: str, amount: int = 0, **more: object) -> Fault:
        """Let a request fail, once if not told otherwise; see Fault."""
        fault = Fault(method, pattern, kind, amount, **more)  # type: ignore[arg-type]
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        self.faults.clear()

    def seen(self, method: str = "*", pattern: str = "*") -> list[Seen]:
        """Return the requests that fit, in order."""
        return [
            one for one in self.requests
            if method in ("*", one.method) and fnmatch.fnmatchcase(one.path, pattern)
        ]  # fmt: skip

    def asked(self) -> list[str]:
        """Return ``METHOD what`` of every request: manifests, blobs, uploads, tags, referrers."""
        return [f"{one.method} {_what(one.path)}" for one in self.requests]

    # What is there.

    def add_blob(self, repository: str, data: bytes, media_type: str = media.LAYER) -> Descriptor:
        digest = Digest.of(data)
        self.blobs[digest.text] = Blob(len(data), data)
        self.linked.setdefault(repository, set()).add(digest.text)
        return Descriptor(media_type, digest, len(data))

    def add_manifest(
        self, repository: str, raw: bytes, media_type: str = media.MANIFEST, tag: str = ""
    ) -> Descriptor:
        digest = Digest.of(raw)
        with self.lock:
            self.manifests[repository, digest.text] = (media_type, raw)
            if tag:
                self.tags.setdefault(repository, {})[tag] = digest.text
        return Descriptor(media_type, digest, len(raw))

    def manifest(self, repository: str, selector: str) -> tuple[str, bytes] | None:
        found = self.tags.get(repository, {}).get(selector, selector)
        return self.manifests.get((repository, found))

    def has(self, repository: str, digest: str) -> bool:
        return digest in self.linked.get(repository, ())

    def bytes_of(self, digest: Digest) -> bytes:
        with self.blobs[digest.text].open() as file:
            return file.read()

    def lacking(self, repository: str, raw: bytes) -> list[str]:
        """Return what a manifest leads to that is not here."""
        data = json.loads(raw)
        blobs = [*data.get("layers", ()), *filter(None, [data.get("config")])]
        gone = [b["digest"] for b in blobs if not self.has(repository, b["digest"])]
        gone = [d for d in gone if not any(b["digest"] == d and b.get("urls") for b in blobs)]
        pages = [m["digest"] for m in data.get("manifests", ())]
        return gone + [d for d in pages if (repository, d) not in self.manifests]

    def referrers(self, repository: str, subject: str) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        for (name, digest), (kind, raw) in self.manifests.items():
            data = json.loads(raw)
            if name == repository and (data.get("subject") or {}).get("digest") == subject:
                sort = data.get("artifactType") or (data.get("config") or {}).get("mediaType")
                rows.append({
                    "mediaType": kind, "digest": digest, "size": len(raw), "artifactType": sort,
                    "annotations": data.get("annotations") or {},
                })  # fmt: skip
        return rows

    # What comes.

    def begin(self, repository: str) -> str:
        sink: IO[bytes] = io.BytesIO()
        if self.folder:
            sink = tempfile.NamedTemporaryFile(dir=self.folder, delete=False)  # noqa: SIM115
        name = f"upload-{next(self._numbers)}"
        self.uploads[name] = Upload(repository, sink)
        return name

    def append(self, name: str, pieces: Iterable[bytes]) -> None:
        upload = self.uploads[name]
        for piece in pieces:
            upload.sink.write(piece)
            upload.size += len(piece)

    def commit(self, name: str, digest: str) -> bool:
        """Make a blob of an upload; false if it is another one than promised."""
        upload = self.uploads.pop(name)
        upload.sink.seek(0)
        hasher = hashlib.sha256()
        while piece := upload.sink.read(PIECE):
            hasher.update(piece)
        if f"sha256:{hasher.hexdigest()}" != digest:
            return False
        if self.folder:
            upload.sink.flush()
            blob = Blob(upload.size, file=Path(upload.sink.name))
        else:
            upload.sink.seek(0)
            blob = Blob(upload.size, upload.sink.read())
        upload.sink.close()
        with self.lock:
            self.blobs[digest] = blob
            self.linked.setdefault(upload.repository, set()).add(digest)
        return True

    def fault_for(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                fits = fault.method in ("*", method) and fnmatch.fnmatchcase(path, fault.pattern)
                if fits and fault.times:
                    fault.times -= 1
                    return fault
        return None


def _what(path: str) -> str:
    parts = path.partition("?")[0].split("/")
    kinds = ("uploads", "blobs", "manifests", "tags", "referrers")
    return next((kind for kind in kinds if kind in parts), path)


def pieces_of(blob: Blob, start: int = 0) -> Iterator[bytes]:
    """Yield a blob's bytes from *start* on."""
    with blob.open() as file:
        file.seek(start)
        while piece := file.read(PIECE):
            yield piece
