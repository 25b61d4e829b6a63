"""Real applications with real dependencies, started the safe way on the Docker engine.

Each is read-only, not root, without capabilities; it answers, is healthy by its own health
check, and ends when it is asked to.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.apps import EXAMPLES, Apps
from support.clients import Seaslug
from support.javac import jdk, spring_boot
from support.real import need

pytestmark = [pytest.mark.engine, pytest.mark.network, pytest.mark.slow]


def project(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


SERVERS = {
    "fastapi": ("python3-debian13", "/health"),
    "django": ("python3-debian13", "/health"),
    "flask-psycopg": ("python3-debian13", "/health"),
    "express": ("nodejs24-debian13", "/health"),
    "fastify": ("nodejs24-debian13", "/health"),
    "go": ("static-debian13", "/health"),
    "rust": ("base-nossl-debian13", "/"),
}


@pytest.mark.parametrize("name", SERVERS)
def test_an_example_serves(apps: Apps, name: str) -> None:
    if name in ("go", "rust"):
        need({"go": "go", "rust": "cargo"}[name])
    base, path = SERVERS[name]
    app = apps.build(EXAMPLES / name)
    assert f"base     {base}" in app.said
    assert app.config["User"] == "65532" and app.config["Healthcheck"]["Test"][0] == "CMD"
    assert "/bin/sh" not in json.dumps(app.config)
    port = int(next(iter(app.config["ExposedPorts"])).partition("/")[0])
    directories = ("/tmp", "/data") if name == "django" else ("/tmp",)
    with apps.started(app, port=port, tmpfs=directories) as running:
        assert running.get(path)
        if name == "django":
            assert running.json("/")["users"] + 1 == running.json("/")["users"]
            assert b"body" in running.get("/static/admin/css/base.css")
        running.healthy()
        running.stops()


@pytest.mark.parametrize("options", [(), ("--jlink",)], ids=["jre", "jlink"])
def test_a_jar_serves(apps: Apps, options: tuple[str, ...]) -> None:
    """Built by its own command, here with javac."""
    jdk()
    app = apps.build(EXAMPLES / "java", *options)
    with apps.started(app, port=8000) as running:
        assert running.get("/health")
        running.healthy()
        running.stops()


def test_a_spring_boot_jar_is_taken_apart(apps: Apps, tmp_path: Path) -> None:
    jdk()
    jar = tmp_path / "boot.jar"
    jar.write_bytes(spring_boot(tmp_path))
    app = apps.build(jar)
    assert apps.once(app) == "hi\n"
    assert "Spring Boot" in app.said


@pytest.mark.parametrize("name", ["fastapi", "express", "go"])
def test_an_example_serves_on_arm64(apps: Apps, name: str) -> None:
    """Emulated: slow to start, and the same otherwise."""
    if name == "go":
        need("go")
    # Proving the slice would start it twice more, and that is tried on this machine's own.
    app = apps.build(EXAMPLES / name, "--platform", "linux/arm64", "--whole")
    port = int(next(iter(app.config["ExposedPorts"])).partition("/")[0])
    with apps.started(app, port=port) as running:
        assert running.get(SERVERS[name][1], timeout=150)


def test_the_runtime_of_a_python_application_is_sliced(apps: Apps, tmp_path: Path) -> None:
    app = apps.build(EXAMPLES / "fastapi")
    assert "standard modules" in app.said and "proved on" in app.said
    whole = apps.seaslug("build", EXAMPLES / "fastapi", "--whole", "--allow-expired", "--json").json
    sliced = apps.seaslug("build", EXAMPLES / "fastapi", "--allow-expired", "--json").json
    assert sliced["images"][0]["size"] < 0.8 * whole["images"][0]["size"]


def test_a_lock_holds_the_slice_and_gives_the_same_bytes(apps: Apps, tmp_path: Path) -> None:
    lock = tmp_path / "app.lock"
    build = ("build", EXAMPLES / "fastapi", "--allow-expired", "--lock", lock)
    first = apps.seaslug(*build).out
    slice_ = json.loads(lock.read_text())["slice"]
    assert slice_["cuts"] and slice_["how"].endswith("GET /health is healthy")
    # In a store that knows nothing the lock is proof enough.
    again = Seaslug(tmp_path / "home", tmp_path)(*build, "--locked")
    assert again.out == first and "prove the slice" not in again.err
    # Another start is not what was proved.
    said = apps.seaslug(*build, "--locked", "--no-health", status=4).err
    assert "the slice has changed since this lock was made" in said


SCIENCE = """
import json, http.server, signal, sys
import numpy, pandas
from cryptography.fernet import Fernet

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        frame = pandas.DataFrame({"a": numpy.arange(5)})
        key = Fernet(Fernet.generate_key())
        told = key.decrypt(key.encrypt(b"x")).decode()
        body = json.dumps({"sum": int(frame.a.sum()), "told": told})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.encode())

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""


