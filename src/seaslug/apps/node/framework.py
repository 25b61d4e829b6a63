"""Frameworks of servers and what is particular about each: its name, port, what it builds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from seaslug.apps.node.manifest import Manifest
from seaslug.apps.project import Project
from seaslug.values.tree import Tree


@dataclass(frozen=True, slots=True)
class Framework:
    """``package`` is the dependency that tells it; ``port`` the one it uses if none is said."""

    package: str
    title: str
    port: int = 0


FRAMEWORKS = (
    Framework("next", "Next.js", 3000),
    Framework("nuxt", "Nuxt", 3000),
    Framework("@nestjs/core", "NestJS", 3000),
    Framework("@remix-run/serve", "Remix", 3000),
    Framework("@react-router/serve", "React Router", 3000),
    Framework("@sveltejs/kit", "SvelteKit", 3000),
    Framework("astro", "Astro", 4321),
    Framework("@strapi/strapi", "Strapi", 1337),
    Framework("fastify", "Fastify"),
    Framework("express", "Express", 3000),
    Framework("koa", "Koa"),
    Framework("@hapi/hapi", "hapi"),
    Framework("hono", "Hono", 3000),
)
BUILDERS = (
    ("typescript", "TypeScript"), ("webpack", "webpack"), ("esbuild", "esbuild"),
    ("rollup", "Rollup"), ("vite", "Vite"), ("tsup", "tsup"),
)  # fmt: skip

NEXT_STANDALONE = ".next/standalone"
NEXT_CONFIGS = tuple(f"next.config.{ending}" for ending in ("js", "mjs", "ts", "cjs"))
NITRO = ".output"
_STANDALONE = re.compile(r"""\boutput\s*:\s*["'`]standalone["'`]""")
_ROUTE = re.compile(
    r"(?:src/)?(?:app/((?:api/)?(?:health|healthz|livez))/route|pages/(api/(?:health|healthz|livez)))"
    r"\.[cm]?[jt]sx?\Z"
)


def framework(manifest: Manifest) -> Framework | None:
    """Return the first framework among the dependencies, None if there is none."""
    return next((found for found in FRAMEWORKS if manifest.uses(found.package)), None)


def builders(manifest: Manifest) -> tuple[str, ...]:
    """Return what the project is built with, by name."""
    return tuple(title for package, title in BUILDERS if manifest.uses(package))


def next_standalone(project: Project) -> bool:
    """Tell whether the Next.js configuration asks for a standalone build."""
    path = project.has(*NEXT_CONFIGS)
    return bool(path and _STANDALONE.search(project.text(path, 1 << 20) or ""))


def next_server(paths: Iterable[str]) -> str:
    """Return the server.js of a standalone build, the one nearest to the root; '' if none."""
    found = [
        path
        for path in paths
        if path.rpartition("/")[2] == "server.js"
        and not any(folder in f"/{path}" for folder in ("/node_modules/", "/.next/"))
    ]
    return min(found, key=lambda path: (path.count("/"), path), default="")


def next_health(tree: Tree) -> str:
    """Return the path of a route for health checks among a Next.js project's files, or ''."""
    for entry in tree:
        found = _ROUTE.match(entry.path)
        if found:
            return "/" + (found[1] or found[2])
    return ""
