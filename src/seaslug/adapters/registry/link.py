"""One server that answers for a registry, and who we are to it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from seaslug.adapters.registry import trouble
from seaslug.adapters.registry.message import Body, Request, Response
from seaslug.adapters.registry.transport import PATIENT, Patience, Transport
from seaslug.ports import Listener

if TYPE_CHECKING:
    from seaslug.adapters.registry.auth import Authority, Scope
    from seaslug.adapters.registry.settings import Endpoint, RegistryOptions

PULL = ("pull",)
PUSH = ("pull", "push")
DELETE = ("*",)
_LOGINS = 3


@dataclass(frozen=True, slots=True)
class Ask:
    """A request about a repository: *tail* is what follows its name, or a whole address.

    *also* are repositories that have to be readable too, for a mount.
    """

    method: str
    tail: str
    actions: tuple[str, ...] = PULL
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Body = b""
    timeout: float = 0.0
    also: tuple[str, ...] = ()


class Link:
    """Sends what is asked about repositories, with the authorization that the server wants."""

    def __init__(self, transport: Transport, authority: Authority, host: str) -> None:
        self.transport = transport
        self.host = host
        self._authority = authority

    @property
    def endpoint(self) -> Endpoint:
        """The server."""
        return self.transport.endpoint

    def where(self, repository: str) -> str:
        """Return how people name *repository* there."""
        return f"{self.endpoint.host}/{self.endpoint.named(repository)}"

    def call(self, repository: str, ask: Ask) -> Response:
        """Return the answer, whatever its status but 401. Raises LoginError and what send does."""
        name = self.endpoint.named(repository)
        url = ask.tail
        if "://" not in url:
            url = f"{self.endpoint.address}/v2/{name}/{url}"
        request = Request(ask.method, url, ask.headers, ask.body, ask.timeout)
        if not self.transport.is_home(url):
            return self.transport.send(request)
        return self._authorized(request, self._scopes(name, ask))

    @contextmanager
    def answer(
        self, repository: str, ask: Ask, good: Sequence[int], doing: str
    ) -> Iterator[Response]:
        """Give an answer whose status is one of *good*; raises what the refusal means."""
        with self.call(repository, ask) as answer:
            if answer.status not in good:
                raise trouble.refused(answer, self.host, self.where(repository), doing)
            yield answer

    def _authorized(self, request: Request, scopes: Sequence[Scope]) -> Response:
        header = self._authority.header(scopes)
        for _ in range(_LOGINS):
            sent = request
            if header:
                sent = replace(request, headers={**request.headers, "Authorization": header})
            answer = self.transport.send(sent)
            answer.secrets = _secrets(header or "")
            answer.caller = self._authority.caller
            if answer.status != 401 or not self.transport.is_home(answer.url):
                return answer
            challenges = answer.headers.get_all("WWW-Authenticate") or []
            answer.close()
            header = self._authority.challenged(challenges, scopes, header)
        return answer

    def _scopes(self, name: str, ask: Ask) -> tuple[Scope, ...]:
        from seaslug.adapters.registry.auth import Scope

        also = (self.endpoint.named(other) for other in ask.also)
        return (Scope(name, ask.actions), *(Scope(other, PULL) for other in also))


def _secrets(header: str) -> tuple[str, ...]:
    """Return what an Authorization header says, in all the forms that it might be repeated in."""
    scheme, _, told = header.partition(" ")
    found = [told] if told else []
    if scheme == "Basic":
        user, _, password = base64.b64decode(told).decode("utf-8", "replace").partition(":")
        found += [f"{user}:{password}", *filter(None, [password])]
    return tuple(found)


class Links:
    """The servers of one registry host, as the machine is set up. Safe for many threads."""

    def __init__(
        self,
        host: str,
        options: RegistryOptions,
        listener: Listener,
        patience: Patience = PATIENT,
    ) -> None:
        self.host = host
        self.listener = listener
        self.patience = patience
        self._options = options
        self._lock = threading.Lock()
        self._found: dict[str, tuple[Link, ...]] = {}
        self._made: dict[tuple[Endpoint, object], Link] = {}

    def of(self, repository: str) -> tuple[Link, ...]:
        """Return who answers for *repository*: mirrors first, the registry itself last."""
        from seaslug.adapters.registry.settings import endpoints

        with self._lock:
            if repository not in self._found:
                found = endpoints(self.host, self._options, repository)
                self._found[repository] = tuple(self._link(one, repository) for one in found)
            return self._found[repository]

    def own(self, repository: str) -> Link:
        """Return the registry itself, to which is pushed."""
        return self.of(repository)[-1]

    def close(self) -> None:
        """Break off everything."""
        with self._lock:
            for link in self._made.values():
                link.transport.close()

    def _link(self, endpoint: Endpoint, repository: str) -> Link:
        from seaslug.adapters.registry.auth import Authority
        from seaslug.adapters.registry.credentials import find

        known = find(endpoint.host, endpoint.named(repository), self._options)
        key = (endpoint, known)
        if key not in self._made:
            transport = Transport(endpoint, self.listener, self.patience)
            authority = Authority(endpoint.host, endpoint, transport.send, known)
            self._made[key] = Link(transport, authority, endpoint.host)
        return self._made[key]
