"""Lines to an engine: its socket, TCP with or without TLS, what ssh connects to."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import IO

from seaslug.adapters.engines.endpoint import Endpoint
from seaslug.errors import EngineError

_PATIENCE = 600.0
_TO_CONNECT = 30.0


class Line:
    """A connected socket."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        connected.settimeout(_PATIENCE)

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def complaint(self) -> str:
        """Return what a program in between said of its failure, usually nothing."""
        return ""


def call(endpoint: Endpoint) -> Line:
    """Connect to *endpoint*. Raises OSError, and EngineError for an address of another form."""
    scheme, _, place = endpoint.address.partition("://")
    if scheme == "unix" and place:
        return Line(_unix(place))
    if scheme == "ssh" and place:
        return SshLine(endpoint)
    if scheme in ("tcp", "http", "https") and place:
        host, port = _host_and_port(f"//{place}", 2376 if endpoint.tls else 2375)
        plain = socket.create_connection((host, port), _TO_CONNECT)
        tls = endpoint.tls or scheme == "https"
        return Line(_secured(plain, host, endpoint) if tls else plain)
    raise EngineError(
        f"an engine's address of a form that is not known here: {endpoint.address}",
        hint="it reads unix:///PATH, tcp://HOST:PORT or ssh://USER@HOST",
    )


def _unix(path: str) -> socket.socket:
    found = socket.socket(socket.AF_UNIX)
    try:
        found.connect(path)
    except BaseException:
        found.close()
        raise
    return found


def _host_and_port(text: str, usual: int) -> tuple[str, int]:
    from urllib.parse import urlsplit

    parts = urlsplit(text)
    try:
        return parts.hostname or "localhost", parts.port or usual
    except ValueError:
        raise EngineError(
            f"an engine's address without a sound port: {text[2:]}", hint="tcp://HOST:PORT"
        ) from None


def _secured(plain: socket.socket, host: str, endpoint: Endpoint) -> socket.socket:
    import ssl

    from seaslug.adapters.wire import trusting

    folder = endpoint.certificates
    ca, cert, key = (f"{folder}/{name}.pem" for name in ("ca", "cert", "key"))
    try:
        context = trusting(ca if os.path.exists(ca) else None)
        if not endpoint.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if os.path.exists(cert):
            context.load_cert_chain(cert, key)
        plain.settimeout(_TO_CONNECT)
        return context.wrap_socket(plain, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        plain.close()
        raise EngineError(
            f"the engine's certificate is not to be trusted: {error.verify_message}",
            where=endpoint.address, hint=f"the CA that signed it belongs into {folder}/ca.pem",
        ) from None  # fmt: skip
    except OSError as error:
        plain.close()
        raise EngineError(f"no TLS with the engine: {error}", where=endpoint.address) from None


class SshLine(Line):
    """What ``ssh HOST docker system dial-stdio`` connects to."""

    def __init__(self, endpoint: Endpoint) -> None:
        import subprocess
        import tempfile

        ours, theirs = socket.socketpair()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        with theirs:
            try:
                self._process = subprocess.Popen(
                    _ssh(endpoint), stdin=theirs.fileno(), stdout=theirs.fileno(),
                    stderr=self._errors, start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                ours.close()
                self._errors.close()
                raise EngineError(f"ssh cannot be started: {error.strerror}") from None
        super().__init__(ours)

    def close(self) -> None:
        """Hang up, and end ssh."""
        super().close()
        from subprocess import TimeoutExpired

        try:
            self._process.wait(2)
        except TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def complaint(self) -> str:
        """Return the last line that ssh wrote to stderr, if it has ended."""
        from subprocess import TimeoutExpired

        with contextlib.suppress(TimeoutExpired):
            if self._process.wait(1) == 0:
                return ""
            self._errors.seek(0)
            lines = self._errors.read(1 << 16).decode("utf-8", "replace").strip().splitlines()
            return lines[-1].strip() if lines else f"exit status {self._process.returncode}"
        return ""


def _ssh(endpoint: Endpoint) -> list[str]:
    from urllib.parse import urlsplit

    host, port = _host_and_port(endpoint.address.removeprefix("ssh:"), 0)
    user = urlsplit(endpoint.address).username
    argv = ["ssh", "-o", "ConnectTimeout=30", "-T"]
    argv += ["-l", user] if user else []
    argv += ["-p", str(port)] if port else []
    return [*argv, "--", host, *endpoint.dial]
