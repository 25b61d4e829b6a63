"""Edits of projects: the bytes are those of a full build, whichever way they were made."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cli import Done
from support.clients import Engine, Seaslug, run
from support.real import need

pytestmark = [pytest.mark.slow, pytest.mark.network]

MAIN = """\
import json
from http.server import BaseHTTPRequestHandler, HTTPServer

import pages


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(pages.one()).encode())


if __name__ == "__main__":
    HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""
PAGES = 'def one():\n    """Return a page."""\n    return {"page": 1}\n'
SERVER = """\
const http = require('http');
http.createServer((asked, answer) => answer.end('one')).listen(process.env.PORT || 3000);
"""
FILES = {
    "main.py": MAIN, "pages.py": PAGES, "page.html": "<p>one</p>", "other.html": "<p>other</p>",
    "notes.txt": "notes\n", ".dockerignore": "secret.txt\n", "secret.txt": "not in the image",
    "seaslug.toml": 'slice = "off"\n',
}  # fmt: skip
QUICKLY = "one layer made anew"

Edit = Callable[[Path], object]
_numbers = itertools.count()


def lay(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def build(seaslug: Seaslug, folder: Path, *options: str, env: dict[str, str] | None = None) -> Done:
    return seaslug("build", folder, "--allow-expired", *options, env=env)


def full(seaslug: Seaslug, folder: Path, *options: str) -> str:
    """Return the digest that a build gives which has no note of an earlier one."""
    name = f"localhost/seaslug-test-full-{os.getpid()}:{next(_numbers)}"
    done = build(seaslug, folder, *options, "-t", name)
    assert QUICKLY not in done.err
    return done.out


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new))


def replaced(path: Path, text: str) -> None:
    """Write as editors do: beside it, then renamed."""
    beside = path.with_name(f".{path.name}.tmp")
    beside.write_text(text)
    beside.replace(path)


def two(folder: Path) -> None:
    change(folder / "main.py", "200", "201")
    (folder / "page.html").write_text("3")


QUICK: dict[str, Edit] = {
    "a statement": lambda f: change(f / "pages.py", '"page": 1', '"page": 1 + len("two words")'),
    "data": lambda f: (f / "page.html").write_text("<p>two</p>" * 400),
    "as editors write": lambda f: replaced(f / "pages.py", PAGES + "# said\n"),
    "two files": two,
    "touched": lambda f: os.utime(f / "main.py"),
}
WHOLE: dict[str, Edit] = {
    "a module already reached": lambda f: change(f / "pages.py", "def one", "import json\ndef one"),
    "a new file": lambda f: (f / "more.html").write_text("more"),
    "the configuration": lambda f: change(f / "seaslug.toml", "slice", "init = true\nslice"),
    "a program for data": lambda f: (f / "page.html").write_bytes(b"\x7fELF no program"),
}


@pytest.fixture
def project(seaslug: Seaslug, tmp_path: Path) -> Path:
    folder = lay(tmp_path / "thing", FILES)
    first = build(seaslug, folder)
    assert build(seaslug, folder).out == first.out
    return folder


@pytest.fixture
def sliced(seaslug: Seaslug, tmp_path: Path) -> Path:
    folder = lay(tmp_path / "sliced", FILES)
    (folder / "seaslug.toml").unlink()
    build(seaslug, folder)
    return folder


@pytest.mark.parametrize("name", QUICK)
def test_an_edit_makes_one_layer_anew(seaslug: Seaslug, project: Path, name: str) -> None:
    QUICK[name](project)
    done = build(seaslug, project)
    assert ("as built before" if name == "touched" else QUICKLY) in done.err
    assert done.out == full(seaslug, project)
    again = build(seaslug, project)
    assert (again.out, "as built before" in again.err) == (done.out, True)


@pytest.mark.parametrize("name", WHOLE)
def test_what_may_decide_more_is_built_whole(seaslug: Seaslug, project: Path, name: str) -> None:
    before = build(seaslug, project).out
    WHOLE[name](project)
    done = build(seaslug, project)
    assert QUICKLY not in done.err and done.out != before


def test_a_new_import_makes_the_slice_grow(seaslug: Seaslug, sliced: Path) -> None:
    def has_it() -> bool:
        return "/fractions.py" in seaslug("ls", "sliced:latest").out

    assert not has_it()
    change(sliced / "pages.py", "def one", "import fractions\n\n\ndef one")
    done = build(seaslug, sliced)
    assert QUICKLY not in done.err and has_it()
    assert done.out == full(seaslug, sliced)


def test_what_is_ignored_changes_nothing(seaslug: Seaslug, project: Path) -> None:
    before = build(seaslug, project).out
    (project / "secret.txt").write_text("another secret")
    assert build(seaslug, project).out == before


