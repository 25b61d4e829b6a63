"""How a registry is reached: address, trust, client certificate, mirrors.

Said by, in this order: options; the user's ``config.toml``; podman's ``registries.conf``;
the folders ``certs.d/HOST`` of Docker and podman. ::

    [registries."registry.example:5000"]
    mirrors = ["https://mirror.example/hub"]     tried first, for pulls only
    insecure = true                              plain HTTP, or TLS that nobody vouches for
    ca = "authority.pem"                         trusted besides the system's
    certificate = "me.cert"                      shown to the registry
    key = "me.key"

Without a word about it, only the loopback is spoken to by plain HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seaslug.adapters.registry.machine import Machine, read_toml
from seaslug.errors import UsageError
from seaslug.values.reference import HUB

HUB_ADDRESS = "https://registry-1.docker.io"
_PLAIN = (
    "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE",
    "UNEXPECTED_EOF_WHILE_READING", "PACKET_LENGTH_TOO_LONG",
)  # fmt: skip
_KEYS = {"mirrors": list, "insecure": bool, "ca": str, "certificate": str, "key": str}


@dataclass(frozen=True, slots=True)
class RegistryOptions:
    """What the command line says about registries.

    *insecure* holds hosts, ``https://HOST`` or ``http://HOST`` where it must be that; *ca*
    PEM files; *authfile* the only file to read logins from, if one is named; without
    *mirrors* none is asked.
    """

    insecure: tuple[str, ...] = ()
    ca: tuple[str, ...] = ()
    authfile: str = ""
    mirrors: bool = True


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server that answers for a registry.

    *host* is the registry as a reference names it, ``localhost:5000``, or a mirror's own;
    *address* ``https://registry-1.docker.io``. *ca* are PEM files that are trusted besides
    the system's, *client* the files of a certificate and its key. Where a repository's name
    begins with *prefix*, *path* stands there instead.
    """

    host: str
    address: str
    ca: tuple[str, ...] = ()
    client: tuple[str, str] | None = None
    verify: bool = True
    prefix: str = ""
    path: str = ""
    only: str = "all"
    """what a mirror is asked for: ``all``, ``tag-only`` or ``digest-only``"""

    def named(self, repository: str) -> str:
        """Return what *repository* is called there."""
        inside = repository == self.prefix or repository.startswith(f"{self.prefix}/")
        rest = repository[len(self.prefix) :].lstrip("/") if inside else repository
        return "/".join(filter(None, (self.path, rest)))

    def serves(self, selector: str) -> bool:
        """Tell whether it is to be asked for *selector*, a tag or a digest."""
        kind = "digest-only" if selector.startswith("sha256:") else "tag-only"
        return self.only in ("all", kind)


def endpoints(
    host: str, options: RegistryOptions, repository: str = "", machine: Machine | None = None
) -> tuple[Endpoint, ...]:
    """Return who answers for *repository* of *host*: mirrors first, the registry itself last.

    Raises UsageError for configuration that cannot be read, and for a blocked registry.
    """
    from seaslug.adapters.registry import registriesconf

    site = _Site(options, machine or Machine.here())
    configured = site.configured(host)
    found = registriesconf.find(host, repository, site.machine)
    itself = site.endpoint(host)
    mirrors = [site.mirror(address) for address in configured.get("mirrors", ())]
    if found is not None:
        itself = _moved(site, itself, found)
        if not mirrors:
            mirrors = [_mirror(site, found.prefix, mirror) for mirror in found.mirrors]
    return (*(mirrors if options.mirrors else ()), itself)


