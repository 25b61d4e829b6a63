"""The Debian archive: signed releases, indices by hash, packages by digest.

::

    $SEASLUG_HOME/archive/<root>/<suite>/InRelease     the last one that was believed
                                        /state.json     its digest, key, date, when it was asked for
    $SEASLUG_HOME/archive/indices/<hex>.packages        an uncompressed Packages file
                                 /<hex>.index            where its stanzas lie
"""

from __future__ import annotations

import json
import mmap
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from seaslug.adapters.http import Fetcher, NotFoundError, first_of
from seaslug.adapters.known import Known, Trust, root_of
from seaslug.adapters.mirrors import Mirrors
from seaslug.adapters.openpgp import certificates
from seaslug.adapters.store import Store
from seaslug.deb import index as packages_index
from seaslug.deb.release import Release, parse
from seaslug.deb.universe import Universe
from seaslug.errors import IntegrityError, NetworkError, TrustError, UsageError
from seaslug.ports import ArchiveState, Listener, Stored, Verifier
from seaslug.values.debian import Package
from seaslug.values.digest import Digest

MAX_RELEASE = 16 << 20
MAX_INDEX = 1 << 30
PARALLEL = 6
COMPONENT = "main"


class DebianArchive:
    """Debian's archive through mirrors, its answers kept in the store."""

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        mirrors: Mirrors,
        verifier: Verifier,
        listener: Listener,
        trust: Trust | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.store, self.fetcher, self.mirrors = store, fetcher, mirrors
        self.verifier, self.listener, self.now = verifier, listener, now
        self.trust = trust or Trust()
        self._releases: dict[str, tuple[Release, ArchiveState]] = {}
        self.home = Path(store.root) / "archive"
        self.known = Known(self.home, self.trust, now)

    def fingerprint(self, suites: Sequence[str]) -> list[str] | None:
        """Return what identifies the state of *suites* as it is known and fresh, else None."""
        return self.known.fingerprint(suites)

    def fresh_until(self, suites: Sequence[str]) -> tuple[float, list[str]]:
        """Return until when what is known of *suites* is fresh, and the files that say so."""
        return self.known.fresh_until(suites)

    def suites(
        self, suites: Sequence[str], arch: str, home: Sequence[str] = ()
    ) -> tuple[tuple[ArchiveState, ...], Universe]:
        """Return the verified states of *suites*, and the packages of *arch* in them.

        *home* are the suites that anything may be taken from; all of them if empty.
        Raises TrustError, NetworkError, IntegrityError, UsageError.
        """
        with self._threads() as pool:
            releases = list(pool.map(self.release, suites))
            jobs = []
            for suite, (release, state) in zip(suites, releases, strict=True):
                if arch in release.architectures:
                    jobs.append((suite, release, state))
                elif "-" in suite:
                    self.listener.say(f"{suite} has no packages for {arch}: left out")
                else:
                    raise UsageError(
                        f"{suite} has no packages for {arch}",
                        hint="it has " + ", ".join(release.architectures),
                    )
            indices = list(pool.map(lambda job: (job[0], self._index(job[0], job[1], arch)), jobs))
        states = tuple(state for _, _, state in jobs)
        return states, Universe(arch, indices, frozenset(home or suites))

    def release(self, suite: str) -> tuple[Release, ArchiveState]:
        """Return the verified release of *suite*: the kept one while fresh, else the mirror's."""
        if suite not in self._releases:
            state = self.known.state(suite)
            found = self._kept(suite, state)
            if found is None and self.trust.offline:
                raise NetworkError(
                    f"nothing is known about {suite}, and --offline forbids asking",
                    hint="run it once without --offline",
                )
            self._releases[suite] = found or self._ask(suite, state)
        return self._releases[suite]

    def fetch(
        self, packages: Sequence[Package], states: Sequence[ArchiveState]
    ) -> Iterator[tuple[Package, Stored]]:
        """Bring every package into the store, several at a time; yields them as they arrive."""
        missing = []
        for package in packages:
            stored = self.store.find(package.digest)
            if stored is not None and stored.size == package.size:
                yield package, stored
            else:
                missing.append(package)
        if not missing:
            return
        if self.trust.offline:
            raise NetworkError(
                f"{missing[0].name} {missing[0].version} is not in the store, "
                "and --offline forbids fetching",
                hint="run it once without --offline",
            )
        yield from self._download(missing, {state.name: state for state in states})

    def part(self, suite: str, release: Release, path: str, snapshot: str = "") -> bytes:
        """Return a file that *release* names, checked; from the *snapshot* if no mirror has it.

        Raises NetworkError (NotFoundError if it is nowhere) or IntegrityError.
        """
        digest, size = release.files[path]
        name = f"dists/{suite}/{path}"
        urls = self.mirrors.urls(root_of(suite), name, snapshot)
        if release.by_hash:
            # Partial mirrors copy the promise of such names without keeping it.
            named = f"{name.rpartition('/')[0]}/by-hash/SHA256/{digest.hex}"
            urls = (*self.mirrors.urls(root_of(suite), named), *urls)
        return first_of(urls, lambda url: self._checked(url, digest, size))

    def _download(
        self, missing: Sequence[Package], states: dict[str, ArchiveState]
    ) -> Iterator[tuple[Package, Stored]]:
        self.listener.begin("fetch packages", sum(p.size for p in missing), "bytes")
        with self._threads() as pool:
            jobs = {pool.submit(self._package, p, states.get(p.archive)): p for p in missing}
            while jobs:
                done, _ = wait(jobs, return_when=FIRST_COMPLETED)
                for future in done:
                    yield jobs.pop(future), future.result()
        self.listener.end("fetch packages", f"{len(missing)} packages")

    @contextmanager
    def _threads(self) -> Iterator[ThreadPoolExecutor]:
        """Give threads to fetch with.

        After a failure those that run may finish, since what they bring is kept. Who
        interrupts is not made to wait.
        """
        pool = ThreadPoolExecutor(PARALLEL)
        try:
            yield pool
        except Exception:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        except BaseException:
            with self.fetcher.stopped():
                pool.shutdown(wait=True, cancel_futures=True)
            raise
        pool.shutdown()

    def _package(self, package: Package, state: ArchiveState | None) -> Stored:
        root = state.root if state else root_of(package.archive)
        urls = self.mirrors.urls(root, package.path, state.snapshot if state else "")
        task = f"{package.name} {package.version}"
        self.listener.begin(task, package.size, "bytes")
        try:
            return first_of(
                urls, lambda url: self._verified(url, package.digest, package.size, task)
            )
        finally:
            self.listener.end(task)

    def _verified(self, url: str, digest: Digest, size: int, task: str) -> Stored:
        try:
            return self.store.put_verified(self._resumed(url, size, task), digest, size)
        except IntegrityError as error:
            raise IntegrityError(
                error.what,
                where=url,
                hint="the mirror is stale or lying; try --refresh or another --mirror",
            ) from None

    def _resumed(self, url: str, size: int, task: str) -> Iterator[bytes]:
        """Yield the file, going on from where a connection broke; gives up after three breaks."""
        count = breaks = 0
        while count < size:
            try:
                for chunk in self.fetcher.stream(url, offset=count, limit=size):
                    count += len(chunk)
                    self.listener.advance(task, len(chunk))
                    self.listener.advance("fetch packages", len(chunk))
                    yield chunk
                return
            except NotFoundError:
                raise
            except NetworkError:
                breaks += 1
                if breaks == 3 or self.fetcher.stopped_within(self.fetcher.pause * breaks):
                    raise

    def _kept(
        self, suite: str, state: dict[str, Any] | None
    ) -> tuple[Release, ArchiveState] | None:
        """Return the kept release if it may be used unasked; None if it is old or damaged."""
        if state is None or self.trust.refresh:
            return None
        if not (self.trust.offline or self.known.fresh(state)):
            return None
        try:
            raw = (self.known.folder(suite) / "InRelease").read_bytes()
            return self._believe(suite, raw, state, f"{suite} InRelease")
        except OSError:
            return None
        except TrustError:
            if self.trust.offline:
                raise
            return None

    def _ask(self, suite: str, state: dict[str, Any] | None) -> tuple[Release, ArchiveState]:
        urls = self.mirrors.urls(root_of(suite), f"dists/{suite}/InRelease")

        def believed(url: str) -> tuple[bytes, tuple[Release, ArchiveState]]:
            raw = self.fetcher.get(url, MAX_RELEASE)
            return raw, self._believe(suite, raw, state, url)

        raw, found = first_of(urls, believed)
        folder = self.known.folder(suite)
        self.keep(folder / "InRelease", raw)
        release, archive = found
        kept = {
            "release": archive.release.text, "key": archive.key, "date": release.date,
            "valid_until": release.valid_until, "asked": self.now(),
        }  # fmt: skip
        self.keep(folder / "state.json", json.dumps(kept).encode())
        return found

    def _believe(
        self, suite: str, raw: bytes, state: dict[str, Any] | None, where: str
    ) -> tuple[Release, ArchiveState]:
        """Return the release in *raw* if signature, name and age are right. Raises TrustError."""
        try:
            signed, key = self.verifier.cleartext(raw, certificates(suite, self.trust.keyring))
        except TrustError as error:
            raise TrustError(error.what, where=where, hint=error.hint) from None
        release = parse(signed, where)
        if suite not in (release.suite, release.codename):
            raise TrustError(
                f"is for {release.codename or release.suite}, not for {suite}",
                where=where, hint="the mirror is mixed up or lying; try another --mirror",
            )  # fmt: skip
        if self.known.expired(release.valid_until) and not self.trust.allow_expired:
            raise TrustError(
                f"was valid until {_date(release.valid_until or 0)} only",
                where=where,
                hint="the mirror is stale, or someone holds updates back; "
                "another --mirror, or --allow-expired if you must",
            )
        if state is not None and release.date < state["date"] and not self.trust.allow_downgrade:
            raise TrustError(
                f"is of {_date(release.date)}, older than the one of "
                f"{_date(state['date'])} seen before",
                where=where,
                hint="the mirror is behind, or someone holds updates back; "
                "another --mirror, or --allow-downgrade if you must",
            )
        moment = datetime.fromtimestamp(release.date, UTC)
        archive = ArchiveState(
            name=suite, component=COMPONENT, root=root_of(suite), release=Digest.of(raw), key=key,
            date=_date(release.date), snapshot=moment.strftime("%Y%m%dT%H%M%SZ"),
        )  # fmt: skip
        return release, archive

    def _index(self, suite: str, release: Release, arch: str) -> packages_index.Index:
        path = f"{COMPONENT}/binary-{arch}/Packages"
        plain = release.files.get(path)
        if plain is None:
            raise TrustError(f"names no {path}", where=f"{suite} InRelease")
        base = self.home / "indices" / plain[0].hex
        table, text = base.with_suffix(".index"), base.with_suffix(".packages")
        if not (table.exists() and text.exists() and text.stat().st_size == plain[1]):
            self._make_index(suite, release, path, text, table)
        try:
            return packages_index.Index(_map(table), _map(text))
        except Exception:
            self._make_index(suite, release, path, text, table)
            return packages_index.Index(_map(table), _map(text))

    def _make_index(self, suite: str, release: Release, path: str, text: Path, table: Path) -> None:
        task = f"index of {suite} {path.split('/')[1]}"
        self.listener.begin(task)
        data = self._packages(suite, release, path)
        self.keep(text, data)
        self.keep(table, packages_index.build(data))
        self.listener.end(task)

    def _packages(self, suite: str, release: Release, path: str) -> bytes:
        """Return the uncompressed Packages file, each step checked against the release."""
        plain, plain_size = release.files[path]
        for suffix in (".gz", ".xz", ""):
            if path + suffix not in release.files or plain_size > MAX_INDEX:
                continue
            try:
                raw = self.part(suite, release, path + suffix)
            except NotFoundError:
                continue
            data = _unpack(raw, suffix, plain_size)
            if Digest.of(data) != plain:
                name = f"dists/{suite}/{path}{suffix}"
                raise IntegrityError("unpacks to something else than promised", where=name)
            return data
        raise NetworkError(
            f"the mirrors have no {path} of {suite}",
            hint="they may be in the middle of an update; try --refresh in some minutes",
        )

    def _checked(self, url: str, digest: Digest, size: int) -> bytes:
        data = self.fetcher.get(url, size)
        if len(data) != size or Digest.of(data) != digest:
            raise IntegrityError(
                "differs from the digest in the signed release",
                where=url, hint="the mirror is stale or lying; try --refresh or another --mirror",
            )  # fmt: skip
        return data

    def keep(self, path: Path, data: bytes) -> None:
        """Write a file below the store's folder for the archive; it appears whole."""
        with self.store.explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            _replace(path, data)


def _unpack(raw: bytes, suffix: str, size: int) -> bytes:
    if suffix == ".gz":
        import deflate

        try:
            return bytes(deflate.gzip_decompress(raw, size))
        except Exception as error:
            raise IntegrityError(f"a Packages file that cannot be unpacked: {error}") from None
    if suffix == ".xz":
        from seaslug.tar.xz import decode

        return b"".join(decode(memoryview(raw), limit=size))
    return raw


def _replace(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _map(path: Path) -> mmap.mmap | bytes:
    with open(path, "rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return b""  # a young suite has no packages yet, and nothing cannot be mapped
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
