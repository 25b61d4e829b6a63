"""Node.js applications made with the real npm, pnpm and yarn, and started from their layers."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters import folders
from seaslug.adapters.project import read_project
from seaslug.adapters.toolbox import LocalTools
from seaslug.apps.model import Made
from seaslug.apps.node.addons import look
from seaslug.ops.app.node import make
from seaslug.ports import Silent
from seaslug.values.content import FileSlice
from seaslug.values.platform import Platform
from support.apps import EXAMPLES, Apps
from support.real import need
from support.tools_node import write
from support.tools_source import AMD64, ARM64, workbench

MANAGERS = {
    "pnpm": ("pnpm", "10.34.9", "pnpm/bin/pnpm.cjs"),
    "pnpm 9": ("pnpm", "9.15.9", "pnpm/bin/pnpm.cjs"),
    "yarn 1": ("yarn", "1.22.22", "yarn/bin/yarn.js"),
    "yarn": ("@yarnpkg/cli-dist", "4.18.1", "@yarnpkg/cli-dist/bin/yarn.js"),
}
LOCKS = {
    "pnpm": ("install", "--lockfile-only"),
    "pnpm 9": ("install", "--lockfile-only"),
    "yarn 1": ("install", "--ignore-scripts", "--ignore-optional"),
    "yarn": ("install", "--mode=update-lockfile"),
}


class With(LocalTools):
    """A toolbox where a program lies somewhere else."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(Silent())
        self._known = {name: path}

    def find(self, *names: str) -> str:
        return self._known.get(names[0]) or super().find(*names)


def made(
    folder: Path, home: Path, platform: Platform = AMD64, tools: LocalTools | None = None
) -> Made:
    with tools or LocalTools(Silent()) as box:
        return make(read_project(str(folder)), platform, workbench(box, home))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def started(found: Made, root: Path) -> Iterator[str]:
    """Write the layers below *root* and start what is there with this machine's Node.js."""
    folders.write(str(root), found.tree())
    port = free_port()
    argv = [arg.replace("/app", f"{root}/app", 1) for arg in found.start.entrypoint]
    env = {**dict(found.start.env), "PORT": str(port), "PATH": "/usr/bin:/bin"}
    child = subprocess.Popen(
        [need("node"), *argv[1:], *found.start.cmd], cwd=f"{root}{found.start.workdir}", env=env
    )
    try:
        yield f"http://127.0.0.1:{port}"
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) in (0, -signal.SIGTERM)
    finally:
        child.kill()
        child.wait()


def get(url: str) -> str:
    for _ in range(100):
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
        time.sleep(0.1)
    raise AssertionError(f"no answer at {url}")


@pytest.mark.parametrize("name", ["express", "fastify"])
@pytest.mark.slow
@pytest.mark.network
def test_the_examples_serve(name: str, tmp_path: Path) -> None:
    need("npm")
    found = made(EXAMPLES / name, tmp_path)
    assert (found.base, found.start.ports, found.start.health_path) == (
        "nodejs24", (8000,), "/health",
    )  # fmt: skip
    assert not found.notes
    paths = [entry.path for entry in found.tree()]
    assert not any(path.endswith((".d.ts", "/README.md")) for path in paths)
    assert "app/node_modules/typescript" not in paths
    with started(found, tmp_path / "root") as address:
        assert get(f"{address}/health") == "ok"
        assert json.loads(get(f"{address}/"))["hello"] == "world"


NEST = {
    "package.json": json.dumps({
        "name": "nest", "scripts": {"build": "tsc", "start": "nest start"},
        "dependencies": {"@nestjs/common": "11.1.6", "@nestjs/core": "11.1.6",
                         "@nestjs/platform-express": "11.1.6", "reflect-metadata": "0.2.2",
                         "rxjs": "7.8.2"},
        "devDependencies": {"typescript": "5.9.2", "@types/node": "24.3.0"},
    }),
    "tsconfig.json": json.dumps({"compilerOptions": {
        "target": "es2022", "module": "commonjs", "outDir": "dist", "rootDir": "src",
        "experimentalDecorators": True, "emitDecoratorMetadata": True, "skipLibCheck": True}}),
    "src/main.ts": "import 'reflect-metadata';\nimport { NestFactory } from '@nestjs/core';\n"
    "import { AppModule } from './app';\n"
    "NestFactory.create(AppModule).then(async (app) => {\n  app.enableShutdownHooks();\n"
    "  await app.listen(process.env.PORT ?? 3001);\n});\n",
    "src/app.ts": "import { Controller, Get, Module } from '@nestjs/common';\n"
    "@Controller('health')\nclass Health { @Get() check() { return 'ok'; } }\n"
    "@Module({ controllers: [Health] })\nexport class AppModule {}\n",
}  # fmt: skip


