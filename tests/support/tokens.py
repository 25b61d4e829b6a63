"""A token server on the loopback, and a door that asks for its tokens, or for a password."""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

SERVICE = "registry.test"


@dataclass(frozen=True)
class Asked:
    """One request: what was asked for, and who said to be asking."""

    method: str
    path: str
    fields: Mapping[str, list[str]]
    authorization: str


@dataclass
class Answer:
    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    endless: bool = False


class Site:
    """Answers requests by *answer*; speaks TLS with *context*. Use as a context manager."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self.over = threading.Event()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.site = self
        self._scheme = "https" if context else "http"
        if context:
            self._http.socket = context.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self._scheme}://{self.host}"

    def __enter__(self) -> Site:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()


@dataclass
class _Given:
    user: str
    scopes: frozenset[str]
    good: bool


class TokenServer(Site):
    """Gives tokens to *users* (by name, their passwords) and to strangers.

    ``identities`` are identity tokens by the user they stand for; ``only`` narrows what a
    user, ``""`` for strangers, gets: actions by repository. ``expires_in`` is what is said.

    Faults, the next ``times`` answers (-1: all): ``dead`` (tokens that no door takes),
    ``status`` (answers *amount*), ``endless``, ``away`` (redirects to *text*), ``body``
    (answers *text*), ``slow`` (after *amount* milliseconds).
    """

    def __init__(self, users: Mapping[str, str] = {}, **more: object) -> None:
        super().__init__(**more)  # type: ignore[arg-type]
        self.users = dict(users)
        self.identities: dict[str, str] = {}
        self.only: dict[str, Mapping[str, Iterable[str]]] = {}
        self.expires_in: object = 300
        self.rotates = False
        self._given: dict[str, _Given] = {}
        self._fault: tuple[str, int, str] = ("", 0, "")
        self._times = 0

    def __enter__(self) -> TokenServer:
        super().__enter__()
        return self

    @property
    def realm(self) -> str:
        return f"{self.url}/token"

    @property
    def secrets(self) -> set[str]:
        """Everything that no error may show."""
        return {*self._given, *self.identities, *self.users.values()}

    def fail(self, kind: str, amount: int = 0, text: str = "", times: int = -1) -> None:
        self._fault, self._times = (kind, amount, text), times

    def challenge(self, *scopes: str) -> str:
        said = f',scope="{" ".join(scopes)}"' if scopes else ""
        return f'Bearer realm="{self.realm}",service="{SERVICE}"{said}'

    def allows(self, authorization: str, scope: str = "") -> bool:
        """Tell whether the header is one of our tokens, good for ``repository:NAME:ACTIONS``."""
        given = self._given.get(authorization.removeprefix("Bearer "))
        return given is not None and given.good and _covers(given.scopes, scope)

    def expire(self) -> None:
        """Take no token any more that was given out so far."""
        for given in self._given.values():
            given.good = False

    def answer(self, asked: Asked) -> Answer:
        kind, amount, text = self._fault if self._times else ("", 0, "")
        self._times -= 1 if kind else 0
        if kind == "status":
            return Answer(amount)
        if kind == "away":
            return Answer(307, headers=(("Location", text),))
        if kind == "endless":
            return Answer(200, endless=True)
        if kind == "body":
            return Answer(200, text.encode())
        if kind == "slow":
            self.over.wait(amount / 1000)
        return self._token(asked, kind != "dead")

    def _token(self, asked: Asked, good: bool) -> Answer:
        user = self._user(asked)
        if user is None:
            return Answer(401)
        wanted = " ".join(asked.fields.get("scope", [])).split()
        token = secrets.token_urlsafe(24)
        self._given[token] = _Given(user, frozenset(self._allowed(user, wanted)), good)
        key = "access_token" if asked.method == "POST" else "token"
        data: dict[str, object] = {key: token, "issued_at": "2020-01-01T00:00:00Z"}
        if self.expires_in is not None:
            data["expires_in"] = self.expires_in
        if self.rotates and asked.method == "POST":
            self.identities = {secrets.token_urlsafe(24): user}
            data["refresh_token"] = next(iter(self.identities))
        return Answer(200, json.dumps(data).encode())

    def _user(self, asked: Asked) -> str | None:
        """Return who asks, an empty string for strangers, None for a wrong login."""
        if asked.method == "POST":
            return self.identities.get(asked.fields["refresh_token"][0])
        if not asked.authorization:
            return ""
        user, _, password = basic(asked.authorization).partition(":")
        return user if self.users.get(user) == password else None

    def _allowed(self, user: str, wanted: Iterable[str]) -> Iterable[str]:
        for scope in wanted:
            kind, name, actions = scope.split(":")
            may = self.only.get(user)
            for action in actions.split(","):
                if may is None or action in may.get(name, ()):
                    yield f"{kind}:{name}:{action}"


class Door(Site):
    """A registry that only tells who may come in: ``/v2/``, and ``/v2/REPOSITORY/...`` to pull.

    *challenge* gives the WWW-Authenticate header for a scope; *allows* tells whether a
    header will do for one. Without them, everybody may.
    """

    def __init__(
        self,
        challenge: Callable[..., str] | None = None,
        allows: Callable[[str, str], bool] = lambda *_: True,
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(context)
        self.challenge = challenge
        self.allows = allows

    def __enter__(self) -> Door:
        super().__enter__()
        return self

    @classmethod
    def of(cls, server: TokenServer) -> Door:
        return cls(server.challenge, server.allows)

    @classmethod
    def basic(cls, user: str, password: str, **more: ssl.SSLContext) -> Door:
        def allows(header: str, scope: str) -> bool:
            return header.startswith("Basic ") and basic(header) == f"{user}:{password}"

        return cls(lambda *_: 'Basic realm="door"', allows, **more)

    def answer(self, asked: Asked) -> Answer:
        name = asked.path.removeprefix("/v2/").rpartition("/")[0]
        scope = f"repository:{name}:{'push,pull' if asked.method == 'POST' else 'pull'}"
        scope = scope if name else ""
        if not asked.path.startswith("/v2/"):
            return Answer(404)
        if self.allows(asked.authorization, scope):
            return Answer(200, b"{}")
        assert self.challenge is not None
        said = self.challenge(scope) if scope else self.challenge()
        return Answer(401, b"{}", (("WWW-Authenticate", said),) if said else ())


def basic(header: str) -> str:
    """Return the ``USER:PASSWORD`` of a basic Authorization header."""
    return base64.b64decode(header.removeprefix("Basic ")).decode()


def _covers(have: frozenset[str], scope: str) -> bool:
    if not scope:
        return True
    kind, name, actions = scope.split(":")
    return all(f"{kind}:{name}:{action}" in have for action in actions.split(","))


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    site: Site

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, or does not trust us, is none of our worries."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def do_GET(self) -> None:
        size = int(self.headers.get("Content-Length", "0"))
        parts = urlsplit(self.path)
        text = self.rfile.read(size).decode() if size else parts.query
        asked = Asked(
            self.command, parts.path, parse_qs(text), self.headers.get("Authorization", "")
        )
        self.server.site.asked.append(asked)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self._send(self.server.site.answer(asked))

    def do_POST(self) -> None:
        self.do_GET()

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Connection" if answer.endless else "Content-Length",
                         "close" if answer.endless else str(len(answer.body)))  # fmt: skip
        self.end_headers()
        self.wfile.write(answer.body)
        while answer.endless and not self.server.site.over.is_set():
            self.wfile.write(b" " * 65536)
            time.sleep(0.001)

    def log_message(self, format: str, *args: object) -> None:
        pass
