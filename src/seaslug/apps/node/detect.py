"""Telling a Node.js project by its files."""

from __future__ import annotations

import re

from seaslug.apps.model import Detection, Evidence
from seaslug.apps.node import framework
from seaslug.apps.node.manifest import NAME, Manifest, parse
from seaslug.apps.project import Project

KIND = "node"
LOCKS = ("npm-shrinkwrap.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock")
_SCRIPT = re.compile(r"\.[cm]?js\Z")
_SERVERS = ("server.js", "index.js", "app.js", "main.js", "server.mjs", "index.mjs")
_LIMIT = 4 << 20


def detect(project: Project) -> Detection | None:
    """Return what *project* is as a Node.js application, None if it is none.

    A package.json that only names tools for development (as in projects in other languages)
    does not make one. Raises ProjectError for a package.json that cannot be read.
    """
    if project.file:
        if not _SCRIPT.search(project.file):
            return None
        return Detection(KIND, "a script for Node.js", (Evidence("its name", project.file),))
    text = project.text(NAME, _LIMIT)
    if text is None:
        return None
    manifest = parse(text)
    signs = tuple(_signs(project, manifest))
    if len(signs) < 2:
        return None
    return Detection(KIND, _title(manifest), signs, manifest.name)


def _signs(project: Project, manifest: Manifest) -> list[Evidence]:
    rows = [Evidence("a package.json", NAME)]
    for name in ("start:prod", "start"):
        if line := manifest.script(name):
            rows.append(Evidence(f"scripts.{name}: {line}", NAME))
            break
    if manifest.main or manifest.bin:
        rows.append(Evidence(f"starts {manifest.main or manifest.bin[0][1]}", NAME))
    count = len(manifest.dependencies) + len(manifest.optional)
    if count:
        rows.append(Evidence(f"{count} {'dependency' if count == 1 else 'dependencies'}", NAME))
    if len(rows) == 1 and (server := project.has(*_SERVERS)):
        rows.append(Evidence("a server's usual name", server))
    if len(rows) > 1 and (lock := project.has(*LOCKS)):
        rows.append(Evidence("a lock", lock))
    return rows


def _title(manifest: Manifest) -> str:
    found = framework.framework(manifest)
    words = ["Node.js", *([found.title] if found else [])]
    built = framework.builders(manifest) if manifest.script("build") else ()
    return ", ".join(words) + (f", built with {built[0]}" if built else "")
