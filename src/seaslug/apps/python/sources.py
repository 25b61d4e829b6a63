"""A project's own modules, read as syntax trees: application objects, factories, health routes.

Only files that by their name and place may start something are looked at, and none is run.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from seaslug.apps.project import Project

MAX_FILES = 300
MAX_SIZE = 1 << 20

ASGI, WSGI, CELERY, STREAMLIT = "asgi", "wsgi", "celery", "streamlit"

# fmt: off
_NAMES = frozenset(f"{name}.py" for name in (
    "app", "main", "asgi", "wsgi", "server", "api", "application", "web", "run", "start",
    "service", "bot", "cli", "worker", "tasks", "celery", "celery_app", "celeryapp",
    "streamlit_app", "factory", "urls", "__init__", "__main__",
))
# fmt: on
_PATH = re.compile(r"(?:[A-Za-z_]\w*/){0,3}[A-Za-z_]\w*\.py\Z")
# fmt: off
_APART = frozenset((
    "tests", "test", "docs", "doc", "examples", "example", "scripts", "migrations", "alembic",
    "node_modules", "build", "dist", "venv", "env", "site-packages", "benchmarks", "static",
    "templates",
))
# fmt: on

OBJECTS = {
    "fastapi.FastAPI": (ASGI, "FastAPI"),
    "starlette.applications.Starlette": (ASGI, "Starlette"),
    "litestar.Litestar": (ASGI, "Litestar"),
    "litestar.app.Litestar": (ASGI, "Litestar"),
    "quart.Quart": (ASGI, "Quart"),
    "sanic.Sanic": (ASGI, "Sanic"),
    "blacksheep.Application": (ASGI, "BlackSheep"),
    "blacksheep.server.Application": (ASGI, "BlackSheep"),
    "falcon.asgi.App": (ASGI, "Falcon"),
    "connexion.AsyncApp": (ASGI, "Connexion"),
    "connexion.FlaskApp": (ASGI, "Connexion"),
    "socketio.ASGIApp": (ASGI, "Socket.IO"),
    "django.core.asgi.get_asgi_application": (ASGI, "Django"),
    "flask.Flask": (WSGI, "Flask"),
    "apiflask.APIFlask": (WSGI, "Flask"),
    "flask_openapi3.OpenAPI": (WSGI, "Flask"),
    "bottle.Bottle": (WSGI, "Bottle"),
    "falcon.App": (WSGI, "Falcon"),
    "falcon.API": (WSGI, "Falcon"),
    "django.core.wsgi.get_wsgi_application": (WSGI, "Django"),
    "celery.Celery": (CELERY, "Celery"),
    "celery.app.Celery": (CELERY, "Celery"),
}
"""What makes an application object, and of what kind."""

_FACTORY = re.compile(r"(?:create|make|build|get)_(?:app|application|api|asgi|wsgi)\Z")
HEALTH = re.compile(r"/?(?:health|healthz|livez|_health|healthcheck)/?\Z")
_ROUTES = frozenset(("Route", "path", "Mount", "HTTPRoute"))


@dataclass(frozen=True, slots=True)
class Object:
    """An application in a module: ``name`` is a variable, or a function that makes one."""

    name: str
    kind: str
    framework: str
    factory: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """One module of the project. ``root`` is the folder that it is imported from.

    ``guarded`` tells that it runs something under ``if __name__ == "__main__"``; ``health``
    is the path of a route for health checks, ``ports`` numbers that it names as such.
    """

    path: str
    root: str
    module: str
    objects: tuple[Object, ...] = ()
    imports: frozenset[str] = frozenset()
    guarded: bool = False
    health: str = ""
    ports: tuple[int, ...] = ()

    @property
    def depth(self) -> int:
        """How many packages it is in."""
        return self.module.count(".")


def read(project: Project) -> tuple[Source, ...]:
    """Return the modules that may start something, outermost first."""
    found = []
    for path in _candidates(project):
        source = parse(project, path)
        if source is not None:
            found.append(source)
    return tuple(sorted(found, key=lambda s: (s.depth, s.module)))


def _candidates(project: Project) -> Iterator[str]:
    from seaslug.values.tree import Kind  # not for those who only ask what a text has told

    left = MAX_FILES
    for entry in project.tree:
        path = entry.path
        if not path.endswith(".py") or entry.kind is not Kind.FILE or left == 0:
            continue
        inner = path.removeprefix("src/")
        folders, _, name = inner.rpartition("/")
        if (folders and name not in _NAMES) or not _PATH.match(inner):
            continue
        if _APART.isdisjoint(path.split("/")[:-1]) and entry.size <= MAX_SIZE:
            left -= 1
            yield path


def parse(project: Project, path: str) -> Source | None:
    """Return what the module at *path* holds; None if it is no Python that this one reads."""
    text = project.text(path, MAX_SIZE)
    found = _told(text) if text is not None else None
    if found is None:
        return None
    names, *rest = found
    root = _root(project, path, frozenset(names.values()))
    inner = path.removeprefix(root + "/") if root else path
    return Source(path, root, module_name(inner), *rest)


def told(source: bytes) -> tuple[Any, ...] | None:
    """Return all that a module's own text says of how it starts; None if it is no Python."""
    return _told(source[:MAX_SIZE].decode("utf-8-sig", "replace"))


