"""Logging in and out: ask the registry, then write down where Docker and podman look too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seaslug.adapters.registry import authfile, credentials, helper, trouble
from seaslug.adapters.registry.auth import Authority
from seaslug.adapters.registry.authfile import AuthFile, Credentials
from seaslug.adapters.registry.machine import Machine
from seaslug.adapters.registry.message import Request
from seaslug.adapters.registry.settings import RegistryOptions, endpoints
from seaslug.adapters.registry.transport import Patience, Transport
from seaslug.errors import LoginError, UnknownNameError
from seaslug.ports import Listener

_ROUNDS = 3
# Somebody sits there and waits.
_PATIENCE = Patience(attempts=2)


@dataclass(frozen=True, slots=True)
class Login:
    """One login that is kept: where, and by which helper, empty if as plain text."""

    host: str
    user: str
    path: str
    helper: str = ""


def check(host: str, given: Credentials, options: RegistryOptions, listener: Listener) -> bool:
    """Ask the registry whether it takes *given*; False if it never asks who calls.

    Raises LoginError if it does not, UnreachableError, RegistryError.
    """
    endpoint = endpoints(host, replace(options, mirrors=False))[-1]
    transport = Transport(endpoint, listener, _PATIENCE)
    try:
        return _taken(transport, Authority(host, endpoint, transport.send, given), given)
    finally:
        transport.close()


def _taken(transport: Transport, authority: Authority, given: Credentials) -> bool:
    host, header, asked = authority.host, "", False
    for _ in range(_ROUNDS):
        headers = {"Authorization": header} if header else {}
        url = f"{transport.endpoint.address}/v2/"
        with transport.send(Request("GET", url, headers)) as answer:
            answer.secrets = _secrets(given, header)
            status, challenges = answer.status, answer.headers.get_all("WWW-Authenticate") or []
            if status != 200 and (status != 401 or not transport.is_home(answer.url)):
                raise trouble.refused(answer, host, host, "is no registry that tells its version")
        if status == 200 and not header and given.password:
            # It lets strangers in; what it does with a wrong login, it tells when it gets one.
            header = authority.challenged(["Basic"], (), None)
        elif status == 200:
            return asked
        else:
            asked = True
            header = authority.challenged(challenges, (), header or None)
    raise LoginError(f"{host} does not take the login", hint=f"seaslug login {host}")


def _secrets(given: Credentials, header: str) -> tuple[str, ...]:
    told = (given.password, given.identity_token, header.partition(" ")[2])
    return tuple(filter(None, told))


def keep(host: str, given: Credentials, path: Path) -> Login:
    """Write *given* down: into the helper that *path* names, else into *path* itself.

    Raises LoginError for a helper that fails, UsageError for a file that cannot be written.
    """
    file = AuthFile.read(path)
    name = file.helper(host) or file.store
    user = helper.TOKEN_USER if given.identity_token else given.username
    if name:
        secret = given.identity_token or given.password
        helper.store(name, authfile.server_of(host), user, secret)
    file.put(host, None if name else given).save()
    return Login(host, given.username or user, str(path), name)


def forget(name: str, path: Path) -> Login:
    """Erase the login of *name*, ``HOST[/PATH]``. Raises UnknownNameError, and what keep raises."""
    file = AuthFile.read(path)
    kept = {login.host: login for login in _kept(file)}
    if name not in kept:
        hint = "" if kept else f"no login is kept in {path}"
        raise UnknownNameError("login", name, sorted(kept), hint=hint)
    if kept[name].helper:
        helper.erase(kept[name].helper, authfile.server_of(name))
    if any(authfile.plain_key(key) == name for key in file.keys):
        file.without(name).save()
    return kept[name]


def kept(options: RegistryOptions, machine: Machine) -> list[Login]:
    """Return every login that is kept in one of the files, or by the helpers they name."""
    paths = authfile.paths(options.authfile, machine)
    return [login for path in paths for login in _kept(AuthFile.read(path))]


def elsewhere(name: str, path: Path, machine: Machine) -> Sequence[Path]:
    """Return the other files that still have a login for *name*."""
    others = (other for other in authfile.paths("", machine) if other != path)
    return [other for other in others if AuthFile.read(other).entry(name)]


def _kept(file: AuthFile) -> Iterator[Login]:
    found = {login.host: login for login in (*_plain(file), *_helped(file))}
    yield from (found[host] for host in sorted(found))


def _plain(file: AuthFile) -> Iterator[Login]:
    for key in file.keys:
        name = authfile.plain_key(key)
        given = file.entry(name)
        if given:
            user = given.username or helper.TOKEN_USER
            yield Login(name, user, str(file.path))


def _helped(file: AuthFile) -> Iterator[Login]:
    if file.store:
        for server, user in helper.listed(file.store).items():
            yield Login(authfile.plain_key(server), user, str(file.path), file.store)
    for key in file.data.get("credHelpers") or {}:
        host = authfile.plain_key(key)
        name = file.helper(host)
        given = credentials.from_helper(name, host) if name else None
        if given:
            yield Login(host, given.username or helper.TOKEN_USER, str(file.path), name)
