"""An image of a view, read for a browser: layer by layer, and files from their beginning."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from seaslug.errors import HostileError, UsageError
from seaslug.explore.source import Head, Heard, Judged, Subject

if TYPE_CHECKING:
    from seaslug.anatomy.facts import LayerFacts
    from seaslug.ops.look import View
    from seaslug.ports import BlobStore
    from seaslug.values.descriptor import Descriptor


class Counted:
    """A store that tells how many bytes of blobs were read."""

    def __init__(self, store: BlobStore, heard: Heard) -> None:
        self._store, self._heard = store, heard

    def chunks(self, wanted: Descriptor) -> Iterator[bytes]:
        """Yield a blob's bytes."""
        for chunk in self._store.chunks(wanted):
            self._heard(len(chunk))
            yield chunk

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class Reader:
    """The image of a *view*; what it is and does is said by explore.source.Source."""

    def __init__(self, view: View) -> None:
        self._view = view
        found = view.found
        self.subject = Subject(
            found.name, found.platform, found.descriptor.digest.text, view.config, view.layers,
            view.history,
        )  # fmt: skip

    def layer(self, at: int, heard: Heard) -> LayerFacts:
        """Return what the layer *at* holds. Raises StoreError, HostileError, IntegrityError."""
        from seaslug.ops.facts import layer_facts

        return layer_facts(Counted(self._view.blobs, heard), self._view.layers[at])

    def judged(self, layers: Sequence[LayerFacts]) -> Judged:
        """Return whose the files are, and what the rules find."""
        # The first screen does not wait for all rules to be imported.
        from seaslug.anatomy.owners import owners
        from seaslug.anatomy.rootfs import rootfs
        from seaslug.ops.compare.portrait import ours
        from seaslug.ops.judge import judge
        from seaslug.ops.specimen import laid
        from seaslug.rules.catalog import profile

        specimen = laid(self._view, rootfs(layers))
        return Judged(
            specimen, owners(specimen.root, ours=ours(specimen)),
            judge(specimen, profile("default")).findings,
        )  # fmt: skip

    def head(self, origin: tuple[int, str], most: int, heard: Heard) -> Head:
        """Return at most *most* bytes of a file; of its other bytes only the number."""
        data = bytearray()
        for piece in self._pieces(origin, heard):
            data += piece[: most + 1 - len(data)]
            if len(data) > most:
                break
        return Head(bytes(data[:most]), len(data))

    def save(self, origin: tuple[int, str], target: str, heard: Heard) -> int:
        """Write a file to *target*, whole or not at all; what is there stays. Raises UsageError."""
        size, part = 0, f"{target}.{os.getpid()}.part"
        try:
            with open(part, "xb") as file:
                for piece in self._pieces(origin, heard):
                    size += file.write(piece)
            os.link(part, target)
        except FileExistsError:
            raise UsageError("is there already", where=target, hint="choose another name") from None
        except OSError as error:
            raise UsageError(
                f"cannot be written: {error.strerror}", where=target,
                hint="name a file in a folder that is there and yours",
            ) from None  # fmt: skip
        finally:
            if os.path.exists(part):
                os.unlink(part)
        return size

    def _pieces(self, origin: tuple[int, str], heard: Heard) -> Iterator[memoryview]:
        at, path = origin
        for found, pieces in self._view.contents(at):
            heard(0)
            if found == path:
                for piece in pieces:
                    heard(len(piece))
                    yield piece
                return
        raise HostileError("no such file in the layer", where=path)
