"""Image references, as the distribution project's grammar has them.

::

    [HOST[:PORT]/]PATH[:TAG][@sha256:HEX]

The first part is a host if it has a dot or a colon, an upper-case letter, or is
``localhost``; else the host is Docker Hub and a path of one part lies in ``library``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from seaslug.errors import UsageError
from seaslug.values.digest import Digest

HUB = "docker.io"
_HUBS = ("index.docker.io", "registry-1.docker.io")
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]{{1,5}})?"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_MAX_NAME = 255


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A name in a registry. Without tag and digest it means the tag ``latest``."""

    registry: str
    repository: str
    tag: str = ""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a reference, with or without ``docker://``. Raises UsageError that says what is odd.

        >>> str(Reference.parse("nginx"))
        'docker.io/library/nginx:latest'
        """
        whole = text.removeprefix("docker://")
        name, at, digest = whole.partition("@")
        name, tag = _tag_off(name)
        host, path = _host_off(name)
        problem = _problem(host, path, tag)
        if "://" in whole:
            problem = "it has no https:// or http:// before it"
        if problem:
            raise _malformed(text, problem)
        if at and not digest:
            raise _malformed(text, "there is nothing behind the @")
        try:
            return cls(host, path, tag or "", Digest(digest) if at else None)
        except UsageError as error:
            raise _malformed(text, error.what) from None

    @property
    def name(self) -> str:
        """Host and path, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    @property
    def selector(self) -> str:
        """What a registry is asked for: the digest if there is one, else the tag."""
        return self.digest.text if self.digest else self.tag or "latest"

    def at(self, digest: Digest) -> Reference:
        """Return the same name pinned to *digest*, without a tag."""
        return replace(self, tag="", digest=digest)

    def __str__(self) -> str:
        if self.digest:
            tag = f":{self.tag}" if self.tag else ""
            return f"{self.name}{tag}@{self.digest}"
        return f"{self.name}:{self.tag or 'latest'}"


def has_host(text: str) -> bool:
    """Tell whether *text* names a host of its own, as ``localhost:5000/a`` and ``a.b/c`` do."""
    first, slash, _ = text.removeprefix("docker://").partition("/")
    return bool(slash) and _is_host(first)


def _is_host(part: str) -> bool:
    return part == "localhost" or any(c in part for c in ".:") or part != part.lower()


def _tag_off(name: str) -> tuple[str, str | None]:
    head, slash, last = name.rpartition("/")
    if ":" not in last:
        return name, None
    base, _, tag = last.partition(":")
    return head + slash + base, tag


def _host_off(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    host, path = (first, rest) if slash and _is_host(first) else (HUB, name)
    host = HUB if host.lower() in _HUBS else host
    if host == HUB and path and "/" not in path:
        path = f"library/{path}"
    return host, path


def _problem(host: str, path: str, tag: str | None) -> str:
    """Return what is wrong with the parts, or an empty string."""
    if not path or path == "library/":
        return "there is no repository in it"
    if not re.fullmatch(_HOST, host):
        return f"{host!r} is no host"
    for part in path.removeprefix("library/").split("/"):
        if not part:
            return "a part between slashes is empty"
        if part != part.lower():
            return f"{part!r} has upper-case letters, and repositories have none"
        if not re.fullmatch(_PART, part):
            return f"{part!r} is no part of a repository's name"
    if len(host) + 1 + len(path) > _MAX_NAME:
        return f"the name has more than {_MAX_NAME} characters"
    if re.fullmatch(r"library/[0-9a-f]{64}", path):
        return "64 hexadecimal digits are a digest, not a repository"
    if tag is not None and not re.fullmatch(_TAG, tag):
        return f"{tag!r} is no tag" if tag else "there is nothing behind the colon"
    return ""


def _malformed(text: str, why: str) -> UsageError:
    return UsageError(
        f"not an image reference: {text[:300]!r}: {why}",
        hint="it reads HOST[:PORT]/PATH[:TAG][@sha256:…], e.g. registry.example/me/app:1.2",
    )
