"""Which Debian package has a library or program: the archive's index of contents, verified, kept.

::

    $SEASLUG_HOME/archive/indices/<hex>.contents     libraries and programs of one Contents file

``<hex>`` is the sha256 of the compressed file as the signed release names it. Fetching and
cutting it down takes a second or two, once per state of a suite.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property

from seaslug.adapters.archive import COMPONENT, DebianArchive
from seaslug.deb import contents, soname
from seaslug.deb.universe import Universe
from seaslug.errors import ArchiveError, IntegrityError, NetworkError
from seaslug.values.platform import Platform

MAX_PACKED, MAX_PLAIN = 256 << 20, 4 << 30
_STEP = 1 << 20


class Contents:
    """The libraries of *suites* for one platform; nothing is fetched before the first question.

    With *kept*, an index that the store does not have is as good as none: names have to do, and
    nothing is said or raised.
    """

    def __init__(
        self,
        archive: DebianArchive,
        suites: Sequence[str],
        platform: Platform,
        *,
        kept: bool = False,
    ) -> None:
        self._kept = kept
        self._archive, self._suites = archive, tuple(suites)
        self._arch, self._triplet = platform.debian, platform.names.triplet

    @property
    def complete(self) -> bool:
        """Whether the index is there; false if packages are found by their names only."""
        return self._libraries is not None

    def providers(self, name: str) -> tuple[str, ...]:
        """Return the packages that put the library *name* where the loader looks, best first.

        Raises NetworkError, TrustError.
        """
        if self._libraries is None:
            return self._by_rule(name) if not self._kept else ()
        return self._libraries.providers(name)

    def elsewhere(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return the packages that have *name* in a directory of their own, with that."""
        places = self._libraries.elsewhere(name) if self._libraries is not None else ()
        return tuple((place.package, place.folder) for place in places)

    def programs(self, name: str) -> tuple[str, ...]:
        """Return the packages that have the program *name* in a folder of PATH, best first."""
        return self._libraries.programs(name) if self._libraries is not None else ()

    @cached_property
    def _libraries(self) -> contents.Libraries | None:
        """The index of all suites, or None if a mirror has other bytes than were signed."""
        found = []
        for suite in self._suites:
            try:
                found.append(self._index(suite))
            except ArchiveError as error:
                if self._kept:
                    return None
                known = isinstance(error, (IntegrityError, NetworkError))
                if self._archive.trust.offline or not known:
                    raise
                # It lags behind on many mirrors for hours. Names alone answer most questions,
                # and whatever they lead to is verified like every package.
                self._archive.listener.say(
                    f"no mirror has the index of contents of {suite} as it was signed: libraries "
                    "are looked up by Debian's rule for the names of their packages"
                )
                return None
        return contents.Libraries(contents.merge(found), self._triplet)

    @cached_property
    def _universe(self) -> Universe:
        return self._archive.suites(self._suites, self._arch)[1]

    def _index(self, suite: str) -> bytes:
        release, state = self._archive.release(suite)
        path = f"{COMPONENT}/Contents-{self._arch}"
        packed = release.files.get(f"{path}.gz")
        if packed is None or self._arch not in release.architectures:
            return contents.HEAD
        kept = self._archive.home / "indices" / f"{packed[0].hex}.contents"
        found = kept.read_bytes() if kept.exists() else b""
        if contents.is_index(found):
            return found
        if self._archive.trust.offline:
            raise NetworkError(
                f"the index of contents of {suite} is not in the store, "
                "and --offline forbids fetching",
                hint="run it once without --offline",
            )
        if packed[1] > MAX_PACKED:
            raise IntegrityError(f"has {packed[1]} bytes, too many", where=f"{suite} {path}.gz")
        task = f"contents of {suite} {self._arch}"
        self._archive.listener.begin(task)
        raw = self._archive.part(suite, release, f"{path}.gz", state.snapshot)
        limit = release.files.get(path, (None, MAX_PLAIN))[1]
        found = contents.build(_unpacked(raw, min(limit, MAX_PLAIN), f"{suite} {path}.gz"))
        self._archive.keep(kept, found)
        self._archive.listener.end(task)
        return found

    def _by_rule(self, name: str) -> tuple[str, ...]:
        rule = soname.package_name(name)
        spellings = [f"{rule}{mark}" for mark in ("", *soname.MARKS)] if rule else []
        return soname.preferred(name, (n for n in spellings if self._universe.candidates(n)))


def _unpacked(raw: bytes, limit: int, where: str) -> Iterator[bytes]:
    """Yield what a gzip file unpacks to, in pieces. Raises IntegrityError past *limit* bytes."""
    count, at = 0, 0
    unpacker = zlib.decompressobj(31)
    try:
        while not unpacker.eof:
            given = unpacker.unconsumed_tail or raw[at : at + _STEP]
            if not unpacker.unconsumed_tail:
                at += _STEP
            if not given:
                raise IntegrityError("ends too early", where=where)
            piece = unpacker.decompress(given, 4 * _STEP)
            count += len(piece)
            if count > limit:
                raise IntegrityError(f"unpacks to more than {limit} bytes", where=where)
            yield piece
    except zlib.error as error:
        raise IntegrityError(f"cannot be unpacked: {error}", where=where) from None
