"""What the operations need from the world, as protocols.

Adapters implement them; tests use simulators of the real thing behind the same
protocol. Nothing here imports more than values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Protocol

    from seaslug.values.debian import Package
    from seaslug.values.descriptor import Descriptor
    from seaslug.values.digest import Digest
    from seaslug.values.tree import Tree
else:
    # Nobody asks at run time, and making twenty protocols takes longer than reading the store.
    Protocol = object


@dataclass(frozen=True, slots=True)
class Stored:
    """A blob that lies in the store: its digest, its size in bytes, its file."""

    digest: Digest
    size: int
    path: str


class BlobStore(Protocol):
    """Content-addressed blobs, remembered actions and named images."""

    def put(self, chunks: Iterable[bytes | memoryview]) -> Stored:
        """Keep the concatenation of *chunks*; nothing is visible until all of it is there."""
        ...

    def put_verified(
        self, chunks: Iterable[bytes | memoryview], digest: Digest, size: int
    ) -> Stored:
        """As put; raises IntegrityError as soon as the bytes cannot be *digest* and *size*."""
        ...

    def find(self, digest: Digest) -> Stored | None:
        """Return the blob, or None if it is not here."""
        ...

    def get(self, digest: Digest) -> Stored:
        """Return the blob; raises StoreError if it is not here."""
        ...

    def read(self, digest: Digest, limit: int = 64 << 20) -> bytes:
        """Return a small blob's bytes, checked against its digest. Raises StoreError."""
        ...

    def chunks(self, wanted: Descriptor) -> Iterator[bytes]:
        """Yield a blob's bytes, piece by piece. Raises StoreError."""
        ...

    def concat(self, parts: Sequence[Stored], tail: bytes) -> Stored:
        """Keep the concatenation of *parts* and *tail*."""
        ...

    def hash_concat(self, parts: Sequence[Stored], tail: bytes) -> Digest:
        """Return the digest of the concatenation of *parts* and *tail*; nothing is kept."""
        ...

    def recall(self, key: Digest) -> dict[str, Any] | None:
        """Return what the action *key* gave the last time, or None."""
        ...

    def remember(self, key: Digest, result: Mapping[str, Any]) -> None:
        """Keep the JSON-ready *result* of the action *key*."""
        ...

    def tag(self, name: str, descriptor: Descriptor, platform: str = "") -> None:
        """Let *name* stand for the manifest or index at *descriptor*; its blobs become durable."""
        ...

    def tags(self) -> dict[str, Descriptor]:
        """Return every name and what it stands for."""
        ...

    def untag(self, name: str) -> Descriptor:
        """Forget *name*; raises UnknownNameError if it is not known."""
        ...

    def refer(self, referrer: Descriptor) -> None:
        """Keep a manifest, as long as what it names as its subject is kept."""
        ...

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """Return the manifests that name *subject* as their subject."""
        ...

    def session(self) -> AbstractContextManager[None]:
        """Hold off the collector while blobs are in use that nothing refers to yet."""
        ...

    def receive(self, wanted: Descriptor, opened: Opener) -> Stored:
        """Bring a blob here; what came of it before a cut is kept, and asked for no more.

        Raises IntegrityError as soon as the bytes cannot be the ones of *wanted*.
        """
        ...


Opener = Callable[[int], Iterator[bytes]]
"""Gives a blob's bytes from an offset on; may be called again after a cut."""


class ImageSource(Protocol):
    """Where an image is read: one name, and all that it leads to. Safe for many threads."""

    @property
    def known_as(self) -> str:
        """The repository, ``HOST/PATH``, whose blobs a registry may mount; empty elsewhere."""
        ...

    def top(self) -> Descriptor:
        """Return the manifest or index that the name stands for. Raises UnknownNameError."""
        ...

    def manifest(self, wanted: Descriptor) -> bytes:
        """Return the raw bytes of a manifest or index, verified, at most 4 MiB."""
        ...

    def open(self, wanted: Descriptor, offset: int = 0) -> Iterator[bytes]:
        """Yield a blob's bytes from *offset* on, as they come: who takes them verifies them."""
        ...

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """Return the manifests (signatures, SBOMs) that name *subject* as their subject."""
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...


