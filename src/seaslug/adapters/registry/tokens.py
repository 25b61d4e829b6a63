"""Tokens: what may be done for a while, and the servers that give them out.

See the distribution project's token specification: a GET with the login, or an OAuth2 POST
with an identity token.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from seaslug.adapters.registry.message import Request, Response
from seaslug.errors import RegistryError

if TYPE_CHECKING:
    from seaslug.adapters.registry.challenge import Challenge

SHORTEST = 60.0
"""seconds that a token holds at least, as Docker's own client has it"""

_EARLY = 10.0
_LIMIT = 1 << 20
_SCOPE = re.compile(r"repository(?:\([a-z0-9]+\))?:(.+):([^:]*)\Z")
_GOOD = re.compile(r"[\x21-\x7e]{1,65536}\Z")


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be done with a repository: ``("pull",)``, ``("pull", "push")``, ``("*",)``."""

    repository: str
    actions: tuple[str, ...]

    def __str__(self) -> str:
        return f"repository:{self.repository}:{','.join(self.actions)}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Scopes put together: actions by repository, and scopes of other kinds as they are."""

    actions: tuple[tuple[str, frozenset[str]], ...]
    others: frozenset[str] = frozenset()

    @classmethod
    def of(cls, scopes: Sequence[Scope], said: str = "") -> Wanted:
        """Return *scopes*, and with them the ones that a challenge *said*."""
        merged: dict[str, set[str]] = {}
        for scope in scopes:
            merged.setdefault(scope.repository, set()).update(scope.actions)
        others = set()
        for text in said.split():
            found = _SCOPE.match(text)
            if found is None:
                others.add(text)
            else:
                merged.setdefault(found[1], set()).update(filter(None, found[2].split(",")))
        rows = sorted((name, frozenset(actions)) for name, actions in merged.items())
        return cls(tuple(rows), frozenset(others))

    @property
    def texts(self) -> list[str]:
        """The scopes as a token server takes them."""
        named = (
            f"repository:{name}:{','.join(sorted(actions, key=_rank))}"
            for name, actions in self.actions
        )
        return [*named, *sorted(self.others)]

    def covers(self, other: Wanted) -> bool:
        """Tell whether who has this has all of *other*."""
        mine = dict(self.actions)
        return other.others <= self.others and all(
            actions <= mine.get(name, frozenset()) or "*" in mine.get(name, ())
            for name, actions in other.actions
        )


def _rank(action: str) -> tuple[bool, str]:
    """Sort pull and push first: there are token servers that compare texts."""
    return action not in ("pull", "push"), action


@dataclass(slots=True, repr=False)
class Token:
    """A token as it came. *until* is on the monotonic clock; *handed* if it was given unasked."""

    text: str
    until: float
    refresh: str = ""
    handed: bool = False

    @property
    def fresh(self) -> bool:
        """Whether it holds for some seconds more."""
        return time.monotonic() < self.until


class RefusedError(Exception):
    """The token server gives no token, by its ``status``: 400, 401 or 403."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def basic(user: str, password: str) -> str:
    """Return the header of basic authentication."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def by_password(challenge: Challenge, wanted: Wanted, login: tuple[str, str] | None) -> Request:
    """Return the request for a token with a user and a password, or for an anonymous one."""
    query = [("service", challenge.get("service"))] if challenge.get("service") else []
    query += [("scope", text) for text in wanted.texts]
    headers = {"Accept": "application/json"}
    if login:
        query.insert(0, ("account", login[0]))
        headers["Authorization"] = basic(*login)
    realm = challenge.get("realm")
    joint = "&" if urlsplit(realm).query else "?"
    return Request("GET", f"{realm}{joint}{urlencode(query)}" if query else realm, headers)


def by_identity(challenge: Challenge, wanted: Wanted, refresh: str) -> Request:
    """Return the request for a token with an identity token."""
    form = {"grant_type": "refresh_token", "service": challenge.get("service")}
    form |= {"client_id": "seaslug", "scope": " ".join(wanted.texts), "refresh_token": refresh}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    return Request("POST", challenge.get("realm"), headers, urlencode(form).encode())


def read(answer: Response, began: float) -> Token:
    """Return the token in *answer*, asked for at *began*.

    Raises RefusedError, and RegistryError for anything but a token; nothing of the answer is
    in its text: it may hold one.
    """
    where = urlsplit(answer.url).netloc.rpartition("@")[2]
    with answer:
        if answer.status in (400, 401, 403):
            raise RefusedError(answer.status)
        if answer.status != 200:
            raise RegistryError(f"the token server answers {answer.status}", where=where)
        data = _object(answer.read(_LIMIT), where)
    text = data.get("token") or data.get("access_token")
    if not isinstance(text, str) or not _GOOD.match(text):
        raise RegistryError("the token server answers without a token", where=where)
    refresh = data.get("refresh_token")
    kept = refresh if isinstance(refresh, str) else ""
    return Token(text, began + _seconds(data.get("expires_in")) - _EARLY, kept)


def _object(body: bytes, where: str) -> Mapping[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise RegistryError(
            "the token server answers something that is no JSON object", where=where
        )
    return data


def _seconds(value: object) -> float:
    """Return how long a token holds, between a minute and a day."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return SHORTEST
    return min(max(float(value), SHORTEST), 86400.0)