def test_numpy_pandas_and_cryptography(apps: Apps, tmp_path: Path) -> None:
    folder = project(
        tmp_path / "science", main_dot_py=SCIENCE,
        requirements_dot_txt="numpy\npandas\ncryptography\n",
        seaslug_dot_toml="ports = [8000]\n[health]\nhttp = '/'\n",
    )  # fmt: skip
    app = apps.build(folder)
    with apps.started(app, port=8000) as running:
        assert running.json("/") == {"sum": 10, "told": "x"}
        running.healthy()
        running.stops()


def test_a_worker_has_no_port_and_no_check(apps: Apps, tmp_path: Path) -> None:
    code = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
    code += "print('working', flush=True)\nwhile True: time.sleep(0.2)\n"
    app = apps.build(project(tmp_path / "worker", main_dot_py=code))
    assert "no check" in app.said and "Healthcheck" not in app.config
    with apps.started(app) as running:
        running.says("working")  # before that nobody handles a signal
        running.stops()


def test_a_command_line_program(apps: Apps, tmp_path: Path) -> None:
    folder = project(
        tmp_path / "tool",
        pyproject_dot_toml="[project]\nname = 'greet'\nversion = '1.2'\ndependencies = ['click']\n"
        "[project.scripts]\ngreet = 'greet.cli:main'\n"
        "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n"
        "[tool.seaslug]\nsmoke = ['/usr/bin/python3', '-c', 'import greet.cli']\n",
        src__greet__cli_dot_py="import click\n@click.command()\n@click.argument('who')\n"
        "def main(who):\n    click.echo(f'hello {who}')\n",
    )  # fmt: skip
    (folder / "src" / "greet" / "__init__.py").write_text("")
    app = apps.build(folder)
    assert apps.once(app, "you") == "hello you\n"


CXX = """
#include <omp.h>
#include <cstdio>
#include <vector>
int main() {
    std::vector<long> v(1000, 2);
    long sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (size_t i = 0; i < v.size(); i++) sum += v[i];
    std::printf("%ld\\n", sum);
}
"""
CGO = """
package main

// #cgo LDFLAGS: -lsqlite3
// #include <stdlib.h>
// extern const char *sqlite3_libversion(void);
import "C"
import "fmt"

func main() { fmt.Println("sqlite", C.GoString(C.sqlite3_libversion())) }
"""


def test_a_binary_with_openmp(apps: Apps, tmp_path: Path) -> None:
    source = project(tmp_path, main_dot_cc=CXX) / "main.cc"
    binary = tmp_path / "summing"
    from support.clients import run

    run("g++", "-O1", "-fopenmp", source, "-o", binary)
    app = apps.build(binary)
    assert "libgomp1" in app.said and "libstdc++6" in app.said
    assert apps.once(app) == "2000\n"


def test_go_with_cgo_and_sqlite(apps: Apps, tmp_path: Path) -> None:
    need("go")
    folder = project(tmp_path / "lite", go_dot_mod="module example.org/lite\n\ngo 1.22\n",
                     main_dot_go=CGO)  # fmt: skip
    app = apps.build(folder)
    assert "libsqlite3-0" in app.said
    assert apps.once(app).startswith("sqlite 3.")


def test_an_addon_for_node(apps: Apps, tmp_path: Path) -> None:
    from support.clients import run

    folder = project(
        tmp_path / "pictures",
        package_dot_json='{"name":"pictures","version":"1.0.0","main":"index.js",'
        '"dependencies":{"sharp":"0.34.4"}}',
        index_dot_js="const sharp = require('sharp');\n"
        "sharp({create:{width:4,height:3,channels:3,background:'red'}}).png().toBuffer()"
        ".then(b => sharp(b).metadata()).then(m => console.log(m.format, m.width, m.height));\n",
    )  # fmt: skip
    run("npm", "install", "--prefix", folder, "--package-lock-only", "--ignore-scripts")
    app = apps.build(folder)
    assert apps.once(app) == "png 4 3\n"


def test_the_debug_variant_has_a_shell(apps: Apps) -> None:
    app = apps.build(EXAMPLES / "fastapi", "--variant", "debug", "--whole")
    assert "base     python3-debian13:debug" in app.said
    from support.clients import run

    told = run("docker", "run", "--rm", "--entrypoint", "/busybox/sh", app.name, "-c", "ls /app")
    assert "main.py" in told.out
