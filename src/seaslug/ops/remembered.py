"""Locks that the store remembers, so that an unchanged archive is not asked and solved twice."""

from __future__ import annotations

from collections.abc import Sequence

from seaslug.lock.codec import decode, encode
from seaslug.lock.model import Lock
from seaslug.ops.keys import action
from seaslug.ops.resolve import Resolver
from seaslug.ports import BlobStore
from seaslug.recipe.model import Recipe
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform

LOCK_STEP = 1


def remembered_lock(
    store: BlobStore, resolver: Resolver, recipe: Recipe, platforms: Sequence[Platform]
) -> Lock:
    """Return the lock of *recipe*: the store's while the archive's verified state is the same."""
    suites = resolver.suites(recipe)

    def key() -> Digest | None:
        state = resolver.source.fingerprint(suites)
        if state is None:
            return None
        wanted = sorted(map(str, platforms))
        host = str(resolver.host) if resolver.pyc else ""
        return action("lock", LOCK_STEP, recipe.title, recipe.digest.text, wanted, host, state)

    now = key()
    found = store.recall(now) if now else None
    blob = store.find(Digest(found["lock"])) if found else None
    if blob is not None:
        with open(blob.path, encoding="utf-8") as file:
            return decode(file.read(), "remembered lock")
    lock = resolver.lock(recipe, platforms)
    stored = store.put([encode(lock).encode()])
    after = key()
    if after is not None:
        store.remember(after, {"lock": stored.digest.text})
    return lock
