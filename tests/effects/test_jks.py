"""The Java keystore: keytool opens it, and it is the same every time."""

from __future__ import annotations

import hashlib
import os
import re
import struct
import subprocess
from pathlib import Path

import pytest

from effects.certs import SUBJECTS, make, shelf
from seaslug.deb.effects.jks import PASSWORD, PATH, java_keystore, keystore
from support.real import need


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("certs")
    wanted = ("plain", "letters", "many")
    return {name: make(folder, name, SUBJECTS[name]) for name in wanted}


def listed(data: bytes, folder: Path) -> dict[str, str]:
    """Return alias and SHA-256 of each entry, as keytool reads them."""
    path = folder / "cacerts"
    path.write_bytes(data)
    done = subprocess.run(
        [need("keytool"), "-list", "-v", "-keystore", str(path), "-storepass", PASSWORD],
        capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    aliases = re.findall(r"^Alias name: (.*)$", done.stdout, re.M)
    prints = re.findall(r"^\s*SHA256: ([0-9A-F:]+)$", done.stdout, re.M)
    assert done.stdout.count("Entry type: trustedCertEntry") == len(aliases)
    return dict(zip(aliases, prints, strict=True))


def der(pem: bytes) -> bytes:
    command = [need("openssl"), "x509", "-outform", "DER"]
    return subprocess.run(command, input=pem, capture_output=True, check=True).stdout


def fingerprint(pem: bytes) -> str:
    digest = hashlib.sha256(der(pem)).hexdigest().upper()
    return ":".join(re.findall("..", digest))


def test_keytool_lists_every_certificate_under_debians_names(
    pems: dict[str, bytes], tmp_path: Path
) -> None:
    tree = shelf({"Plain_CA": pems["plain"], "müll": pems["letters"]})
    (entry,) = java_keystore(tree, [("mine", pems["many"])], mtime=1_700_000_000)
    assert (entry.path, entry.mode, entry.mtime) == (PATH, 0o644, 1_700_000_000)
    assert listed(entry.read(), tmp_path) == {
        "debian:plain_ca.pem": fingerprint(pems["plain"]),
        "debian:müll.pem": fingerprint(pems["letters"]),
        "mine": fingerprint(pems["many"]),
    }


def test_a_file_with_two_certificates_has_two_names(pems: dict[str, bytes], tmp_path: Path) -> None:
    (entry,) = java_keystore(shelf({"both": pems["plain"] + pems["many"]}))
    assert listed(entry.read(), tmp_path) == {
        "debian:both.pem": fingerprint(pems["plain"]),
        "debian:both.pem-2": fingerprint(pems["many"]),
    }


def test_an_empty_keystore_opens(tmp_path: Path) -> None:
    assert listed(keystore([], 0), tmp_path) == {}


def test_another_password_or_a_changed_byte_is_noticed(
    pems: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "cacerts"
    data = keystore([("a", der(pems["plain"]))], 0)
    for damaged, password in ((data, "another"), (data[:-1] + b"\0", PASSWORD)):
        path.write_bytes(damaged)
        command = [need("keytool"), "-list", "-keystore", str(path), "-storepass", password]
        assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_order_does_not_matter_and_the_date_is_the_given_one(pems: dict[str, bytes]) -> None:
    one = java_keystore(shelf({"a": pems["plain"], "b": pems["many"]}), mtime=5)
    two = java_keystore(shelf({"b": pems["many"], "a": pems["plain"]}), mtime=5)
    assert one[0].read() == two[0].read()
    data = one[0].read()
    head = struct.pack(">IIII", 0xFEEDFEED, 2, 2, 2) + struct.pack(">H", 12) + b"debian:a.pem"
    assert data.startswith(head + struct.pack(">Q", 5000))
