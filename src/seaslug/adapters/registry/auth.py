"""Who we are to one registry: basic authentication, or tokens that are kept while they hold.

Nothing here is written down, and no login or token is in an error.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from seaslug.adapters.registry import tokens
from seaslug.adapters.registry.authfile import Credentials
from seaslug.adapters.registry.message import Request, Response
from seaslug.adapters.registry.settings import Endpoint, is_loopback
from seaslug.adapters.registry.tokens import RefusedError, Scope, Token, Wanted
from seaslug.errors import LoginError, RegistryError
from seaslug.values.words import printable

if TYPE_CHECKING:
    from seaslug.adapters.registry.challenge import Challenge

__all__ = ["Authority", "Scope", "Send"]

Send = Callable[[Request], Response]


class Authority:
    """Who we are to one registry host. Safe for many threads."""

    def __init__(
        self, host: str, endpoint: Endpoint, send: Send, credentials: Credentials | None
    ) -> None:
        self.host = host
        self._endpoint = endpoint
        self._send = send
        self._known = credentials or Credentials()
        self._lock = threading.Lock()
        self._basic = False
        self._bearer: Challenge | None = None
        self._identity = self._known.identity_token
        self._tokens: dict[Wanted, Token] = {}
        self._asking: dict[Wanted, threading.Lock] = {}

    def header(self, scopes: Sequence[Scope]) -> str | None:
        """Return the Authorization header to send without being asked, or None.

        It is a kept token, a new one where an old one is about to end, or the login once the
        registry asked for it. Raises what challenged raises.
        """
        if self._known.registry_token:
            return f"Bearer {self._known.registry_token}"
        wanted = Wanted.of(scopes)
        with self._lock:
            if self._basic:
                return self._login_header()
            kept = self._kept(wanted)
            bearer = self._bearer
            if kept is not None:
                kept.handed = True
                return f"Bearer {kept.text}"
        if bearer is None:
            return None
        token = self._token(bearer, wanted, scopes, "")
        token.handed = True
        return f"Bearer {token.text}"

    def challenged(
        self, challenges: Sequence[str], scopes: Sequence[Scope], refused: str | None
    ) -> str:
        """Return the header to try after a 401, whose WWW-Authenticate lines are *challenges*.

        *refused* is the header that did not do. Raises LoginError, which names the host and the
        next step; RegistryError where the registry asks for what cannot be given.
        """
        if self._known.registry_token:
            raise self._not_taken()
        from seaslug.adapters.registry import challenge

        asked = {found.scheme: found for found in reversed(challenge.parse(challenges))}
        if "bearer" in asked:
            return self._by_token(asked["bearer"], scopes, refused)
        if "basic" in asked:
            return self._by_login(refused)
        if asked:
            names = printable(", ".join(asked), 80)
            raise LoginError(f"{self.host} wants a login of a kind that is not known: {names}")
        raise self._refusal(scopes)

    @property
    def caller(self) -> str:
        """Who we say that we are, in words."""
        user = printable(self._known.username, 60)
        return user or ("the owner of this token" if self._known else "a stranger")

    def _denied(self, scopes: Sequence[Scope]) -> LoginError:
        doing = "push to" if any({"push", "*"} & {*s.actions} for s in scopes) else "pull from"
        what = scopes[0].repository if scopes else "anything"
        return LoginError(
            f"{self.host} does not let {self.caller} {doing} {what}",
            hint=f"check the name, or log in as someone who may: seaslug login {self.host}",
        )  # fmt: skip

    def _by_login(self, refused: str | None) -> str:
        if self._known and not self._known.password:
            raise LoginError(
                f"{self.host} wants a user and a password, not a token",
                hint=f"seaslug login {self.host} -u USER",
            )
        if not self._known:
            raise self._wanted()
        if refused == self._login_header():
            raise self._not_taken()
        with self._lock:
            self._basic = True
        return self._login_header()

    def _login_header(self) -> str:
        return tokens.basic(self._known.username, self._known.password)

    def _by_token(self, asked: Challenge, scopes: Sequence[Scope], refused: str | None) -> str:
        self._check_realm(asked.get("realm"))
        wanted = Wanted.of(scopes, asked.get("scope"))
        text = (refused or "").removeprefix("Bearer ")
        with self._lock:
            self._bearer = replace(asked, parameters={**asked.parameters, "scope": ""})
            old = next((t for t in self._tokens.values() if t.text == text), None)
        if old is not None and not old.handed:
            # It was made for this very request, so another one would not do either.
            raise self._refusal(scopes)
        token = self._token(asked, wanted, scopes, text)
        return f"Bearer {token.text}"

    def _token(
        self, asked: Challenge, wanted: Wanted, scopes: Sequence[Scope], refused: str
    ) -> Token:
        """Return a token for *wanted* that is not *refused*; who comes meanwhile waits for it."""
        with self._lock:
            # A server may replace an identity token each time: all such requests form a queue.
            queue = Wanted(()) if self._identity else wanted
            asking = self._asking.setdefault(queue, threading.Lock())
        with asking:
            with self._lock:
                kept = self._kept(wanted)
            if kept is not None and kept.text != refused:
                return kept
            try:
                token = self._ask(asked, wanted)
            except RefusedError as error:
                raise self._without_token(error.status, scopes) from None
            with self._lock:
                self._tokens = {w: t for w, t in self._tokens.items() if t.text != refused}
                self._tokens[wanted] = token
            return token

    def _ask(self, asked: Challenge, wanted: Wanted) -> Token:
        began = time.monotonic()
        if self._identity:
            request = tokens.by_identity(asked, wanted, self._identity)
        else:
            login = (self._known.username, self._known.password) if self._known.password else None
            request = tokens.by_password(asked, wanted, login)
        answer = self._send(request)
        if self._identity and answer.status in (404, 405):
            answer.close()
            raise LoginError(
                f"the token server of {self.host} takes no identity tokens",
                hint=f"log in with a password: seaslug login {self.host}",
            )  # fmt: skip
        token = tokens.read(answer, began)
        if self._identity and token.refresh:
            self._identity = token.refresh
        return token

    def _kept(self, wanted: Wanted) -> Token | None:
        found = self._tokens.get(wanted)
        if found is not None and found.fresh:
            return found
        rows = self._tokens.items()
        return next((t for have, t in rows if t.fresh and have.covers(wanted)), None)

    def _check_realm(self, realm: str) -> None:
        """Refuse a token server that logins would be sent to unprotected. Raises RegistryError."""
        parts = _address(realm)
        allowed = ["https"]
        if self._endpoint.address.startswith("http://") and (
            is_loopback(parts.netloc) or not is_loopback(self._endpoint.host)
        ):
            allowed.append("http")
        odd = not parts.hostname or "@" in parts.netloc or parts.fragment
        if parts.scheme not in allowed or odd:
            shown = printable(parts._replace(query="", fragment="").geturl(), 120)
            raise RegistryError(
                f"{self.host} names a token server that no login may be sent to: {shown!r}"
            )

    def _without_token(self, status: int, scopes: Sequence[Scope]) -> RegistryError:
        """Return what a token server means that answers *status* instead of a token."""
        if status == 400 and not self._identity:
            return RegistryError(f"the token server of {self.host} answers 400")
        if not self._known:
            return self._wanted()
        return self._denied(scopes) if status == 403 and scopes else self._not_taken()

    def _refusal(self, scopes: Sequence[Scope]) -> LoginError:
        """Return the error where all that could be tried was refused."""
        if not self._known:
            return self._wanted()
        return self._denied(scopes) if scopes else self._not_taken()

    def _wanted(self) -> LoginError:
        return LoginError(f"{self.host} wants a login for this", hint=f"seaslug login {self.host}")

    def _not_taken(self) -> LoginError:
        user, origin = printable(self._known.username, 60), self._known.origin
        what = f"the login of {user}" if user else "the token that is kept for it"
        said = f"{self.host} does not take {what}"
        hint = f"log in again: seaslug login {self.host}"
        return LoginError(f"{said}, from {origin}" if origin else said, hint=hint)


def _address(text: str) -> SplitResult:
    """Return the parts of an address, all of them empty where it is none."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts if text.isprintable() and " " not in text else urlsplit("")
