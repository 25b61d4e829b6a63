"""Python applications: dependencies for the image's interpreter, and the project on top."""

from __future__ import annotations

from dataclasses import dataclass

from seaslug.apps.model import PACKAGES, ROOT, TIME, AppLayer, Evidence, Made, Start
from seaslug.apps.project import Project, said
from seaslug.apps.python import installed, layout, sources, system, wheels
from seaslug.apps.python.manifest import Manifest, read
from seaslug.apps.python.plan import Plan, plan
from seaslug.apps.python.start import ENV, Found, Look, find
from seaslug.apps.python.target import Target, choose
from seaslug.errors import ProjectError
from seaslug.ops.app import installers
from seaslug.ops.app.installers import Installer
from seaslug.ops.app.workbench import Workbench, identity, moved
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Tree, directory

_SCM = ("setuptools-scm", "setuptools_scm", "hatch-vcs", "pdm-backend", "versioningit", "dunamai")


def make(project: Project, platform: Platform, bench: Workbench) -> Made:
    """Return *project* for *platform*. Raises ProjectError, ToolError."""
    manifest = read(project)
    target = choose(manifest.wishes, project.config.base, platform)
    work = _Work(project, manifest, target, plan(project, manifest, target), bench)
    built = work.from_source()
    if work.plan.complete:
        work.start(work.plan.names)
    packages = work.dependencies(built)
    folders = [entry for path in work.plan.folders for entry in work.wheel(path)]
    own = work.wheel(".") if work.packaged else Tree()
    names = work.plan.names | installed.names(Tree((*packages, *folders)), target)
    found = work.start(names)
    application = Tree((*folders, *own, *work.copied(found, own)))
    libraries = system.packages(names, target.distribution)
    return Made(
        "python3", found.start,
        (AppLayer(PACKAGES, tuple(packages)), AppLayer("application", tuple(application))),
        distribution=target.distribution,
        packages=tuple(dict.fromkeys(package for package, _ in libraries)),
        evidence=(*work.evidence(), *found.evidence,
                  *(said(f"{by} loads a library of {package}") for package, by in libraries)),
        notes=(*work.notes(), *found.notes),
        copied=not (work.packaged or work.plan.folders),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Work:
    project: Project
    manifest: Manifest
    target: Target
    plan: Plan
    bench: Workbench

    @property
    def packaged(self) -> bool:
        return layout.packaged(self.project, self.manifest)

    def from_source(self) -> tuple[str, ...]:
        """Return the packages to build from source, ``*`` for any where none are known."""
        source = self.project.config.of("python").get("source") is True
        names = wheels.check(self.plan.pins, self.plan.where, self.target, source=source)
        return ("*",) if source and not self.plan.complete else names

    def start(self, names: frozenset[str]) -> Found:
        """Return how it starts with the packages *names*; the configuration may say it all."""
        look = Look(self.project, self.manifest, self.target.program, names,
                    sources.read(self.project), self.packaged)  # fmt: skip
        try:
            return find(look)
        except ProjectError:
            if self.project.config.entrypoint is None:
                raise
            return Found(Start(env=ENV), "its own entrypoint")

    def dependencies(self, built: tuple[str, ...]) -> Tree:
        """Return the installed packages, from the store if nothing that decides has changed."""
        if not self.plan.lines:
            return Tree()
        files = Tree(e for path in self.plan.files if (e := self.project.tree.resolve(path)))
        target = self.target
        inputs = {
            "lines": self.plan.lines, "constraints": self.plan.constraints,
            "options": self.plan.options, "files": identity(files), "python": target.full,
            "platform": str(target.platform), "glibc": target.glibc, "built": built,
            "complete": self.plan.complete,
        }  # fmt: skip
        return self.bench.kept(
            "python packages", inputs, lambda: self._installer().install(self.plan, files, built)
        )

    def wheel(self, path: str) -> Tree:
        """Return the project in the folder *path*, built and installed."""
        below = self.project.tree.under(path) if path != "." else ()
        source = Tree(below) if below else self.project.tree
        inputs = {"source": identity(source), "path": path, "python": self.target.full,
                  "platform": str(self.target.platform), "env": self._environment()}  # fmt: skip
        return self.bench.kept(
            "python project", inputs,
            lambda: self._installer().build(source, path, self._environment()),
        )  # fmt: skip

    def _installer(self) -> Installer:
        return installers.choose(self.bench, self.target)

    def _unversioned(self) -> bool:
        """Tell whether its version would come from version control, which is not looked at."""
        system = self.manifest.data.get("build-system")
        asks = str(system.get("requires", "")) if isinstance(system, dict) else ""
        return "version" in self.manifest.dynamic and any(name in asks for name in _SCM)

    def _environment(self) -> dict[str, str]:
        if not self._unversioned():
            return {}
        return {"SETUPTOOLS_SCM_PRETEND_VERSION": "0", "PDM_BUILD_SCM_VERSION": "0"}

    def copied(self, found: Found, own: Tree) -> tuple[Entry, ...]:
        """Return the project's files in the image, unless all that starts is installed."""
        top = directory(ROOT, mtime=TIME)
        if self.packaged and not self._needs_files(found, own):
            return (top,)
        kept = layout.copied(self.project)
        if self.packaged:
            brought = {e.path.removeprefix(self.target.packages + "/").partition("/")[0]
                       for e in own}  # fmt: skip
            kept = tuple(e for e in kept if e.path.partition("/")[0] not in (*brought, "src"))
        return (top, *moved(kept, ROOT))

    def _needs_files(self, found: Found, own: Tree) -> bool:
        """Tell whether the start, or the configuration's own, names a file outside the package."""
        words = (*(self.project.config.entrypoint or ()), *(self.project.config.cmd or ()))
        if any(word.startswith(f"/{ROOT}/") or word.endswith(".py") for word in words):
            return True
        base = f"{self.target.packages}/{found.module.replace('.', '/')}"
        return bool(found.module) and not (f"{base}.py" in own or f"{base}/__init__.py" in own)

    def evidence(self) -> tuple[Evidence, ...]:
        wish = next((w for w in self.manifest.wishes if w.met(self.target)), None)
        release = said(f"Python {self.target.python} of {self.target.distribution}",
                       wish.where if wish else "")  # fmt: skip
        built = (said("built and installed as a package", "pyproject.toml"),)
        return (release, *self.plan.evidence, *(built if self.packaged else ()))

    def notes(self) -> tuple[str, ...]:
        rows = [*self.plan.notes]
        if self._unversioned():
            rows.append("the project's version is 0 in the image: version control is not looked at")
        if self.plan.lines and not self.plan.complete and self._installer().tool == installers.PIP:
            rows.append(
                "pip evaluated environment markers for this machine's Python, not the image's; "
                "uv (pip install 'seaslug[python]') or a lock does it right"
            )
        missed = [w for w in self.manifest.wishes if not w.met(self.target)]
        rows += [f"{w.where} would like Python {w}; no release has it, {self.target.python} it is"
                 for w in missed]  # fmt: skip
        return tuple(rows)
