"""Python applications made with the real uv and pip, from the index, and started here.

The releases that are made for are Debian's; what is started here runs on our own interpreter,
so the layers are those of the release that has the same one.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seaslug.adapters import folders
from seaslug.adapters.toolbox import LocalTools
from seaslug.api import machine
from seaslug.apps.document import from_text
from seaslug.apps.ignore import patterns
from seaslug.apps.model import Made
from seaslug.apps.project import Project
from seaslug.deb import elf
from seaslug.errors import ProjectError, SeaslugError
from seaslug.ops.app import installers, python
from seaslug.ports import Silent
from seaslug.values.platform import Platform
from seaslug.values.tree import Tree
from support.pythons import AMD64, ARM, ARM64
from support.real import missing, need
from support.tools_source import workbench

pytestmark = [pytest.mark.slow, pytest.mark.network]

OURS = "{}.{}".format(*sys.version_info)
BASES = {"3.9": "python3-debian11", "3.11": "python3-debian12", "3.13": "python3-debian13"}
EXAMPLES = Path(__file__).parents[3] / "examples"
APP = """\
from fastapi import FastAPI
app = FastAPI()

@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "fine"}
"""
PYPROJECT = """\
[project]
name = "thing"
version = "1"
requires-python = ">=3.9"
dependencies = ["fastapi>=0.100", "uvicorn"]
"""


def made(
    folder: Path, store: Path, platform: Platform = AMD64, base: str = "", more: str = ""
) -> Made:
    text = (f'base = "{base}"\n' if base else "") + more
    tree = folders.read(str(folder), patterns("").match)
    one = Project(str(folder), tree, from_text(text, "seaslug.toml"))
    with LocalTools(Silent()) as tools:
        return python.make(one, platform, workbench(tools, store))


def packages(found: Made) -> Tree:
    return Tree(found.layers[0].entries)


def ours() -> str:
    """Return the base whose Python is ours."""
    if OURS not in BASES or machine() != AMD64:
        missing(f"no release has Python {OURS} for this machine")
    return BASES[OURS]


@contextmanager
def served(found: Made, root: Path) -> Iterator[str]:
    """Write the layers below *root* and start what is there with our own interpreter."""
    folders.write(str(root), found.tree())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [word.replace("8000", str(port)).replace("0.0.0.0", "127.0.0.1")
            for word in (*found.start.entrypoint[1:], *found.start.cmd)]  # fmt: skip
    packages = root / f"usr/local/lib/python{OURS}/dist-packages"
    env = {"PATH": "/usr/bin:/bin", **dict(found.start.env), "PYTHONPATH": str(packages)}
    command = [sys.executable, "-S", *argv]
    with subprocess.Popen(
        command, cwd=root / found.start.workdir[1:], env=env, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            assert answer(running, f"http://127.0.0.1:{port}{found.start.health_path}")
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()


def answer(running: subprocess.Popen[str], url: str) -> bytes:
    for _ in range(150):
        if running.poll() is not None:
            raise AssertionError(running.communicate()[1])
        try:
            with urllib.request.urlopen(url, timeout=5) as got:
                return bytes(got.read())
        except OSError:
            time.sleep(0.1)
    raise AssertionError("no answer in 15 s")


def uv(folder: Path, *arguments: str) -> str:
    done = subprocess.run([need("uv"), *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a FastAPI project with a uv.lock, made now."""
    folder = tmp_path_factory.mktemp("locked")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "main.py").write_text(APP)
    uv(folder, "lock", "--no-python-downloads", "--python", sys.executable)
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


def test_a_uv_lock_becomes_a_server_that_answers(locked: Path, store: Path, tmp_path: Path) -> None:
    found = made(locked, store, base=ours())
    with served(found, tmp_path / "root") as url, urllib.request.urlopen(url + "/health") as got:
        assert got.read() == b'{"status":"fine"}'


def test_other_locks_bring_the_same_files(locked: Path, store: Path, tmp_path: Path) -> None:
    want = made(locked, store)
    flags = ("--no-emit-project", "--no-header", "-q")
    for name, form in (("pylock.toml", "pylock.toml"), ("requirements.txt", "requirements-txt")):
        folder = tmp_path / form
        folder.mkdir()
        shutil.copy(locked / "main.py", folder)
        (folder / name).write_text(uv(locked, "export", *flags, "--format", form))
        assert packages(made(folder, tmp_path / "store")) == packages(want), name


@pytest.fixture
def poetrys(tmp_path: Path) -> Path:
    """Return a project whose lock Poetry 2.5 wrote."""
    shutil.copytree(Path(__file__).parent / "poetry", tmp_path / "poetrys")
    (tmp_path / "poetrys/shop").mkdir()
    (tmp_path / "poetrys/shop/__init__.py").write_text(
        "from flask import Flask\napp = Flask(__name__)\n\n"
        "@app.get('/health')\ndef health() -> str:\n    return 'fine'\n"
    )
    return tmp_path / "poetrys"


