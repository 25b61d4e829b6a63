"""Where Docker listens, as its own command finds out.

DOCKER_HOST, else the context of DOCKER_CONTEXT or of config.json, else the usual socket::

    $DOCKER_CONFIG (~/.docker)
    ├── config.json                                currentContext
    └── contexts
        ├── meta/<sha256 of the name>/meta.json    Endpoints.docker.Host
        └── tls/<sha256 of the name>/docker/       ca.pem, cert.pem, key.pem
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seaslug.errors import EngineError, UnknownNameError

SOCKET = "unix:///var/run/docker.sock"
_MAX_FILE = 1 << 20


@dataclass(frozen=True, slots=True)
class Endpoint:
    """*address* is ``unix:///PATH``, ``tcp://HOST:PORT`` or ``ssh://[USER@]HOST[:PORT]``.

    *certificates* is the folder with ca.pem, cert.pem and key.pem if it is TLS. *dial* is
    what ssh starts there to reach the socket.
    """

    address: str
    tls: bool = False
    certificates: str = ""
    verify: bool = True
    dial: tuple[str, ...] = ("docker", "system", "dial-stdio")


def docker_endpoint(environ: Mapping[str, str] | None = None) -> Endpoint:
    """Return where Docker is. Raises UnknownNameError for a context that is not there."""
    env = os.environ if environ is None else environ
    folder = env.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    host = env.get("DOCKER_HOST")
    context = "" if host else env.get("DOCKER_CONTEXT") or _current(folder)
    if context and context != "default":
        return _of_context(folder, context)
    verify = bool(env.get("DOCKER_TLS_VERIFY"))
    tls = verify or bool(env.get("DOCKER_TLS"))
    certificates = (env.get("DOCKER_CERT_PATH") or folder) if tls else ""
    return Endpoint(host or SOCKET, tls, certificates, verify or not tls)


def podman_endpoint(environ: Mapping[str, str] | None = None) -> Endpoint | None:
    """Return where podman's service is: CONTAINER_HOST, else a socket that is there, else None."""
    env = os.environ if environ is None else environ
    dial = ("podman", "system", "dial-stdio")
    if env.get("CONTAINER_HOST"):
        return Endpoint(env["CONTAINER_HOST"], dial=dial)
    root = "/run" if os.geteuid() == 0 else env.get("XDG_RUNTIME_DIR", "")
    path = f"{root}/podman/podman.sock"
    return Endpoint(f"unix://{path}", dial=dial) if root and os.path.exists(path) else None


def _current(folder: str) -> str:
    found = _json(f"{folder}/config.json").get("currentContext")
    return found if isinstance(found, str) else ""


def _of_context(folder: str, name: str) -> Endpoint:
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = _json(f"{folder}/contexts/meta/{key}/meta.json")
    if not meta:
        raise UnknownNameError("docker context", name, _contexts(folder))
    try:
        docker = meta["Endpoints"]["docker"]
        host, skip = docker["Host"], bool(docker.get("SkipTLSVerify"))
    except (KeyError, TypeError, AttributeError):
        raise EngineError(
            f"the docker context {name!r} does not say where Docker is",
            hint=f"docker context inspect {name}",
        ) from None
    certificates = f"{folder}/contexts/tls/{key}/docker"
    tls = os.path.isdir(certificates) or (skip and str(host).startswith("tcp:"))
    return Endpoint(str(host), tls, certificates if tls else "", not skip)


def _contexts(folder: str) -> list[str]:
    found = ["default"]
    try:
        keys = os.listdir(f"{folder}/contexts/meta")
    except OSError:
        return found
    metas = (_json(f"{folder}/contexts/meta/{key}/meta.json") for key in keys[:1000])
    return found + [str(meta["Name"]) for meta in metas if "Name" in meta]


def _json(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            found = json.loads(file.read(_MAX_FILE))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
