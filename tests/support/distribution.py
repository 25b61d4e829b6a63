"""Debian's docker-registry on the loopback, with a password or TLS where wanted."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from support.certificates import Issued
from support.real import missing, need
from support.server import closed_port

USER, PASSWORD = "ann", "a test's own password"
# What htpasswd -B makes of it.
_HASH = "$2b$04$eCw/4WRkBaAhQGlC9kJC4.bpf0VwocEbnmMKrGy7BlY1x99iDHXEi"


@dataclass
class Distribution:
    """A running registry; *log* is its own."""

    host: str
    folder: Path
    log: Path
    _process: subprocess.Popen[bytes]

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        login: bool = False,
        certificate: Issued | None = None,
        port: int = 0,
    ) -> Distribution:
        """Start one that keeps everything in *folder*; skips the test if it is not installed."""
        program = need("docker-registry")
        folder.mkdir(parents=True, exist_ok=True)
        port = port or closed_port()
        config = folder / "config.yml"
        config.write_text(json.dumps(_config(folder, port, login, certificate)))
        log = folder / "log"
        with open(log, "wb") as out:
            process = subprocess.Popen([program, "serve", str(config)], stdout=out, stderr=out)
        made = cls(f"127.0.0.1:{port}", folder, log, process)
        made._await(port)
        return made

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _await(self, port: int) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        self.stop()
        missing(f"docker-registry does not start: {self.log.read_text()[-500:]}")


def _config(folder: Path, port: int, login: bool, certificate: Issued | None) -> dict[str, object]:
    http: dict[str, object] = {"addr": f"127.0.0.1:{port}", "secret": "known to all"}
    if certificate:
        http["tls"] = {"certificate": str(certificate.file), "key": str(certificate.key)}
    config: dict[str, object] = {
        "version": "0.1",
        "log": {"level": "info"},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "data")},
            "delete": {"enabled": True},
        },
        "http": http,
    }
    if login:
        users = folder / "htpasswd"
        users.write_text(f"{USER}:{_HASH}\n")
        config["auth"] = {"htpasswd": {"realm": "test", "path": str(users)}}
    return config