def names(found: Made) -> set[str]:
    """Return the names of all folders and files of an application."""
    return {part for entry in found.tree() for part in entry.path.split("/")}


def test_a_poetry_lock_becomes_a_server_that_answers(
    poetrys: Path, store: Path, tmp_path: Path
) -> None:
    found = made(poetrys, store, base=ours())
    assert {"flask", "gunicorn", "shop", "shop-1.0.0.dist-info"} <= names(found)
    assert not names(found) & {"dateutil", "iniconfig"}
    with served(found, tmp_path / "root") as url, urllib.request.urlopen(url + "/health") as got:
        assert got.read() == b"fine"


def test_poetrys_extras_and_groups_are_asked_for(poetrys: Path, store: Path) -> None:
    found = made(poetrys, store, more="[python]\nextras = ['clock']\ngroups = ['dev']\n")
    assert {"dateutil", "iniconfig"} <= names(found)


def test_a_poetry_lock_that_does_not_fit(poetrys: Path, store: Path) -> None:
    text = (poetrys / "pyproject.toml").read_text()
    (poetrys / "pyproject.toml").write_text(text.replace("gunicorn (>=22,<24)", "gunicorn (<23)"))
    with pytest.raises(ProjectError, match="the lock does not fit the project"):
        made(poetrys, store)
    (poetrys / "pyproject.toml").write_text(text)
    lock = (poetrys / "poetry.lock").read_text()
    (poetrys / "poetry.lock").write_text(_bent(lock))
    with pytest.raises(SeaslugError, match=r"(?i)hash"):
        made(poetrys, store.parent / "another")


def _bent(lock: str) -> str:
    """Return *lock* with another digest for every file of flask."""
    head, _, rest = lock.partition('name = "flask"')
    mine, _, after = rest.partition("[package.dependencies]")
    bent = re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", mine)
    return f'{head}name = "flask"{bent}[package.dependencies]{after}'


def test_uv_and_pip_leave_the_same_files(
    locked: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made(locked, store, ARM64)
    monkeypatch.setattr(installers, "_UV_PLATFORMS", ())
    again = made(locked, tmp_path / "store", ARM64)
    assert first.layers[0].entries and again.tree() == first.tree()


@pytest.mark.parametrize("platform", [ARM64, ARM], ids=str)
def test_wheels_are_for_the_images_platform(platform: Platform, locked: Path, store: Path) -> None:
    found = made(locked, store, platform)
    machines = {facts.machine for entry in found.tree() if entry.path.endswith(".so")
                and entry.content and (facts := elf.read(entry.content))}  # fmt: skip
    assert machines == {platform.names.machine}


def test_a_package_with_a_src_layout_is_installed(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "src/thing").mkdir(parents=True)
    (folder / "src/thing/__init__.py").write_text("def main():\n    print('it runs')\n")
    (folder / "src/thing/data.txt").write_text("data")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "thing"\nversion = "1"\n[project.scripts]\nthing = "thing:main"\n'
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    )
    found = made(folder, tmp_path / "store", base=ours())
    assert found.start.entrypoint == ("/usr/local/bin/thing",)
    folders.write(str(tmp_path / "root"), found.tree())
    packages = tmp_path / f"root/usr/local/lib/python{OURS}/dist-packages"
    script = tmp_path / "root/usr/local/bin/thing"
    assert (packages / "thing/data.txt").read_text() == "data"
    done = subprocess.run([sys.executable, str(script)], env={"PYTHONPATH": str(packages)},
                          capture_output=True, text=True)  # fmt: skip
    assert done.stdout == "it runs\n", done.stderr


def test_a_package_that_comes_as_source_only(tmp_path: Path) -> None:
    """docopt has never had a wheel; it is one module of Python."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.py").write_text("import docopt\nprint(docopt.__version__)\n")
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.9"\n'
        'dependencies = ["docopt==0.6.2"]\n'
    )
    uv(folder, "lock", "--no-python-downloads", "--python", sys.executable)
    with pytest.raises(ProjectError, match=r"docopt 0\.6\.2: it comes as source only"):
        made(folder, tmp_path / "store")
    found = made(folder, tmp_path / "store", more="[python]\nsource = true\n")
    assert any(e.path.endswith("dist-packages/docopt.py") for e in found.layers[0].entries)


def test_unlocked_requirements_without_a_wheel_name_the_package(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/main.py").write_text("import docopt\n")
    (tmp_path / "project/requirements.txt").write_text("docopt==0.6.2\n")
    for name in ("uv", "pip"):
        platform = AMD64 if name == "uv" else ARM
        with pytest.raises(ProjectError, match=r"docopt has no wheel for CPython 3\.13 on"):
            made(tmp_path / "project", tmp_path / "store", platform)


@pytest.mark.parametrize("name", ["fastapi", "django", "flask-psycopg"])
def test_examples_answer(name: str, tmp_path: Path) -> None:
    found = made(EXAMPLES / name, tmp_path / "store", base=ours())
    if name == "flask-psycopg":
        assert found.packages == ("libpq5",)
        return
    with served(found, tmp_path / "root"):
        pass
