"""Certificates of an authority that only the tests know, made by openssl."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.real import need


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, in PEM files."""

    file: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        """Return a context to serve with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


class CertificateAuthority:
    """Signs certificates; its own is in ``file``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.file, self._key = folder / "ca.pem", folder / "ca.key"
        self._request("ca", "seaslug test authority", self.file, "-x509", "-days", "3650")

    def issue(self, name: str, alternatives: str = "IP:127.0.0.1,DNS:localhost") -> Issued:
        """Return a certificate for *name*, good for clients and servers."""
        made = Issued(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        request = self._folder / f"{name}.csr"
        self._request(name, name, request)
        extensions = self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternatives}\n")
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key,
            "-CAcreateserial", "-days", "3650", "-extfile", extensions, "-out", made.file,
        )  # fmt: skip
        return made

    def _request(self, name: str, subject: str, out: Path, *more: str) -> None:
        _openssl(
            "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={subject}", "-keyout", self._folder / f"{name}.key", "-out", out, *more,
        )  # fmt: skip


def _openssl(*argv: str | Path) -> None:
    subprocess.run([need("openssl"), *map(str, argv)], check=True, capture_output=True)
