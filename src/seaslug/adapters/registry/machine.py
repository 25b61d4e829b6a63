"""What this machine says about registries: where the files of Docker, podman and seaslug lie."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seaslug.errors import UsageError

LIMIT = 4 << 20


@dataclass(frozen=True, slots=True)
class Machine:
    """The environment and the root of the file system; tests have their own."""

    environ: Mapping[str, str]
    root: Path = Path("/")

    @classmethod
    def here(cls) -> Machine:
        """Return this machine, with its environment as it is now."""
        return cls(dict(os.environ))

    @property
    def home(self) -> Path:
        """The user's home."""
        return Path(self.environ.get("HOME") or Path.home())

    @property
    def config(self) -> Path:
        """Where the user's configuration lies, as the XDG specification has it."""
        base = self.environ.get("XDG_CONFIG_HOME")
        return Path(base) if base else self.home / ".config"

    @property
    def runtime(self) -> Path:
        """Where files lie that are gone after a logout or a restart."""
        base = self.environ.get("XDG_RUNTIME_DIR")
        return Path(base) if base else self.root / f"run/containers/{os.getuid()}"

    @property
    def etc(self) -> Path:
        """The machine's own configuration."""
        return self.root / "etc"


def read_json(path: Path) -> dict[str, Any] | None:
    """Return a JSON object, or None without that file.

    Raises UsageError with file and position, and nothing of what the file holds.
    """
    data = _read(path)
    if data is None or not data.strip():
        return None
    try:
        found = json.loads(data)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno} column {error.colno}"
        raise UsageError(f"not JSON at {at}: {error.msg}", where=str(path)) from None
    except (ValueError, RecursionError):
        raise UsageError("not JSON that can be read", where=str(path)) from None
    if not isinstance(found, dict):
        raise UsageError("holds no JSON object", where=str(path))
    return found


def read_toml(path: Path) -> dict[str, Any] | None:
    """Return a TOML document, or None without that file. Raises UsageError."""
    data = _read(path)
    if data is None:
        return None
    import tomllib

    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"cannot be read: {error}", where=str(path)) from None


def _read(path: Path) -> bytes | None:
    try:
        with open(path, "rb") as file:
            data = file.read(LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if len(data) > LIMIT:
        raise UsageError(f"has more than {LIMIT >> 20} MiB", where=str(path))
    return data
