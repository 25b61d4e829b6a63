"""Steps of the history that trust what they should not, or leave what they should take away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen
from seaslug.rules.words import many
from seaslug.values.words import plain

# Compiled when they are first used.
_PIPED = r"\b(?:curl|wget)\b[^|;&]*\|\s*(?:sudo\s+)?(?:\S*/)?(?:ba|da|z|a)?sh\b"
_CALLED = r"\b(?:ba|da|z|a)?sh\s+(?:-c\s+)?[\"']?(?:\$\(|<\(|`)\s*(?:curl|wget)\b"
_ADD = r"(?:^|#\(nop\) +)ADD\s+(?:--\S+\s+)*(\S+)"
_UPDATE = r"\b(?:apt-get|apt|yum|dnf|apk)\s+(?:-\S+\s+)*(?:update|makecache)\b"
_INSTALL = r"\b(?:install|add|upgrade|dist-upgrade)\b"
_UNVERIFIED = (
    r"--allow-unauthenticated|--force-yes|--no-gpg-check|--nogpgcheck|--allow-untrusted|"
    r"--trusted-host\b|trusted=yes|APT::Get::AllowUnauthenticated|AllowInsecureRepositories|"
    r"--no-check-certificate|\bcurl\s+(?:\S+\s+)*?(?:-[a-zA-Z]*k\b|--insecure)|"
    r"strict-ssl\s+false|NODE_TLS_REJECT_UNAUTHORIZED=0|http\.sslVerify\s+false"
)


def piped_to_shell(image: Specimen) -> Iterator[Finding]:
    """A step runs what it fetches, unseen: `curl … | sh`.

    Whoever controls that address, or the way to it, controls the image, and the same build
    gives something else tomorrow. Fetch, compare the checksum, then run:
    `ADD --checksum=sha256:… URL /tmp/x`.
    """
    for at, said in enumerate(image.history):
        if re.search(_PIPED, said) or re.search(_CALLED, said):
            yield Finding(
                "IMG110", Severity.WARN, f"history {at}", f"runs what it fetches: {_short(said)}",
                "ADD --checksum=sha256:… URL FILE, then RUN the file",
            )  # fmt: skip


def uses_add(image: Specimen) -> Iterator[Finding]:
    """A step uses ADD, which fetches addresses and unpacks archives without being asked to.

    COPY does what it says and no more. The first step of an image, which brings its root
    file system, does not count. For addresses, `ADD --checksum=sha256:…` is right. CIS Docker
    Benchmark 4.9.
    """
    for at, said in enumerate(image.history):
        found = re.search(_ADD, said)
        if found is None or at == 0 or "--checksum=" in said:
            continue
        far = found[1].startswith(("http://", "https://", "ftp://"))
        yield Finding(
            "IMG111", Severity.WARN if far else Severity.INFO, f"history {at}",
            f"{'fetches without a checksum' if far else 'ADD'}: {_short(said)}",
            "ADD --checksum=sha256:… URL FILE" if far else "COPY instead of ADD",
        )  # fmt: skip


def update_alone(image: Specimen) -> Iterator[Finding]:
    """A step updates the package index and installs nothing.

    The step is cached: later installs then take old, vulnerable packages from an old index.
    Write both into one RUN: `apt-get update && apt-get install …`. CIS Docker Benchmark 4.7.
    """
    for at, said in enumerate(image.history):
        if re.search(_UPDATE, said) and not re.search(_INSTALL, said):
            yield Finding(
                "IMG112", Severity.WARN, f"history {at}",
                f"updates the index and installs nothing: {_short(said)}",
                "RUN apt-get update && apt-get install -y --no-install-recommends …",
            )  # fmt: skip


def unverified(image: Specimen) -> Iterator[Finding]:
    """A step installs or fetches with verification switched off.

    Signatures and certificates are what tells the right package from an intruder's. Install
    the key or the certificate that is missing instead. CIS Docker Benchmark 4.11, as far as
    the history tells.
    """
    for at, said in enumerate(image.history):
        found = re.search(_UNVERIFIED, said)
        if found is not None:
            yield Finding(
                "IMG113", Severity.ERROR, f"history {at}",
                f"verification is off ({found[0].strip()}): {_short(said)}",
                "install the key or certificate that is missing, and leave that option out",
            )  # fmt: skip


def many_layers(image: Specimen) -> Iterator[Finding]:
    """The image has very many layers.

    Old storage drivers stop at 127, each costs a request when it is pulled, and files that
    change in several are kept several times. Join steps of RUN, or build in a stage of its own
    and copy the result.
    """
    count = len(image.root.layers)
    if count > 64:
        yield Finding(
            "IMG114", Severity.WARN if count > 100 else Severity.INFO, "layers",
            f"{many(count, 'layer')}", "join RUN steps, or COPY --from=build into a fresh stage",
        )  # fmt: skip


def _short(said: str) -> str:
    text = " ".join(plain(said).split())
    return text if len(text) <= 90 else text[:89] + "…"


RULES: tuple[Rule[Specimen], ...] = (
    Rule("IMG110", "Runs what it fetches", Severity.WARN, piped_to_shell),
    Rule("IMG111", "ADD instead of COPY", Severity.WARN, uses_add),
    Rule("IMG112", "Updates the index alone", Severity.WARN, update_alone),
    Rule("IMG113", "Verification switched off", Severity.ERROR, unverified),
    Rule("IMG114", "Very many layers", Severity.WARN, many_layers),
)
