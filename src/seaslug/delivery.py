"""Images to and from everywhere: registries, archives, layouts and engines, wired together.

::

    from seaslug.delivery import Delivery
    from seaslug.values.place import parse_place

    with Delivery(store) as delivery:
        moved = delivery.copy(parse_place("python3:nonroot"), parse_place("docker://reg.example/py"))
        print(moved.where)

Everything raises :class:`seaslug.errors.SeaslugError` or a branch of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from seaslug.errors import UsageError
from seaslug.ops.transfer import origins
from seaslug.ops.transfer.move import Moved, Tools, copy
from seaslug.ops.transfer.plan import Wish
from seaslug.ports import ImageSource, ImageTarget, Listener, Silent
from seaslug.values.descriptor import Descriptor
from seaslug.values.place import CLUSTERS, REGISTRY, STORE, Place
from seaslug.values.reference import Reference

if TYPE_CHECKING:
    from seaslug.adapters.registry.client import Client
    from seaslug.adapters.registry.settings import RegistryOptions
    from seaslug.adapters.store import Store
    from seaslug.ops.look import View

_IN_PLACE = (STORE, REGISTRY, "oci", "oci-archive")
DIRECT = (STORE, REGISTRY, "oci")
"""The transports that take an image blob by blob."""


class Delivery:
    """A store, and how registries are reached."""

    def __init__(
        self,
        store: Store,
        *,
        listener: Listener | None = None,
        options: RegistryOptions | None = None,
    ) -> None:
        from seaslug.adapters.registry.settings import RegistryOptions

        self.store = store
        self.listener: Listener = listener or Silent()
        self.options = options or RegistryOptions()

    def copy(self, source: Place, target: Place, wish: Wish) -> Moved:
        """Bring the image at *source* to *target*.

        Raises UnknownNameError, RegistryError, IntegrityError, StoreError, EngineError.
        """
        if target.transport == source.transport and target == source:
            raise UsageError("source and target are the same", where=str(source))
        with self.store.session():
            if target.transport in DIRECT:
                return self._direct(source, target, wish)
            here = self._brought(source, wish)
            return replace(here, where=self._out(here.top, source, target))

    def pull(self, reference: Reference, name: str, wish: Wish) -> Moved:
        """Bring the image at *reference* into the store, as *name*."""
        return self.copy(Place(REGISTRY, "", str(reference)), Place(STORE, "", name), wish)

    def push(self, name: str, reference: Reference, wish: Wish) -> Moved:
        """Bring the store's image *name* to *reference*."""
        return self.copy(Place(STORE, "", name), Place(REGISTRY, "", str(reference)), wish)

    def view(self, place: Place, wish: Wish) -> View:
        """Return one platform's image, read where it is as far as that can be done."""
        from seaslug.ops.look import View
        from seaslug.ops.transfer.remote import view

        if place.transport in (REGISTRY, "oci", "oci-archive"):
            far = place.transport == REGISTRY
            return view(self._source(place), self.store, wish, str(place), far=far)
        from seaslug.oci import images

        top = self._brought(place, wish).top
        return View(
            self.store, replace(images.image_at(self.store, top.digest, str(place)), top=top)
        )

    def bring(self, place: Place, wish: Wish) -> Descriptor:
        """Return an image that is whole in the store, brought there without a name if need be."""
        return self._brought(place, wish).top

    def tags(self, reference: Reference) -> list[str]:
        """Return the tags of a repository, as the registry sorts them."""
        with closing(self._client(reference)) as client:
            return list(client.tags(reference.repository))

    def _direct(self, source: Place, target: Place, wish: Wish) -> Moved:
        """Copy to a target that takes blobs one by one."""
        if source.transport not in _IN_PLACE:
            top = self._imported(source, wish)
            source = Place(STORE, "", top.digest.text)
        tools = Tools(self.store, self.listener, _spread)
        with closing(self._source(source)) as here, closing(self._target(target)) as there:
            moved = copy(here, there, wish, tools, str(source))
        self._note(source, target, moved)
        return moved

    def _brought(self, source: Place, wish: Wish) -> Moved:
        """Bring an image into the store without a name, if it is not there already."""
        if source.transport == STORE:
            from seaslug.oci import images

            top = images.resolve(self.store, source.name)
            if not wish.platforms and wish.everything:
                return Moved(top, "", same=True)
        return self._direct(source, Place(STORE), wish)

    def _imported(self, source: Place, wish: Wish) -> Descriptor:
        from seaslug.adapters.transports.bring import import_into

        if source.transport in CLUSTERS:
            raise UsageError(
                f"{source.transport} can only be copied to", where=str(source),
                hint="copy from the engine that made the image: docker-daemon:NAME",
            )  # fmt: skip
        platform = wish.platforms[0] if wish.platforms else ""
        return import_into(self.store, source, platform, self.listener)

    def _out(self, top: Descriptor, source: Place, target: Place) -> str:
        """Write what is in the store to an archive, an engine or a cluster."""
        from seaslug.adapters.transports.out import put_out

        return put_out(self.store, top, target, _names(source, target), self.listener)

    def _source(self, place: Place) -> ImageSource:
        if place.transport == REGISTRY:
            from seaslug.adapters.registry.source import RegistrySource

            reference = Reference.parse(place.name)
            return RegistrySource(self._client(reference), reference)
        if place.transport == STORE:
            from seaslug.adapters.transports.store import StoreSource

            return StoreSource(self.store, place.name)
        if place.transport == "oci":
            from seaslug.adapters.transports.layout import LayoutSource

            return LayoutSource(place.path, place.name)
        from seaslug.adapters.transports.archive import ArchiveSource

        return ArchiveSource(place.path, place.name)

    def _target(self, place: Place) -> ImageTarget:
        if place.transport == REGISTRY:
            from seaslug.adapters.registry.target import RegistryTarget

            reference = Reference.parse(place.name)
            return RegistryTarget(self._client(reference), reference)
        if place.transport == STORE:
            from seaslug.adapters.transports.store import StoreTarget

            return StoreTarget(self.store, place.name)
        from seaslug.adapters.transports.layout import target_in

        return target_in(place.path, place.name, store=self.store)

    def _client(self, reference: Reference) -> Client:
        from seaslug.adapters.registry.client import Client

        return Client(reference.registry, self.options, self.listener)

    def _note(self, source: Place, target: Place, moved: Moved) -> None:
        """Remember which repository has which blobs, for a mount another day."""
        for place in (source, target):
            if place.transport == REGISTRY:
                name = Reference.parse(place.name).name
                origins.remember(self.store, moved.blobs, name)


def _names(source: Place, target: Place) -> Sequence[str]:
    """Return the names for what *target* writes: its own, else the source's."""
    return [name for name in (target.name or source.name,) if name and "@" not in name]


def _spread(*args: object) -> list[str]:
    from seaslug.adapters.pool import spread

    return spread(*args)  # type: ignore[arg-type]
