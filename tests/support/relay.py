"""Ways around to a socket: TCP with TLS in front of it, and an ssh that only pipes."""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import ssl
import sys
import threading
from pathlib import Path


class Relay:
    """TLS on a port of the loopback, for those with a certificate, in front of a unix socket."""

    def __init__(self, target: str, context: ssl.SSLContext) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with (
                    contextlib.suppress(OSError),
                    context.wrap_socket(self.request, server_side=True) as secured,
                    socket.socket(socket.AF_UNIX) as inner,
                ):
                    inner.connect(target)
                    back = threading.Thread(target=_pipe, args=(inner, secured), daemon=True)
                    back.start()
                    _pipe(secured, inner)
                    back.join(10)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


_SSH = """\
#!{python}
import socket, sys, threading
with open({calls!r}, "a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
if {complaint!r}:
    sys.exit({complaint!r})
line = socket.socket(socket.AF_UNIX)
line.connect({target!r})
def out():
    while data := line.recv(65536):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
threading.Thread(target=out, daemon=True).start()
while data := sys.stdin.buffer.read1(65536):
    line.sendall(data)
"""


class Ssh:
    """An ``ssh`` in *folder* that notes its words and pipes to *target*, or complains."""

    def __init__(self, folder: Path, target: str, complaint: str = "") -> None:
        self._calls = folder / "ssh.calls"
        program = folder / "ssh"
        program.write_text(
            _SSH.format(
                python=sys.executable, calls=str(self._calls), target=target, complaint=complaint
            )
        )
        os.chmod(program, 0o755)

    def calls(self) -> list[str]:
        """Return the words of each call."""
        return self._calls.read_text().splitlines()
