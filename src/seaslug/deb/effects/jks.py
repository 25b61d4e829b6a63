"""A Java keystore of certificate authorities, made without a JVM.

The format is JKS, version 2: magic, version, count, entries, and a SHA-1 over the
password in UTF-16, a fixed phrase and all that was written. It opens with any JVM
and with any password's absence, since trusted certificates are not encrypted.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

from seaslug.deb.effects.ca import certificates, ders
from seaslug.errors import HostileError
from seaslug.values.tree import Entry, Tree, file

PATH = "etc/ssl/certs/java/cacerts"
PASSWORD = "changeit"  # noqa: S105 - Java's own, the same everywhere: it guards nothing
_MAGIC, _VERSION, _TRUSTED = 0xFEEDFEED, 2, 2
_PHRASE = b"Mighty Aphrodite"


def java_keystore(
    tree: Tree, extra: Sequence[tuple[str, bytes]] = (), mtime: int = 0
) -> tuple[Entry, ...]:
    """Return /etc/ssl/certs/java/cacerts with the shelf's certificates, dated *mtime*.

    Aliases are Debian's: ``debian:`` and the name of the file with ``.pem``. *extra* are
    (alias, PEM) pairs.
    """
    named = [(f"debian:{name.lower()}.pem", pem) for name, pem in certificates(tree)]
    # A name stands for one certificate: the second of a file gets a number.
    entries = [
        (alias if at == 0 else f"{alias}-{at + 1}", der)
        for alias, pem in (*named, *extra)
        for at, der in enumerate(ders(pem))
    ]
    return (file(PATH, keystore(sorted(entries), mtime), mtime=mtime),)


def keystore(entries: Sequence[tuple[str, bytes]], date: int) -> bytes:
    """Return a JKS file of (alias, DER certificate) entries; *date* in seconds since 1970."""
    out = [struct.pack(">III", _MAGIC, _VERSION, len(entries))]
    for alias, der in entries:
        out.append(struct.pack(">I", _TRUSTED) + _utf(alias) + struct.pack(">Q", date * 1000))
        out.append(_utf("X.509") + struct.pack(">I", len(der)) + der)
    body = b"".join(out)
    return body + _seal(body)


def _seal(body: bytes) -> bytes:
    phrase = PASSWORD.encode("utf-16-be") + _PHRASE
    return hashlib.sha1(phrase + body, usedforsecurity=False).digest()


def added(store: bytes, extra: Sequence[tuple[str, bytes]], date: int) -> bytes:
    """Return the keystore *store* with the (alias, PEM) certificates of *extra* at its end.

    Raises HostileError if it is no JKS file of certificates, or a certificate is damaged.
    """
    if len(store) < 32 or struct.unpack_from(">II", store) != (_MAGIC, _VERSION):
        raise HostileError("not a Java keystore")
    (count,) = struct.unpack_from(">I", store, 8)
    rows = [
        (alias if at == 0 else f"{alias}-{at + 1}", der)
        for alias, pem in extra
        for at, der in enumerate(ders(pem))
    ]
    tail = keystore(rows, date)[12:-20]
    body = struct.pack(">III", _MAGIC, _VERSION, count + len(rows)) + store[12:-20] + tail
    return body + _seal(body)


def _utf(text: str) -> bytes:
    """Return *text* as Java's DataOutput writes it (aliases have no NUL and no astral letters)."""
    data = text.encode("utf-8", "surrogatepass")
    return struct.pack(">H", len(data)) + data
