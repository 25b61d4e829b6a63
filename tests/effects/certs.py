"""Certificates made by openssl, for tests of bundles and keystores."""

from __future__ import annotations

import subprocess
from pathlib import Path

from seaslug.deb.effects.ca import SHELF
from seaslug.values.tree import Tree, file
from support.real import need

SUBJECTS = {
    "plain": "/CN=A plain CA",
    "spaces": "/O=  Two   Words  /CN=Mixed CASE  name",
    "many": "/C=DE/ST=Berlin/L=Berlin/O=Ein Beispiel GmbH/OU=IT/CN=Root R1",
    "letters": "/O=Sociét́é Générale ÄÖÜ/CN=Тест 中文 Certigna",
    "twice": "/CN=The same name",
    "again": "/CN=The same name",
    "multi": "/O=Z+CN=b+OU=A/CN=After",
    "mail": "/CN=Mail/emailAddress=Root@Example.ORG",
    "empty": "/",
}


def make(folder: Path, name: str, subject: str, *more: str) -> bytes:
    """Return a self-signed certificate as PEM."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.crt"
    subprocess.run(
        [
            need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(folder / f"{name}.key"),
            "-out", str(path), "-days", "3650", "-utf8", "-multivalue-rdn", "-subj", subject,
            *more,
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return path.read_bytes()


def shelf(pems: dict[str, bytes]) -> Tree:
    """Return a tree with the certificates where ca-certificates has them."""
    return Tree(file(f"{SHELF}/mozilla/{name}.crt", pem) for name, pem in pems.items())
