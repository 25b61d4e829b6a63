"""Certificate authorities: the bundle, and what OpenSSL finds in its default directory."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Sequence

from seaslug.errors import HostileError
from seaslug.values.tree import Entry, Kind, Tree, file, symlink

SHELF = "usr/share/ca-certificates"
CERTS = "etc/ssl/certs"
BUNDLE = f"{CERTS}/ca-certificates.crt"
_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
# String types that OpenSSL turns into lower-case UTF-8 before it hashes a name.
_STRINGS = {
    12: "utf-8",
    19: "latin-1",
    20: "latin-1",
    22: "latin-1",
    26: "latin-1",
    28: "utf-32-be",
    30: "utf-16-be",
}


def certificates(tree: Tree) -> tuple[tuple[str, bytes], ...]:
    """Return (name, PEM) of every certificate on the shelf, in the order of their paths.

    The name is the file's, without its ending.
    """
    found = [e for e in tree.under(SHELF) if e.kind is Kind.FILE and e.path.endswith(".crt")]
    ordered = sorted(found, key=lambda e: e.path.encode("utf-8", "surrogateescape"))
    return tuple((entry.path.rpartition("/")[2][:-4], entry.read()) for entry in ordered)


def ca_bundle(tree: Tree, extra: Sequence[bytes] = (), mtime: int = 0) -> tuple[Entry, ...]:
    """Return the bundle, hash links into it, and OpenSSL's default paths.

    The hash links lead to the bundle itself: OpenSSL reads every certificate of the file
    that a link names. *extra* are more certificates in PEM. Raises HostileError for a
    certificate that cannot be read.
    """
    pems = [pem for _, pem in certificates(tree)] + list(extra)
    bundle = b"".join(pem if pem.endswith(b"\n") else pem + b"\n" for pem in pems)
    names: dict[str, int] = {}
    links = []
    # The same certificate twice has one link, as with openssl rehash.
    for der in dict.fromkeys(der for pem in pems for der in ders(pem)):
        name = subject_hash(der)
        number = names.get(name, 0)
        names[name] = number + 1
        links.append(symlink(f"{CERTS}/{name}.{number}", "ca-certificates.crt", mtime=mtime))
    return (
        file(BUNDLE, bundle, mtime=mtime),
        *links,
        symlink("usr/lib/ssl/cert.pem", f"/{BUNDLE}", mtime=mtime),
        symlink("usr/lib/ssl/certs", f"/{CERTS}", mtime=mtime),
    )


def ders(pem: bytes) -> Iterator[bytes]:
    """Yield the certificates of a PEM text as DER. Raises HostileError."""
    at = pem.find(_BEGIN)
    while at >= 0:
        end = pem.find(_END, at)
        if end < 0:
            raise HostileError("a certificate without an end")
        try:
            yield base64.b64decode(pem[at + len(_BEGIN) : end], validate=False)
        except (binascii.Error, ValueError):
            raise HostileError("a certificate that is no PEM") from None
        at = pem.find(_BEGIN, at + 1)


def subject_hash(der: bytes) -> str:
    """Return OpenSSL's hash of a certificate's subject, eight hex digits."""
    digest = hashlib.sha1(_canonical(subject(der)), usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def subject(der: bytes) -> bytes:
    """Return the DER content of the subject's name. Raises HostileError."""
    _, start, _ = element(der, 0)
    _, at, _ = element(der, start)
    tag, _, end = element(der, at)
    if tag == 0xA0:
        at = end
    for _ in range(4):  # serial number, signature, issuer, validity
        _, _, at = element(der, at)
    _, start, end = element(der, at)
    return der[start:end]


def element(der: bytes, at: int) -> tuple[int, int, int]:
    """Return tag, start of the content and its end for the element at *at*. Raises HostileError."""
    if at + 2 > len(der):
        raise HostileError("a truncated certificate")
    tag, length, start = der[at], der[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        if count > 4 or start + count > len(der):
            raise HostileError("a malformed certificate")
        length = int.from_bytes(der[start : start + count], "big")
        start += count
    if start + length > len(der):
        raise HostileError("a truncated certificate")
    return tag, start, start + length


def _children(der: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield tag, content and whole encoding of each element in *der*."""
    at = 0
    while at < len(der):
        tag, start, end = element(der, at)
        yield tag, der[start:end], der[at:end]
        at = end


def _canonical(name: bytes) -> bytes:
    """Return a name as OpenSSL encodes it before hashing: strings folded, no outer sequence."""
    out = b""
    for _, parts, _ in _children(name):
        # What is folded may sort differently, and DER sorts what is in a set.
        out += _wrap(0x31, b"".join(sorted(_pair(pair) for _, pair, _ in _children(parts))))
    return out


def _pair(pair: bytes) -> bytes:
    """Return a type and value, such as CN and a text, with the text folded."""
    parts = list(_children(pair))
    if len(parts) != 2:
        raise HostileError("a malformed certificate")
    (_, _, oid), (tag, value, whole) = parts
    return _wrap(0x30, oid + (_fold(tag, value) if tag in _STRINGS else whole))


def _fold(tag: int, value: bytes) -> bytes:
    text = value.decode(_STRINGS[tag], "replace")
    # Only ASCII letters and ASCII spaces are folded.
    words = text.translate(_SPACES).split(" ")
    joined = " ".join(word for word in words if word)
    lower = "".join(c.lower() if c.isascii() else c for c in joined)
    return _wrap(12, lower.encode())


_SPACES = {ord(c): " " for c in "\t\n\v\f\r"}


def _wrap(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
