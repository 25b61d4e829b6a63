"""Content digests: sha256 only, validated when made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from seaslug.errors import UsageError

_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """``sha256:<64 lower-case hex digits>``. Raises UsageError for anything else."""

    text: str

    def __post_init__(self) -> None:
        algorithm, _, digits = self.text.partition(":")
        if algorithm != "sha256" or len(digits) != 64 or not _HEX.issuperset(digits):
            raise UsageError(
                f"not a sha256 digest: {self.text[:90]!r}",
                hint="a digest reads sha256: and 64 hexadecimal digits in lower case",
            )

    @classmethod
    def of(cls, data: bytes | memoryview) -> Digest:
        """Return the digest of *data*."""
        return cls("sha256:" + hashlib.sha256(data).hexdigest())

    @classmethod
    def from_hex(cls, digits: str) -> Digest:
        """Return the digest with these 64 hex digits."""
        return cls("sha256:" + digits)

    @property
    def hex(self) -> str:
        """The 64 hex digits, as used for file names."""
        return self.text[7:]

    def __str__(self) -> str:
        return self.text
