"""Build a shell-less Python image from Debian packages, start it, and ask it something.

What ``make demo`` runs. It needs no Docker and no root; where an engine is there, the
image is started in that.
"""

from __future__ import annotations

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


def ask(running: Running, seconds: float = 30.0) -> str:
    """Return the server's answer, once it gives one."""
    host, port = running.address
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://{host}:{port}/", timeout=5) as answer:
                text: str = answer.read().decode()
                return text
        except (urllib.error.URLError, OSError):
            if time.monotonic() > until or running.ended():
                raise SystemExit(f"no answer; the program said:\n{running.logs()}") from None
            time.sleep(0.1)


def main() -> None:
    """Build, look, start, ask."""
    digest = show("build", SUBJECT, "--allow-expired")
    print(digest)
    print(show("ls", SUBJECT, "/usr/bin"))
    with Workspace() as seaslug, tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "app.py"
        app.write_text(APP, encoding="utf-8")
        app.chmod(0o644)
        Path(folder).chmod(0o755)
        runner = pick(seaslug.store)
        spec = RunSpec(args=("/app/app.py",), port=8000, mounts=((str(app), "/app/app.py"),))
        print(f"\nstarting it with {runner.name}, read-only, as its own user ...", flush=True)
        running = runner.start(Digest(digest), spec)
        try:
            answer = ask(running)
            print("http://{}:{}/ answers:".format(*running.address))
        finally:
            running.stop()
            runner.close()
    print("  " + answer.rstrip().replace("\n", "\n  "))
    print("\nnext: seaslug families, seaslug inspect python3:nonroot, seaslug --help")


if __name__ == "__main__":
    main()