def _told(text: str) -> tuple[Any, ...] | None:
    """Return what the names in *text* stand for, and the fields of a Source from objects on."""
    tree = _syntax(text)
    if tree is None:
        return None
    names = dict(_imports(tree))
    objects = tuple(_objects(tree, names))
    return (
        names, objects,
        frozenset(name.partition(".")[0] for name in names.values() if name),
        any(_is_guard(node) for node in tree.body),
        _health(tree, {one.name for one in objects}),
        tuple(dict.fromkeys(_ports(tree))),
    )  # fmt: skip


def module_name(path: str) -> str:
    """Return the dotted name of the file *path* below its root."""
    name = path.removesuffix(".py").replace("/", ".")
    return name.removesuffix(".__init__")


def _syntax(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _root(project: Project, path: str, imports: frozenset[str]) -> str:
    """Return the folder that *path* is imported from: the project's, ``src``, or its own.

    A folder that is no package, and whose modules import each other as if they stood at the
    top, is a root of its own (``backend/main.py`` with ``import models``).
    """
    if path.startswith("src/"):
        return "src"
    folder, _, _ = path.rpartition("/")
    if not folder or "/" in folder or project.has(f"{folder}/__init__.py"):
        return ""
    tops = {name.partition(".")[0] for name in imports} - {"", folder}
    beside = {
        e.path[len(folder) + 1 :].partition("/")[0].removesuffix(".py")
        for e in project.tree.under(folder)
        if e.path.endswith(".py")
    }
    return folder if any(top in beside and not project.has(f"{top}.py") for top in tops) else ""


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what runs when a module is imported, inside if, try and with as well."""
    todo = list(reversed(body))
    while todo:
        node = todo.pop()
        yield node
        for name in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                todo += reversed(getattr(node, name, []))
        for handler in getattr(node, "handlers", []):
            todo += reversed(handler.body)


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield local names with what they stand for: ``FastAPI``, ``fastapi.FastAPI``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or top, top
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                head = "." * node.level + (node.module or "")
                yield alias.asname or alias.name, f"{head}.{alias.name}"


def _called(node: ast.expr | None, names: dict[str, str]) -> str:
    """Return the full name of what the call *node* calls, empty if that is not plain."""
    return _dotted(node.func, names) if isinstance(node, ast.Call) else ""


def _dotted(node: ast.expr, names: dict[str, str]) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join((names.get(node.id, node.id), *reversed(parts)))


def _objects(tree: ast.Module, names: dict[str, str]) -> Iterator[Object]:
    seen: set[str] = set()
    dash: set[str] = set()
    for node in _statements(tree.body):
        for name, value in _assigned(node):
            if isinstance(value, ast.Attribute) and _dotted(value, {}) in dash:
                yield Object(name, WSGI, "Dash")
            called = _called(value, names)
            if called in ("dash.Dash", "dash.dash.Dash"):
                dash.add(f"{name}.server")
            found = _object(name, called)
            if found is not None and name not in seen:
                seen.add(name)
                yield found
    yield from _factories(tree, names)


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        yield node.target.id, node.value


def _object(name: str, called: str) -> Object | None:
    if called in OBJECTS:
        return Object(name, *OBJECTS[called])
    last = called.rpartition(".")[2]
    if last == "make_wsgi_app":
        return Object(name, WSGI, "Pyramid")
    if _FACTORY.match(last) and name in ("app", "application", "api"):
        return Object(name, "", "")
    return None


def _factories(tree: ast.Module, names: dict[str, str]) -> Iterator[Object]:
    for node in tree.body:
        if not (isinstance(node, ast.FunctionDef) and _FACTORY.match(node.name)):
            continue
        required = len(node.args.args) - len(node.args.defaults)
        for inner in ast.walk(node):
            called = _called(inner, names) if isinstance(inner, ast.Call) else ""
            if called in OBJECTS and not required and OBJECTS[called][0] in (ASGI, WSGI):
                yield Object(node.name, *OBJECTS[called], factory=True)
                break


def _is_guard(node: ast.stmt) -> bool:
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return False
    sides = (node.test.left, *node.test.comparators)
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides) and any(
        isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
    )


def _health(tree: ast.Module, objects: set[str]) -> str:
    """Return the path of a health route of the application itself; routers have prefixes."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        first = node.args[0]
        if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
            continue
        if HEALTH.match(first.value) and _on_application(node.func, objects):
            return "/" + first.value.lstrip("/")
    return ""


def _on_application(function: ast.expr, objects: set[str]) -> bool:
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        asks = function.attr in ("get", "route", "api_route", "add_url_rule", "add_route",
                                 "add_api_route", "head")  # fmt: skip
        return asks and function.value.id in (objects or {"app", "application"})
    # Starlette's table of routes, Django's of addresses, Litestar's own decorator.
    name = function.id if isinstance(function, ast.Name) else ""
    return name in _ROUTES or (name == "get" and bool(objects))


def _ports(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "port":
            yield from _number(node.value)
        elif isinstance(node, ast.Call) and node.args and "Server" in _dotted(node.func, {}):
            first = node.args[0]
            if isinstance(first, ast.Tuple) and len(first.elts) == 2:
                yield from _number(first.elts[1])


def _number(node: ast.expr) -> Iterator[int]:
    """Yield a port in *node*: a number, or the default of a look into the environment."""
    for inner in ast.walk(node):
        value = inner.value if isinstance(inner, ast.Constant) else None
        text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
        if text.isdigit() and 0 < int(text[:6]) < 65536:
            yield int(text)
            return
