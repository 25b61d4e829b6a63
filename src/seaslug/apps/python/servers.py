"""Servers for production: which of the installed ones runs an application, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from seaslug.apps.python.sources import ASGI, WSGI, Object, Source

PORT = 8000
# Nobody outside of a container reaches a server on its loopback address.
EVERYWHERE = "0.0.0.0"  # noqa: S104


@dataclass(frozen=True, slots=True)
class Command:
    """``fixed`` follows the interpreter; ``loose`` is the command that people may replace."""

    server: str
    fixed: tuple[str, ...]
    loose: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()


def _uvicorn(module: str, found: Object) -> Command:
    more = ("--factory",) if found.factory else ()
    return Command("uvicorn", ("-m", "uvicorn", f"{module}:{found.name}", *more),
                   ("--host", EVERYWHERE, "--port", str(PORT)))  # fmt: skip


def _hypercorn(module: str, found: Object) -> Command:
    name = f"{module}:{found.name}" + ("()" if found.factory else "")
    return Command("hypercorn", ("-m", "hypercorn", name), ("--bind", f"{EVERYWHERE}:{PORT}"))


def _granian(interface: str) -> Callable[[str, Object], Command]:
    def command(module: str, found: Object) -> Command:
        more = ("--factory",) if found.factory else ()
        fixed = ("-m", "granian", "--interface", interface, f"{module}:{found.name}", *more)
        return Command("granian", fixed, ("--host", EVERYWHERE, "--port", str(PORT)))

    return command


def _daphne(module: str, found: Object) -> Command:
    return Command("daphne", ("-m", "daphne", f"{module}:{found.name}"),
                   ("--bind", EVERYWHERE, "--port", str(PORT)))  # fmt: skip


def _gunicorn(module: str, found: Object) -> Command:
    name = f"{module}:{found.name}" + ("()" if found.factory else "")
    # Its control socket lies in the home folder else, which cannot be written to.
    env = (("XDG_RUNTIME_DIR", "/tmp"),)
    return Command("gunicorn", ("-m", "gunicorn", name), ("--bind", f"{EVERYWHERE}:{PORT}"), env)


def _waitress(module: str, found: Object) -> Command:
    call = ("--call",) if found.factory else ()
    return Command("waitress", ("-m", "waitress", f"--listen={EVERYWHERE}:{PORT}", *call,
                                f"{module}:{found.name}"), ())  # fmt: skip


SERVERS: dict[str, dict[str, Callable[[str, Object], Command]]] = {
    ASGI: {
        "uvicorn": _uvicorn,
        "hypercorn": _hypercorn,
        "granian": _granian("asgi"),
        "daphne": _daphne,
    },
    WSGI: {"gunicorn": _gunicorn, "waitress": _waitress, "granian": _granian("wsgi")},
}
"""Servers for each kind of application, the most used first."""

USUAL = {ASGI: "uvicorn", WSGI: "gunicorn"}
"""What to add where a project has none."""


def serve(source: Source, found: Object, names: frozenset[str]) -> Command | None:
    """Return how *found* is served with what is installed (*names*), None without a server."""
    for name, command in SERVERS[found.kind].items():
        if name in names and not (name == "daphne" and found.factory):
            return command(source.module, found)
    return None


def available(kind: str, names: frozenset[str]) -> bool:
    """Tell whether a server for *kind* is among *names*."""
    return not names.isdisjoint(SERVERS[kind])
