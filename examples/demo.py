"""Build a shell-less Python base from Debian packages, and an application; start both, and ask.

What ``make demo`` runs. It needs no Docker and no root; where an engine is there, the
images are started in that.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from seaslug.adapters.runners import pick
from seaslug.api import Workspace
from seaslug.ports import Running, RunSpec
from seaslug.values.digest import Digest

SUBJECT = "python3:nonroot"
APP = """
import os, platform, pwd, shutil, ssl, subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            subprocess.run("id", shell=True)
            shell = "there is a shell"
        except FileNotFoundError as error:
            shell = f"no shell: {error}"
        try:
            open("/written", "w")
            root = "the root can be written"
        except OSError as error:
            root = f"read-only root: {error}"
        text = "\\n".join((
            f"Python {platform.python_version()} on {platform.machine()}",
            f"user {os.getuid()} ({pwd.getpwuid(os.getuid()).pw_name})",
            f"{len(ssl.create_default_context().get_ca_certs())} certificate authorities",
            shell, root, ""))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass

HTTPServer(("0.0.0.0", 8000), Answer).serve_forever()
"""


def show(*argv: str) -> str:
    """Run one seaslug command as a person would, and return what it prints on stdout."""
    print("$ seaslug", *argv, flush=True)
    command = [sys.executable, "-c", "from seaslug.cli.main import script; script()", *argv]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def ask(running: Running, path: str, seconds: float = 30.0) -> str:
    """Return the server's answer, once it gives one."""
    host, port = running.address
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=5) as answer:
                text: str = answer.read().decode()
                return text
        except (urllib.error.URLError, OSError):
            if time.monotonic() > until or running.ended():
                raise SystemExit(f"no answer; the program said:\n{running.logs()}") from None
            time.sleep(0.1)


def started(digest: str, spec: RunSpec, path: str = "/") -> str:
    """Start the image, and return what it answers at *path*."""
    with Workspace() as seaslug:
        runner = pick(seaslug.store)
        print(f"starting it with {runner.name}, read-only, as its own user ...", flush=True)
        running = runner.start(Digest(digest), spec)
        try:
            answer = ask(running, path)
            print("http://{}:{}{} answers:".format(*running.address, path))
        finally:
            running.stop()
            runner.close()
    return "  " + answer.rstrip().replace("\n", "\n  ")


def base() -> None:
    """A base image: build it, look into it, run a script in it."""
    digest = show("build", SUBJECT, "--allow-expired")
    print(digest)
    print(show("ls", SUBJECT, "/usr/bin"))
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "app.py"
        app.write_text(APP, encoding="utf-8")
        app.chmod(0o644)
        Path(folder).chmod(0o755)
        mounts = ((str(app), "/app/app.py"),)
        print(started(digest, RunSpec(args=("/app/app.py",), port=8000, mounts=mounts)))


def application() -> None:
    """An application: a project folder becomes an image, and answers."""
    project = Path(__file__).parent / "fastapi"
    shown = os.path.relpath(project)
    digest = show("build", shown, "--allow-expired")
    print(digest)
    print(started(digest, RunSpec(port=8000), "/health"))


def main() -> None:
    """Build, look, start, ask."""
    base()
    print()
    application()
    print("\nnext: seaslug build in a project of yours, seaslug families, seaslug --help")


if __name__ == "__main__":
    main()
