"""Go projects: a module at the root."""

from __future__ import annotations

from seaslug.apps.go import module
from seaslug.apps.model import Detection
from seaslug.apps.project import Project, said

KIND = "go"


def detect(project: Project) -> Detection | None:
    """Return kind ``go`` for a folder with a go.mod."""
    text = project.text(module.FILE, 1 << 20) if not project.file else None
    if text is None:
        return None
    found = module.parse(text)
    rows = [said(f"module {found.path or '?'}", module.FILE)]
    if found.go:
        rows.append(said(f"go {found.go}", module.FILE))
    title = f"Go, {found.path}".rstrip(", ")
    return Detection(KIND, title, tuple(rows), found.path.rpartition("/")[2])
