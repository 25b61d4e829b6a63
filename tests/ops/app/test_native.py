"""Programs, build commands, Go and Rust projects as applications, their tools played."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from seaslug.apps.config import AppConfig
from seaslug.apps.model import Made
from seaslug.apps.project import Project
from seaslug.errors import ProjectError, ToolError
from seaslug.ops.app import go, native, rust
from seaslug.ops.app.workbench import Workbench
from seaslug.values.platform import Platform
from seaslug.values.tree import Tree, file
from support.binaries import LOADER, elf
from support.jars import plain
from support.tools_source import AMD64, ARM64, Played, PlayedTools, workbench

STATIC = elf(kind=2)
DYNAMIC = elf(kind=2, interpreter=LOADER, needed=["libc.so.6"])
ARM = elf(ARM64, kind=2)
Make = Callable[[Project, Platform, Workbench], Made]


def project(
    files: Mapping[str, bytes], *, name: str = "", folder: str = "/p",
    options: Mapping[str, Mapping[str, object]] | None = None, **config: object,
) -> Project:  # fmt: skip
    tables = tuple((kind, tuple(table.items())) for kind, table in (options or {}).items())
    made = AppConfig(where="seaslug.toml", options=tables, **config)  # type: ignore[arg-type]
    return Project(folder, Tree(file(p, d, 0o755) for p, d in files.items()), made, name)


def made(
    make: Make, one: Project, tmp_path: Path, programs: Mapping[str, Played] | None = None,
    platform: Platform = AMD64,
) -> tuple[Made, PlayedTools]:  # fmt: skip
    with PlayedTools(programs or {}) as tools:
        return make(one, platform, workbench(tools, tmp_path / "store")), tools


def layers(found: Made) -> dict[str, list[str]]:
    return {layer.name: [entry.path for entry in layer.entries] for layer in found.layers}


@pytest.mark.parametrize(
    ("data", "base", "distribution"),
    [
        (STATIC, "static", "debian13"),
        (DYNAMIC, "base-nossl", "debian13"),
        (elf(kind=2, interpreter=LOADER, needed=["libz.so.1"]), "base-nossl", "debian13"),
    ],
)
def test_a_named_program(tmp_path: Path, data: bytes, base: str, distribution: str) -> None:
    found, tools = made(native.make, project({"x": data}, name="x"), tmp_path)
    assert (found.base, found.distribution) == (base, distribution)
    assert found.start.entrypoint == ("/app/x",)
    (entry,) = found.layers[0].entries
    assert (entry.path, entry.mode, entry.uid) == ("app/x", 0o755, 0)
    assert not tools.runs and found.evidence


def test_a_newer_libc_than_the_default_release_has(tmp_path: Path) -> None:
    data = elf(
        kind=2, interpreter=LOADER, needed=["libc.so.6"], needs=[("libc.so.6", "GLIBC_2.42")]
    )
    found, _ = made(native.make, project({"x": data}, name="x"), tmp_path)
    assert found.distribution == "testing"
    with pytest.raises(ProjectError, match=r"needs GLIBC_2\.42, debian12 is too old"):
        made(native.make, project({"x": data}, name="x", base="base-nossl-debian12"), tmp_path)


@pytest.mark.parametrize(
    ("data", "said", "hint"),
    [
        (ARM, "is for linux/arm64, not for linux/amd64", "--platform linux/arm64"),
        (STATIC[:-200], "too early|no ELF program", "build it again"),
        (elf(kind=1), "object file", "link it first"),
        (elf(kind=3, soname="libx.so.1"), "a shared library, not a program", "native"),
        (elf(kind=2, interpreter="/nix/store/x/ld.so", needed=["libc.so.6"]), "Nix", "patchelf"),
        (elf(kind=2, interpreter=LOADER, needed=["libc.so.6"],
             needs=[("libc.so.6", "GLIBC_9.9")]), "GLIBC_9.9", "older system"),
        (elf(kind=2, interpreter="/lib/ld-musl-x86_64.so.1", needed=["libc.so", "libz.so.1"]),
         "libz", "statically"),
    ],
)  # fmt: skip
def test_programs_that_cannot_run(tmp_path: Path, data: bytes, said: str, hint: str) -> None:
    with pytest.raises(ProjectError, match=said) as caught:
        made(native.make, project({"x": data}, name="x"), tmp_path)
    assert hint in caught.value.hint
    assert caught.value.where == "x"


@pytest.mark.parametrize(
    ("runpath", "place", "search"),
    [
        ("", "app/lib/libme.so", ("/app/lib",)),
        ("/opt/x", "app/lib/libme.so", ("/app/lib",)),
        ("$ORIGIN/../app/parts", "app/parts/libme.so", ()),
        ("/opt:${ORIGIN}", "app/libme.so", ()),
        ("$ORIGIN/../lib", "app/lib/libme.so", ("/app/lib",)),
    ],
)
def test_libraries_beside_a_program(
    tmp_path: Path, runpath: str, place: str, search: tuple[str, ...]
) -> None:
    data = elf(kind=2, interpreter=LOADER, needed=["libme.so"], runpath=runpath)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/libme.so").write_bytes(elf(soname="libme.so"))
    options = {"native": {"libraries": ["parts"]}}
    one = project({"x": data}, name="x", folder=str(tmp_path), options=options)
    found, _ = made(native.make, one, tmp_path)
    assert layers(found) == {"libraries": [place], "application": ["app/x"]}
    assert found.libraries == search
    assert found.start.env == tuple(("LD_LIBRARY_PATH", folder) for folder in search)
    whole = project({"x": data, "parts/libme.so": elf(soname="libme.so")}, options=options,
                    build=("make",), output="x")  # fmt: skip
    found, _ = made(native.make, whole, tmp_path, {"make": lambda *_: ""})
    assert layers(found)["libraries"] == [place]


@pytest.mark.parametrize(
    ("folder", "said"), [("../x", "leads out"), ("/usr/lib", "leads out"), ("empty", "no files in")]
)
def test_folders_of_libraries_that_are_none(tmp_path: Path, folder: str, said: str) -> None:
    one = project({"x": DYNAMIC}, options={"native": {"libraries": [folder]}}, build=("make",),
                  output="x")  # fmt: skip
    with pytest.raises(ProjectError, match=said):
        made(native.make, one, tmp_path, {"make": lambda *_: ""})


class Command:
    """A build command that makes *files* and remembers what it was told."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.env: Mapping[str, str] = {}

    def __call__(self, argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> str:
        self.env = env
        for path, data in self.files.items():
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            place.chmod(0o755)
        return ""


@pytest.mark.parametrize(
    ("output", "files", "entrypoint", "paths"),
    [
        ("server", {"server": STATIC}, "/app/server", ["app/server"]),
        ("./out/server", {"out/server": STATIC}, "/app/server", ["app/server"]),
        ("dist/", {"dist/bin/server": STATIC, "dist/data.txt": b"x"}, "/app/bin/server",
         ["app/bin/server", "app/data.txt"]),
        ("a.jar", {"a.jar": plain()}, "/usr/bin/java", ["app/a.jar"]),
        ("dist", {"dist/a.jar": plain(), "dist/conf/x": b""}, "/usr/bin/java",
         ["app/a.jar", "app/conf/x"]),
    ],
)  # fmt: skip
def test_a_build_command(
    tmp_path: Path, output: str, files: Mapping[str, bytes], entrypoint: str, paths: list[str]
) -> None:
    command = Command(files)
    one = project({"Makefile": b"all:"}, build=("make", "all"), output=output)
    found, tools = made(native.make, one, tmp_path, {"make": command})
    assert tools.runs == [("make", "all")]
    assert command.env["TARGETPLATFORM"] == "linux/amd64"
    assert found.start.entrypoint[0] == entrypoint
    assert [path for layer in layers(found).values() for path in layer] == paths
    again, tools = made(native.make, one, tmp_path, {"make": command})
    assert not tools.runs and again.tree() == found.tree()


@pytest.mark.parametrize(
    ("output", "files", "said", "hint"),
    [
        ("server", {"other": STATIC}, "made no server; there is Makefile, other", "make all"),
        ("out/server", {}, "made no out/server", "make all"),
        ("../x", {}, "leads out", "below the project"),
        ("/usr/bin/env", {}, "leads out", "below the project"),
        ("dist", {"dist/a": STATIC, "dist/b": STATIC}, "2 programs: a, b", "entrypoint"),
        ("dist", {"dist/readme": b"x"}, "no program in the folder", "entrypoint"),
    ],
)
def test_build_commands_without_a_clear_result(
    tmp_path: Path, output: str, files: Mapping[str, bytes], said: str, hint: str
) -> None:
    one = project({"Makefile": b"all:"}, build=("make", "all"), output=output)
    with pytest.raises(ProjectError, match=said) as caught:
        made(native.make, one, tmp_path, {"make": Command(files)})
    assert hint in caught.value.hint


def test_the_entrypoint_chooses_among_programs(tmp_path: Path) -> None:
    files = {"dist/a": STATIC, "dist/b": DYNAMIC}
    one = project({}, build=("make",), output="dist", entrypoint=("/app/a", "-v"))
    found, _ = made(native.make, one, tmp_path, {"make": Command(files)})
    assert found.base == "static" and layers(found) == {"application": ["app/a", "app/b"]}
    script = project({}, build=("make",), output="dist", entrypoint=("/usr/bin/python3", "a.py"),
                     base="python3-debian12")  # fmt: skip
    found, _ = made(native.make, script, tmp_path / "b", {"make": Command({"dist/a.py": b""})})
    assert (found.base, found.distribution) == ("python3", "debian12")


GO = {"go.mod": b"module example.org/shop\n", "main.go": b"package main\nfunc main() {}\n"}


def played_go(data: bytes) -> Played:
    def run(argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> str:
        if argv[1] == "version":
            return "go version go1.27 linux/amd64\n"
        out = Path(argv[argv.index("-o") + 1])
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(data)
        return ""

    return run


@pytest.mark.parametrize(
    ("platform", "env"),
    [
        ("amd64", {"GOARCH": "amd64", "CGO_ENABLED": "0"}),
        ("arm64", {"GOARCH": "arm64", "CGO_ENABLED": "0"}),
        ("arm/v7", {"GOARCH": "arm", "GOARM": "7", "CGO_ENABLED": "0"}),
        ("386", {"GOARCH": "386", "CGO_ENABLED": "0"}),
    ],
)
def test_go(tmp_path: Path, platform: str, env: dict[str, str]) -> None:
    wanted = Platform.parse(platform)
    tool = played_go(elf(wanted, kind=2))
    found, tools = made(go.make, project(GO), tmp_path, {"go": tool}, wanted)
    assert (found.base, found.start.entrypoint) == ("static", ("/app/shop",))
    build = tools.runs[-1]
    assert build[:4] == ("/tools/go", "build", "-trimpath", "-buildvcs=false")
    assert build[build.index("-ldflags") + 1] == "-s -w" and build[-1] == "."
    assert tools.envs[-1] == {"GOOS": "linux", **env}
    again, tools = made(go.make, project(GO), tmp_path, {"go": tool}, wanted)
    assert [run[1] for run in tools.runs] == ["version"] and again.tree() == found.tree()


def test_go_options_and_signs(tmp_path: Path) -> None:
    text = (
        'package main\nvar a = flag.String("addr", ":8080", "")\nvar h = flag.Bool("health-check")'
    )
    files = {"go.mod": GO["go.mod"], "cmd/api/main.go": text.encode()}
    options = {"go": {"tags": ["a", "b"], "ldflags": "-X main.v=1", "cgo": False}}
    one = project(files, options=options)
    found, tools = made(go.make, one, tmp_path, {"go": played_go(STATIC)})
    assert found.start.entrypoint == ("/app/api",)
    assert (found.start.ports, found.start.own_check) == ((8080,), "--health-check")
    build = tools.runs[-1]
    assert build[build.index("-tags") + 1] == "a,b" and "-X main.v=1" in build
    assert build[-1] == "./cmd/api"


def test_cgo_for_this_machine_and_for_another(tmp_path: Path) -> None:
    files = {**GO, "c.go": b'package main\nimport "C"\n'}
    found, tools = made(go.make, project(files), tmp_path, {"go": played_go(DYNAMIC)})
    assert tools.envs[-1]["CGO_ENABLED"] == "1" and "CC" not in tools.envs[-1]
    assert found.base == "base-nossl"
    assert "cgo, which c.go needs" in [row.what for row in found.evidence]
    with pytest.raises(ToolError, match="cgo needs a C compiler for linux/arm64") as caught:
        made(go.make, project(files), tmp_path, {"go": played_go(ARM)}, ARM64)
    assert "install gcc-aarch64-linux-gnu" in caught.value.hint
    programs = {"go": played_go(ARM), "aarch64-linux-gnu-gcc": played_go(b"")}
    _, tools = made(go.make, project(files), tmp_path, programs, ARM64)
    assert tools.envs[-1]["CC"] == "/tools/aarch64-linux-gnu-gcc"


def test_no_go_here(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="Go is not here"):
        made(go.make, project(GO), tmp_path)


class Cargo:
    """A cargo with one package of the binaries *names*, all built to *data*."""

    def __init__(self, data: bytes, *names: str) -> None:
        self.data, self.names = data, names or ("shop",)

    def __call__(self, argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> str:
        if argv[1] == "--version":
            return "cargo 1.95.0\n"
        if argv[1] == "metadata":
            targets = [
                {"kind": ["bin"], "name": n, "src_path": f"{folder}/src/{n}.rs"} for n in self.names
            ]
            return json.dumps({"packages": [{"name": "shop", "targets": targets}]})
        if "--target" in argv and "musl" in " ".join(argv):
            raise ToolError("cargo failed", "error[E0463]: can't find crate for `std`")
        target = argv[argv.index("--target") + 1] if "--target" in argv else ""
        out = Path(env["CARGO_TARGET_DIR"]) / target / "release" / argv[argv.index("--bin") + 1]
        out.parent.mkdir(parents=True)
        out.write_bytes(self.data)
        (out.parent / "deps").mkdir()
        return ""


RUST = {
    "Cargo.toml": b'[package]\nname = "shop"', "Cargo.lock": b"",
    "src/shop.rs": b'TcpListener::bind("0.0.0.0:7000"); "/health"',
}  # fmt: skip


def test_rust(tmp_path: Path) -> None:
    found, tools = made(rust.make, project(RUST), tmp_path, {"cargo": Cargo(DYNAMIC)})
    assert (found.base, found.start.entrypoint) == ("base-nossl", ("/app/shop",))
    assert (found.start.ports, found.start.health_path) == ((7000,), "/health")
    assert tools.runs[-1][1:] == (
        "build", "--release", "--locked", "--package", "shop", "--bin", "shop",
    )  # fmt: skip
    again, tools = made(rust.make, project(RUST), tmp_path, {"cargo": Cargo(DYNAMIC)})
    assert [run[1] for run in tools.runs] == ["--version"] and again.tree() == found.tree()


def test_rust_for_another_platform(tmp_path: Path) -> None:
    files = {k: v for k, v in RUST.items() if k != "Cargo.lock"}
    cargo = Cargo(ARM, "shop", "tool")
    one = project(files, options={"rust": {"bin": "shop", "features": ["x", "y"]}})
    with pytest.raises(ToolError, match="Rust's linker needs a C compiler"):
        made(rust.make, one, tmp_path, {"cargo": cargo}, ARM64)
    programs = {"cargo": cargo, "aarch64-linux-gnu-gcc": cargo}
    found, tools = made(rust.make, one, tmp_path, programs, ARM64)
    assert tools.runs[-1][-4:] == ("--features", "x,y", "--target", "aarch64-unknown-linux-gnu")
    key = "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER"
    assert tools.envs[-1][key] == "/tools/aarch64-linux-gnu-gcc"
    assert any("no Cargo.lock" in row.what for row in found.evidence)


def test_rust_without_the_target_or_the_tool(tmp_path: Path) -> None:
    one = project(RUST, options={"rust": {"target": "x86_64-unknown-linux-musl"}})
    with pytest.raises(ToolError, match="standard library for x86_64") as caught:
        made(rust.make, one, tmp_path, {"cargo": Cargo(STATIC)})
    assert caught.value.hint == "rustup target add x86_64-unknown-linux-musl"
    with pytest.raises(ToolError, match="cargo is not here"):
        made(rust.make, project(RUST), tmp_path)
