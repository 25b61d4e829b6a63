"""Where Debian's mirrors come from: option, environment, configuration, apt's sources, snapshot.

The answer is, per archive root (``debian`` and ``debian-security``), a tuple of base
addresses in the order to be tried. The public snapshot archive comes last of all, once it
is known which moment is wanted; it also has what a mirror has dropped since.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seaslug.errors import UsageError

SNAPSHOT = "https://snapshot.debian.org/archive"
ROOTS = ("debian", "debian-security")
_CODENAMES = frozenset(("bullseye", "bookworm", "trixie", "forky", "sid", "stable", "testing"))
_URL = re.compile(r"(?:https?|file)://\S+\Z|/\S+\Z")


@dataclass(frozen=True, slots=True)
class Mirrors:
    """Base addresses by archive root; ``origin`` says where they were found."""

    bases: Mapping[str, tuple[str, ...]]
    origin: str

    def urls(self, root: str, path: str, snapshot: str = "") -> tuple[str, ...]:
        """Return the addresses of *path* in *root*, the snapshot's last if a time is given."""
        found = [f"{base}/{path}" for base in self.bases.get(root, ())]
        if snapshot:
            found.append(f"{SNAPSHOT}/{root}/{snapshot}/{path}")
        return tuple(found)


def find(
    main: Sequence[str] = (),
    security: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
    etc: Path = Path("/etc/apt"),
) -> Mirrors:
    """Return the mirrors. Raises UsageError for an address that is none."""
    if main or security:
        return _given(main, security, "the --mirror option")
    if environ.get("SEASLUG_MIRROR") or environ.get("SEASLUG_SECURITY_MIRROR"):
        first = environ.get("SEASLUG_MIRROR", "").split()
        return _given(first, environ.get("SEASLUG_SECURITY_MIRROR", "").split(), "SEASLUG_MIRROR")
    configured = _configured(environ)
    if configured is not None:
        return configured
    bases = _apt(etc)
    if bases.get("debian"):
        return _given(bases["debian"], bases.get("debian-security", ()), "apt's sources")
    return Mirrors({}, "no mirror is configured")


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the user's configuration lies."""
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "seaslug" / "config.toml"


def _configured(environ: Mapping[str, str]) -> Mirrors | None:
    path = config_path(environ)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, RuntimeError):
        return None
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot be read: {error}", where=str(path)) from None
    main, security = data.get("mirrors", []), data.get("security-mirrors", [])
    for key, value in (("mirrors", main), ("security-mirrors", security)):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise UsageError(f"{key} must be a list of addresses", where=str(path))
    return _given(main, security, str(path)) if main or security else None


def _given(main: Sequence[str], security: Sequence[str], origin: str) -> Mirrors:
    """Return mirrors from addresses; an unnamed security mirror is the main one's neighbour."""
    bases = {"debian": tuple(map(_base, main)), "debian-security": tuple(map(_base, security))}
    if not bases["debian-security"]:
        neighbours = [b[: -len("debian")] for b in bases["debian"] if b.endswith("/debian")]
        bases["debian-security"] = tuple(f"{base}debian-security" for base in neighbours)
    return Mirrors(bases, origin)


def _base(url: str) -> str:
    if not _URL.match(url):
        raise UsageError(
            f"not the address of a mirror: {url!r}", hint="write https://HOST/debian, or a folder"
        )
    return url.rstrip("/")


def _apt(etc: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {root: {} for root in ROOTS}
    for uri, suites in _entries(etc):
        root = _root_of(uri, suites)
        if root:
            found[root][uri.rstrip("/")] = None
    return {root: tuple(uris) for root, uris in found.items()}


def _root_of(uri: str, suites: Sequence[str]) -> str:
    """Return which of Debian's archives *uri* is, or an empty string if it is none of them."""
    if not uri.startswith(("http://", "https://", "file:///")):
        return ""
    if not any(suite.split("-")[0].split("/")[0] in _CODENAMES for suite in suites):
        return ""
    last = uri.rstrip("/").rpartition("/")[2]
    if last == "debian-security" or any(
        suite.endswith(("-security", "/updates")) for suite in suites
    ):
        return "debian-security"
    return "debian" if last == "debian" else ""


def _entries(etc: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    files = [etc / "sources.list"]
    folder = etc / "sources.list.d"
    if folder.is_dir():
        files += sorted(folder.iterdir())
    for path in files:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if path.suffix == ".sources":
            yield from _deb822(text)
        elif path.suffix == ".list":
            yield from _one_line(text.splitlines())


def _one_line(lines: Iterable[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for line in lines:
        words = re.sub(r"\[[^\]]*\]", "", line.split("#")[0]).split()
        if len(words) >= 3 and words[0] == "deb":
            yield words[1], (words[2],)


def _deb822(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for block in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t") and name:
                fields[name] += " " + line.strip()
            elif ":" in line:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no":
            for uri in fields.get("uris", "").split():
                yield uri, tuple(fields.get("suites", "").split())
