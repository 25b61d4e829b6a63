"""How long the certificates of a bundle hold: of each, when it expires and what it is called.

Source: RFC 5280, sections 4.1.2.5 (validity) and 4.1.2.6 (subject).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from seaslug.deb.effects.ca import ders, element, subject
from seaslug.errors import HostileError

BUNDLES = (
    "etc/ssl/certs/ca-certificates.crt", "etc/ssl/cert.pem", "etc/pki/tls/certs/ca-bundle.crt",
    "etc/ssl/ca-bundle.pem", "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
)  # fmt: skip
"""Where systems keep the authorities that are trusted."""

OWN = ("usr/local/share/ca-certificates/", "etc/pki/ca-trust/source/anchors/", "etc/ssl/certs/")
"""Where people put authorities of their own, to be taken into a bundle."""

MAX_BUNDLE = 16 << 20
_COMMON_NAME, _ORGANISATION = bytes.fromhex("0603550403"), bytes.fromhex("060355040a")


def expiries(pem: bytes) -> Iterator[tuple[int, str]]:
    """Yield (seconds since 1970, name) of each certificate; those that cannot be read are left."""
    try:
        for der in ders(pem):
            try:
                yield _expiry(der), _name(subject(der))
            except (HostileError, ValueError, UnicodeDecodeError):
                continue
    except HostileError:
        return


def _expiry(der: bytes) -> int:
    _, start, _ = element(der, 0)
    _, at, _ = element(der, start)
    tag, _, end = element(der, at)
    if tag == 0xA0:
        at = end
    for _ in range(3):  # serial number, signature, issuer
        _, _, at = element(der, at)
    _, start, _ = element(der, at)
    _, _, second = element(der, start)
    tag, first, last = element(der, second)
    text = der[first:last].decode("ascii")
    if tag == 23:  # UTCTime: two digits of the year, to 2049
        text = ("19" if text[:2] >= "50" else "20") + text
    moment = datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return int(moment.timestamp())


def _name(found: bytes) -> str:
    for oid in (_COMMON_NAME, _ORGANISATION):
        at = found.find(oid)
        if at >= 0:
            _, start, end = element(found, at + len(oid))
            return found[start:end].decode("utf-8", "replace")
    return "a certificate"
