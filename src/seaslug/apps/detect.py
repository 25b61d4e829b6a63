"""What a project is: every kind is asked, and more than one answer needs a decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from seaslug.apps.model import Detection, Evidence
from seaslug.apps.project import Project
from seaslug.errors import ProjectError, UnknownNameError

KINDS: Mapping[str, tuple[str, str]] = {
    "command": ("native", "a build command of your own, from the configuration"),
    "binary": ("native", "a program: an ELF file for Linux"),
    "jar": ("java", "a jar or war that can be started"),
    "python": ("python", "pyproject.toml, requirements.txt, a lock, or a script"),
    "node": ("node", "package.json"),
    "go": ("go", "go.mod"),
    "rust": ("rust", "Cargo.toml"),
    "java": ("java", "pom.xml, or build.gradle"),
}
"""Kind to (package of its detection, what it is known by), in the order that they are asked."""

_WEAK = frozenset({"node"})
"""Kinds that are often the smaller part of another kind's project: a front end, tools."""


def detect(project: Project, kind: str = "") -> Detection:
    """Return what *project* is; *kind* (from the option or the configuration) decides.

    Raises UnknownNameError, ProjectError if nothing or more than one kind is found.
    """
    wanted = kind or project.config.kind
    if wanted and wanted not in KINDS:
        raise UnknownNameError("kind", wanted, list(KINDS), where=project.config.where)
    asked = (wanted,) if wanted else tuple(KINDS)
    found = [seen for name in asked if (seen := _ask(name, project)) is not None]
    if wanted and not found:
        raise ProjectError(
            f"this is no {wanted} project", where=project.folder,
            hint=f"it would need {KINDS[wanted][1]}",
        )  # fmt: skip
    if not found:
        raise ProjectError(
            "no project was found", where=project.file or project.folder, hint=_known()
        )
    if found[0].kind in ("command", "binary", "jar"):
        return found[0]
    strong = [seen for seen in found if seen.kind not in _WEAK] or found
    if len(strong) > 1:
        raise ProjectError(
            "more than one kind of project: "
            + "; ".join(f"{seen.kind} ({_because(seen.evidence)})" for seen in strong),
            where=project.folder,
            hint="choose one: " + " or ".join(f"--kind {seen.kind}" for seen in strong),
        )
    return strong[0]


def _ask(kind: str, project: Project) -> Detection | None:
    module = import_module(f"seaslug.apps.{KINDS[kind][0]}.detect")
    ask: Callable[[Project], Detection | None] = module.detect
    seen = ask(project)
    return seen if seen is not None and seen.kind == kind else None


def _because(evidence: tuple[Evidence, ...]) -> str:
    return (evidence[0].where or evidence[0].what) if evidence else "?"


def _known() -> str:
    rows = "\n    ".join(f"{kind:<8} {text}" for kind, (_, text) in KINDS.items())
    return f"what is known, and by what:\n    {rows}"
