"""seaslug run and build --watch: what a person sees, how it ends, and that nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from support.clients import Engine, Seaslug, run

pytestmark = [pytest.mark.engine, pytest.mark.network, pytest.mark.slow]

SERVER = """
import http.server, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(repr((sys.argv[1:], os.getuid(), os.environ.get('WHO'))).encode())

print('listening', flush=True)
http.server.HTTPServer(('0.0.0.0', 8000), Handler).serve_forever()
"""


class Person:
    """Somebody who typed a command that goes on, and reads what it prints."""

    def __init__(self, home: Path, *args: object, command: str = "run") -> None:
        code = "from seaslug.cli.main import script; script()"
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", code, command, *map(str, args)], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "SEASLUG_HOME": str(home), "SEASLUG_ALLOW_EXPIRED": "1"},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        self.read = ""

    def until(self, words: str) -> str:
        """Read on until a line with *words*, and return that."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.read += line
            if words in line:
                return line.strip()
        raise AssertionError(f"never said {words!r}:\n{self.read}")

    def ends(self, sign: int) -> int:
        self.process.send_signal(sign)
        assert self.process.stdout is not None
        self.read += self.process.stdout.read()
        return self.process.wait(40)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "main.py").write_text(SERVER)
    (tmp_path / "shop" / "seaslug.toml").write_text("ports = [8000]\nslice = 'off'\n")
    return tmp_path / "shop"


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_is_healthy_and_ends(
    seaslug: Seaslug, docker: Engine, folder: Path, sign: int
) -> None:
    person = Person(seaslug.home, folder, "-p", "0:8000", "-e", "WHO=me", "--", "a", "-b")
    place = person.until("port 8000/tcp is").rpartition(" ")[2]
    person.until("healthy after")
    port = place.rpartition(":")[2]
    (container,) = run("docker", "ps", "-q", "--filter", f"publish={port}").out.split()
    with urllib.request.urlopen(place, timeout=10) as answer:
        assert answer.read() == b"(['a', '-b'], 65532, 'me')"
    assert person.ends(sign) == 7, "how the program ended is how the command ends"
    assert "listening" in person.read and "stopping" in person.read
    assert container not in run("docker", "ps", "-a", "-q").out


def test_declared_directories_can_be_written(
    seaslug: Seaslug, docker: Engine, folder: Path
) -> None:
    code = "open('/data/x', 'w').write('x'); open('/tmp/x', 'w'); print('written')\n"
    code += "try: open('/app/x', 'w')\nexcept OSError as error: print(error)\n"
    (folder / "main.py").write_text(code)
    (folder / "seaslug.toml").write_text("slice = 'off'\ndirectories = ['/data']\n")
    person = Person(seaslug.home, folder)
    person.until("written")
    assert "Read-only" in person.until("/app/x")
    assert person.process.wait(30) == 0


def test_a_check_that_nobody_answers_is_told(
    seaslug: Seaslug, docker: Engine, folder: Path
) -> None:
    (folder / "seaslug.toml").write_text("slice = 'off'\n[health]\nhttp = '/'\nport = 9999\n"
                                         "retries = 2\nstart-period = 1\n")  # fmt: skip
    person = Person(seaslug.home, folder)
    assert "refused" in person.until("unhealthy:").lower()
    person.ends(signal.SIGINT)


def test_a_program_that_fails_ends_with_its_status(
    seaslug: Seaslug, docker: Engine, folder: Path
) -> None:
    (folder / "main.py").write_text("import sys; print('no'); sys.exit(5)")
    begun = time.monotonic()
    person = Person(seaslug.home, folder)
    person.until("no")
    assert person.process.wait(30) == 5 and time.monotonic() - begun < 60


def test_watching_builds_again_after_a_change_and_bears_a_mistake(
    seaslug: Seaslug, folder: Path
) -> None:
    person = Person(seaslug.home, folder, "--watch", command="build")
    first = person.until("sha256:")
    person.until("watching for changes")
    (folder / "main.py").write_text(SERVER + "\n# changed\n")
    assert person.until("sha256:") != first
    person.until("watching for changes")
    (folder / "seaslug.toml").write_text("prts = []\n")
    person.until("seaslug.toml:1: prts")
    person.until("watching for changes")
    (folder / "seaslug.toml").write_text("ports = [8000]\nslice = 'off'\n")
    (folder / "main.py").write_text(SERVER)
    assert person.until("sha256:") == first
    person.until("watching for changes")
    assert person.ends(signal.SIGINT) == 0
