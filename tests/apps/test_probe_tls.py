"""The probe with TLS: real handshakes with OpenSSL, certificates that are and are not right."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from seaslug.apps.probe.check import HealthCheck, argv
from seaslug.apps.probe.program import TLS_PATH, program
from seaslug.deb.elf import read
from seaslug.values.content import Inline
from seaslug.values.platform import TABLE, Platform
from support.probes import Probe, Said, Talk, answering, installed, native, request, serving, silent
from support.real import need

OK = b"HTTP/1.1 200 OK\r\n\r\nall is well"
NAMES = "subjectAltName=DNS:localhost,DNS:app.example,IP:127.0.0.1,IP:::1"
KEYS = {"ec": ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"), "rsa": ("rsa:2048",)}


@dataclass(frozen=True)
class Authority:
    """A certificate authority of its own in *folder*: ``ca.pem``, and what it has signed."""

    folder: Path

    def openssl(self, *args: object) -> None:
        argv = [need("openssl"), *map(str, args)]
        subprocess.run(argv, cwd=self.folder, check=True, capture_output=True)

    def sign(self, name: str, key: str, says: str, *validity: str) -> None:
        (self.folder / "says").write_text(says)
        self.openssl("req", "-newkey", *KEYS[key], "-nodes", "-subj", "/CN=x", "-keyout",
                     f"{name}.key", "-out", "csr")  # fmt: skip
        self.openssl("x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                     "-CAcreateserial", "-extfile", "says", "-out", f"{name}.pem",
                     *(validity or ("-days", "100")))  # fmt: skip


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    made = Authority(tmp_path_factory.mktemp("ca"))
    made.openssl("req", "-x509", "-newkey", *KEYS["ec"], "-nodes", "-days", "100", "-subj",
                 "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")  # fmt: skip
    for key in KEYS:
        made.sign(key, key, NAMES)
    made.sign("other", "ec", "subjectAltName=DNS:other.example")
    made.sign("over", "ec", NAMES, "-days", "-1")
    return made


@contextlib.contextmanager
def secure(
    authority: Authority, name: str, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    answer: bytes = OK,
) -> Iterator[int]:  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.folder / f"{name}.pem", authority.folder / f"{name}.key")
    context.minimum_version = context.maximum_version = version

    def talk(connection: socket.socket) -> None:
        with contextlib.suppress(ssl.SSLError):
            wrapped = context.wrap_socket(connection, server_side=True)
            request(wrapped)
            wrapped.sendall(answer)
            wrapped.unwrap()

    with serving(talk) as port:
        yield port


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: Authority) -> Probe:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.folder / "ca.pem"))
    return installed(tmp_path, native(), tls=True)


def of(said: Said) -> tuple[int, str, str]:
    return said.status, said.stdout, said.stderr


@pytest.mark.parametrize(
    "name, version", [("rsa", "TLSv1_2"), ("rsa", "TLSv1_3"), ("ec", "TLSv1_3")]
)
def test_handshakes(probe: Probe, authority: Authority, name: str, version: str) -> None:
    with secure(authority, name, ssl.TLSVersion[version]) as port:
        for host in ("localhost", "127.0.0.1"):
            said = probe("http", "-b", "is well", f"https://{host}:{port}/x")
            assert of(said) == (0, "status 200\n", "")
        said = probe("http", "-H", "Host: app.example", f"https://localhost:{port}/")
        assert of(said) == (0, "status 200\n", "")


def test_long_answers(probe: Probe, authority: Authority) -> None:
    answer = OK + b"x" * 900_000 + b"the end"
    with secure(authority, "ec", answer=answer) as port:
        assert probe("http", "-b", "the end", f"https://localhost:{port}/").status == 0
    with secure(authority, "ec", answer=b"HTTP/1.1 500 No\r\n\r\n") as port:
        said = probe("http", f"https://localhost:{port}/")
    assert of(said) == (1, "status 500, wanted 200-399\n", "")


@pytest.mark.parametrize(
    "name, options, why",
    [
        ("ec", ["-H", "Host: bad.example:80"], "CertificateHostMismatch"),
        ("other", [], "CertificateHostMismatch"),
        ("over", [], "CertificateExpired"),
    ],
)
def test_certificates_that_are_not_right(
    probe: Probe, authority: Authority, name: str, options: list[str], why: str
) -> None:
    with secure(authority, name) as port:
        said = probe("http", *options, f"https://localhost:{port}/")
        assert of(said) == (1, f"TLS: {why}\n", "")
        assert probe("http", "-k", *options, f"https://localhost:{port}/").status == 0


def test_what_is_trusted(
    probe: Probe, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = (authority.folder / "ca.pem").read_text()
    with secure(authority, "ec") as port:
        url = f"https://localhost:{port}/"

        def trusting(text: str) -> tuple[int, str, str]:
            (tmp_path / "bundle").write_text(text)
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "bundle"))
            return of(probe("http", url))

        untrusted = (1, "TLS: TlsCertificateNotVerified\n", "")
        assert trusting("") == untrusted
        assert trusting((authority.folder / "other.pem").read_text()) == untrusted
        assert trusting(good[: len(good) // 2]) == untrusted
        damaged = "-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n"
        damaged += "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
        assert trusting("# a comment\n" + damaged + good) == (0, "status 200\n", "")
        monkeypatch.setenv("SSL_CERT_FILE", "/none")
        assert of(probe("http", url)) == (1, "certificates /none: no such file or directory\n", "")
        assert probe("http", "-k", url).status == 0


def test_the_bundle_of_this_machine(
    probe: Probe, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of its certificates are read, and none of them has signed ours."""
    monkeypatch.delenv("SSL_CERT_FILE")
    with secure(authority, "ec") as port:
        said = probe("http", f"https://localhost:{port}/")
    assert said.status == 1
    assert said.stdout in (
        "TLS: TlsCertificateNotVerified\n",
        "certificates /etc/ssl/certs/ca-certificates.crt: no such file or directory\n",
    )


