"""Rust projects: a package or workspace at the root."""

from __future__ import annotations

import tomllib

from seaslug.apps.model import Detection
from seaslug.apps.project import Project, said

KIND, FILE = "rust", "Cargo.toml"


def detect(project: Project) -> Detection | None:
    """Return kind ``rust`` for a folder with a Cargo.toml, whatever is wrong with that."""
    text = project.text(FILE, 1 << 20) if not project.file else None
    if text is None:
        return None
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        table = {}
    package, workspace = table.get("package"), table.get("workspace")
    name = package.get("name") if isinstance(package, dict) else None
    rows = []
    if isinstance(name, str):
        rows.append(said(f"package {name}", FILE))
    if isinstance(workspace, dict):
        rows.append(said("a workspace", FILE))
    if project.has("Cargo.lock"):
        rows.append(said("built with the locked versions", "Cargo.lock"))
    title = f"Rust, {name}" if isinstance(name, str) else "Rust, a workspace"
    return Detection(KIND, title, tuple(rows) or (said("a Cargo project", FILE),))
