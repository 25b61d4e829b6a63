"""What an image must do when it is started, as data.

A family member, or a recipe of one's own, carries its checks as ``[[prove]]``
tables; ``seaslug prove`` runs them. Every field has a default that means
"do not care", so a check says only what it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One start of the image and what has to come of it.

    ``argv`` replaces entrypoint and command; ``args`` only the command, so that
    ``args = ["-c", "..."]`` goes to the image's own interpreter. ``user`` is
    ``uid[:gid]``, empty for the image's own. ``stdout`` and ``stderr`` are regular
    expressions that must be found (multi-line mode). ``files`` are mounted read-only,
    as (path in the container, text). With ``port`` the program is a server: it is
    polled at ``path`` until it answers ``http_status`` with a text in which ``body``
    is found, then stopped; ``status`` is not looked at. ``refused`` turns the check
    round: the program must not be startable at all. ``timeout`` is in seconds.
    ``variants`` restricts the check to those variants (``debug``, ``nonroot`` ...).
    """

    name: str
    argv: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    user: str = ""
    env: tuple[tuple[str, str], ...] = ()
    stdin: str = ""
    files: tuple[tuple[str, str], ...] = ()
    status: int = 0
    stdout: str = ""
    stderr: str = ""
    port: int = 0
    path: str = "/"
    http_status: int = 200
    body: str = ""
    refused: bool = False
    timeout: float = 60.0
    variants: tuple[str, ...] = ()

    def filled(self, known: Mapping[str, str]) -> Check:
        """Return the check with ``{word}`` replaced, in every text, for the words in *known*."""

        def fill(value: Any) -> Any:
            if isinstance(value, tuple):
                return tuple(fill(part) for part in value)
            if not isinstance(value, str):
                return value
            for word, text in known.items():
                value = value.replace("{" + word + "}", text)
            return value

        return Check(**{f.name: fill(getattr(self, f.name)) for f in fields(self)})
