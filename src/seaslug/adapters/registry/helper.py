"""Credential helpers: the programs ``docker-credential-NAME`` that keep logins for Docker.

A helper is started with one word, ``get``, ``store``, ``erase`` or ``list``; the rest goes
over its stdin and stdout. No secret is in an argument, nor in an error.
"""

from __future__ import annotations

import json
import re
from typing import Any

from seaslug.errors import EngineError, LoginError
from seaslug.values.words import printable

TOKEN_USER = "<token>"  # noqa: S105
"""the user name under which helpers keep an identity token"""

PATIENCE = 60.0
_LIMIT = 1 << 20
_ABSENT = "credentials not found in native keychain"


def get(name: str, server: str) -> tuple[str, str] | None:
    """Return user and secret that the helper *name* keeps for *server*, or None.

    Raises LoginError that names the helper.
    """
    answer = _ask(name, "get", server.encode())
    if answer is None:
        return None
    found = _json(name, answer)
    user, secret = found.get("Username"), found.get("Secret")
    if not isinstance(user, str) or not isinstance(secret, str):
        raise _failed(name, "answers without Username and Secret")
    return (user, secret) if secret else None


def store(name: str, server: str, user: str, secret: str) -> None:
    """Let the helper keep *secret*. Raises LoginError."""
    row = {"ServerURL": server, "Username": user, "Secret": secret}
    _ask(name, "store", json.dumps(row).encode(), secret)


def erase(name: str, server: str) -> None:
    """Let the helper forget *server*. Raises LoginError."""
    _ask(name, "erase", server.encode())


def listed(name: str) -> dict[str, str]:
    """Return the users that the helper knows, by server. Raises LoginError."""
    found = _json(name, _ask(name, "list", b"-") or b"{}")
    return {str(server): str(user) for server, user in found.items()}


def _ask(name: str, word: str, stdin: bytes, secret: str = "") -> bytes | None:
    """Return what the helper answers, None if it knows nothing of that server."""
    import shutil

    from seaslug.adapters.process import Child

    program = f"docker-credential-{name}"
    path = shutil.which(program) if re.fullmatch(r"[A-Za-z0-9_.-]+", name) else None
    if path is None:
        raise _failed(name, "is not installed")
    try:
        child = Child([path, word], stdin=stdin, limit=_LIMIT)
    except EngineError as error:
        raise _failed(name, error.what) from None
    done = child.within(PATIENCE)
    if done is None:
        raise _failed(name, f"did not answer within {PATIENCE:g} s")
    if done.status == 0:
        return done.stdout
    said = (done.stdout.strip() or done.stderr.strip()).decode("utf-8", "replace")
    if _ABSENT in said:
        return None
    said = said.replace(secret, "…") if secret else said
    raise _failed(name, f"failed: {printable(said, 200) or f'status {done.status}'}")


def _json(name: str, answer: bytes) -> dict[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _failed(name, "answers something that is no JSON object")
    return found


def _failed(name: str, what: str) -> LoginError:
    return LoginError(
        f"the credential helper docker-credential-{printable(name, 60)} {what}",
        hint="install it, or take it out of credsStore and credHelpers in Docker's config.json",
    )
