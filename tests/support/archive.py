"""A Debian archive made by a test: packages, indices, signed releases, and attacks on them.

::

    archive = ArchiveSimulator()
    archive.add(deb("hello"))
    archive.publish()
    with archive.serve() as server:
        ...  --mirror {server.url}/debian --keyring {archive.keyring(folder)}

Attacks change what is published (``archive.files``); faults of the line are the server's.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import cache
from pathlib import Path
from typing import Any

from support.debs import MadeDeb
from support.real import missing
from support.server import Server

DAY = 86400
SUITES = ("trixie", "trixie-updates", "trixie-security")
ARCHES = ("amd64", "arm64")


class Key:
    """An OpenPGP key that signs releases."""

    def __init__(self, name: str) -> None:
        try:
            import pysequoia
        except ImportError:
            missing("keys are made by pysequoia, which is not installed")
        sequoia: Any = pysequoia
        self._sequoia = sequoia
        self._secret = sequoia.Tsk.generate(
            user_id=f"{name} <{name}@example.org>", profile=sequoia.Profile.RFC4880
        )
        self.certificate: bytes = bytes(self._secret.extract_certificate())
        self.armored: bytes = str(self._secret.extract_certificate()).encode()
        self.fingerprint: str = self._secret.extract_certificate().fingerprint.upper()

    def sign(self, text: str) -> bytes:
        """Return *text* clear-signed."""
        mode = self._sequoia.SignatureMode.CLEAR
        return bytes(self._sequoia.sign(self._secret.signer(), text.encode(), mode=mode))

    def amended(self, change: Callable[[Any, Any], Any]) -> bytes:
        """Return what *change* makes of the certificate and its certifier, as bytes."""
        certificate = self._sequoia.Cert.from_bytes(self.certificate)
        return bytes(change(certificate, self._secret.certifier()))

    def revoked(self) -> bytes:
        """Return the certificate with its revocation merged in."""
        revocation = self.amended(lambda certificate, certifier: certificate.revoke(certifier))
        return bytes(self._sequoia.Cert.from_bytes(self.certificate + revocation))


@cache
def key(name: str = "archive") -> Key:
    """Return the key called *name*, made once per run."""
    return Key(name)


class ArchiveSimulator:
    """Suites of packages; ``publish`` writes them as files, as a mirror has them."""

    def __init__(self, *suites: str) -> None:
        self.debs: dict[str, list[MadeDeb]] = {name: [] for name in suites or SUITES}
        self.files: dict[str, bytes] = {}
        self.key = key()
        self.date = time.time() - DAY
        self.valid_for: float | None = 7 * DAY
        self.by_hash = True
        self.contents = False
        self.called: dict[str, str] = {}

    def add(self, *debs: MadeDeb, suite: str = "trixie") -> MadeDeb:
        """Add packages to *suite*; returns the last one."""
        self.debs[suite] += debs
        return debs[-1]

    def publish(self) -> ArchiveSimulator:
        """Write everything anew, undoing every attack."""
        self.files = {}
        for suite, debs in self.debs.items():
            for deb in debs:
                self.files[f"{root(suite)}/{deb.path}"] = deb.raw
            for arch in ARCHES:
                self._write_index(suite, arch, self._stanzas(suite, arch))
                if self.contents:
                    self._write_contents(suite, arch)
            self.sign(suite)
        return self

    def restore(self) -> ArchiveSimulator:
        """Be honest and up to date again."""
        self.date, self.valid_for, self.by_hash = time.time() - DAY, 7 * DAY, True
        self.called.clear()
        return self.publish()

    def sign(self, suite: str) -> None:
        """Write the suite's release over its indices as they are now."""
        self.files[f"{dists(suite)}/InRelease"] = self.key.sign(self.release_text(suite))

    def release_text(self, suite: str) -> str:
        base = f"{dists(suite)}/"
        rows = [
            f" {hashlib.sha256(data).hexdigest()} {len(data)} {path.removeprefix(base)}"
            for path, data in sorted(self.files.items())
            if path.startswith(f"{base}main/") and "/by-hash/" not in path
        ]
        called = self.called.get(suite, suite)
        lines = [
            "Origin: Debian", "Label: Debian", f"Suite: {called}", f"Codename: {called}",
            f"Date: {formatdate(self.date, usegmt=True).replace('GMT', 'UTC')}",
            *self._until(),
            f"Acquire-By-Hash: {'yes' if self.by_hash else 'no'}",
            f"Architectures: {' '.join(ARCHES)}", "Components: main", "SHA256:", *rows,
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    def serve(self) -> Server:
        """Return a mirror of what is published at the time of each request."""
        return Server(_Live(self))

    def copy(self) -> Server:
        """Return a mirror of what is published now; later attacks do not reach it."""
        return Server(dict(self.files))

    def keyring(self, folder: Path) -> str:
        """Write the trusted certificate into *folder*; return what --keyring takes."""
        path = folder / "archive-key.pgp"
        path.write_bytes(key().certificate)
        return str(path)

    # Attacks and accidents.

    def signed_by_another(self) -> None:
        """Everything is right but the key."""
        self.key = key("stranger")
        self.publish()
        self.key = key()

    def unsigned(self, suite: str = "trixie") -> None:
        self.files[f"{dists(suite)}/InRelease"] = self.release_text(suite).encode()

    def altered_release(self, suite: str = "trixie") -> None:
        """A line of the signed text is changed after signing."""
        name = f"{dists(suite)}/InRelease"
        self.files[name] = self.files[name].replace(b"Label: Debian", b"Label: debian")

    def wrapped_release(self, suite: str = "trixie") -> None:
        """A second, unsigned text stands before the signed one."""
        name = f"{dists(suite)}/InRelease"
        self.files[name] = self.release_text(suite).encode() + b"\n" + self.files[name]

    def expired(self, days: float = 1) -> None:
        """Validity was over *days* ago."""
        self.date = time.time() - (days + 7) * DAY
        self.publish()

    def downgraded(self, days: float = 2) -> None:
        """Genuine, and *days* older than before."""
        self.date -= days * DAY
        self.publish()

    def another_suite(self, suite: str = "trixie", called: str = "bookworm") -> None:
        """Genuine, and of another suite."""
        self.called[suite] = called
        self.publish()

    def tampered_index(self, suite: str = "trixie", arch: str = "amd64") -> None:
        """Indices changed after the release was signed; sizes are as before."""
        for path in [p for p in self.files if p.startswith(f"{dists(suite)}/main/binary-{arch}/")]:
            data = self.files[path]
            self.files[path] = bytes([data[0] ^ 1]) + data[1:]

    def without_by_hash(self) -> None:
        """By-hash names are promised and not there."""
        for path in [p for p in self.files if "/by-hash/" in p]:
            del self.files[path]

    def dropped(self, deb: MadeDeb, suite: str = "trixie") -> None:
        del self.files[f"{root(suite)}/{deb.path}"]

    def truncated(self, deb: MadeDeb, suite: str = "trixie") -> None:
        """The mirror's own copy is short."""
        self.files[f"{root(suite)}/{deb.path}"] = deb.raw[: len(deb.raw) // 2]

    def swapped(self, deb: MadeDeb, suite: str = "trixie") -> None:
        """Other bytes of the same length."""
        self.files[f"{root(suite)}/{deb.path}"] = deb.raw[:-1] + bytes([deb.raw[-1] ^ 1])

    def grown(self, deb: MadeDeb, suite: str = "trixie") -> None:
        self.files[f"{root(suite)}/{deb.path}"] = deb.raw + b"more"

    def _until(self) -> list[str]:
        if self.valid_for is None:
            return []
        moment = formatdate(self.date + self.valid_for, usegmt=True).replace("GMT", "UTC")
        return [f"Valid-Until: {moment}"]

    def _stanzas(self, suite: str, arch: str) -> bytes:
        fit = [deb for deb in self.debs[suite] if deb.arch in (arch, "all")]
        return "\n".join(deb.stanza for deb in fit).encode()

    def _write_index(self, suite: str, arch: str, plain: bytes) -> None:
        base = f"{dists(suite)}/main/binary-{arch}"
        for suffix, data in (
            ("", plain), (".gz", gzip.compress(plain, mtime=0)),
            (".xz", lzma.compress(plain, preset=0)),
        ):  # fmt: skip
            self.files[f"{base}/Packages{suffix}"] = data
            self.files[f"{base}/by-hash/SHA256/{hashlib.sha256(data).hexdigest()}"] = data

    def _write_contents(self, suite: str, arch: str) -> None:
        """Write the index of contents, which is published packed and signed for plain as well."""
        rows = [(p, deb.name) for deb in self.debs[suite] if deb.arch == arch for p in deb.paths]
        plain = "".join(f"{path:<60} libs/{name}\n" for path, name in sorted(rows)).encode()
        packed = gzip.compress(plain, mtime=0)
        base = f"{dists(suite)}/main"
        self.files[f"{base}/Contents-{arch}"] = plain
        self.files[f"{base}/Contents-{arch}.gz"] = packed
        self.files[f"{base}/by-hash/SHA256/{hashlib.sha256(packed).hexdigest()}"] = packed


class _Live(dict[str, bytes]):
    """The archive's files as they are when asked for."""

    def __init__(self, archive: ArchiveSimulator) -> None:
        super().__init__()
        self._archive = archive

    def get(self, path: str, default: Any = None) -> Any:
        return self._archive.files.get(path, default)


def root(suite: str) -> str:
    return "debian-security" if suite.endswith("-security") else "debian"


def dists(suite: str) -> str:
    return f"{root(suite)}/dists/{suite}"
