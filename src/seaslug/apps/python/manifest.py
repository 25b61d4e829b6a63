"""What a Python project says of itself: pyproject.toml (PEP 621, Poetry, uv), Pipfile, setup.py."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from seaslug.apps.project import Project
from seaslug.apps.python import poetry
from seaslug.apps.python.marker import Requirement, normal, requirement
from seaslug.apps.python.target import Wish
from seaslug.apps.python.version import Specifier
from seaslug.errors import ProjectError

Named = Mapping[str, tuple[Requirement, ...]]


@dataclass(frozen=True, slots=True)
class Manifest:
    """``data`` is pyproject.toml as read; ``backend`` its build backend, empty if it has none.

    ``extras`` and ``groups`` hold requirements by normalised name, ``scripts`` console scripts
    (``name``, ``module:function``). ``dynamic`` are the fields that only a build would tell,
    ``tools`` the files that people or tools wrote dependencies into. ``indexes`` are addresses
    of more package indexes.
    """

    name: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    pipfile: Mapping[str, Any] = field(default_factory=dict)
    backend: str = ""
    dependencies: tuple[Requirement, ...] = ()
    extras: Named = field(default_factory=dict)
    groups: Named = field(default_factory=dict)
    scripts: tuple[tuple[str, str], ...] = ()
    dynamic: tuple[str, ...] = ()
    wishes: tuple[Wish, ...] = ()
    indexes: tuple[str, ...] = ()
    found: tuple[str, ...] = ()

    @property
    def declared(self) -> bool:
        """Whether it is a project with a ``[project]`` or ``[tool.poetry]`` table."""
        return bool(table(self.data, "project") or table(self.data, "tool", "poetry"))

    @property
    def packaged(self) -> bool:
        """Whether the project wants to be built and installed rather than run where it lies."""
        wanted = table(self.data, "tool", "uv").get("package")
        if isinstance(wanted, bool):
            return wanted and self.declared
        if table(self.data, "tool", "poetry").get("package-mode") is False:
            return False
        return bool(self.backend) and self.declared

    def asked(self, extras: Iterable[str], groups: Iterable[str]) -> tuple[Requirement, ...]:
        """Return the requirements with those of *extras* and *groups*. Raises ProjectError."""
        found = list(self.dependencies)
        for kind, names, known in (("extra", extras, self.extras), ("group", groups, self.groups)):
            for name in names:
                if normal(name) not in known:
                    raise ProjectError(
                        f"there is no {kind} {name!r}",
                        where=f"python.{kind}s",
                        hint="there are: " + (", ".join(sorted(known)) or "none"),
                    )
                found += known[normal(name)]
        return tuple(found)


def read(project: Project) -> Manifest:
    """Return what the files of *project* say. Raises ProjectError with file and field."""
    data = document(project, "pyproject.toml")
    pipfile = document(project, "Pipfile")
    own, old = table(data, "project"), table(data, "tool", "poetry")
    extras = {normal(k): _list(v, f"project.optional-dependencies.{k}")
              for k, v in table(own, "optional-dependencies").items()}  # fmt: skip
    dependencies = _list(own.get("dependencies", []), "project.dependencies")
    if "dependencies" not in own and old:
        dependencies, extras = poetry.dependencies(old), poetry.extras(old)
    if pipfile and not dependencies:
        dependencies = poetry.entries(table(pipfile, "packages"))
    groups = {**poetry.groups(old), **_categories(pipfile),
              **_groups(table(data, "dependency-groups"))}  # fmt: skip
    return Manifest(
        name=normal(str(own.get("name") or old.get("name") or "")),
        data=data, pipfile=pipfile, backend=_backend(data),
        dependencies=dependencies, extras=extras, groups=groups,
        scripts=_scripts(table(own, "scripts") or table(old, "scripts")),
        dynamic=tuple(map(str, own.get("dynamic", ()))),
        wishes=(*_wishes(own, old), *_likes(project, pipfile)),
        indexes=_indexes(data, pipfile),
        found=tuple(n for n in ("pyproject.toml", "setup.py", "setup.cfg", "Pipfile")
                    if project.has(n)),
    )  # fmt: skip


def document(project: Project, path: str) -> dict[str, Any]:
    """Return the TOML file at *path*, empty if it is not there. Raises ProjectError."""
    text = project.text(path)
    if text is None:
        return {}
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProjectError(f"not TOML: {error}", where=path, hint="mend it there") from None


def table(data: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return the table at *keys*, empty if there is none or it is something else."""
    here: Any = data
    for key in keys:
        here = here.get(key) if isinstance(here, Mapping) else None
    return dict(here) if isinstance(here, Mapping) else {}


