"""How a Python project starts: by its configuration, else by the signs of what it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from seaslug.apps.model import ROOT, Evidence, Start
from seaslug.apps.project import Project, said
from seaslug.apps.python import servers, sources
from seaslug.apps.python.manifest import Manifest
from seaslug.apps.python.sources import ASGI, CELERY, WSGI, Object, Source
from seaslug.errors import ProjectError

ENV = (("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONUNBUFFERED", "1"))
SCRIPTS = ("main", "app", "server")
KEY = 'app = "module:attribute" in [tool.seaslug.python]'

_SETTINGS = re.compile(r"DJANGO_SETTINGS_MODULE['\"]\s*,\s*['\"]([\w.]+)['\"]")
_ASGI_NAMES = frozenset(("fastapi", "starlette", "litestar", "quart", "sanic", "blacksheep"))


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to decide by: ``names`` are the installed packages, normalised.

    ``packaged`` tells that the project itself is installed rather than run where it lies.
    """

    project: Project
    manifest: Manifest
    program: str
    names: frozenset[str]
    sources: tuple[Source, ...]
    packaged: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A start, in words (``FastAPI under uvicorn``), and the module that it starts.

    ``module`` is empty where a console script of the project is started.
    """

    start: Start
    title: str
    module: str = ""
    root: str = ""
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = field(default=())


def find(look: Look) -> Found:
    """Return how the project starts. Raises ProjectError, with the key that would decide."""
    named = str(look.project.config.of("python").get("app", ""))
    if named:
        return _named(look, named)
    ways: Sequence[Callable[[Look], Found | None]] = (
        _django, _web, _streamlit, _celery, _console, _package, _script,
    )  # fmt: skip
    for way in ways:
        found = way(look)
        if found is not None:
            return found
    raise ProjectError(
        "nothing was found that starts it", where=look.project.name,
        hint=f"set {KEY}, or entrypoint; looked for an application object (FastAPI, Flask ...), "
        "manage.py, [project.scripts], __main__.py, main.py, app.py and server.py",
    )  # fmt: skip


def _run(look: Look, root: str, *arguments: str) -> Start:
    workdir = f"/{ROOT}/{root}" if root and not look.packaged else f"/{ROOT}"
    return Start((look.program, *arguments), env=ENV, workdir=workdir)


def _served(look: Look, source: Source, found: Object) -> Found:
    """Return *found* under a server. Raises ProjectError if none is installed."""
    command = servers.serve(source, found, look.names)
    if command is None:
        usual = servers.USUAL[found.kind]
        raise ProjectError(
            f"{found.framework or found.kind.upper()} has no server for production here",
            where=f"{source.path}: {found.name}",
            hint=f"add {usual} to the dependencies ("
            + ", ".join(servers.SERVERS[found.kind])
            + " are known), or set entrypoint",
        )
    start = replace(
        _run(look, source.root, *command.fixed), cmd=command.loose, ports=(servers.PORT,),
        health_path=source.health, env=(*ENV, *command.env),
    )  # fmt: skip
    name = found.framework or found.kind.upper()
    return Found(
        start, f"{name} under {command.server}", source.module, source.root,
        (said(f"{name} application {found.name}", source.path),),
    )  # fmt: skip


def _named(look: Look, named: str) -> Found:
    module, _, attribute = named.partition(":")
    if not re.fullmatch(r"[A-Za-z_][\w.]*", module) or not re.fullmatch(
        r"[\w.]*(\(\))?", attribute
    ):
        raise ProjectError(f"not an entry point: {named!r}", where="python.app", hint=KEY)
    source = _module(look, module)
    if source is None and not attribute:
        return Found(_run(look, "", "-m", module), f"module {module}", module,
                     evidence=(said(f"{named}, as configured"),))  # fmt: skip
    if source is None:
        raise ProjectError(
            f"there is no module {module}", where="python.app",
            hint="modules that were found: "
            + (", ".join(s.module for s in look.sources[:12]) or "none"),
        )  # fmt: skip
    if not attribute:
        return Found(replace(_run(look, source.root, "-m", module), ports=source.ports[:1]),
                     f"module {module}", module, source.root,
                     (said(f"{named}, as configured", source.path),))  # fmt: skip
    name = attribute.removesuffix("()")
    known = next((o for o in source.objects if o.name == name), Object(name, "", ""))
    kind = known.kind if known.kind in (ASGI, WSGI) else _guess(look, source)
    factory = known.factory or attribute.endswith("()")
    return _served(look, source, replace(known, kind=kind, factory=factory))


def _module(look: Look, module: str) -> Source | None:
    for source in look.sources:
        if source.module == module:
            return source
    path = module.replace(".", "/")
    for root in ("", "src/"):
        at = look.project.has(f"{root}{path}.py", f"{root}{path}/__init__.py",
                              f"{root}{path}/__main__.py")  # fmt: skip
        if at:
            found = sources.parse(look.project, at)
            return replace(found, module=module) if found else None
    return None


def _guess(look: Look, source: Source) -> str:
    """Return the kind of an object that only running would tell."""
    last = source.module.rpartition(".")[2]
    if last in (ASGI, WSGI):
        return last
    if source.imports & _ASGI_NAMES or look.names & _ASGI_NAMES:
        return ASGI
    if servers.available(WSGI, look.names):
        return WSGI
    return ASGI if servers.available(ASGI, look.names) else WSGI


def _django(look: Look) -> Found | None:
    manage = look.project.has("manage.py", "src/manage.py", "backend/manage.py", "app/manage.py")
    found = _SETTINGS.search(look.project.text(manage, 1 << 20) or "") if manage else None
    if found is None:
        return None
    root = manage.rpartition("/")[0]
    settings = found[1]
    package = _django_package(look, root, settings)
    module = {kind: f"{package}.{kind}" for kind in (WSGI, ASGI)}
    have = [kind for kind in (WSGI, ASGI) if look.project.has(_path(root, module[kind]))]
    kinds = [k for k in have if servers.available(k, look.names)] or have or [WSGI]
    source = Source(_path(root, module[kinds[0]]), root, module[kinds[0]])
    urls = _path(root, f"{package}.urls")
    routes = sources.parse(look.project, urls) if look.project.has(urls) else None
    if routes is not None:
        source = replace(source, health=routes.health)
    served = _served(look, source, Object("application", kinds[0], "Django"))
    start = replace(served.start, env=(*served.start.env, ("DJANGO_SETTINGS_MODULE", settings)))
    notes = _static(look, root, settings)
    return replace(
        served, start=start, notes=notes,
        evidence=(said(f"Django with the settings {settings}", manage), *served.evidence),
    )  # fmt: skip


def _django_package(look: Look, root: str, settings: str) -> str:
    """Return the package with wsgi.py: that of the settings, or one further out."""
    parts = settings.split(".")[:-1]
    while parts:
        package = ".".join(parts)
        if any(look.project.has(_path(root, f"{package}.{kind}")) for kind in (WSGI, ASGI)):
            return package
        parts.pop()
    return settings.partition(".")[0]


def _path(root: str, module: str) -> str:
    return (f"{root}/" if root else "") + module.replace(".", "/") + ".py"


def _static(look: Look, root: str, settings: str) -> tuple[str, ...]:
    at = look.project.has(_path(root, settings), _path(root, settings + ".base"))
    text = look.project.text(at) or "" if at else ""
    found = re.search(r"^STATIC_ROOT\s*=.*?['\"]([\w./-]+)['\"]", text, re.MULTILINE)
    if found is None:
        return ()
    folder = (f"{root}/" if root else "") + found[1].strip("/").rpartition("/")[2]
    if look.project.tree.under(folder):
        return ()
    return (f"static files are not collected ({folder}/ is not there): "
            "run python manage.py collectstatic before the build",)  # fmt: skip


def _web(look: Look) -> Found | None:
    found = [(s, _decided(look, s, o)) for s in look.sources for o in s.objects
             if o.kind in (ASGI, WSGI, "")]  # fmt: skip
    if not found:
        return None
    usable = [pair for pair in found if servers.available(pair[1].kind, look.names)]
    if not usable and look.packaged and look.manifest.scripts:
        return None
    source, one = _best(usable or found)
    return _served(look, source, one)


def _decided(look: Look, source: Source, found: Object) -> Object:
    return found if found.kind else replace(found, kind=_guess(look, source))


def _best(found: Sequence[tuple[Source, Object]]) -> tuple[Source, Object]:
    """Return the outermost application, one made for servers first. Raises ProjectError."""
    ready = [pair for pair in found if not pair[1].factory] or list(found)
    last = {pair[0].module.rpartition(".")[2] for pair in ready}
    made_for = [p for p in ready if p[0].module.rpartition(".")[2] in (ASGI, WSGI)]
    if last & {ASGI, WSGI}:
        ready = made_for
    depth = min(source.depth for source, _ in ready)
    ready = [pair for pair in ready if pair[0].depth == depth]
    if len({source.module for source, _ in ready}) == 1 and len(ready) > 1:
        usual = [p for p in ready if p[1].name in ("app", "application", "create_app")]
        ready = usual[:1] or ready
    if len(ready) > 1:
        raise ProjectError(
            "more than one application: "
            + ", ".join(f"{source.module}:{one.name}" for source, one in ready),
            where=ready[0][0].path,
            hint=f'choose one: app = "{ready[0][0].module}:{ready[0][1].name}"'
            " in [tool.seaslug.python]",
        )
    return ready[0]


def _streamlit(look: Look) -> Found | None:
    if "streamlit" not in look.names:
        return None
    found = [s for s in look.sources if "streamlit" in s.imports and not s.depth]
    usual = [s for s in found if s.module in ("streamlit_app", "app", "main", "Home")]
    source = _only(look, usual[:1] or found, "Streamlit script")
    if source is None:
        return None
    inner = source.path.removeprefix(source.root + "/") if source.root else source.path
    start = _run(look, source.root, "-m", "streamlit", "run", inner)
    loose = (
        "--server.address", servers.EVERYWHERE, "--server.port", "8501",
        "--server.headless", "true", "--browser.gatherUsageStats", "false",
    )  # fmt: skip
    start = replace(start, cmd=loose, ports=(8501,), health_path="/_stcore/health")
    return Found(start, "Streamlit", source.module, source.root,
                 (said("a Streamlit script", source.path),))  # fmt: skip


def _celery(look: Look) -> Found | None:
    if "celery" not in look.names:
        return None
    found = [(s, o) for s in look.sources for o in s.objects if o.kind == CELERY]
    source = _only(look, [s for s, _ in found][:1], "Celery application")
    if source is None:
        return None
    name = found[0][1].name
    start = _run(look, source.root, "-m", "celery", "-A", f"{source.module}:{name}", "worker")
    return Found(replace(start, cmd=("--loglevel", "INFO")), "Celery worker", source.module,
                 source.root, (said(f"Celery application {name}", source.path),))  # fmt: skip


def _only(look: Look, found: Sequence[Source], what: str) -> Source | None:
    if len(found) > 1:
        raise ProjectError(
            f"more than one {what}: " + ", ".join(s.path for s in found), where=look.project.name,
            hint='name the one to run: app = "module" in [tool.seaslug.python], or entrypoint',
        )  # fmt: skip
    return found[0] if found else None


def _console(look: Look) -> Found | None:
    scripts = look.manifest.scripts
    if not scripts or not look.packaged:
        return None
    same = [row for row in scripts if row[0] == look.manifest.name]
    if len(scripts) > 1 and not same:
        raise ProjectError(
            "more than one script: " + ", ".join(name for name, _ in scripts),
            where="pyproject.toml: project.scripts",
            hint=f'set entrypoint = ["/usr/local/bin/{scripts[0][0]}"]',
        )
    name = (same or list(scripts))[0][0]
    start = Start((f"/usr/local/bin/{name}",), env=ENV)
    return Found(start, f"the script {name}", evidence=(
        said(f"console script {name}", "pyproject.toml"),))  # fmt: skip


def _package(look: Look) -> Found | None:
    found = [s for s in look.sources if s.path.endswith("/__main__.py") and s.depth == 1]
    source = _only(look, found, "package with a __main__")
    if source is None:
        return None
    package = source.module.removesuffix(".__main__")
    start = replace(_run(look, source.root, "-m", package), ports=source.ports[:1])
    return Found(start, f"the package {package}", package, source.root,
                 (said("a package that can be run", source.path),))  # fmt: skip


def _script(look: Look) -> Found | None:
    tops = [s for s in look.sources if not s.depth and "/" not in s.path.removeprefix("src/")]
    usual = [s for s in tops if s.module in SCRIPTS]
    guarded = [s for s in usual if s.guarded]
    found = guarded or usual or [s for s in tops if s.guarded] or (tops if len(tops) == 1 else [])
    source = _only(look, found, "script")
    if source is None:
        return None
    start = replace(_run(look, source.root, "-m", source.module), ports=source.ports[:1])
    return Found(start, f"the script {source.path}", source.module, source.root,
                 (said("a script at the top", source.path),))  # fmt: skip
