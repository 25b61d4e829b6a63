"""Go, Rust and C programs built by the real tools; the examples, and cgo."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seaslug.adapters import folders
from seaslug.adapters.project import read_project
from seaslug.adapters.toolbox import LocalTools
from seaslug.apps.detect import detect
from seaslug.apps.model import Made
from seaslug.apps.project import Project
from seaslug.deb.elflanguage import language
from seaslug.errors import ToolError
from seaslug.ops.app import go, native, rust
from seaslug.ops.app.workbench import Workbench
from seaslug.ports import Silent
from seaslug.values.platform import Platform
from support.real import need
from support.tools_source import AMD64, ARM64, workbench

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[3] / "examples"
Make = Callable[[Project, Platform, Workbench], Made]


def made(make: Make, folder: Path, tmp_path: Path, platform: Platform = AMD64) -> Made:
    """Return the project in *folder*, copied elsewhere first, as an application."""
    copy = tmp_path / "project"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("target"), dirs_exist_ok=True)
    with LocalTools(Silent()) as tools:
        return make(read_project(str(copy)), platform, workbench(tools, tmp_path / "store"))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serving(argv: list[str], env: dict[str, str], port: int) -> Iterator[str]:
    """Start *argv*, wait until *port* answers, yield its address; end it by SIGTERM."""
    process = subprocess.Popen(argv, env=env)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                with urllib.request.urlopen(address + "/health", timeout=2) as answer:
                    assert answer.read() == b"OK\n"
                break
            except OSError:
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def read(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=5) as answer:
        return bytes(answer.read())


def test_the_go_example(tmp_path: Path) -> None:
    need("go")
    found = made(go.make, EXAMPLES / "go", tmp_path)
    assert (found.base, found.start.ports, found.start.own_check) == (
        "static", (8000,), "--health-check",
    )  # fmt: skip
    (entry,) = found.layers[0].entries
    made_by = language(entry.content) if entry.content is not None else None
    assert made_by is not None and made_by.name == "Go"
    folders.write(str(tmp_path / "root"), found.tree())
    program, port = str(tmp_path / "root/app/hello"), free_port()
    with serving([program, "-addr", f":{port}"], {}, port) as address:
        assert read(address) == b"Hello from Go!\n"
        check = [program, "-addr", f":{port}", found.start.own_check]
        assert subprocess.run(check).returncode == 0
    assert subprocess.run([*check]).returncode == 1


def test_go_for_another_platform_gives_the_same_bytes_anywhere(tmp_path: Path) -> None:
    need("go")
    trees = []
    for name in ("one", "another-longer-path"):
        (tmp_path / name).mkdir()
        trees.append(made(go.make, EXAMPLES / "go", tmp_path / name, ARM64).tree())
    assert trees[0] == trees[1]


def test_cgo_gets_libc_and_nothing_bigger(tmp_path: Path) -> None:
    need("go")
    need("gcc")
    source = tmp_path / "source"
    source.mkdir()
    (source / "go.mod").write_text("module example.org/c\n\ngo 1.21\n")
    (source / "main.go").write_text(
        "package main\n\n// #include <stdlib.h>\n// #include <math.h>\n// #cgo LDFLAGS: -lm\n"
        'import "C"\nimport "fmt"\n\nfunc main() { fmt.Println(C.abs(-7), C.sqrt(9)) }\n'
    )
    found = made(go.make, source, tmp_path)
    assert found.base == "base-nossl"
    folders.write(str(tmp_path / "root"), found.tree())
    done = subprocess.run([tmp_path / "root/app/c"], capture_output=True, text=True)
    assert done.stdout == "7 3\n"


def test_the_rust_example(tmp_path: Path) -> None:
    need("cargo")
    found = made(rust.make, EXAMPLES / "rust", tmp_path)
    assert (found.base, found.start.ports, found.start.health_path) == (
        "base-nossl", (8000,), "/health",
    )  # fmt: skip
    folders.write(str(tmp_path / "root"), found.tree())
    port = free_port()
    program = [str(tmp_path / "root/app/hello")]
    with serving(program, {"PORT": str(port)}, port) as address:
        assert read(address) == b"Hello from Rust!\n"


def test_a_rust_build_that_fails_shows_why(tmp_path: Path) -> None:
    need("cargo")
    source = tmp_path / "source"
    (source / "src").mkdir(parents=True)
    (source / "Cargo.toml").write_text('[package]\nname = "bad"\nedition = "2021"\n')
    (source / "src/main.rs").write_text("fn main() { undefined() }\n")
    with pytest.raises(ToolError) as caught:
        made(rust.make, source, tmp_path)
    assert "cannot find function `undefined`" in caught.value.output


def test_a_c_program_by_its_makefile(tmp_path: Path) -> None:
    need("gcc")
    need("make")
    source = tmp_path / "source"
    source.mkdir()
    (source / "Makefile").write_text("out/hi: hi.c\n\tmkdir -p out && $(CC) -o $@ $<\n")
    (source / "hi.c").write_text('#include <stdio.h>\nint main(void) { puts("hi"); }\n')
    (source / "seaslug.toml").write_text('build = ["make", "out/hi"]\noutput = "out/hi"\n')
    seen = detect(read_project(str(source)))
    assert seen.kind == "command"
    found = made(native.make, source, tmp_path)
    assert found.base == "base-nossl"
    folders.write(str(tmp_path / "root"), found.tree())
    done = subprocess.run([tmp_path / "root/app/hi"], capture_output=True, text=True)
    assert done.stdout == "hi\n"


def test_the_java_example(tmp_path: Path) -> None:
    need("javac")
    found = made(native.make, EXAMPLES / "java", tmp_path)
    assert (found.base, found.distribution) == ("java17", "debian12")
    folders.write(str(tmp_path / "root"), found.tree())
    port = free_port()
    argv = [need("java"), "-jar", str(tmp_path / "root/app/hello.jar")]
    with serving(argv, {"PORT": str(port)}, port) as address:
        assert read(address) == b"Hello from Java!\n"
