"""Signatures: pysequoia and gpgv come to the same verdict."""

from __future__ import annotations

import datetime
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from seaslug.adapters import openpgp
from seaslug.errors import TrustError
from support.archive import Key, key
from support.real import need

TEXT = "Suite: trixie\nDate: today\n\nSHA256:\n - dashed\n"
Verify = Callable[[bytes, Sequence[bytes]], tuple[bytes, str]]


@pytest.fixture(params=["pysequoia", "gpgv"])
def verify(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Verify:
    """Each way to check a signature."""
    check = openpgp.Verifier().cleartext
    if request.param == "pysequoia":
        return check
    need("gpgv")

    def without_pysequoia(signed: bytes, certificates: Sequence[bytes]) -> tuple[bytes, str]:
        with monkeypatch.context() as here:
            here.setitem(sys.modules, "pysequoia", None)
            return check(signed, certificates)

    return without_pysequoia


def test_a_good_signature_gives_text_and_signer(verify: Verify) -> None:
    text, signer = verify(key().sign(TEXT), [key("stranger").certificate, key().certificate])
    assert text.decode().rstrip() == TEXT.rstrip()
    assert signer == key().fingerprint


def test_armored_certificates_are_as_good(verify: Verify) -> None:
    both = key("stranger").armored + b"\n" + key().armored
    for certificates in ([key().armored], [both], [key("stranger").certificate, key().armored]):
        assert verify(key().sign(TEXT), certificates)[1] == key().fingerprint


def altered(signed: bytes) -> bytes:
    return signed.replace(b"trixie", b"wheezy")


BAD: dict[str, Callable[[], bytes]] = {
    "by a stranger": lambda: key("stranger").sign(TEXT),
    "altered text": lambda: altered(key().sign(TEXT)),
    "no signature": lambda: TEXT.encode(),
    "nothing": lambda: b"",
    "text before": lambda: b"Suite: evil\n\n" + key().sign(TEXT),
    "two documents": lambda: key().sign(TEXT) + key().sign(TEXT),
    "a stranger's before": lambda: key("stranger").sign(TEXT) + key().sign(TEXT),
    "cut off": lambda: key().sign(TEXT)[:-60],
    "signature of another text": lambda: (
        key().sign(TEXT).split(b"-----BEGIN PGP SIGNATURE")[0]
        + b"-----BEGIN PGP SIGNATURE"
        + key().sign("Other: text\n").split(b"-----BEGIN PGP SIGNATURE")[1]
    ),
    "an empty signature": lambda: (
        key().sign(TEXT).split(b"-----BEGIN PGP SIGNATURE")[0]
        + b"-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_believed(verify: Verify, name: str) -> None:
    with pytest.raises(TrustError):
        verify(BAD[name](), [key().certificate])


def test_what_follows_the_signature_is_not_believed_to_be_signed(verify: Verify) -> None:
    try:
        text, _ = verify(key().sign(TEXT) + b"\nEvil: yes\n", [key().certificate])
    except TrustError:
        return
    assert b"Evil" not in text


def test_a_revoked_key_signs_nothing(verify: Verify) -> None:
    made = Key("revoked")
    with pytest.raises(TrustError):
        verify(made.sign(TEXT), [made.revoked()])


def test_a_key_that_expired_later_has_signed(verify: Verify) -> None:
    """Old releases stay believable; how old one may be is asked elsewhere."""
    made = Key("expired")
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    over = made.amended(lambda cert, certifier: cert.set_expiration(soon, certifier))
    before = made.sign(TEXT)
    assert verify(before, [made.certificate])[1] == made.fingerprint
    time.sleep(3.2)  # gpgv counts in whole seconds
    assert verify(before, [over])[1] == made.fingerprint
    with pytest.raises(TrustError):
        verify(made.sign(TEXT), [over])


@pytest.mark.parametrize("certificates", [[], [b""], [b"no certificate at all"]])
def test_without_usable_certificates(verify: Verify, certificates: list[bytes]) -> None:
    with pytest.raises(TrustError):
        verify(key().sign(TEXT), certificates)


def test_without_any_means_the_hint_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    signed = key().sign(TEXT)
    monkeypatch.setitem(sys.modules, "pysequoia", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TrustError, match="nothing here can check") as caught:
        openpgp.Verifier().cleartext(signed, [key().certificate])
    assert "seaslug[openpgp]" in caught.value.hint


# Which certificates are trusted.


@pytest.mark.parametrize("suite", ["trixie", "trixie-updates", "bookworm-security", "sid"])
def test_debian_suites_have_shipped_keys(suite: str) -> None:
    assert openpgp.certificates(suite)


def test_an_unknown_suite_has_only_the_users_keys(tmp_path: Path) -> None:
    assert openpgp.certificates("noble") == ()
    (tmp_path / "b.pgp").write_bytes(b"2")
    (tmp_path / "a.asc").write_bytes(b"1")
    (tmp_path / "folder").mkdir()
    assert openpgp.certificates("noble", str(tmp_path)) == (b"1", b"2")
    assert openpgp.certificates("noble", str(tmp_path / "a.asc")) == (b"1",)
    with pytest.raises(TrustError, match="cannot read"):
        openpgp.certificates("noble", str(tmp_path / "c"))


@pytest.mark.parametrize("path", sorted(Path(openpgp.__file__).parent.glob("keys/*.pgp")), ids=str)
def test_shipped_keys_are_keys_that_gpg_reads(path: Path, tmp_path: Path) -> None:
    need("gpg")
    shown = subprocess.run(
        ["gpg", "--homedir", str(tmp_path), "--batch", "--show-keys", "--with-colons", str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "pub:" in shown.stdout and "Debian" in shown.stdout and "sec:" not in shown.stdout