def _list(items: Any, where: str) -> tuple[Requirement, ...]:
    if not isinstance(items, list):
        raise ProjectError("must be a list of requirements", where=f"pyproject.toml: {where}")
    found, wrong = [], []
    for item in items:
        one = requirement(item) if isinstance(item, str) else None
        found += [one] if one else []
        wrong += [] if one else [repr(item)]
    if wrong:
        raise ProjectError(
            "not a requirement: " + ", ".join(wrong),
            where=f"pyproject.toml: {where}",
            hint='write it as "name>=1.2", see PEP 508',
        )
    return tuple(found)


def _groups(data: Mapping[str, Any]) -> Named:
    """Return dependency groups (PEP 735) with the groups that they include."""

    def expand(name: str, trail: tuple[str, ...]) -> list[Any]:
        if name in trail or len(trail) > 16:
            return []
        found: list[Any] = []
        for item in names.get(name, []):
            if isinstance(item, Mapping):
                found += expand(normal(str(item.get("include-group", ""))), (*trail, name))
            else:
                found.append(item)
        return found

    names = {normal(key): value for key, value in data.items() if isinstance(value, list)}
    return {name: _list(expand(name, ()), f"dependency-groups.{name}") for name in names}


def _categories(pipfile: Mapping[str, Any]) -> Named:
    """Return what a Pipfile's sections beside ``packages`` ask for; ``dev`` is its own name."""
    known = ("source", "packages", "requires", "scripts", "pipenv")
    return {
        normal("dev" if name == "dev-packages" else name): poetry.entries(value)
        for name, value in pipfile.items()
        if name not in known and isinstance(value, Mapping)
    }


def _backend(data: Mapping[str, Any]) -> str:
    system = table(data, "build-system")
    return str(system.get("build-backend") or ("setuptools" if system else ""))


def _scripts(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, to) for name, to in data.items() if isinstance(to, str)))


def _wishes(own: Mapping[str, Any], old: Mapping[str, Any]) -> tuple[Wish, ...]:
    found = []
    if isinstance(own.get("requires-python"), str):
        one = Specifier.parse(own["requires-python"])
        where = "pyproject.toml: project.requires-python"
        if one is None:
            raise ProjectError(
                f"not a specifier: {own['requires-python']!r}", where=where, hint='e.g. ">=3.11"'
            )
        found.append(Wish((one,), where))
    wanted = table(old, "dependencies").get("python")
    if isinstance(wanted, str):
        where = "pyproject.toml: tool.poetry.dependencies.python"
        found.append(Wish(poetry.constraint(wanted), where))
    return tuple(found)


def _likes(project: Project, pipfile: Mapping[str, Any]) -> tuple[Wish, ...]:
    """Return what pyenv's file and a Pipfile would like: one minor version."""
    requires = table(pipfile, "requires")
    lines = (project.text(".python-version", 4096) or "").split()
    rows = ((lines[0] if lines else "", ".python-version"),
            (str(requires.get("python_version") or requires.get("python_full_version") or ""),
             "Pipfile: requires"))  # fmt: skip
    found = []
    for text, where in rows:
        minor = ".".join(text.removeprefix("cpython-").split(".")[:2])
        one = Specifier.parse(f"=={minor}.*") if minor.count(".") == 1 else None
        found += [Wish((one,), where, firm=False)] if one else []
    return tuple(found)


def _indexes(data: Mapping[str, Any], pipfile: Mapping[str, Any]) -> tuple[str, ...]:
    """Return addresses of indexes beside the usual one, in the order in which they are named."""
    uv = table(data, "tool", "uv")
    rows = [row for row in _rows(uv.get("index")) if not row.get("default")]
    rows += _rows(table(data, "tool", "poetry").get("source"))
    rows += [row for row in _rows(pipfile.get("source")) if row.get("name") != "pypi"]
    urls = [row["url"] for row in rows if isinstance(row.get("url"), str)]
    urls += [url for url in uv.get("extra-index-url", []) if isinstance(url, str)]
    return tuple(dict.fromkeys(urls))


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
