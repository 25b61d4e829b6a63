"""Whose login is used for a registry: from the files of Docker and podman, and their helpers.

An entry for ``HOST/PATH``, as podman writes them, goes before one for the host, the longest
first. For the host each file says its word: the helper for that host, the helper for all
hosts, the entry itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from seaslug.adapters.registry import authfile, helper
from seaslug.adapters.registry.authfile import AuthFile, Credentials
from seaslug.adapters.registry.machine import Machine
from seaslug.adapters.registry.settings import RegistryOptions
from seaslug.errors import UsageError

__all__ = ["Credentials", "find", "from_helper"]


def find(
    host: str, repository: str, options: RegistryOptions, machine: Machine | None = None
) -> Credentials | None:
    """Return the login for *repository* of *host*, or None if there is none.

    Raises UsageError for a file that cannot be read, LoginError for a helper that fails.
    """
    host = authfile.plain_key(host)
    paths = authfile.paths(options.authfile, machine or Machine.here())
    if options.authfile and not paths[0].exists():
        raise UsageError(
            "there is no such file", where=options.authfile,
            hint=f"write it: seaslug login {host} --authfile {options.authfile}",
        )  # fmt: skip
    files = [AuthFile.read(path) for path in paths]
    for name in _prefixes(host, repository):
        for file in files:
            found = file.entry(name)
            if found:
                return found
    return next(filter(None, (_in_file(file, host) for file in files)), None)


def from_helper(name: str, host: str) -> Credentials | None:
    """Return what the helper *name* keeps for *host*. Raises LoginError."""
    found = helper.get(name, authfile.server_of(host))
    if found is None:
        return None
    user, secret = found
    origin = f"docker-credential-{name}"
    if user == helper.TOKEN_USER:
        return Credentials(identity_token=secret, origin=origin)
    return Credentials(user, secret, origin=origin)


def _in_file(file: AuthFile, host: str) -> Credentials | None:
    for name in filter(None, (file.helper(host), file.store)):
        found = from_helper(name, host)
        if found:
            return found
    return file.entry(host)


def _prefixes(host: str, repository: str) -> Iterator[str]:
    """Yield ``host/a/b`` and ``host/a`` for the repository ``a/b``."""
    name = f"{host}/{repository}"
    while repository and name != host:
        yield name
        name = name.rpartition("/")[0]