class ImageTarget(Protocol):
    """Where an image is written: blobs first, manifests then, the name last."""

    parallel: int
    """How many blobs may be put at once."""

    def holds(self, top: Descriptor) -> bool:
        """Tell whether the name already stands for *top*: then there is nothing to do."""
        ...

    def put_blob(self, wanted: Descriptor, opened: Opener, origins: Sequence[str] = ()) -> str:
        """Bring a blob there, verified on its way; returns ``there``, ``mounted`` or ``sent``.

        *origins* are repositories, ``HOST/PATH``, that are known to have it.
        """
        ...

    def put_manifest(self, wanted: Descriptor, raw: bytes) -> None:
        """Put a manifest or index under its digest; what it leads to is there already."""
        ...

    def finish(self, top: Descriptor, raw: bytes) -> str:
        """Let the name stand for *top*, the last step; returns where it is now.

        A registry answers ``HOST/PATH@sha256:…``.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files; what was not finished leaves no name."""
        ...


class Verifier(Protocol):
    """OpenPGP signature checking."""

    def cleartext(self, signed: bytes, certificates: Sequence[bytes]) -> tuple[bytes, str]:
        """Return the signed bytes of a clear-signed document and the signer's fingerprint.

        Raises TrustError if no certificate made a good signature.
        """
        ...


class Listener(Protocol):
    """Who is told how far things are. Never blocks, never raises."""

    def begin(self, task: str, total: int = 0, unit: str = "") -> None:
        """*task* has begun; *total* in *unit* (``bytes`` or ``items``) if known, else 0."""
        ...

    def advance(self, task: str, amount: int) -> None:
        """*amount* more of *task* is done."""
        ...

    def end(self, task: str, note: str = "") -> None:
        """*task* is over; *note* says how it went in a few words."""
        ...

    def say(self, text: str) -> None:
        """A line for people, worth keeping."""
        ...


class Silent:
    """A listener that listens to nothing."""

    def begin(self, task: str, total: int = 0, unit: str = "") -> None:
        """Do nothing."""

    def advance(self, task: str, amount: int) -> None:
        """Do nothing."""

    def end(self, task: str, note: str = "") -> None:
        """Do nothing."""

    def say(self, text: str) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """One verified suite of an archive, as it was when resolved.

    ``name`` is the suite's codename (``trixie-security``), ``release`` the digest of
    its InRelease file, ``key`` the fingerprint that signed it, ``date`` the Release
    file's own date as ``YYYY-MM-DDTHH:MM:SSZ``, ``root`` the archive it belongs to
    (``debian`` or ``debian-security``) and ``snapshot`` the snapshot time that holds
    this state, as ``YYYYMMDDTHHMMSSZ``.
    """

    name: str
    component: str
    root: str
    release: Digest
    key: str
    date: str
    snapshot: str


@dataclass(frozen=True, slots=True)
class ArchiveChoice:
    """How the archive is reached and how far it is trusted. No mirrors: they are found."""

    mirrors: tuple[str, ...] = ()
    security_mirrors: tuple[str, ...] = ()
    refresh: bool = False
    offline: bool = False
    allow_expired: bool = False
    allow_downgrade: bool = False
    keyring: str = ""


class PackageSource(Protocol):
    """The Debian archive: verified metadata and packages by digest."""

    def fingerprint(self, suites: Sequence[str]) -> list[str] | None:
        """Return what identifies the state of *suites* as far as it is known and fresh."""
        ...

    def fresh_until(self, suites: Sequence[str]) -> tuple[float, list[str]]:
        """Return until when (seconds since 1970) what is known of *suites* is fresh.

        And the files that say so; (0, []) if they have to be asked again now.
        """
        ...

    def suites(
        self, suites: Sequence[str], arch: str, home: Sequence[str] = ()
    ) -> tuple[tuple[ArchiveState, ...], Any]:
        """Return the verified states of *suites* and the merged package index for *arch*.

        *home* are the suites that anything may be taken from; all of them if empty.
        """
        ...

    def fetch(
        self, packages: Sequence[Package], states: Sequence[ArchiveState]
    ) -> Iterator[tuple[Package, Stored]]:
        """Bring every package into the store, several at a time; yields them as they arrive."""
        ...