def locked(folder: Path) -> None:
    npm = [need("npm"), "install", "--package-lock-only", "--ignore-scripts", "--no-audit"]
    subprocess.run(npm, cwd=folder, check=True, capture_output=True)


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.engine
def test_a_nest_project_is_built_and_serves(apps: Apps, tmp_path: Path) -> None:
    """TypeScript, compiled by its own build script, on the Docker engine."""
    folder = tmp_path / "nest"
    write(folder, NEST)
    locked(folder)
    app = apps.build(folder)
    assert "starts   /usr/bin/node /app/dist/main.js" in app.said
    with apps.started(app, port=3001) as running:
        assert running.get("/health") == b"ok"
        running.healthy()
        running.stops()


PICTURES = {
    "package.json": '{"name": "pictures", "main": "a.js", "dependencies": {"sharp": "0.34.4"},'
    ' "devDependencies": {"ms": "2.1.3"}}',
    "a.js": "require('sharp')({create:{width:4,height:3,channels:3,background:'red'}}).png()"
    ".toBuffer().then(b => console.log(b.length > 50))",
}


def sharp_is_for(found: Made, platform: Platform, cpu: str) -> None:
    """Only the platform's own build is there, and it is one for it."""
    addons = [e for e in found.tree() if e.path.endswith(".node")]
    assert [e.path for e in addons] == [
        f"app/node_modules/@img/sharp-linux-{cpu}/lib/sharp-linux-{cpu}.node"
    ]
    assert addons[0].content is not None
    assert look("x", addons[0].content).wrong(platform, 137) == ""
    names = {
        e.path.split("/")[3] for e in found.tree() if e.path.startswith("app/node_modules/@img/")
    }
    assert names == {"colour", f"sharp-linux-{cpu}", f"sharp-libvips-linux-{cpu}"}
    assert not any(e.path.startswith("app/node_modules/ms/") for e in found.tree())


@pytest.mark.slow
@pytest.mark.network
def test_an_addon_comes_for_the_platform(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    write(folder, PICTURES)
    locked(folder)
    sharp_is_for(made(folder, tmp_path, ARM64), ARM64, "arm64")
    found = made(folder, tmp_path)
    sharp_is_for(found, AMD64, "x64")
    assert found.notes == ()
    folders.write(str(tmp_path / "root"), found.tree())
    done = subprocess.run([need("node"), "a.js"], cwd=tmp_path / "root/app", capture_output=True)
    assert done.stdout == b"true\n", done.stderr


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("name", MANAGERS)
def test_other_managers_bring_the_same(name: str, tmp_path: Path) -> None:
    package, number, program = MANAGERS[name]
    tools = tmp_path / "tools"
    tools.mkdir()
    install = [need("npm"), "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]
    done = subprocess.run([*install, tools, f"{package}@{number}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    path = tools / "node_modules" / program
    path.chmod(0o755)
    folder = tmp_path / "pictures"
    write(folder, {**PICTURES, **({"yarn.lock": ""} if name == "yarn" else {})})
    argv = [need("node"), path, *LOCKS[name]]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found = made(folder, tmp_path, ARM64, With(name.partition(" ")[0], str(path)))
    sharp_is_for(found, ARM64, "arm64")


ADDON = """
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
void JOIN(node_register_module_v, VERSION)(void *a, void *b, void *c, void *d) {}
"""


@pytest.mark.slow
def test_node_agrees_about_addons_of_another_version(tmp_path: Path) -> None:
    node, compiler = need("node"), need("cc")
    told = subprocess.run([node, "-p", "process.versions.modules"], capture_output=True, text=True)
    own = int(told.stdout)
    (tmp_path / "a.c").write_text(ADDON)
    for version in (own, own + 1):
        path = tmp_path / f"{version}.node"
        built = [compiler, "-shared", "-fPIC", f"-DVERSION={version}", tmp_path / "a.c", "-o", path]
        subprocess.run(built, check=True)
        loaded = subprocess.run(
            [node, "-e", f"require({json.dumps(str(path))})"], capture_output=True
        )
        found = look("a.node", FileSlice(str(path), 0, path.stat().st_size))
        assert found.modules == version
        assert (found.wrong(AMD64, own) == "") is (loaded.returncode == 0) is (version == own)


SQLITE = """
const Database = require('better-sqlite3');
const db = new Database('/tmp/shop.db');
db.exec('create table if not exists t (n integer)');
db.prepare('insert into t values (?)').run(41);
console.log(db.prepare('select n + 1 as n from t').get().n);
"""


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.network
def test_an_addon_with_a_database_runs_in_its_image(apps: Apps, tmp_path: Path) -> None:
    """better-sqlite3 has been bringing its programs along since version 13."""
    folder = tmp_path / "shop"
    write(folder, {
        "package.json": json.dumps({"name": "shop", "version": "1.0.0", "main": "main.js",
                                    "dependencies": {"better-sqlite3": "13.2.0"}}),
        "main.js": SQLITE,
    })  # fmt: skip
    locked(folder)
    app = apps.build(folder)
    assert "proved on" in app.said and "note" not in app.said
    assert apps.once(app) == "42\n"
