"""From a locked recipe to images in the store. Only fetch and put touch the world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from seaslug.apps.model import AppLayer
from seaslug.errors import LockError
from seaslug.lock.codec import platform_digest
from seaslug.lock.model import FORMAT_VERSION, Lock, PlatformLock
from seaslug.oci import media
from seaslug.oci.index import index_bytes
from seaslug.ops.keys import BUILD_VERSION, CUT_VERSION, LEVEL_VERSION, action
from seaslug.ports import BlobStore, Listener, PackageSource, Tally
from seaslug.recipe.model import SLICE, Recipe
from seaslug.tar.compress import Compression
from seaslug.values.descriptor import Descriptor
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform

if TYPE_CHECKING:
    from seaslug.oci.image import Image
    from seaslug.ops.making import Files
    from seaslug.values.tree import Entry, Tree

Map = Callable[..., Iterable[Any]]


class Pool(Protocol):
    """Runs functions side by side: ``submit`` for packages, ``map`` for parts of one package."""

    map: Map

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        """Start *function* and return a future."""
        ...


class Compiler(Protocol):
    """Compiles Python with an interpreter that lies in a tree and runs on this machine."""

    host: Platform | None

    def compile(
        self, runtime: Callable[[], Tree], sources: Tree, python: str, name: str = ""
    ) -> tuple[Entry, ...]:
        """Return the pyc files for the .py files of *sources*, by *python* of *runtime*.

        Under *name*, if it has one, the runtime is kept, and not asked for again.
        """
        ...

    def bare(
        self, runtime: Callable[[], Tree], sources: Tree, python: str, name: str = ""
    ) -> tuple[Entry, ...]:
        """Return what :meth:`compile` does, of rare sources too, without documentation."""
        ...

    def kept(
        self, runtime: Callable[[], Tree], python: str, name: str
    ) -> tuple[str, list[str]] | None:  # fmt: skip
        """Return the folder of the runtime kept under *name*, and the command that starts it.

        None if none are kept.
        """
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """How bytes are laid out: the compression of layers, and how they are grouped."""

    compression: Compression
    layers: str = "grouped"


@dataclass(frozen=True, slots=True)
class Built:
    """One platform's image in the store; ``size`` is compressed, in bytes."""

    platform: Platform
    manifest: Descriptor
    layers: int
    size: int
    packages: int
    reused: bool


@dataclass(slots=True)
class Builder:
    """Builds images from locks. ``pool`` and ``compiler`` are made when first needed."""

    store: BlobStore
    source: PackageSource
    pool: Callable[[], Pool]
    listener: Listener
    options: Options
    compiler: Callable[[], Compiler]
    tally: Tally = field(default_factory=Tally)

    def image(
        self, recipe: Recipe, lock: Lock, platform: Platform, top: Sequence[AppLayer] = ()
    ) -> Built:
        """Return the image of *recipe* for *platform*, made if it is not in the store yet.

        *top* are an application's layers. Raises LockError, ArchiveError, HostileError,
        StoreError.
        """
        locked = lock.on(platform)
        if lock.format_version != FORMAT_VERSION:
            raise LockError(
                f"the lock is for format {lock.format_version}, "
                f"this seaslug writes {FORMAT_VERSION}",
                hint="lock again with: seaslug lock SUBJECT -o FILE",
            )
        key = self._key(recipe, locked, top)
        built = self._known(self.store.recall(key), platform)
        if built is None:
            # What is known needs nothing of what cuts, computes and compresses.
            from seaslug.ops.making import Maker

            image = Maker(self, recipe, lock, locked).image(top)
            built = self._put(image, locked, len(recipe.omitted))
            self.store.remember(key, _record(built, _blobs(image, built)))
        return built

    def files(self, recipe: Recipe, lock: Lock, platform: Platform) -> Files:
        """Return every file of *recipe* for *platform*, made if need be. Raises as image does."""
        from seaslug.ops.making import Maker

        return Maker(self, recipe, lock, lock.on(platform)).files()

    def index(self, built: Sequence[Built]) -> Descriptor:
        """Return the index over several platforms' images, or the manifest of a single one."""
        if len(built) == 1:
            return built[0].manifest
        raw = index_bytes([(b.manifest, b.platform) for b in built])
        stored = self.store.put([raw])
        return Descriptor(media.INDEX, stored.digest, stored.size)

    def _put(self, image: Image, locked: PlatformLock, omitted: int) -> Built:
        self.store.put([image.config_bytes()])
        manifest = self.store.put([image.manifest_bytes()])
        descriptor = Descriptor(media.MANIFEST, manifest.digest, manifest.size)
        size = sum(layer.descriptor.size for layer in image.layers)
        return Built(
            locked.platform, descriptor, len(image.layers), size,
            len(locked.packages) - omitted, False,
        )  # fmt: skip

    def _key(self, recipe: Recipe, locked: PlatformLock, top: Sequence[AppLayer]) -> Digest:
        from dataclasses import asdict

        from seaslug.values.identity import identity

        settings = recipe.settings
        more: list[Any] = [recipe.description, asdict(settings)] if recipe.base else []
        more += [level.sliced for level in recipe.levels if level.name == SLICE]
        more += [[x.name, identity(x.entries), *x.sliced] for x in top]
        return action(
            "image", BUILD_VERSION, CUT_VERSION, LEVEL_VERSION, recipe.title,
            recipe.digest.text, settings.user, settings.workdir, platform_digest(locked).text,
            self.options.compression.identity, self.options.layers, *more,
        )  # fmt: skip

    def _known(self, found: Mapping[str, Any] | None, platform: Platform) -> Built | None:
        if found is None or any(self.store.find(Digest(d)) is None for d in found["blobs"]):
            return None
        manifest = Descriptor(media.MANIFEST, Digest(found["manifest"]), found["manifest_size"])
        return Built(platform, manifest, found["layers"], found["size"], found["packages"], True)


def _blobs(image: Image, built: Built) -> list[str]:
    layers_ = [layer.descriptor.digest.text for layer in image.layers]
    return [built.manifest.digest.text, Digest.of(image.config_bytes()).text, *layers_]


def _record(built: Built, blobs: Sequence[str]) -> dict[str, Any]:
    return {
        "manifest": built.manifest.digest.text, "manifest_size": built.manifest.size,
        "layers": built.layers, "size": built.size, "packages": built.packages,
        "blobs": list(blobs),
    }  # fmt: skip
