"""Whether a project is a Python project, and in one line what it runs."""

from __future__ import annotations

from seaslug.apps.model import Detection, Evidence
from seaslug.apps.project import Project, said
from seaslug.apps.python import sources, target
from seaslug.apps.python.layout import packaged
from seaslug.apps.python.manifest import Manifest, read
from seaslug.apps.python.plan import LOCKS, plan
from seaslug.apps.python.start import Look, find
from seaslug.errors import ProjectError
from seaslug.values.platform import Platform

_SIGNS = ("requirements.txt", "setup.py", "setup.cfg", "Pipfile", *LOCKS, "manage.py")
_SCRIPTS = ("main.py", "app.py", "server.py", "src/main.py", "src/app.py")


def detect(project: Project) -> Detection | None:
    """Return what kind of Python project this is, None if it is none. Runs nothing."""
    signs = _evidence(project)
    if not signs:
        return None
    title = "Python"
    try:
        manifest = read(project)
        aim = target.choose(manifest.wishes, project.config.base, Platform("linux", "amd64"))
        title = f"Python {aim.python}"
        names = plan(project, manifest, aim).names
        look = Look(project, manifest, aim.program, names, sources.read(project),
                    packaged(project, manifest))  # fmt: skip
        found = find(look)
    except ProjectError:
        # What is wrong is said when it is made, where nothing is decided any more.
        return Detection("python", title, signs)
    signs = (*signs, *found.evidence)
    return Detection("python", f"{title}, {found.title}", signs, manifest.name)


def _evidence(project: Project) -> tuple[Evidence, ...]:
    rows = []
    if project.has("pyproject.toml") and _declared(project):
        rows.append(said("a Python project", "pyproject.toml"))
    rows += [said("a Python project", name) for name in _SIGNS if project.has(name)]
    script = project.has(*_SCRIPTS)
    if not rows and script:
        rows.append(said("a Python script", script))
    return tuple(rows)


def _declared(project: Project) -> bool:
    """Tell whether pyproject.toml describes a project, rather than only settings of tools."""
    try:
        manifest: Manifest = read(project)
    except ProjectError:
        return True
    return manifest.declared or bool(manifest.backend) or bool(project.config.of("python"))
