"""Containers of Docker and podman: which there are, and their files. None needs a shell."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote

from seaslug.adapters.engines.api import Api
from seaslug.adapters.engines.api import path as quoted
from seaslug.adapters.engines.command import EngineCommand
from seaslug.adapters.engines.endpoint import docker_endpoint
from seaslug.adapters.process import complete, streamed
from seaslug.errors import EngineError, UnknownNameError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


def engines_with(name: str) -> tuple[str, ...]:
    """Return which of ``docker`` and ``podman`` have a container *name*, a name or an id."""
    if not _NAME.match(name):
        return ()
    found = []
    with contextlib.suppress(EngineError), Api(docker_endpoint(), "Docker") as api:
        if api.get(f"/containers/{quoted(name)}/json") is not None:
            found.append("docker")
    podman = EngineCommand("podman")
    with contextlib.suppress(EngineError):
        if not podman.why_not():
            asked = [podman.program, "container", "exists", name]
            found += ["podman"] if complete(asked).status == 0 else []
    return tuple(found)


def names() -> Sequence[str]:
    """Return the names of the containers that are there, for who has misspelt one."""
    found: list[str] = []
    with contextlib.suppress(EngineError), Api(docker_endpoint(), "Docker") as api:
        rows = api.get("/containers/json?all=1") or []
        found += [str(name).lstrip("/") for row in rows for name in row.get("Names") or ()]
    podman = EngineCommand("podman")
    with contextlib.suppress(EngineError):
        if not podman.why_not():
            asked = [podman.program, "ps", "--all", "--format", "{{.Names}}"]
            found += complete(asked).stdout.decode("utf-8", "replace").split()
    return found


@contextmanager
def archive(engine: str, name: str, path: str) -> Iterator[Iterator[bytes]]:
    """Give what is at *path* in a container, as a tar; a link is not followed.

    What is in a folder is asked for by ``FOLDER/.``. Raises EngineError, UnknownNameError.
    """
    if engine == "podman":
        with streamed([EngineCommand("podman").program, "cp", f"{name}:{path}", "-"]) as pieces:
            yield pieces
        return
    where = f"/containers/{quoted(name)}/archive?path={quote(path, safe='/')}"
    with Api(docker_endpoint(), "Docker") as api, api.stream(where) as (status, pieces):
        if status == 404:
            raise UnknownNameError("path", path, (), where=name, hint="it is not in the container")
        if status != 200:
            text = b"".join(pieces).decode("utf-8", "replace").strip()[:400]
            raise EngineError(f"Docker answers {status}: {text}", where=name)
        yield pieces
