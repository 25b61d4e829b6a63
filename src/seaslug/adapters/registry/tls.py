"""Whom TLS trusts at a registry, and what it means when a connection does not come about."""

from __future__ import annotations

from http.client import BadStatusLine
from typing import TYPE_CHECKING
from urllib.parse import SplitResult

from seaslug.adapters import wire
from seaslug.errors import UnreachableError

if TYPE_CHECKING:
    import ssl

    from seaslug.adapters.registry.settings import Endpoint


class HopelessError(UnreachableError):
    """A connection that will not come about however often it is tried."""


class NobodyError(UnreachableError):
    """A host on which nothing listens: to be tried once more, not long."""


def context(endpoint: Endpoint, *, own: bool) -> ssl.SSLContext:
    """Return the context for the registry's own host, or for another one that it leads to.

    Its CA counts for both, its client certificate and its leave not to verify for the own only.
    """
    import ssl

    made = wire.trusting()
    try:
        for file in endpoint.ca:
            made.load_verify_locations(cafile=file)
        if endpoint.client and own:
            made.load_cert_chain(*endpoint.client)
    except (OSError, ssl.SSLError) as error:
        named = ", ".join((*endpoint.ca, *(endpoint.client or ())))
        raise HopelessError(
            f"a certificate or key cannot be read: {wire.said(error)}",
            where=endpoint.host, hint=f"look at {named}",
        ) from None  # fmt: skip
    if own and not endpoint.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def explained(error: Exception, parts: SplitResult, host: str) -> UnreachableError:
    """Return what *error*, met on the way to *parts*, means."""
    import ssl
    from socket import gaierror

    where = parts.netloc.rpartition("@")[2]
    if isinstance(error, ssl.SSLCertVerificationError):
        return HopelessError(
            f"its certificate is not trusted: {error.verify_message}", where=where,
            hint=f"put its CA into /etc/docker/certs.d/{host}/ca.crt, or name it: --ca FILE",
        )  # fmt: skip
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
            return HopelessError(
                "speaks plain HTTP, not HTTPS", where=where,
                hint=f"if that is meant: --insecure {host}",
            )  # fmt: skip
        return HopelessError(f"no TLS with it: {error.reason or wire.said(error)}", where=where)
    if isinstance(error, gaierror):
        return HopelessError(f"no such host: {error.strerror}", where=where)
    if isinstance(error, BadStatusLine) and parts.scheme == "http" and str(error)[:1] == "\x15":
        return HopelessError("speaks HTTPS, not plain HTTP", where=where)
    kind = NobodyError if isinstance(error, ConnectionRefusedError) else UnreachableError
    return kind(f"does not answer: {wire.said(error)}", where=where)
