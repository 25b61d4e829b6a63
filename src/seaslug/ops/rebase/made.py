"""New base layers made from packages: those of a member of the family, as they are now.

For an application of seaslug's they are what a build would lay below it: with the packages
that it has beside its base, and cut by its slice again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seaslug.errors import LockError, UsageError
from seaslug.lock.model import Lock
from seaslug.oci import images
from seaslug.oci.media import compression_of
from seaslug.ops import assemble, layers
from seaslug.ops.build import Builder
from seaslug.ops.making import Maker
from seaslug.ops.rebase.find import Split
from seaslug.ops.rebase.stack import Stack, of_bytes, stack
from seaslug.recipe import expand
from seaslug.recipe.codec import reference
from seaslug.recipe.model import Recipe
from seaslug.values.platform import Platform


@dataclass(frozen=True, slots=True)
class Family:
    """Makes bases. *reference* names the member of the family; empty for the application's own.

    ``lock`` resolves a recipe, ``builder`` gives a builder for a compression.
    """

    reference: str
    lock: Callable[[Recipe, Sequence[Platform]], Lock]
    builder: Callable[[str], Builder]

    def __call__(self, parts: Sequence[Split]) -> list[Stack]:
        """Return the new base for each image. Raises UsageError, ResolveError, ArchiveError."""
        recipe = self.recipe(parts[0])
        lock = self.lock(recipe, [Platform.parse(one.app.platform) for one in parts])
        if lock.recipe != recipe.digest:
            raise LockError(
                "the lock is for another recipe", where=lock.subject,
                hint="leave --lock out: the packages are then those of the archive as it is now",
            )  # fmt: skip
        return [self._stack(one, recipe, lock) for one in parts]

    def recipe(self, part: Split) -> Recipe:
        """Return the recipe of the layers below the application."""
        if part.recorded is not None:
            return part.recorded.recipe(self.reference)
        if not (self.reference or part.family):
            raise UsageError(
                "the image does not tell what it was made on", where=part.app.name,
                hint="name the new base: --onto BASE",
            )  # fmt: skip
        return expand.family(self.reference or part.family)

    def _stack(self, part: Split, recipe: Recipe, lock: Lock) -> Stack:
        platform = Platform.parse(part.app.platform)
        builder = self.builder(compression_of(part.app.layers[0].descriptor.media_type))
        if part.recorded is None:
            built = builder.image(recipe, lock, platform)
            found = images.image_at(builder.store, built.manifest.digest, reference(recipe))
            return stack(builder.store, found)
        locked = lock.on(platform)
        room = max(1, layers.MAX_LAYERS - (len(part.app.layers) - part.base))
        base = Maker(builder, recipe, lock, locked).base(room)
        made = assemble.image(recipe, locked, base.layers, base.newest)
        return of_bytes(recipe.base, str(platform), made.config_bytes(), base.layers)
