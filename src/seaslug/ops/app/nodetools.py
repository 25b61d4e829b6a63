"""npm, pnpm and yarn: which program, and how it is asked."""

from __future__ import annotations

from seaslug.errors import ToolError
from seaslug.ops.app.nodejob import Job

COMMON = {
    "COREPACK_ENABLE_DOWNLOAD_PROMPT": "0",
    "NEXT_TELEMETRY_DISABLED": "1",
    "YARN_ENABLE_TELEMETRY": "0",
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_update_notifier": "false",
}
_YARN = {"yarn": "yarn@1", "berry": "@yarnpkg/cli-dist"}
_COREPACK = {"yarn": "yarn@1.22.22", "berry": "yarn@4", "pnpm": "pnpm@10"}
_OLD_PNPM = {"5": "pnpm@7", "6": "pnpm@8"}


def program(job: Job, folder: str) -> tuple[str, ...]:
    """Return the words that start the project's package manager in *folder*.

    Raises ToolError, with what to install, if it is not here.
    """
    if job.manager == "npm":
        return (_found(job, "npm", "Node.js with npm"),)
    if job.manager == "pnpm":
        found = job.bench.tools.find("pnpm")
        return (found,) if found else _corepack(job, "npm install --global pnpm")
    found = job.bench.tools.find("yarn")
    if found and _is_classic(job, found, folder) is (job.manager == "yarn"):
        return (found,)
    return _corepack(job, f"npm install --global {_YARN[job.manager]}")


def _is_classic(job: Job, found: str, folder: str) -> bool | None:
    """Tell whether this yarn is version 1; None if it cannot say in this project."""
    try:
        said = job.bench.tools.run([found, "--version"], cwd=folder, env=COMMON, task="yarn")
    except ToolError:
        return None
    return said.strip().startswith("1.")


def _found(job: Job, name: str, what: str) -> str:
    found = job.bench.tools.find(name)
    if not found:
        raise ToolError(f"{name} is not here", where=_where(job), hint=f"install {what}")
    return found


def _corepack(job: Job, install: str) -> tuple[str, ...]:
    found = job.bench.tools.find("corepack")
    name = "pnpm" if job.manager == "pnpm" else "yarn"
    if not found:
        raise ToolError(
            f"the project has {_where(job)}, and {name} of that version is not here",
            hint=f"install it: {install}",
        )
    said = job.manifest.manager
    if said.startswith(f"{name}@"):
        return (found, name)
    old = _OLD_PNPM.get(job.lock.format.partition(".")[0]) if job.lock else None
    return (found, old if job.manager == "pnpm" and old else _COREPACK[job.manager])


def _where(job: Job) -> str:
    return job.lock.path if job.lock is not None else job.manifest.where


def clean_install(job: Job, *, scripts: bool) -> tuple[str, ...]:
    """Return the arguments that install everything as locked, for this machine."""
    off = () if scripts else ("--ignore-scripts",)
    return {
        "npm": ("ci", "--include=dev", *off),
        "pnpm": ("install", "--frozen-lockfile", "--prod=false", *off),
        "yarn": ("install", "--frozen-lockfile", "--production=false", "--non-interactive", *off),
        "berry": ("install", "--immutable", *(() if scripts else ("--mode=skip-build",))),
    }[job.manager]


def production_install(job: Job, *, scripts: bool) -> tuple[str, ...]:
    """Return the arguments that install what production needs, for the job's platform."""
    off = () if scripts else ("--ignore-scripts",)
    target = (f"--cpu={job.cpu}", "--os=linux", "--libc=glibc")
    return {
        "npm": ("ci", "--omit=dev", *target, *off),
        "pnpm": (
            "install", "--frozen-lockfile", "--prod", "--config.node-linker=hoisted", *off
        ),
        "yarn": (
            "install", "--frozen-lockfile", "--production", "--non-interactive",
            "--ignore-platform", *off,
        ),
        "berry": ("workspaces", "focus", "--all", "--production"),
    }[job.manager]  # fmt: skip


def environment(job: Job, *, scripts: bool) -> dict[str, str]:
    """Return what the package manager's environment has beside this machine's own."""
    if job.manager != "berry":
        return COMMON
    return {
        **COMMON,
        "YARN_NODE_LINKER": "node-modules",
        "YARN_ENABLE_IMMUTABLE_INSTALLS": "true",
        "YARN_ENABLE_SCRIPTS": "true" if scripts else "false",
        "YARN_ENABLE_GLOBAL_CACHE": "true",
    }
