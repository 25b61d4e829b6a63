"""Applications as values: what was found, what goes on which base, and how it starts.

An application is made per platform: detection says what a project is, its kind
makes layers of files (with the project's own tools), and what these need decides
the base and the Debian packages::

    Tree of the project -> Detection -> Made (layers, start, base, packages) -> image
"""

from __future__ import annotations

from dataclasses import dataclass, field

from seaslug.values.tree import Entry, Tree

Pairs = tuple[tuple[str, str], ...]

ROOT = "app"
"""Where an application lies in its image, without the leading slash."""

PACKAGES = "Python packages"
"""The name of the layer of what an application's own installer installed."""

TIME = 315532800
"""The time of every file that an application brings: 1980, the first that a zip can tell.

The same files give the same layer, whenever and wherever they were checked out.
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why something was decided, as people read it: ``what``, and the file that says so."""

    what: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Detection:
    """What a project is: its ``kind``, one line about it, the evidence for both, its own name."""

    kind: str
    title: str
    evidence: tuple[Evidence, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """How an application starts; what the configuration says comes over it.

    ``ports`` are TCP ports that it listens on as far as that is known; ``own_check`` is the
    option with which the program checks its own health, ``health_path`` the path where it
    answers whether it is well; each is empty if it has none.
    """

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: Pairs = ()
    workdir: str = "/app"
    ports: tuple[int, ...] = ()
    own_check: str = ""
    health_path: str = ""


@dataclass(frozen=True, slots=True)
class AppLayer:
    """Files, links and directories at their image paths, in one layer of the image.

    Slicing leaves out the paths ``cuts``; with ``bytecode``, that of Python's sources stands
    in their place: ``whole``, or ``bare`` of documentation. ``entries`` stay as they are.
    """

    name: str
    entries: tuple[Entry, ...]
    cuts: tuple[str, ...] = ()
    bytecode: str = ""

    @property
    def sliced(self) -> list[object]:
        """All that slicing says of it, JSON-ready; empty if nothing."""
        return [self.cuts, self.bytecode] if self.cuts or self.bytecode else []

    @property
    def size(self) -> int:
        """The bytes of all its files."""
        return sum(entry.size for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Made:
    """One platform's application, before its base is added.

    ``base`` is a family member without variant (``python3``, ``static`` ...), with
    ``distribution`` (``debian13`` ...) empty for the default one. ``packages`` are Debian
    packages beside the base. Layers are in order, what changes least first. ``libraries``
    are directories of the image where it loads its libraries from by LD_LIBRARY_PATH.
    ``copied`` tells that the project's files lie in the last layer as they are, and that
    nothing was built from them but bytecode.
    """

    base: str
    start: Start
    layers: tuple[AppLayer, ...]
    distribution: str = ""
    packages: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    libraries: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    copied: bool = False

    def tree(self) -> Tree:
        """Return the files of all layers."""
        return Tree(entry for layer in self.layers for entry in layer.entries)
