"""A wire on the loopback that leads to a server, and is cut where a test wants it."""

from __future__ import annotations

import contextlib
import socket
import threading

_PIECE = 64 << 10


class Cutter:
    """Use as a context manager; ``host`` is what to connect to."""

    def __init__(self, host: str) -> None:
        name, _, port = host.partition(":")
        self._target = (name, int(port))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._cuts: list[int] = []
        self.cut = 0

    def __enter__(self) -> Cutter:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._listening.close()

    def cut_up(self, *after: int) -> None:
        """Cut the next connections that carry so many bytes upwards, one after the other."""
        self._cuts += after

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(self._target)
                threading.Thread(target=self._up, args=(near, far), daemon=True).start()
                threading.Thread(target=self._pass, args=(far, near), daemon=True).start()

    def _up(self, near: socket.socket, far: socket.socket) -> None:
        count = 0
        with contextlib.suppress(OSError):
            while piece := near.recv(_PIECE):
                count += len(piece)
                if self._cuts and count > self._cuts[0]:
                    self._cuts.pop(0)
                    self.cut += 1
                    break
                far.sendall(piece)
        _end(near, far)

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_PIECE):
                target.sendall(piece)
        _end(source, target)


def _end(*ends: socket.socket) -> None:
    for one in ends:
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