class Contents(Protocol):
    """Which Debian packages have a shared library, for the suites and platform it was made for."""

    @property
    def complete(self) -> bool:
        """Whether all libraries are known; false if packages are found by their names only."""
        ...

    def providers(self, name: str) -> tuple[str, ...]:
        """Return the packages that put the library *name* where the loader looks, best first."""
        ...

    def elsewhere(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return (package, directory) of those that have *name* in a directory of their own."""
        ...


class PackageIndex(Contents, Protocol):
    """Contents that also know which packages have a program."""

    def programs(self, name: str) -> tuple[str, ...]:
        """Return the packages that have the program *name* in a folder of PATH, best first."""
        ...


@dataclass(frozen=True, slots=True)
class RunSpec:
    """How to start an image.

    ``argv`` replaces entrypoint and command when given, ``args`` only the command.
    ``user`` is ``uid[:gid]`` or empty for the image's own. ``port`` is a TCP port of
    the container to reach from here, 0 for none. ``mounts`` are (host path, container
    path) pairs, read-only. ``timeout`` is in seconds. ``dropped`` are capabilities that it
    does not get from an engine; plain namespaces never give any.
    """

    argv: tuple[str, ...] = ()
    user: str = ""
    env: tuple[tuple[str, str], ...] = ()
    workdir: str = ""
    read_only: bool = True
    network: bool = False
    port: int = 0
    tmpfs: tuple[str, ...] = ("/tmp",)
    mounts: tuple[tuple[str, str], ...] = ()
    stdin: bytes = b""
    timeout: float = 60.0
    args: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ("ALL",)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a finished run left behind.

    ``status`` is 128 + n after signal n; 127 means that the program is not in the
    image, 126 that it cannot be executed, with the reason at the end of ``stderr``.
    """

    status: int
    stdout: bytes
    stderr: bytes


class Running(Protocol):
    """A container that was started and is still there."""

    @property
    def address(self) -> tuple[str, int]:
        """Loopback address and port that lead to the spec's port."""
        ...

    def logs(self) -> str:
        """Return what it has printed so far, both streams."""
        ...

    def ended(self) -> bool:
        """Tell whether it has ended by itself."""
        ...

    def exec(self, argv: Sequence[str], timeout: float = 60.0) -> RunResult:
        """Run a second program inside, as the same user, and wait for its end.

        Raises EngineError if the container is over, RunTimeoutError after *timeout* seconds;
        what the program started may then go on until the container ends.
        """
        ...

    def stop(self, grace: float = 3.0) -> RunResult:
        """End it and remove every trace of it; safe to call twice.

        It is asked first (SIGTERM) and has *grace* seconds to comply.
        """
        ...


class Runner(Protocol):
    """Starts images: an engine, or plain user namespaces."""

    name: str

    def why_not(self) -> str:
        """Return an empty string if this runner can work here, else the reason why not."""
        ...

    def run(self, manifest: Digest, spec: RunSpec) -> RunResult:
        """Start the image, wait for its end.

        Raises EngineError if it cannot be started at all, RunTimeoutError if it takes too long.
        """
        ...

    def start(self, manifest: Digest, spec: RunSpec) -> Running:
        """Start the image and return at once."""
        ...

    def close(self) -> None:
        """Forget what was prepared of images: unpacked roots, names in an engine."""
        ...


class Toolbox(Protocol):
    """The project's own tools (go, cargo, uv, npm, mvn ...) and folders to use them in."""

    def find(self, *names: str) -> str:
        """Return the path of the first of these programs that is here, or an empty string."""
        ...

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str] | None = None,
        task: str = "",
    ) -> str:
        """Run *argv* in the folder *cwd* and return its stdout; *env* is added to the environment.

        *task* is what progress calls it. Raises ToolError, with the end of its output, if it
        fails or cannot start.
        """
        ...

    def folder(self) -> AbstractContextManager[str]:
        """Give a new, empty folder.

        It goes when the toolbox is closed, not before: what was collected from it is read later.
        """
        ...

    def close(self) -> None:
        """Remove every folder."""
        ...

    def cache(self, name: str) -> str:
        """Return the folder that tools keep their own work in under *name*, from run to run."""
        ...

    def write(self, folder: str, tree: Tree) -> None:
        """Write the files, links and folders of *tree* below *folder*."""
        ...

    def collect(self, folder: str) -> Tree:
        """Return what lies below *folder*; modes are 0755 or 0644, owner root, time apps' own.

        Contents stay in the files: what shall outlive the toolbox has to be kept in the store.
        """
        ...


@dataclass(slots=True)
class Tally:
    """What a build did, for the closing summary."""

    fetched: int = 0
    fetched_bytes: int = 0
    made: int = 0
    reused: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
