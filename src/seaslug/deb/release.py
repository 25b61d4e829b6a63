"""Release files: what a suite is called, how old it is, and the digests of its indices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from seaslug.deb.control import parse as parse_control
from seaslug.errors import TrustError
from seaslug.values.digest import Digest

_FILE = re.compile(r"\s*([0-9A-Fa-f]{64})\s+([0-9]{1,18})\s+(\S+)\s*\Z")


@dataclass(frozen=True, slots=True)
class Release:
    """A verified Release file. Times are seconds since 1970; ``valid_until`` may be missing.

    ``files`` maps index paths to their sha256 digest and size in bytes.
    """

    suite: str
    codename: str
    version: str
    date: int
    valid_until: int | None
    architectures: tuple[str, ...]
    components: tuple[str, ...]
    by_hash: bool
    files: Mapping[str, tuple[Digest, int]] = field(repr=False)


def parse(signed: bytes, where: str = "InRelease") -> Release:
    """Return what the signed bytes of an InRelease file say. Raises TrustError."""
    fields = parse_control(signed, where)
    if "Date" not in fields or "SHA256" not in fields:
        raise TrustError("has no Date or no SHA256 section", where=where)
    return Release(
        suite=fields.get("Suite", ""),
        codename=fields.get("Codename", ""),
        version=fields.get("Version", ""),
        date=_time(fields["Date"], where),
        valid_until=_time(fields["Valid-Until"], where) if "Valid-Until" in fields else None,
        architectures=tuple(fields.get("Architectures", "").split()),
        components=tuple(fields.get("Components", "").split()),
        by_hash=fields.get("Acquire-By-Hash", "") == "yes",
        files=_files(fields["SHA256"], where),
    )


def _files(section: str, where: str) -> dict[str, tuple[Digest, int]]:
    found: dict[str, tuple[Digest, int]] = {}
    for line in section.splitlines():
        if not line.strip():
            continue
        row = _FILE.match(line)
        if not row:
            raise TrustError(f"a malformed SHA256 line: {line.strip()[:80]!r}", where=where)
        found[row[3]] = (Digest.from_hex(row[1].lower()), int(row[2]))
    return found


def _time(text: str, where: str) -> int:
    plain = text.replace("GMT", "UTC").removesuffix(" UTC").removesuffix(" +0000")
    try:
        return int(
            datetime.strptime(plain, "%a, %d %b %Y %H:%M:%S").replace(tzinfo=UTC).timestamp()
        )
    except ValueError:
        raise TrustError(f"a time that cannot be read: {text!r}", where=where) from None
