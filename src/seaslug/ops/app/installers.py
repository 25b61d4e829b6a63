"""Installing Python packages for another interpreter than ours: with uv, or else with pip."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from seaslug.apps.python import installed, tags
from seaslug.apps.python.plan import Plan
from seaslug.apps.python.target import Target
from seaslug.errors import ProjectError, ToolError
from seaslug.ops.app.workbench import Workbench
from seaslug.values.tree import Entry, Tree, file

UV, PIP = "uv", "pip"
_UV_PLATFORMS = ("amd64", "arm64")
_UV_GLIBC = 40
"""The newest glibc that uv has a name for."""
_ISOLATED = {"PYTHONNOUSERSITE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
# uv's and pip's words for a package that has no wheel here.
_NO_WHEEL = re.compile(
    r"(?:because |and )?([A-Za-z0-9][\w.-]*?)(?:==\S+)? has no (?:usable )?wheels"
    r"|No matching distribution found for ([A-Za-z0-9][\w.-]*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Installer:
    """``tool`` is uv or pip, ``command`` how it is started."""

    tool: str
    command: tuple[str, ...]
    bench: Workbench
    target: Target

    def install(self, plan: Plan, files: Tree, built: Sequence[str]) -> tuple[Entry, ...]:
        """Return what *plan* brings, at its places in the image.

        *files* are wheels of the project, *built* the packages that come as source. Raises
        ProjectError, ToolError.
        """
        tools = self.bench.tools
        with tools.folder() as folder:
            listing = "\n".join((*plan.options, *plan.lines, ""))
            inputs = [file("requirements.txt", listing.encode()), *files]
            if plan.constraints:
                inputs.append(file("constraints.txt", "\n".join((*plan.constraints, "")).encode()))
            tools.write(folder, Tree(inputs))
            out = f"{folder}/.out"
            arguments = [*self._common(out), "-r", "requirements.txt"]
            arguments += ["-c", "constraints.txt"] if plan.constraints else []
            arguments += ["--no-deps"] if plan.complete else []
            arguments += ["--require-hashes"] if plan.hashed else []
            arguments += self._binary(plan, built)
            try:
                self._run(arguments, folder, "install Python packages")
            except ToolError as error:
                raise _explained(error, plan, self.target) from None
            return installed.entries(tools.collect(out), self.target)

    def build(self, source: Tree, path: str, env: dict[str, str]) -> tuple[Entry, ...]:
        """Return the project in the folder *path* of *source*, built and installed alone.

        Raises ToolError with the backend's own words, ProjectError for a wheel that does not fit.
        """
        tools = self.bench.tools
        with tools.folder() as folder:
            tools.write(f"{folder}/source", source)
            place = f"{folder}/source" if path == "." else f"{folder}/source/{path}"
            wheels = f"{folder}/wheels"
            if self.tool == UV:
                command = ["build", "--wheel", "--no-python-downloads", "--python", sys.executable,
                           "--out-dir", wheels, place]  # fmt: skip
            else:
                # It asks for the image's Python, and it is ours that builds it.
                command = ["wheel", "--no-deps", "--ignore-requires-python",
                           "--wheel-dir", wheels, place]  # fmt: skip
            name = "build the project" if path == "." else f"build {path}"
            self._run(command, folder, name, env)
            made = [e.path for e in tools.collect(wheels) if e.path.endswith(".whl")]
            self._fitting(made, path)
            out = f"{folder}/.out"
            ours = ["--ignore-requires-python"] if self.tool == PIP else []
            alone = [*self._common(out), "--no-deps", *ours, f"wheels/{made[0]}"]
            self._run(alone, folder, name)
            return installed.entries(tools.collect(out), self.target)

    def _fitting(self, made: Sequence[str], path: str) -> None:
        found = tags.wheel(made[0]) if len(made) == 1 else None
        if found is None or not tags.fits(found, self.target):
            said = f"a wheel for something else: {', '.join(made)}" if made else "no wheel"
            raise ProjectError(
                f"building it gave {said}", where=path,
                hint=f"native code has to be built for CPython {self.target.python} on "
                f"{self.target.platform}: build that wheel elsewhere (cibuildwheel) and name it "
                "in requirements.txt as ./wheels/NAME.whl",
            )  # fmt: skip

    def _common(self, out: str) -> list[str]:
        target = self.target
        if self.tool == UV:
            minor = min(target.glibc[1], _UV_GLIBC)
            return [
                "pip", "install", "--target", out, "--python", sys.executable,
                "--no-python-downloads", "--python-version", target.full,
                "--python-platform", f"{tags.architecture(target)}-manylinux_2_{minor}",
            ]  # fmt: skip
        platforms = [part for tag in tags.accepted(target) for part in ("--platform", tag)]
        abi = "cp" + target.python.replace(".", "")
        return [
            "install", "--target", out, "--no-compile", *platforms, "--python-version",
            target.full, "--implementation", "cp", "--abi", abi,
        ]  # fmt: skip

    def _binary(self, plan: Plan, built: Sequence[str]) -> list[str]:
        if built and self.tool == PIP and not plan.complete:
            raise ProjectError(
                "pip builds from source only what a lock names", where=plan.where,
                hint="pip install 'seaslug[python]' brings uv, or make a lock",
            )  # fmt: skip
        more = [part for name in built for part in ("--no-binary", name) if name != "*"]
        only = [] if built else ["--only-binary", ":all:"]
        best = self.tool == UV and plan.hashed and bool(plan.options)
        return [*more, *only, *(["--index-strategy", "unsafe-best-match"] if best else [])]

    def _run(
        self, arguments: Sequence[str], folder: str, task: str, env: dict[str, str] | None = None
    ) -> None:
        self.bench.tools.run(
            [*self.command, *arguments], cwd=folder, env={**_ISOLATED, **(env or {})}, task=task
        )


def choose(bench: Workbench, target: Target) -> Installer:
    """Return uv where it is there and knows the platform, else pip. Raises ToolError."""
    uv = bench.tools.find("uv") if target.platform.arch in _UV_PLATFORMS else ""
    if uv:
        return Installer(UV, (uv,), bench, target)
    if find_spec("pip") is not None:
        return Installer(PIP, (sys.executable, "-m", "pip"), bench, target)
    pip = bench.tools.find("pip3", "pip")
    if pip:
        return Installer(PIP, (pip,), bench, target)
    known = target.platform.arch in _UV_PLATFORMS
    raise ToolError(
        "neither uv nor pip is here"
        if known
        else f"pip is not here, and uv has no {target.platform}",
        hint="pip install 'seaslug[python]' brings uv"
        if known
        else "python -m ensurepip, or install pip",
    )


def _explained(error: ToolError, plan: Plan, target: Target) -> ProjectError:
    """Return a tool's error; where it found no wheel, with the package's name and a way out."""
    found = _NO_WHEEL.search(error.output)
    if found is None and "only-binary" not in error.output and "no-build" not in error.output:
        return error
    name = (found[1] or found[2]) if found else "a package"
    return ToolError(
        f"{name} has no wheel for CPython {target.python} on {target.platform}", error.output,
        where=plan.where,
        hint="ask for a version that has one, choose another base (python3-debian12), or, if it "
        "is pure Python, set source = true in [tool.seaslug.python]",
    )  # fmt: skip