def test_edit_after_edit_is_what_a_new_store_gives(
    seaslug: Seaslug, sliced: Path, tmp_path: Path
) -> None:
    """Layers made anew from layers made anew, and in the end the bytes that nobody else made."""
    for number in range(4):
        change(sliced / "main.py", "import json\n", f"import json\n# {number}\n")
        change(sliced / "pages.py", "Return a page", f"Return a page {number}")
        done = build(seaslug, sliced)
        assert QUICKLY in done.err
    fresh = tmp_path / "store"
    # What was fetched is there, and nothing of what was made of it is known.
    shutil.copytree(seaslug.home / "archive", fresh / "archive")
    shutil.copytree(seaslug.home / "blobs", fresh / "blobs", copy_function=os.link)
    assert build(seaslug, sliced, env={"SEASLUG_HOME": str(fresh)}).out == done.out


def test_a_damaged_layer_is_made_again(seaslug: Seaslug, project: Path) -> None:
    found = json.loads(seaslug("inspect", "thing:latest", "--json").out)
    path = seaslug.home / "blobs/sha256" / found["layers"][-1]["digest"][7:]
    raw, state = bytearray(path.read_bytes()), path.stat()
    raw[len(raw) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(raw)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    try:
        change(project / "main.py", "200", "202")
        done = build(seaslug, project)
        assert QUICKLY not in done.err
        assert done.out == full(seaslug, project)
    finally:
        path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("options", "quick"),
    [
        (("--no-pyc", "--level", "1"), True), (("--compression", "zstd"), False),
        (("--layers", "single"), False),
    ],
)  # fmt: skip
def test_other_ways_to_build(
    seaslug: Seaslug, project: Path, options: tuple[str, ...], quick: bool
) -> None:
    build(seaslug, project, *options)
    change(project / "main.py", "200", "203")
    done = build(seaslug, project, *options)
    assert (QUICKLY in done.err) is quick
    assert done.out == full(seaslug, project, *options)


def test_an_edit_is_put_out_too(seaslug: Seaslug, project: Path, tmp_path: Path) -> None:
    where = ("-o", f"oci:{tmp_path}/out:it", "-o", f"docker-archive:{tmp_path}/it.tar")
    first = build(seaslug, project, *where)
    for how, text in (("as built before", None), (QUICKLY, "# said\n")):
        shutil.rmtree(tmp_path / "out")
        (tmp_path / "it.tar").unlink()
        if text is not None:
            (project / "pages.py").write_text(PAGES + text)
        done = build(seaslug, project, *where)
        assert how in done.err and "oci:" in done.err and "docker-archive:" in done.err
        index = json.loads((tmp_path / "out/index.json").read_bytes())
        assert [row["digest"] for row in index["manifests"]] == [done.out.strip()]
        assert done.out.strip()[7:] in "".join(map(str, (tmp_path / "out").rglob("*")))
    assert done.out != first.out and done.out == full(seaslug, project)
    with tarfile.open(tmp_path / "it.tar") as archive:
        layers = set(archive.getnames())
    manifest = json.loads((tmp_path / "out/blobs/sha256" / done.out.strip()[7:]).read_bytes())
    assert all(any(x["digest"][7:] in name for name in layers) for x in manifest["layers"])


@pytest.mark.engine
def test_an_edit_goes_into_docker_at_once(seaslug: Seaslug, project: Path, docker: Engine) -> None:
    name = docker.own(f"localhost/seaslug-test-{os.getpid()}:edit")
    build(seaslug, project, "-o", f"docker-daemon:{name}")
    run("docker", "tag", name, docker.own(f"{name}-first"))
    for how, text in ((QUICKLY, PAGES + "# said\n"), ("as built before", None)):
        if text is not None:
            (project / "pages.py").write_text(text)
        done = build(seaslug, project, "-o", f"docker-daemon:{name}")
        assert how in done.err and f"\n  docker-daemon:{name}\n" in done.err
        assert "load into" not in done.err, "that would be the long way"
        (told,) = run("docker", "image", "inspect", name).json
        manifest = seaslug.home / "blobs/sha256" / done.out.strip().removeprefix("sha256:")
        assert told["Id"] == json.loads(manifest.read_bytes())["config"]["digest"]
    assert done.out == full(seaslug, project)


def test_scripts_of_node(seaslug: Seaslug, tmp_path: Path) -> None:
    need("npm")
    package = '{"name": "served", "version": "1.0.0", "main": "server.js"}'
    files = {"package.json": package, "server.js": SERVER, "seaslug.toml": 'slice = "off"\n'}
    folder = lay(tmp_path / "served", files)
    build(seaslug, folder)
    for old, new, quick in (
        ("'one'", "'two'", True), ("3000", "3001", False), ("http.create", "http .create", True),
    ):  # fmt: skip
        change(folder / "server.js", old, new)
        done = build(seaslug, folder)
        assert (QUICKLY in done.err) is quick, new
        assert done.out == full(seaslug, folder)
