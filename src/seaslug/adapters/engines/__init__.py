"""Engines and clusters that are there: images are loaded into them, and saved out of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from seaslug.adapters.store import Store
from seaslug.errors import EngineError
from seaslug.ports import Listener
from seaslug.values.descriptor import Descriptor
from seaslug.values.place import CLUSTERS, Place


def load_into_any(store: Store, image: Descriptor, names: Sequence[str], listener: Listener) -> str:
    """Load *image* into Docker, else podman; return a line that says where. Raises EngineError."""
    from seaslug.adapters.transports.out import single

    image = single(store, image, "--load")
    reasons = []
    for engine in ("docker-daemon", "podman"):
        why = why_not(engine)
        if not why:
            load_into(engine, store, image, names, listener)
            return f"{engine}:{', '.join(names)}"
        reasons.append(f"{engine}: {why}")
    raise EngineError(
        "no engine is there to load into: " + "; ".join(reasons),
        hint="start Docker or install podman; or put the image out: -o docker-archive:FILE",
    )


def why_not(engine: str) -> str:
    """Return an empty string if ``docker-daemon`` or ``podman`` can be used, else why not."""
    if engine == "podman":
        from seaslug.adapters.engines.podman import podman

        return podman().why_not()
    from seaslug.adapters.engines.docker import Docker

    try:
        with Docker() as docker:
            return docker.why_not()
    except EngineError as error:
        return error.what


def load_into(
    engine: str, store: Store, image: Descriptor, names: Sequence[str], listener: Listener
) -> str:
    """Load one platform's *image* under *names* into ``docker-daemon`` or ``podman``.

    Returns ``there``, ``partly`` (without the layers that it had) or ``whole``. Raises
    EngineError.
    """
    task = f"load into {engine}"
    listener.begin(task)
    how = ""
    try:
        if engine == "podman":
            from seaslug.adapters.engines.podman import podman

            how = podman().load(store, image, names)
        else:
            from seaslug.adapters.engines.docker import Docker

            with Docker() as docker:
                how = docker.load(store, image, names)
        return how
    finally:
        listener.end(task, _NOTES.get(how, ""))


_NOTES = {"there": "is there already", "partly": "only the layers that it lacks"}


def put(store: Store, top: Descriptor, place: Place, listener: Listener) -> str:
    """Put the image to an engine or a cluster; returns a line that says where it is now.

    Raises UsageError for several platforms where one fits, EngineError.
    """
    from seaslug.adapters.transports.out import single

    if place.transport == "containerd":
        from seaslug.adapters.engines.containerd import Containerd

        containerd = Containerd(place.name)
        containerd.load(store, top)
        return f"containerd:{containerd.spot}"
    image = single(store, top, place.transport)
    if place.transport in CLUSTERS:
        from seaslug.adapters.engines import clusters

        return f"{place.transport}:{clusters.load(place.transport, store, image, place.name)}"
    load_into(place.transport, store, image, [place.name], listener)
    return f"{place.transport}:{place.name}"


@contextmanager
def saved(place: Place, platform: str) -> Iterator[Iterator[bytes]]:
    """Give an archive of the image at *place* as a stream.

    Raises UnknownNameError with the nearest names, EngineError.
    """
    if place.transport == "containerd":
        from seaslug.adapters.engines.containerd import Containerd

        containerd = Containerd(place.name)
        with containerd.save(platform) as pieces:
            yield pieces
    elif place.transport == "podman":
        from seaslug.adapters.engines.podman import podman

        with podman().save(place.name) as pieces:
            yield pieces
    else:
        from seaslug.adapters.engines.docker import Docker

        with Docker() as docker, docker.save(place.name) as pieces:
            yield pieces
