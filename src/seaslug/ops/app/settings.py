"""How an application starts: what its kind found, with what the configuration says over it."""

from __future__ import annotations

from dataclasses import replace

from seaslug.apps.config import AppConfig
from seaslug.apps.model import Detection, Start
from seaslug.apps.probe.check import HealthCheck, completed, docker
from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.recipe.model import Level, Recipe, Settings

INIT = ("/usr/bin/tini-static", "--")
_INIT_FILES = ("usr/bin/tini-static", "usr/share/doc/tini/copyright")


def with_init(recipe: Recipe, config: AppConfig) -> Recipe:
    """Return *recipe* with tini's static form if the configuration asks for an init."""
    if not config.init:
        return recipe
    # It needs no libc, whatever its package says; a base that has one keeps it.
    level = Level("init", packages=("tini",), exclude=("libc6",), only=(("tini", _INIT_FILES),))
    return replace(recipe, levels=(*recipe.levels, level))


def ports(config: AppConfig, start: Start) -> tuple[str, ...]:
    """Return the exposed ports, e.g. ``8000/tcp``."""
    return config.ports or tuple(f"{port}/tcp" for port in start.ports)


def health(config: AppConfig, start: Start) -> HealthCheck | None:
    """Return the health check: the configuration's, else what the application is known to have.

    An application with an option of its own uses that; a known path is asked by HTTP; else a
    port that takes a connection is enough. Without any port there is no check.
    """
    tcp = [p.partition("/")[0] for p in ports(config, start) if p.endswith("/tcp")]
    port = int(tcp[0]) if tcp else 0
    entrypoint = config.entrypoint if config.entrypoint is not None else start.entrypoint
    if isinstance(config.health, HealthCheck):
        return completed(config.health, port, entrypoint, start.own_check)
    if config.health is False:
        return None
    if start.own_check:
        check = HealthCheck("own", command=(start.own_check,))
        return completed(check, port, entrypoint, start.own_check)
    if not port:
        return None
    if start.health_path:
        return HealthCheck("http", port=port, path=start.health_path)
    return HealthCheck("tcp", port=port)


def applied(
    recipe: Recipe, name: str, config: AppConfig, start: Start, check: HealthCheck | None
) -> Recipe:
    """Return *recipe* named and set up for the application. Raises ProjectError."""
    base = recipe.settings
    entrypoint = config.entrypoint if config.entrypoint is not None else start.entrypoint
    entrypoint = entrypoint or base.entrypoint
    cmd = config.cmd if config.cmd is not None else start.cmd
    if not (entrypoint or cmd):
        raise ProjectError(
            "nothing says what starts", where=name,
            hint='set entrypoint in seaslug.toml: entrypoint = ["/app/program"]',
        )  # fmt: skip
    env = {**dict(base.env), **dict(start.env), **dict(config.env)}
    settings = replace(
        base,
        env=tuple(env.items()),
        user=config.user,
        workdir=config.workdir or start.workdir or base.workdir,
        entrypoint=(*INIT, *entrypoint) if config.init else entrypoint,
        cmd=cmd,
        labels=tuple({**dict(base.labels), **dict(config.labels)}.items()),
        ports=ports(config, start),
        volumes=config.volumes,
        stop_signal=config.stop_signal,
        healthcheck=docker(check) if check is not None else None,
    )
    return replace(
        recipe, name=name, base=_reference(recipe), settings=settings,
        description="", checks=(),
    )  # fmt: skip


def program(settings: Settings) -> str:
    """Return the program that starts, without the init before it."""
    words = (*settings.entrypoint, *settings.cmd)
    return words[len(INIT)] if words[: len(INIT)] == INIT and len(words) > len(INIT) else words[0]


def _reference(recipe: Recipe) -> str:
    suffix = "" if recipe.variant == "latest" else f":{recipe.variant}"
    return f"{recipe.name}-{recipe.distribution.name}{suffix}"


def name_of(project: Project, detection: Detection) -> str:
    """Return a name for the image: the project's own, in the letters that references take."""
    import re

    if project.config.name:
        return project.config.name
    # A scope of npm's, as in @me/shop, is no part of the name.
    low = (detection.name.rpartition("/")[2] or project.name).lower()
    low = low.removesuffix(".jar").removesuffix(".war")
    return re.sub(r"[^a-z0-9]+", "-", low).strip("-") or "app"
