"""Where a browser gets its image from: what is known at once, and what is read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from seaslug.anatomy.facts import LayerFacts
    from seaslug.anatomy.owners import Owners
    from seaslug.rules.model import Finding
    from seaslug.rules.specimen import Specimen
    from seaslug.values.descriptor import Descriptor

Heard = Callable[[int], None]
"""Hears how many bytes more were read; may raise Stopped."""


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """Nobody waits for it any longer."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What manifest and configuration say of an image, before any layer is read."""

    name: str
    platform: str
    digest: str
    config: Mapping[str, Any]
    layers: tuple[Descriptor, ...]
    history: tuple[str, ...]

    @property
    def size(self) -> int:
        """The bytes of its compressed layers."""
        return sum(layer.size for layer in self.layers)

    def maker(self, at: int) -> str:
        """Return what made the layer *at*, on one line, without what every line begins with."""
        text = " ".join(self.history[at].split())
        for noise in ("/bin/sh -c #(nop) ", "/bin/sh -c ", "RUN /bin/sh -c ", "seaslug: "):
            text = text.removeprefix(noise)
        return text.removesuffix(" # buildkit") or "(history does not tell)"


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known once every layer is: packages, and findings, the worst first."""

    specimen: Specimen
    owners: Owners
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a file: ``size`` is how many bytes it has in all."""

    data: bytes
    size: int

    @property
    def cut(self) -> bool:
        """Whether there is more of it."""
        return len(self.data) < self.size


class Source(Protocol):
    """Reads an image. Everything may take long, and raises errors of SeaslugError's tree."""

    @property
    def subject(self) -> Subject:
        """What is known at once."""
        ...

    def layer(self, at: int, heard: Heard) -> LayerFacts:
        """Return what the layer *at* holds."""
        ...

    def judged(self, layers: Sequence[LayerFacts]) -> Judged:
        """Return what is known of *layers* together."""
        ...

    def head(self, origin: tuple[int, str], most: int, heard: Heard) -> Head:
        """Return at most *most* bytes of the file that is *origin*: a layer, and a path there."""
        ...

    def save(self, origin: tuple[int, str], target: str, heard: Heard) -> int:
        """Write that file to the new file *target* of this machine; return its size."""
        ...
