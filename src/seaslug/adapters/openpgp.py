"""OpenPGP signatures: by pysequoia, or by sqv or gpgv where that has no wheel."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from seaslug.errors import TrustError

_KEYS = Path(__file__).parent / "keys"
# Debian signs a release with its own keys and those of the release before and after it.
_TRUSTED = {
    "bullseye": ("bullseye", "bookworm"),
    "bookworm": ("bullseye", "bookworm", "trixie"),
    "trixie": ("bullseye", "bookworm", "trixie"),
    "forky": ("bookworm", "trixie"),
    "testing": ("bookworm", "trixie"),
    "sid": ("bookworm", "trixie"),
}
_BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----"
_ARMOR = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----(.*?)-----END PGP PUBLIC KEY BLOCK-----", re.DOTALL
)
_BLANK = re.compile(rb"\n[ \t\r]*\n")
_OTHER_KEYS = "the mirror may be broken or lying; another archive's keys: --keyring DIR"


def certificates(suite: str, extra: str = "") -> tuple[bytes, ...]:
    """Return the certificates that may sign *suite*, and those in the folder or file *extra*.

    Raises TrustError if *extra* cannot be read.
    """
    found: list[bytes] = []
    for codename in _TRUSTED.get(suite.split("-")[0], ()):
        found += _shipped(codename)
    if extra:
        path = Path(extra).expanduser()
        try:
            files = [f for f in sorted(path.iterdir()) if f.is_file()] if path.is_dir() else [path]
            found += [file.read_bytes() for file in files]
        except OSError as error:
            raise TrustError(f"cannot read the certificates: {error}", where=extra) from None
    return tuple(found)


@cache
def _shipped(codename: str) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted(_KEYS.glob(f"{codename}-*.pgp")))


class Verifier:
    """Checks clear-signed documents with the best means that is here."""

    def cleartext(self, signed: bytes, certificates: Sequence[bytes]) -> tuple[bytes, str]:
        """Return the signed bytes and the signer's fingerprint. Raises TrustError."""
        if not certificates:
            raise TrustError("no certificate is trusted for this suite", hint="add --keyring DIR")
        if not signed.startswith(_BEGIN) or signed.count(_BEGIN) != 1:
            raise TrustError("is not one clear-signed document")
        try:
            import pysequoia
        except ImportError:
            return _by_program(signed, certificates)
        return _by_sequoia(pysequoia, signed, certificates)


def _by_sequoia(
    pysequoia: object, signed: bytes, certificates: Sequence[bytes]
) -> tuple[bytes, str]:
    from typing import Any

    module: Any = pysequoia
    known = [cert for data in certificates for cert in _split(module, data)]
    try:
        result = module.verify(signed, store=lambda ids: known)
    except Exception as error:
        raise TrustError(
            f"no good signature by a trusted key ({str(error).splitlines()[0][:160]})",
            hint=_OTHER_KEYS,
        ) from None
    signers = [str(sig.certificate) for sig in result.valid_sigs]
    if not signers or result.bytes is None:
        raise TrustError("no good signature by a trusted key")
    return bytes(result.bytes), signers[0].upper()


def _split(module: object, data: bytes) -> list[object]:
    from typing import Any

    sequoia: Any = module
    try:
        return list(sequoia.Cert.split_bytes(data))
    except Exception as error:
        raise TrustError(f"a certificate that cannot be read: {error}") from None


def _by_program(signed: bytes, certificates: Sequence[bytes]) -> tuple[bytes, str]:
    """Verify with gpgv; what is believed is what gpgv writes out, never the file itself."""
    program = shutil.which("gpgv") or shutil.which("gpgv2")
    if program is None:
        raise TrustError(
            "nothing here can check an OpenPGP signature",
            hint="install it: pip install 'seaslug[openpgp]' (or Debian's gpgv)",
        )
    with tempfile.TemporaryDirectory(prefix="seaslug-") as folder:
        ring, message = os.path.join(folder, "ring.gpg"), os.path.join(folder, "InRelease")
        Path(ring).write_bytes(b"".join(map(_binary, certificates)))
        Path(message).write_bytes(signed)
        options = ("--homedir", folder, "--keyring", ring, "--status-fd", "2", "--output", "-")
        done = subprocess.run(
            [program, *options, message], capture_output=True, check=False, timeout=60
        )
    signer = _signer(done.stderr)
    if done.returncode not in (0, 2) or not signer or not done.stdout:
        raise TrustError("no good signature by a trusted key", hint=_OTHER_KEYS)
    return done.stdout, signer


def _signer(status: bytes) -> str:
    """Return who made a good signature, or an empty string.

    gpgv calls a signature valid even if its key was revoked or had expired by then; as
    with pysequoia, the first counts for nothing, the second only if made before.
    """
    verdict, over = "", 0
    for line in status.decode("utf-8", "replace").split("\n"):
        mark, _, rest = line.partition(" ")
        word, *values = rest.split() or [""]
        if mark != "[GNUPG:]":
            continue
        if word == "NEWSIG":
            verdict, over = "", 0
        elif word == "KEYEXPIRED" and values[0].isdigit():
            over = int(values[0]) or over
        elif word in ("GOODSIG", "EXPKEYSIG", "REVKEYSIG", "EXPSIG", "BADSIG", "ERRSIG"):
            verdict = word
        elif word == "VALIDSIG":
            in_time = verdict == "EXPKEYSIG" and values[2].isdigit() and int(values[2]) < over
            if verdict == "GOODSIG" or in_time:
                return values[-1]
    return ""


def _binary(certificate: bytes) -> bytes:
    """Return *certificate* without its armor, which gpgv does not read."""
    found = b""
    for block in _ARMOR.findall(certificate):
        lines = _BLANK.split(block, maxsplit=1)[-1].split()
        try:
            found += base64.b64decode(b"".join(x for x in lines if not x.startswith(b"=")))
        except ValueError:
            raise TrustError("a certificate that cannot be read: its armor is damaged") from None
    return found or certificate
