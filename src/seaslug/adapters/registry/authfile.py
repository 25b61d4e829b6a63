"""The files in which Docker and podman keep logins, read and written.

::

    {"auths": {"HOST[/PATH]": {"auth": base64 of USER:PASSWORD,
                               "identitytoken": TEXT, "registrytoken": TEXT}},
     "credHelpers": {"HOST": NAME}, "credsStore": NAME}

Docker's own name for its hub is ``https://index.docker.io/v1/``. Whatever else such a file
holds is kept as it is.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seaslug.adapters.registry.machine import Machine, read_json
from seaslug.errors import UsageError
from seaslug.values.reference import HUB

HUB_KEY = "https://index.docker.io/v1/"
_HUBS = (HUB, "index.docker.io", "registry-1.docker.io")


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A user with a password, or a token of either kind; ``origin`` is where they were found."""

    username: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""
    origin: str = ""

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, origin={self.origin!r})"

    def __bool__(self) -> bool:
        return bool(self.password or self.identity_token or self.registry_token)


@dataclass(frozen=True, slots=True, repr=False)
class AuthFile:
    """One such file; ``data`` is all of it, empty if it is not there."""

    path: Path
    data: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> AuthFile:
        """Read the file at *path*. Raises UsageError with file and position, never its content."""
        data = read_json(path) or {}
        if "auths" not in data and data and all(_is_entry(row) for row in data.values()):
            data = {"auths": data}  # ~/.dockercfg, and old files of podman
        for key in ("auths", "credHelpers"):
            if not isinstance(data.get(key) or {}, dict):
                raise UsageError(f"{key} is no JSON object", where=str(path))
        return cls(path, data)

    def __repr__(self) -> str:
        return f"AuthFile({str(self.path)!r})"

    @property
    def keys(self) -> tuple[str, ...]:
        """The entries' keys as they are written."""
        return tuple(self.data.get("auths") or {})

    def entry(self, name: str) -> Credentials | None:
        """Return what the file itself has for *name*, ``HOST[/PATH]``. Raises UsageError."""
        for key, row in (self.data.get("auths") or {}).items():
            if plain_key(key) == name and isinstance(row, dict):
                found = self._credentials(key, row)
                if found:
                    return found
        return None

    def helper(self, host: str) -> str:
        """Return the name of the helper that is asked for *host* alone, or an empty string."""
        for key, name in (self.data.get("credHelpers") or {}).items():
            if plain_key(key) == host and isinstance(name, str):
                return name
        return ""

    @property
    def store(self) -> str:
        """The name of the helper that keeps everything, or an empty string."""
        name = self.data.get("credsStore")
        return name if isinstance(name, str) else ""

    def user(self, key: str) -> str:
        """Return the user of the entry *key*, an empty string if it has none."""
        row = self.data["auths"][key]
        return self._credentials(key, row).username if isinstance(row, dict) else ""

    def put(self, host: str, given: Credentials | None) -> AuthFile:
        """Return the file with an entry for *host*: with *given*, or an empty one."""
        row: dict[str, str] = {}
        if given is not None:
            pair = f"{given.username}:{given.password}".encode()
            row = {"auth": base64.b64encode(pair).decode()} if given.username else {}
            if given.identity_token:
                row["identitytoken"] = given.identity_token
        auths = {**dict(self.without(host).data.get("auths") or {}), server_of(host): row}
        return AuthFile(self.path, {**self.data, "auths": auths})

    def without(self, host: str) -> AuthFile:
        """Return the file without entries for *host*; those for paths below it stay."""
        auths = self.data.get("auths") or {}
        kept = {key: row for key, row in auths.items() if plain_key(key) != host}
        return AuthFile(self.path, {**self.data, "auths": kept} if "auths" in self.data else (
            self.data
        ))  # fmt: skip

    def save(self) -> None:
        """Write it beside the old one, for its owner only, and put it in place.

        A link stays a link. Raises UsageError.
        """
        import tempfile

        target = Path(os.path.realpath(self.path))
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        except OSError as error:
            raise _unwritable(self.path, error) from None
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(self.data, file, indent="\t", ensure_ascii=False)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, target)
        except BaseException as error:
            with suppress(OSError):
                os.unlink(beside)
            if isinstance(error, OSError):
                raise _unwritable(self.path, error) from None
            raise

    def _credentials(self, key: str, row: Mapping[str, Any]) -> Credentials:
        user, password = _text(row, "username"), _text(row, "password")
        if _text(row, "auth"):
            user, password = self._pair(key, _text(row, "auth"))
        return Credentials(
            user, password, _text(row, "identitytoken"), _text(row, "registrytoken"),
            str(self.path),
        )  # fmt: skip

    def _pair(self, key: str, text: str) -> tuple[str, str]:
        where = f"{self.path}: auths: {key}"
        bare = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
        try:
            pair = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise _spoilt(where, "auth is not base64", key) from None
        user, colon, password = pair.partition(":")
        if not colon:
            raise _spoilt(where, "auth is not the base64 of USER:PASSWORD", key)
        return user, password.rstrip("\0")


def plain_key(key: str) -> str:
    """Return ``HOST[/PATH]`` for an entry's key, whoever wrote it.

    >>> plain_key("https://index.docker.io/v1/")
    'docker.io'
    """
    _, mark, rest = key.partition("://")
    name = (rest if mark else key).rstrip("/")
    for version in ("/v1", "/v2"):
        name = name.removesuffix(version)
    host, slash, path = name.partition("/")
    host = HUB if host.lower() in _HUBS else host.lower()
    return f"{host}/{path}" if slash and not mark else host


def server_of(host: str) -> str:
    """Return the key under which Docker keeps *host*, and its name for helpers."""
    return HUB_KEY if host == HUB else host


def paths(authfile: str, machine: Machine) -> list[Path]:
    """Return the files that are looked into, in order; only *authfile* if that is named."""
    if authfile:
        return [Path(authfile).expanduser()]
    said = machine.environ.get("REGISTRY_AUTH_FILE")
    return [
        *([Path(said)] if said else []),
        docker_path(machine),
        machine.runtime / "containers" / "auth.json",
        machine.config / "containers" / "auth.json",
        machine.home / ".dockercfg",
    ]


def docker_path(machine: Machine) -> Path:
    """Return where Docker's own configuration lies."""
    said = machine.environ.get("DOCKER_CONFIG")
    return (Path(said) if said else machine.home / ".docker") / "config.json"


def target(authfile: str, machine: Machine) -> Path:
    """Return the file that a login is written to."""
    said = authfile or machine.environ.get("REGISTRY_AUTH_FILE")
    return Path(said).expanduser() if said else docker_path(machine)


def _is_entry(row: object) -> bool:
    return isinstance(row, dict) and "auth" in row


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def _spoilt(where: str, what: str, key: str) -> UsageError:
    return UsageError(what, where=where, hint=f"write it anew: seaslug login {plain_key(key)}")


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot be written: {error.strerror}", where=str(path))