def test_other_servers(probe: Probe) -> None:
    with serving(silent) as port:
        said = probe("http", "-t", "0.3", "-k", f"https://localhost:{port}/")
    assert of(said) == (1, "TLS: timed out\n", "")
    assert 0.3 <= said.seconds < 2
    for answer in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"\x16\x03\x03", b"\xff" * 70_000):
        with serving(answering_raw(answer)) as port:
            said = probe("http", "-k", f"https://localhost:{port}/")
        assert said.status == 1, answer
        assert said.stdout.startswith(("TLS: ", "sending: ")), said


def answering_raw(answer: bytes) -> Talk:
    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    return talk


def test_it_is_also_the_plain_one(probe: Probe) -> None:
    with serving(answering(OK)) as port:
        assert probe("http", "-k", f"http://localhost:{port}/").stdout == "status 200\n"
        assert probe("tcp", f"localhost:{port}").stdout == "connected\n"
    assert of(probe("http", "-kx", "https://localhost/"))[0] == 2


def test_the_plain_one_says_who_can(tmp_path: Path) -> None:
    said = installed(tmp_path, native())("http", "https://localhost/")
    assert said.status == 2
    assert said.stderr == "this program knows no TLS, probe-tls does: https://localhost/\n"


def test_command_lines(probe: Probe, authority: Authority) -> None:
    with secure(authority, "ec") as port:
        check = HealthCheck("http", port, "/x", scheme="https", host="app.example")
        words = argv(check)
        assert words[:2] == (f"/{TLS_PATH}", "http")
        assert probe(*words[1:]).status == 0
        loose = argv(HealthCheck("http", port, scheme="https", host="no", verify=False))
        assert "-k" in loose
        assert probe(*loose[1:]).status == 0


@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_a_static_program(platform: Platform) -> None:
    data = program(platform, tls=True)
    elf = read(Inline(data))
    assert elf is not None
    assert (elf.machine, elf.needed, elf.interpreter) == (platform.names.machine, (), "")
    assert len(data) <= 540 * 1024


@pytest.mark.judge
@pytest.mark.parametrize("platform", TABLE, ids=str)
def test_every_platform(
    platform: Platform, tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.folder / "ca.pem"))
    probe = installed(tmp_path, platform, tls=True)
    for name, version in (("rsa", "TLSv1_2"), ("ec", "TLSv1_3")):
        with secure(authority, name, ssl.TLSVersion[version]) as port:
            said = probe("http", "-t", "20", "-b", "well", f"https://localhost:{port}/")
            assert of(said) == (0, "status 200\n", "")
    with secure(authority, "other") as port:
        said = probe("http", "-t", "20", f"https://localhost:{port}/")
    assert of(said) == (1, "TLS: CertificateHostMismatch\n", "")
