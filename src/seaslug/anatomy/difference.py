"""What is different between two images, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Item:
    """Something in the old image, the new one, or both: *before* and *after* are shown as text.

    Of a package they are versions, of the configuration values; empty where it is not there.
    """

    name: str
    before: str
    after: str

    @property
    def sign(self) -> str:
        """``+``, ``-`` or ``~``."""
        return "+" if not self.before else "-" if not self.after else "~"


@dataclass(frozen=True, slots=True)
class FileChange:
    """A path that is only here, only there, or not the same: *how* says in which respects.

    ``before`` and ``after`` are bytes, -1 where the path is not there; ``package`` is whose it
    is (the new image's word first), empty for nobody's.
    """

    path: str
    package: str
    before: int
    after: int
    how: tuple[str, ...] = ()

    @property
    def sign(self) -> str:
        """``+``, ``-`` or ``~``."""
        return "+" if self.before < 0 else "-" if self.after < 0 else "~"

    @property
    def growth(self) -> int:
        """By how many bytes the new image is larger because of it."""
        return max(self.after, 0) - max(self.before, 0)


@dataclass(frozen=True, slots=True)
class Difference:
    """All that tells image *after* from *before*. Sizes are pairs (before, after) in bytes.

    ``fetch`` is what a pull of the new one costs who has the old one, in compressed bytes, and
    ``stored`` what it adds to the disk of an engine, in bytes of files. ``shared`` counts the
    layers that both have, ``alike`` those that are only compressed otherwise: they are fetched,
    though their content is there. ``layers`` are those of each.
    """

    before: str
    after: str
    packages: tuple[Item, ...]
    files: tuple[FileChange, ...]
    config: tuple[Item, ...]
    size: tuple[int, int]
    unpacked: tuple[int, int]
    layers: tuple[int, int]
    shared: int
    fetch: int
    alike: int = 0
    stored: int = 0

    @property
    def same(self) -> bool:
        """Whether nothing tells them apart but perhaps how they are cut into layers."""
        return not (self.packages or self.files or self.config)

    def by_package(self) -> dict[str, list[FileChange]]:
        """Return the files by whose they are, most changed bytes first; nobody's are last."""
        found: dict[str, list[FileChange]] = {}
        for change in self.files:
            found.setdefault(change.package, []).append(change)

        def weight(name: str) -> tuple[bool, int, str]:
            return not name, -sum(abs(change.growth) for change in found[name]), name

        return {name: found[name] for name in sorted(found, key=weight)}

    def as_dict(self) -> dict[str, Any]:
        """Return the difference as JSON-ready data."""
        return {
            **asdict(self),
            "files": [
                {"path": f"/{c.path}", "package": c.package or None, "change": _WORDS[c.sign],
                 "before": c.before if c.before >= 0 else None,
                 "after": c.after if c.after >= 0 else None, "how": list(c.how)}
                for c in self.files
            ],
            "same": self.same,
        }  # fmt: skip


_WORDS = {"+": "added", "-": "removed", "~": "changed"}
