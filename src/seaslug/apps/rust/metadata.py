"""What ``cargo metadata`` says: the binaries of a workspace."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from seaslug.apps.project import Project
from seaslug.errors import ProjectError, ToolError
from seaslug.values.platform import Platform

TRIPLES = {
    "amd64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu",
    "arm": "armv7-unknown-linux-gnueabihf", "386": "i686-unknown-linux-gnu",
    "ppc64le": "powerpc64le-unknown-linux-gnu", "riscv64": "riscv64gc-unknown-linux-gnu",
    "s390x": "s390x-unknown-linux-gnu",
}  # fmt: skip
"""Rust's names of our platforms, with glibc; source: rustc's table of targets."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A binary: the package that has it, its name, its source relative to the workspace.

    ``default`` tells whether its package runs it when nothing is said.
    """

    package: str
    name: str
    source: str
    default: bool = False


def triple(platform: Platform) -> str:
    """Return Rust's name for *platform*."""
    return TRIPLES[platform.arch]


def binaries(text: str, folder: str) -> tuple[Binary, ...]:
    """Return the binaries in the output of cargo metadata, run in *folder*. Raises ToolError."""
    try:
        data = json.loads(text)
        return tuple(b for package in data["packages"] for b in _of(package, folder))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ToolError("cargo metadata says nothing that can be read", text[:500]) from None


def _of(package: dict[str, Any], folder: str) -> list[Binary]:
    default = package.get("default_run") or ""
    found = []
    for target in package["targets"]:
        if "bin" in target["kind"]:
            source = str(target["src_path"]).removeprefix(folder.rstrip("/") + "/")
            name = str(target["name"])
            found.append(Binary(str(package["name"]), name, source, name == default))
    return found


def chosen(found: Sequence[Binary], project: Project) -> Binary:
    """Return the binary to build. Raises ProjectError that names the candidates."""
    options = project.config.of("rust")
    package, name = options.get("package", ""), options.get("bin", "")
    fits = [b for b in found if package in ("", b.package) and name in ("", b.name)]
    if not fits and (package or name):
        raise ProjectError(
            f"no binary {name or 'of the package ' + package}",
            where=f"{project.config.where}: rust.{'bin' if name else 'package'}",
            hint="there is " + (_listed(found) or "none at all"),
        )
    if len(fits) > 1 and not name:
        fits = [b for b in fits if b.default] or fits
    if len(fits) == 1:
        return fits[0]
    if fits:
        key = "package" if len({b.name for b in fits}) == 1 else "bin"
        said = fits[0].package if key == "package" else fits[0].name
        raise ProjectError(
            f"{len(fits)} binaries: {_listed(fits)}", where="Cargo.toml",
            hint=f'say which: [rust] {key} = "{said}" in seaslug.toml',
        )  # fmt: skip
    raise ProjectError(
        "no binary: this is a library", where="Cargo.toml",
        hint="a program has src/main.rs, src/bin/NAME.rs or [[bin]]",
    )  # fmt: skip


def _listed(found: Sequence[Binary]) -> str:
    packages = {b.package for b in found}
    rows = [f"{b.name} of {b.package}" if len(packages) > 1 else b.name for b in found]
    return ", ".join(rows[:12])
