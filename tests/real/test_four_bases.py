"""One Go and one Python application on four bases each, and what compare, check, doctor say.

Scratch, Alpine's shape (musl and busybox of Debian's packages, an apk database), Debian's slim
(mmdebstrap) and ours, all built by Docker. There is no Python for musl at hand: on Alpine's shape
and on scratch it is ours with its glibc, laid there file by file.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from real.test_against_syft import program
from real.test_check import package
from support.cli import Cli
from support.clients import Engine, Seaslug, run
from support.minbase import minbase
from support.real import need

pytestmark = [pytest.mark.slow, pytest.mark.engine, pytest.mark.network]

BASES = ("scratch", "alpine", "slim", "distroless")
APK = """\
P:musl
V:1.2.5-r0
A:x86_64
o:musl
F:lib
R:ld-musl-x86_64.so.1

P:busybox
V:1.36.1-r29
A:x86_64
o:busybox
D:so:libc.musl-x86_64.so.1
F:bin
R:busybox
R:sh

"""
GO = 'FROM {base}\nCOPY app /app\nUSER 65532:65532\nENTRYPOINT ["/app"]\n'
PYTHON = """\
FROM {python} AS python
FROM {base}
COPY --from=python /usr/bin/python3.13 /usr/bin/python3.13
COPY --from=python /usr/lib/python3.13 /usr/lib/python3.13
COPY --from=python /usr/lib/x86_64-linux-gnu /usr/lib/x86_64-linux-gnu
COPY --from=python /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 /lib64/ld-linux-x86-64.so.2
COPY app.py /app.py
USER 65532:65532
ENTRYPOINT ["/usr/bin/python3.13", "/app.py"]
"""
DISTROLESS = 'FROM {base}\nCOPY app.py /app.py\nUSER 65532:65532\nCMD ["/app.py"]\n'


def alpine(folder: Path, work: Path) -> None:
    """Lay Alpine's shape into *folder*."""
    musl, busybox = package("musl", work / "musl"), package("busybox-static", work / "busybox")
    for name in ("bin", "sbin", "lib/apk/db", "etc/ssl", "tmp", "root"):
        (folder / name).mkdir(parents=True)
    loader = next(path for path in musl.rglob("libc.so") if not path.is_symlink())
    shutil.copy(loader, folder / "lib/ld-musl-x86_64.so.1")
    shutil.copy(busybox / "bin/busybox", folder / "bin/busybox")
    for name in run(str(folder / "bin/busybox"), "--list").out.split():
        if name != "busybox":
            (folder / "bin" / name).symlink_to("busybox")
    (folder / "sbin/apk").write_text("#!/bin/sh\n")
    (folder / "sbin/apk").chmod(0o755)
    (folder / "lib/apk/db/installed").write_text(APK)
    (folder / "etc/os-release").write_text("ID=alpine\nVERSION_ID=3.20.0\n")
    (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", folder / "etc/ssl/cert.pem")


class Built:
    """The images by base, for one application, and what is said of them."""

    def __init__(self, cli: Cli, names: list[str]) -> None:
        self.places = [f"docker-daemon:{name}" for name in names]
        told = cli("compare", *self.places, "--json")
        assert told.status == 0, told.err
        self.images: list[dict[str, Any]] = told.json["images"]
        self.rows = {
            (table["title"], row["title"]): row["cells"]
            for table in told.json["tables"] for row in table["rows"]
        }  # fmt: skip
        self.cli = cli

    def rules(self, base: str) -> dict[str, list[str]]:
        """Return where check found what on one base, by rule."""
        done = self.cli("check", self.places[BASES.index(base)], "--fail-on", "never", "--json")
        found: dict[str, list[str]] = {}
        for row in done.json["findings"]:
            found.setdefault(row["rule"], []).append(row["where"])
        return found

    def doctor(self, base: str) -> Any:
        return self.cli("doctor", self.places[BASES.index(base)])


class Bases:
    """The bases in Docker; applications are built on them."""

    def __init__(self, seaslug: Seaslug, docker: Engine, work: Path) -> None:
        self.docker, self.work, self.mark = docker, work, secrets.token_hex(4)
        (work / "alpine").mkdir()
        alpine(work / "alpine", work)
        self._build("alpine", "FROM scratch\nCOPY . /\n", work / "alpine")
        run("docker", "import", minbase(work), docker.own(self.name("slim")))
        self.python = docker.load(seaslug.image("python3"))
        self.static = docker.load(seaslug.image("static"))
        self.cli = Cli(work / "home")

    def name(self, of: str) -> str:
        return f"seaslug-bases-{self.mark}:{of}"

    def _build(self, of: str, text: str, context: Path) -> str:
        (context / "Dockerfile").write_text(text)
        name = self.docker.own(self.name(of))
        run("docker", "build", "-q", "-t", name, context, env={"DOCKER_BUILDKIT": "0"})
        return name

    def go(self) -> Built:
        context = self.work / "go-context"
        context.mkdir()
        (context / "app").write_bytes(program(self.work / "go"))
        (context / "app").chmod(0o755)
        on = ("scratch", self.name("alpine"), self.name("slim"), self.static)
        return Built(self.cli, [
            self._build(f"go-{at}", GO.format(base=base), context) for at, base in enumerate(on)
        ])  # fmt: skip

    def apps(self) -> Built:
        context = self.work / "python-context"
        context.mkdir()
        (context / "app.py").write_text(
            "import json, sys\nprint(json.dumps(sys.version_info[:2]))\n"
        )
        texts = [PYTHON.format(python=self.python, base=base)
                 for base in ("scratch", self.name("alpine"), self.name("slim"))]  # fmt: skip
        texts.append(DISTROLESS.format(base=self.python))
        return Built(
            self.cli, [self._build(f"py-{at}", text, context) for at, text in enumerate(texts)]
        )


@pytest.fixture(scope="module")
def bases(
    seaslug: Seaslug, docker: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bases]:
    need("mmdebstrap")
    yield Bases(seaslug, docker, tmp_path_factory.mktemp("bases"))


@pytest.fixture(scope="module")
def go(bases: Bases) -> Built:
    return bases.go()


@pytest.fixture(scope="module")
def python(bases: Bases) -> Built:
    return bases.apps()


SHELLS = ["none", "/bin/sh", "/usr/bin/sh", "none"]
FULL = "full"


def short(cells: list[str]) -> list[str]:
    """Return each cell up to its first comma or bracket: the rest is detail."""
    return [cell.split(",")[0].split(" (")[0] for cell in cells]


@pytest.mark.parametrize(
    ("table", "row", "expected"),
    [
        ("Security", "Attack surface", ["minimal", "small", "large", "minimal"]),
        ("Security", "Package manager", ["none", "apk", "apt", "none"]),
        ("Security", "SSL certificates", ["none", "included", "none", "included"]),
        ("Security", "Time zone data", ["none", "none", "included", "included"]),
        ("Security", "User management", ["none", FULL, FULL, "basic"]),
        ("Security", "Runs as", ["65532:65532"] * 4),
        ("Debugging", "Package installation", ["none", "apk", "apt", "none"]),
        ("Size", "Package database", ["none", "apk", "dpkg status", "dpkg status.d"]),
    ],
)  # fmt: skip
def test_the_tables_of_the_go_application(
    go: Built, table: str, row: str, expected: list[str]
) -> None:
    assert short(go.rows[table, row]) == expected


def test_who_has_a_shell_and_tools(go: Built) -> None:
    scratch, alpine, slim, distroless = go.rows["Debugging", "Shell access"]
    assert (scratch, distroless) == ("none", "none") or distroless == "debug variant only"
    assert "/bin/sh" in alpine and ("bash" in slim and "dash" in slim)
    for row in ("System tools", "File exploration"):
        cells = go.rows["Debugging", row]
        assert cells[0] == "none" and "cat" in cells[1] and "cat" in cells[2]
        assert cells[3] in ("none", "debug variant only")


def test_sizes_and_setuid(go: Built) -> None:
    unpacked = [image["unpacked"] for image in go.images]
    assert unpacked[0] == min(unpacked) and unpacked[2] == max(unpacked) > 20 * unpacked[3]
    assert [bool(image["setuid"]) for image in go.images] == [False, False, True, False]
    assert "/usr/bin/su" in go.images[2]["setuid"]
    assert go.images[2]["packages"] > 60 and go.images[1]["packages"] == 2
    assert all(
        {one["name"] for one in image["libraries"]} >= {"example.org/app"} for image in go.images
    )


def test_what_check_says_of_the_go_application(go: Built) -> None:
    slim, alpine = go.rules("slim"), go.rules("alpine")
    assert {"IMG056", "IMG057", "IMG052"} <= set(slim), "shell, package manager, setuid"
    assert "/bin/busybox" in alpine["IMG056"] and "IMG057" in alpine and "IMG052" not in alpine
    for base in ("scratch", "distroless"):
        assert not {"IMG056", "IMG057", "IMG052"} & set(go.rules(base))


def test_the_doctor_lets_a_static_program_start_anywhere(go: Built) -> None:
    for base in BASES:
        done = go.doctor(base)
        assert done.status == 0, (base, done.out, done.err)


def test_the_python_application(python: Built, docker: Engine) -> None:
    assert [bool(image["shells"]) for image in python.images] == [False, True, True, False]
    assert all("python" in image["interpreters"] for image in python.images)
    assert short(python.rows["Security", "Attack surface"]) == ["small", "small", "large", "small"]
    assert short(python.rows["Security", "Package manager"]) == ["none", "apk", "apt", "none"]
    assert short(python.rows["Security", "SSL certificates"]) == [
        "none", "included", "none", "included"
    ]  # fmt: skip
    unpacked = [image["unpacked"] for image in python.images]
    assert unpacked[0] == min(unpacked) and unpacked[2] == max(unpacked)
    for base, place in zip(BASES, python.places, strict=True):
        assert docker.run(place.removeprefix("docker-daemon:")).strip() == "[3, 13]", base
        said = python.doctor(base)
        assert said.status == 0, (base, said.out)
