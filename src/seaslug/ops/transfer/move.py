"""The copy itself: blobs, side by side; manifests, children first; the name last.

What is cut off leaves no name that leads to something missing, and the same command
again goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from seaslug.errors import SeaslugError
from seaslug.ops.transfer import origins, plan
from seaslug.ops.transfer.plan import Plan, Wish
from seaslug.ports import BlobStore, ImageSource, ImageTarget, Listener
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest

Spread = Callable[
    [Callable[[Descriptor], str], Sequence[Descriptor], int, Callable[[], None]], Iterable[str]
]
"""Applies a function to many, so many at once; the first error ends all of it and is raised."""
_DEEP = 3


@dataclass(frozen=True, slots=True)
class Tools:
    """What a copy uses: the store, whose memory knows origins; who is told; threads."""

    store: BlobStore
    listener: Listener
    spread: Spread


@dataclass(frozen=True, slots=True)
class Moved:
    """What a copy did. Counts are blobs; ``bytes`` those that were sent or fetched.

    ``where`` is what the target says of it; ``same`` that there was nothing to do.
    """

    top: Descriptor
    where: str
    platforms: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    referrers: int = 0
    same: bool = False
    blobs: tuple[Digest, ...] = ()


def copy(source: ImageSource, target: ImageTarget, wish: Wish, tools: Tools, name: str) -> Moved:
    """Copy what *wish* takes of *source* to *target*; *name* is the source as people read it.

    Raises UnknownNameError, RegistryError, IntegrityError, HostileError, StoreError.
    """
    whole = wish.everything and not wish.platforms
    top = source.top()
    if whole and not wish.referrers and target.holds(top):
        return Moved(top, target.finish(top, b""), same=True)
    made = plan.make(source, top, wish, name)
    top = made.top.descriptor
    same = not (whole and not wish.referrers) and target.holds(top)
    job = _Job(source, target, tools)
    if not same:
        job.bring(made)
    extra = job.referrers(made, name) if wish.referrers else 0
    where = target.finish(top, b"" if same else made.top.raw)
    return Moved(
        top, where, made.platforms, job.counts, job.bytes, extra, same and not extra,
        tuple(blob.digest for blob in made.blobs),
    )  # fmt: skip


class _Job:
    """One copy on its way, and what it did so far."""

    def __init__(self, source: ImageSource, target: ImageTarget, tools: Tools) -> None:
        self._source = source
        self._target = target
        self._tools = tools
        self._halted = False
        self.counts: dict[str, int] = {}
        self.bytes = 0

    def bring(self, made: Plan, *, top: bool = False) -> None:
        """Bring blobs and manifests of *made*; its top only if *top*."""
        done = self._tools.spread(self._blob, made.blobs, self._target.parallel, self._halt)
        for blob, how in zip(made.blobs, done, strict=True):
            self.counts[how] = self.counts.get(how, 0) + 1
            self.bytes += blob.size if how == "sent" else 0
        for page in made.pages if top else made.pages[:-1]:
            self._target.put_manifest(page.descriptor, page.raw)

    def _blob(self, blob: Descriptor) -> str:
        known = [self._source.known_as] if self._source.known_as else []
        known += [x for x in origins.recall(self._tools.store, blob.digest) if x not in known]
        return self._target.put_blob(blob, lambda at: self._opened(blob, at), known)

    def _opened(self, blob: Descriptor, offset: int) -> Iterator[bytes]:
        for chunk in self._source.open(blob, offset):
            if self._halted:
                raise SeaslugError("stopped, because something else failed")
            yield chunk

    def _halt(self) -> None:
        self._halted = True

    def referrers(self, made: Plan, name: str) -> int:
        """Bring what refers to the pages of *made*, and what refers to that."""
        seen: set[Digest] = set()
        todo = [(page.descriptor.digest, 0) for page in made.pages]
        while todo:
            subject, depth = todo.pop()
            for found in self._source.referrers(subject):
                if found.digest not in seen and depth < _DEEP:
                    seen.add(found.digest)
                    self.bring(plan.of(self._source, found, name), top=True)
                    todo.append((found.digest, depth + 1))
        return len(seen)
