"""Programs that people bring, made by real compilers, in the images that are meant for them."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from seaslug.adapters.runners import make
from seaslug.adapters.store import Store
from seaslug.ports import Runner, RunSpec
from seaslug.values.digest import Digest
from support.clients import Seaslug
from support.kept import kept
from support.real import missing, need

pytestmark = [pytest.mark.network, pytest.mark.slow]

SOURCES = Path(__file__).parent / "programs"
USERS = pytest.mark.parametrize("user", ["0", "65532"])
NAMES = {"0": "root", "65532": "nonroot"}


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs")
    for parent in (folder, *folder.parents):
        if (
            parent != parent.parent
            and os.access(parent, os.W_OK)
            and parent.stat().st_uid == os.getuid()
        ):
            parent.chmod(parent.stat().st_mode | 0o055)  # a container's user has to reach it
    return folder


@pytest.fixture(scope="session")
def docker(seaslug: Seaslug) -> Iterator[Runner]:
    yield from _runner(seaslug, "docker")


@pytest.fixture(scope="session")
def unshare(seaslug: Seaslug) -> Iterator[Runner]:
    yield from _runner(seaslug, "unshare")


def _runner(seaslug: Seaslug, name: str) -> Iterator[Runner]:
    runner = make(Store(seaslug.home), name)
    if reason := runner.why_not():
        missing(f"{name}: {reason}")
    yield runner
    runner.close()


def compiled(*argv: object, out: Path, env: dict[str, str] | None = None) -> Path:
    if not out.exists():
        said = subprocess.run(
            [need(str(argv[0])), *map(str, argv[1:])], env={**os.environ, **(env or {})},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert said.returncode == 0, said.stderr
    out.chmod(0o755)
    return out


def started(
    seaslug: Seaslug, runner: Runner, subject: str, program: Path, user: str, *argv: str
) -> str:
    options = ["--platform", "linux/arm64"] if "arm64" in program.name else []
    image = seaslug.image(subject, *options)
    inside = f"/app/{program.name}"
    spec = RunSpec(argv=argv or (inside,), user=user, mounts=((str(program), inside),), timeout=240)
    done = runner.run(Digest(image.digest), spec)
    assert done.status == 0, done.stderr.decode()
    return done.stdout.decode()


def go(work: Path, arch: str) -> Path:
    out = work / f"go-{arch}"
    env = {
        "CGO_ENABLED": "0", "GOARCH": arch, "GOOS": "linux", "GO111MODULE": "off",
        "GOPATH": str(work / "go-path"), "GOTOOLCHAIN": "local",
    }  # fmt: skip
    # As seaslug builds applications: Go then has its own library from there already.
    argv = ("go", "build", "-trimpath", "-o", out, SOURCES / "main.go")
    return compiled(*argv, out=out, env=env)


def emulated() -> None:
    if platform.machine() != "x86_64" or not Path("/proc/sys/fs/binfmt_misc/qemu-aarch64").exists():
        missing("the kernel starts no arm64 programs (qemu-user-static)")


@pytest.mark.engine
@USERS
def test_a_static_go_program(seaslug: Seaslug, docker: Runner, work: Path, user: str) -> None:
    said = started(seaslug, docker, "static", go(work, "amd64"), user)
    home = {"0": "/root", "65532": "/home/nonroot"}[user]
    assert said == f"go ok 09:00 {NAMES[user]} {home}\n"


def test_a_static_go_program_on_arm64(seaslug: Seaslug, unshare: Runner, work: Path) -> None:
    emulated()
    said = started(seaslug, unshare, "static", go(work, "arm64"), "65532")
    assert said.startswith("go ok 09:00 nonroot")


@pytest.mark.engine
@USERS
@pytest.mark.parametrize("subject", ["base-nossl", "base", "cc-debian12"])
def test_a_program_for_glibc(
    seaslug: Seaslug, docker: Runner, work: Path, subject: str, user: str
) -> None:
    out = work / "c-amd64"
    program = compiled("gcc", "-pthread", "-o", out, SOURCES / "main.c", out=out)
    said = started(seaslug, docker, subject, program, user)
    assert said == f"c ok {NAMES[user]} 443 thread\n"


@pytest.mark.parametrize(
    ("subject", "arch", "target"),
    [
        ("cc-debian11", "amd64", "x86_64"),
        ("cc-debian12", "arm64", "aarch64"),
        ("cc", "arm64", "aarch64"),
    ],
)
def test_a_program_for_older_glibc(
    seaslug: Seaslug, unshare: Runner, work: Path, subject: str, arch: str, target: str
) -> None:
    if arch == "arm64":
        emulated()
    out = work / f"zig-{arch}"
    options = ("-target", f"{target}-linux-gnu.2.28", "-o", out, SOURCES / "main.c")
    cache = {"ZIG_GLOBAL_CACHE_DIR": str(kept("zig")), "ZIG_LOCAL_CACHE_DIR": str(work / "zig")}
    program = compiled("zig", "cc", *options, out=out, env=cache)
    said = started(seaslug, unshare, subject, program, "65532")
    assert said == "c ok nonroot 443 thread\n"


@pytest.mark.engine
@USERS
@pytest.mark.parametrize("subject", ["cc", "cc-debian12"])
def test_cxx_with_openmp(
    seaslug: Seaslug, docker: Runner, work: Path, subject: str, user: str
) -> None:
    out = work / "cxx-amd64"
    program = compiled("g++", "-O2", "-fopenmp", "-o", out, SOURCES / "main.cc", out=out)
    assert started(seaslug, docker, subject, program, user) == "cc ok 5000050000 1\n"


def test_cxx_with_openmp_on_arm64(seaslug: Seaslug, unshare: Runner, work: Path) -> None:
    emulated()
    out, compiler = work / "cxx-arm64", "aarch64-linux-gnu-g++"
    program = compiled(compiler, "-O2", "-fopenmp", "-o", out, SOURCES / "main.cc", out=out)
    assert started(seaslug, unshare, "cc", program, "65532") == "cc ok 5000050000 1\n"


def jar(work: Path) -> Path:
    out = work / "main.jar"
    if not out.exists():
        classes = work / "classes"
        compiled("javac", "--release", "11", "-d", classes, SOURCES / "Main.java", out=classes)
        jar_tool = shutil.which("jar") or need("jar")
        compiled(jar_tool, "cfe", out, "Main", "-C", classes, ".", out=out)
    return out


@pytest.mark.engine
@pytest.mark.parametrize(
    ("subject", "version", "user"),
    [
        ("java11", "11", "0"), ("java17", "17", "65532"), ("java17-debian12", "17", "0"),
        ("java21", "21", "65532"), ("java25", "25", "0"), ("java25", "25", "65532"),
    ],
)  # fmt: skip
def test_a_jar(
    seaslug: Seaslug, docker: Runner, work: Path, subject: str, version: str, user: str
) -> None:
    program = jar(work)
    argv = ("/usr/bin/java", "-jar", "/app/main.jar")
    assert started(seaslug, docker, subject, program, user, *argv) == (
        f"java {version} fonts=true drawn=true roots=true encoding=UTF-8 zone=Europe/Berlin "
        f"user={NAMES[user]}\n"
    )
