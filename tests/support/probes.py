"""The health probe started for real, and services on the loopback for it to ask."""

from __future__ import annotations

import contextlib
import platform
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from seaslug.apps.probe.program import program
from seaslug.values.platform import Platform
from support.real import missing, need

Talk = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Said:
    status: int
    stdout: str
    stderr: str
    seconds: float


@dataclass(frozen=True)
class Probe:
    """A probe that can be called with its arguments, natively or under qemu."""

    prefix: tuple[str, ...]

    def __call__(self, *args: object) -> Said:
        begun = time.monotonic()
        done = subprocess.run(
            [*self.prefix, *map(str, args)], capture_output=True, timeout=30, stdin=-3
        )
        seconds = time.monotonic() - begun
        return Said(done.returncode, done.stdout.decode(), done.stderr.decode(), seconds)


def native() -> Platform:
    """Return this machine's platform; skips or fails the test where it is not Linux."""
    if sys.platform != "linux":
        missing("the probe runs on Linux only")
    return Platform.parse(platform.machine())


def installed(folder: Path, which: Platform, *, tls: bool = False) -> Probe:
    """Return the probe for *which*, put into *folder*."""
    path = folder / "probe"
    path.write_bytes(program(which, tls=tls))
    path.chmod(0o755)
    qemu = () if which == native() else (need(f"qemu-{which.names.qemu}-static"),)
    return Probe((*qemu, str(path)))


@contextlib.contextmanager
def serving(
    talk: Talk, address: object = ("127.0.0.1", 0), family: int = socket.AF_INET
) -> Iterator[int]:
    """Hand every connection to *talk* in a thread and close it then; yield the port (0 if none)."""
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind(address)  # type: ignore[arg-type]
        listener.listen()
        thread = threading.Thread(target=_accept, args=(listener, talk), daemon=True)
        thread.start()
        name = listener.getsockname()
        yield name[1] if isinstance(name, tuple) else 0
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _accept(listener: socket.socket, talk: Talk) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            talk(connection)


def refused_port() -> int:
    """Return a port where nothing listens."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return int(own.getsockname()[1])


def request(connection: socket.socket) -> bytes:
    """Return the head of an HTTP request."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data


def answering(answer: bytes, heard: list[bytes] | None = None) -> Talk:
    """Return a talk that reads a request and says *answer*."""

    def talk(connection: socket.socket) -> None:
        data = request(connection)
        if heard is not None:
            heard.append(data)
        connection.sendall(answer)

    return talk


def reset(connection: socket.socket) -> None:
    """Close *connection* so that the other side sees a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def silent(connection: socket.socket) -> None:
    """Take everything and say nothing."""
    while connection.recv(65536):
        pass
