"""What every HTTP client here shares: connections, proxies, and how long a server says to wait."""

from __future__ import annotations

import base64
import os
import time
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    import ssl

AGAIN = frozenset((408, 425, 429, 500, 502, 503, 504))
"""Statuses after which the same request may work."""


def connection(
    scheme: str, netloc: str, timeout: float, context: ssl.SSLContext | None = None
) -> HTTPConnection:
    """Return a connection, not yet open, to ``HOST[:PORT]``, through the proxy if there is one."""
    proxy = urlsplit(proxy_for(scheme, urlsplit(f"//{netloc}").hostname or ""))
    place = proxy.netloc.rpartition("@")[2] or netloc
    if scheme == "http":
        return HTTPConnection(place, timeout=timeout)
    made = HTTPSConnection(place, timeout=timeout, context=context or trusting())
    if proxy.netloc:
        target = urlsplit(f"//{netloc}")
        made.set_tunnel(target.hostname or "", target.port or 443, _proxy_login(proxy.netloc))
    return made


def trusting(ca: str | None = None) -> ssl.SSLContext:
    """Return a context that trusts the system's authorities, or those in the file *ca* alone.

    Python 3.13 and newer also refuse authorities whose certificate says less than RFC 5280
    wants, as those of ``openssl req -x509`` do; Docker, podman and curl take them, so do we.
    Raises OSError.
    """
    import ssl

    made = ssl.create_default_context(cafile=ca)
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return made


def through_proxy(scheme: str, netloc: str) -> dict[str, str] | None:
    """Return the headers that a proxy wants for a plain request, None if there is no proxy."""
    if scheme != "http":
        return None
    proxy = proxy_for(scheme, urlsplit(f"//{netloc}").hostname or "")
    return _proxy_login(urlsplit(proxy).netloc) if proxy else None


def proxy_for(scheme: str, host: str) -> str:
    """Return the proxy that the environment names for *host*, or an empty string."""
    spared = (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(",")
    for name in filter(None, (item.strip().lstrip(".") for item in spared)):
        if name == "*" or host == name or host.endswith(f".{name}"):
            return ""
    if host in ("localhost", "127.0.0.1", "::1"):
        return ""
    found = os.environ.get(f"{scheme}_proxy") or os.environ.get(f"{scheme.upper()}_PROXY") or ""
    return found if not found or "://" in found else f"http://{found}"


def asked_for(retry_after: str | None) -> float:
    """Return how many seconds a ``Retry-After`` header says to wait, 0 if it says nothing."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    if not text:
        return 0.0
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def said(error: BaseException) -> str:
    """Return an error's text, or its name where it has none."""
    return str(error) or type(error).__name__


def _proxy_login(netloc: str) -> dict[str, str]:
    login, at, _ = netloc.rpartition("@")
    if not at:
        return {}
    token = base64.b64encode(unquote(login).encode()).decode()
    return {"Proxy-Authorization": f"Basic {token}"}