def is_loopback(host: str) -> bool:
    """Tell whether *host*, with or without a port, is this machine and never another one."""
    name = _without_port(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    if not name.startswith(("[", "127.")):
        return False
    import ipaddress

    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _without_port(host: str) -> str:
    head, colon, port = host.rpartition(":")
    return head.lower() if colon and port.isdigit() and (":" not in head or head[-1] == "]") else (
        host.lower()
    )  # fmt: skip


class _Site:
    """Options, configuration and folders of certificates together."""

    def __init__(self, options: RegistryOptions, machine: Machine) -> None:
        self.options = options
        self.machine = machine
        self.path = machine.config / "seaslug" / "config.toml"
        data = read_toml(self.path) or {}
        self._tables = data.get("registries", {})
        if not isinstance(self._tables, dict):
            raise UsageError('write [registries."HOST"]', where=str(self.path))

    def configured(self, host: str) -> dict[str, Any]:
        """Return the configuration's table of *host*. Raises UsageError."""
        table = self._tables.get(host, {})
        name = f'registries."{host}"'
        if not isinstance(table, dict):
            raise UsageError(f"{name} must be a table", where=str(self.path))
        for key, value in table.items():
            kind = _KEYS.get(key)
            if kind is None:
                hint = f"known: {', '.join(_KEYS)}"
                raise UsageError(f"{name}: unknown key {key!r}", where=str(self.path), hint=hint)
            if not isinstance(value, kind) or (isinstance(value, list) and not _all_text(value)):
                words = {list: "a list of addresses", bool: "true or false", str: "a file"}
                raise UsageError(f"{name}: {key} must be {words[kind]}", where=str(self.path))
        if ("certificate" in table) != ("key" in table):
            raise UsageError(f"{name}: certificate and key go together", where=str(self.path))
        return table

    def endpoint(self, host: str, scheme: str = "", insecure: bool = False) -> Endpoint:
        """Return how *host* is reached; *scheme* if it was said, *insecure* if that was said."""
        table = self.configured(host)
        said = [text for text in self.options.insecure if _bare(text) == host]
        insecure = insecure or bool(said) or bool(table.get("insecure"))
        ca, client = self._certificates(host, table)
        scheme = scheme or next((s.partition("://")[0] for s in said if "://" in s), "")
        authority = HUB_ADDRESS.partition("://")[2] if host == HUB else host
        if not scheme:
            scheme = self._scheme(host, insecure, bool(ca or client))
        verify = not insecure and not (is_loopback(host) and not ca)
        return Endpoint(host, f"{scheme}://{authority}", ca, client, verify)

    def mirror(self, address: str) -> Endpoint:
        """Return the mirror at *address*, ``[SCHEME://]HOST[/PATH]``. Raises UsageError."""
        scheme, host, path = _split(address, str(self.path))
        # Who writes http:// means it.
        return replace(self.endpoint(host, scheme, scheme == "http"), path=path)

    def _scheme(self, host: str, insecure: bool, certificates: bool) -> str:
        """Return which of the two is spoken; asked of the host where both may be."""
        if not insecure and not is_loopback(host):
            return "https"
        if is_loopback(host) and not insecure and not certificates:
            return "http"
        return "https" if _speaks_tls(host) else "http"

    def _certificates(
        self, host: str, table: dict[str, Any]
    ) -> tuple[tuple[str, ...], tuple[str, str] | None]:
        """Return the authorities that are trusted for *host*, and the certificate to show."""
        ca = [*self.options.ca]
        here = self.path.parent
        if "ca" in table:
            ca.append(str(here / Path(table["ca"]).expanduser()))
        client: tuple[str, str] | None = None
        if "certificate" in table:
            files = (str(here / Path(table[k]).expanduser()) for k in ("certificate", "key"))
            client = (next(files), next(files))
        for folder in self._folders(host):
            ca += sorted(map(str, folder.glob("*.crt")))
            client = client or _pair(folder)
        for file in (*ca, *(client or ())):
            if not Path(file).is_file():
                raise UsageError("there is no such file", where=file)
        return tuple(dict.fromkeys(ca)), client

    def _folders(self, host: str) -> list[Path]:
        machine = self.machine
        bases = (
            machine.config / "containers", machine.config / "docker",
            machine.etc / "containers", machine.etc / "docker",
        )  # fmt: skip
        names = (host, "registry-1.docker.io") if host == HUB else (host,)
        return [base / "certs.d" / name for base in bases for name in names]


def _all_text(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _pair(folder: Path) -> tuple[str, str] | None:
    for certificate in sorted(folder.glob("*.cert")):
        key = certificate.with_suffix(".key")
        if not key.is_file():
            raise UsageError(f"its key is missing: {key.name}", where=str(certificate))
        return str(certificate), str(key)
    return None


def _bare(text: str) -> str:
    """Return the host that ``--insecure`` names."""
    return text.partition("://")[2].rstrip("/") if "://" in text else text.rstrip("/")


def _split(address: str, where: str) -> tuple[str, str, str]:
    """Return scheme (may be empty), host and path of a mirror. Raises UsageError."""
    scheme, mark, rest = address.partition("://")
    if not mark:
        scheme, rest = "", address
    host, _, path = rest.partition("/")
    odd = any(c in host for c in "@?# ") or not host
    if scheme not in ("", "http", "https") or odd:
        raise UsageError("not the address of a mirror", where=where, hint="write https://HOST/PATH")
    return scheme, host, path.strip("/")


def _moved(site: _Site, itself: Endpoint, found: Any) -> Endpoint:
    """Return *itself* where registries.conf says that it is; its ``insecure`` counts too."""
    location = found.location or found.prefix
    host, _, path = location.partition("/")
    if found.insecure or host != itself.host:
        itself = site.endpoint(host, "", found.insecure)
    if not found.location:
        return itself
    return replace(itself, prefix=found.prefix.partition("/")[2], path=path)


def _mirror(site: _Site, prefix: str, mirror: Any) -> Endpoint:
    host, _, path = mirror.location.partition("/")
    endpoint = site.endpoint(host, "", mirror.insecure)
    return replace(endpoint, prefix=prefix.partition("/")[2], path=path, only=mirror.only)


def _speaks_tls(host: str) -> bool:
    """Tell whether *host* answers a TLS greeting; nothing is sent that is worth to be heard."""
    import socket
    import ssl
    from urllib.parse import urlsplit

    from seaslug.adapters.wire import proxy_for

    parts = urlsplit(f"//{host}")
    if proxy_for("https", parts.hostname or ""):
        return False
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((parts.hostname, parts.port or 443), 5) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname),
        ):
            return True
    except ssl.SSLError as error:
        # Whoever finds fault with our TLS speaks it as well.
        return error.reason not in _PLAIN
    except (OSError, ValueError):
        return False
