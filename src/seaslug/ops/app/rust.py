"""Rust projects: ``cargo build --release`` of one binary, for the platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seaslug.apps.model import Evidence, Made, Start
from seaslug.apps.project import Project
from seaslug.apps.rust import metadata
from seaslug.apps.rust.metadata import Binary
from seaslug.apps.signs import signs
from seaslug.errors import ToolError
from seaslug.ops.app.compilers import gcc
from seaslug.ops.app.program import Part, assembled
from seaslug.ops.app.workbench import Workbench, identity
from seaslug.values.digest import Digest
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind

_LOCK = "Cargo.lock"
_SOURCE = "source"


@dataclass(frozen=True, slots=True)
class _Cargo:
    """The program and its version, as it is used on one project."""

    path: str
    version: str
    project: Project
    bench: Workbench

    @property
    def locked(self) -> tuple[str, ...]:
        return ("--locked",) if self.project.has(_LOCK) else ()


def make(project: Project, platform: Platform, bench: Workbench) -> Made:
    """Return a binary of a Cargo project as an application.

    Raises ToolError if there is no cargo here or the build fails, ProjectError if it is not
    clear which of several binaries is meant.
    """
    cargo = _cargo(project, bench)
    binary = metadata.chosen(_binaries(cargo), project)
    target, env = _target(platform, project, bench)
    program = _build(cargo, binary, target, env)
    seen = signs([project.text(binary.source) or ""])
    start = Start(ports=seen.ports, own_check=seen.own_check, health_path=seen.health_path)
    rows = [Evidence(f"cargo build --release --bin {binary.name}", binary.source)]
    if not cargo.locked:
        rows.append(Evidence("no Cargo.lock: versions may be others next time", "Cargo.toml"))
    return assembled(Part(program, (), start, tuple(rows)), project, platform, bench)


def _cargo(project: Project, bench: Workbench) -> _Cargo:
    path = bench.tools.find("cargo")
    if not path:
        raise ToolError("cargo is not here", where="Cargo.toml", hint="install Rust: see rustup.rs")
    version = bench.tools.run([path, "--version"], cwd=project.folder, task="cargo --version")
    return _Cargo(path, version.strip(), project, bench)


def _binaries(cargo: _Cargo) -> tuple[Binary, ...]:
    """Return the binaries of the workspace; asked again only if a source is added or a manifest
    changes.
    """
    bench, tree = cargo.bench, cargo.project.tree
    manifests = tree.select(lambda e: e.path.rpartition("/")[2] in ("Cargo.toml", _LOCK))
    names = [e.path for e in tree if e.path.endswith(".rs")]

    def look() -> list[list[object]]:
        with bench.tools.folder() as folder:
            bench.tools.write(folder, tree)
            argv = [cargo.path, "metadata", "--format-version", "1", "--no-deps"]
            text = bench.tools.run(argv, cwd=folder, task="cargo metadata")
        found = metadata.binaries(text, folder)
        return [[b.package, b.name, b.source, b.default] for b in found]

    rows = bench.fact("cargo-metadata", [identity(manifests), names, cargo.version], look)
    return tuple(Binary(*row) for row in rows)


def _target(
    platform: Platform, project: Project, bench: Workbench
) -> tuple[str, dict[str, str]]:  # fmt: skip
    """Return the target triple, empty for this machine's own, and the linker for it."""
    wanted: str = project.config.of("rust").get("target", "")
    if platform == bench.host:
        return wanted, {}
    target = wanted or metadata.triple(platform)
    key = target.upper().replace("-", "_")
    return target, {f"CARGO_TARGET_{key}_LINKER": gcc(platform, bench, "Rust's linker")}


def _build(cargo: _Cargo, binary: Binary, target: str, env: Mapping[str, str]) -> Entry:
    project, bench = cargo.project, cargo.bench
    argv = _arguments(cargo, binary, target)
    with bench.tools.folder() as folder:

        def run() -> tuple[Entry, ...]:
            source, made = f"{folder}/{_SOURCE}", bench.tools.cache(_cache(project))
            bench.tools.write(source, project.tree)
            try:
                bench.tools.run(
                    [cargo.path, *argv], cwd=source, env={**env, "CARGO_TARGET_DIR": made},
                    task="cargo build",
                )  # fmt: skip
            except ToolError as error:
                raise _advised(error, target) from None
            found = bench.tools.collect(f"{made}/{target}/release".replace("//", "/"))
            return tuple(e for e in found if e.path == binary.name and e.kind is Kind.FILE)

        inputs = [identity(project.tree), cargo.version, list(argv), dict(env)]
        tree = bench.kept("cargo-build", inputs, run)
    entry = tree.get(binary.name)
    if entry is None:
        raise ToolError(f"cargo build made no {binary.name}", where="Cargo.toml")
    return entry


def _cache(project: Project) -> str:
    """Return the name of the cache: cargo compiles what has not changed once only."""
    return f"cargo-{Digest.of(project.folder.encode('utf-8', 'surrogateescape')).hex[:16]}"


def _arguments(cargo: _Cargo, binary: Binary, target: str) -> Sequence[str]:
    options = cargo.project.config.of("rust")
    features = ["--features", ",".join(options["features"])] if options.get("features") else []
    triple = ["--target", target] if target else []
    package = ["--package", binary.package, "--bin", binary.name]
    return ["build", "--release", *cargo.locked, *package, *features, *triple]


def _advised(error: ToolError, target: str) -> ToolError:
    """Return *error*, with what to type where the standard library for *target* is missing."""
    if target and "can't find crate for" in error.output:
        return ToolError(
            f"Rust's standard library for {target} is not here", error.output,
            where=error.where, hint=f"rustup target add {target}",
        )  # fmt: skip
    return error
