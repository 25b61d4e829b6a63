"""A health check as a value, and how it is written for Docker and for Kubernetes.

Checks run inside the container and ask ``localhost``: 127.0.0.1 and, if nothing listens
there, ::1. None of them needs a shell. The commands of the probe are described in its
source, ``source/probe.c``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from seaslug.apps.probe.program import PATH, TLS_PATH
from seaslug.apps.probe.valid import problems
from seaslug.errors import UsageError
from seaslug.oci.config import Healthcheck, Pairs

OWN = "--health-check"
_ANY_SUCCESS = (200, 399)


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """What is asked, and how often. Only the fields of its ``kind`` matter.

    ``kind`` is http, tcp, grpc, file, exec (a command in the image) or own (the
    application with an option). ``port`` 0 means that the application's port is not known
    yet, see ``completed``. ``path`` is the URL's path or the file. ``host`` is the Host
    header; ``socket`` a unix socket to ask instead of the port, ``@name`` for one without
    a file. ``status`` is the lowest and the highest that is healthy; ``body`` a text that
    the body must hold. ``verify`` is whether the certificate of an https server must be for
    ``host`` and known to the image's CA bundle, or SSL_CERT_FILE's. ``max_age``, and the
    times, are in seconds; None is no limit.

    Raises UsageError, with every mistake, for a check that cannot be.
    """

    kind: str
    port: int = 0
    path: str = "/"
    scheme: str = "http"
    method: str = "GET"
    host: str = ""
    headers: Pairs = ()
    status: tuple[int, int] = _ANY_SUCCESS
    body: str = ""
    verify: bool = True
    socket: str = ""
    service: str = ""
    max_age: float | None = None
    command: tuple[str, ...] = ()
    interval: float = 30
    timeout: float = 3
    start_period: float = 5
    retries: int = 3

    def __post_init__(self) -> None:
        found = problems({field.name: getattr(self, field.name) for field in fields(self)})
        if found:
            said = "; ".join(f"{key}: {text}" for key, text in found)
            raise UsageError(said, where="health check")

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> HealthCheck:
        """Return the check in a configuration's ``health`` table, whose types are right.

        Raises UsageError; ``mistakes`` says the same with the table's keys.
        """
        return cls(**_values(table))


def mistakes(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with a ``health`` table whose types are right, as (key, text)."""
    defaults = {field.name: field.default for field in fields(HealthCheck)}
    values = {**defaults, **_values(table)}
    way = _way(table)
    keys = {"path": way, "service": way, "command": way, "kind": way or "http", "scheme": way}
    return [(keys.get(key, key).replace("_", "-"), text) for key, text in problems(values)]


def completed(
    check: HealthCheck, port: int = 0, entrypoint: tuple[str, ...] = (), own: str = ""
) -> HealthCheck:
    """Return *check* with what the application knows of itself.

    A missing port becomes *port*. A check by the application itself becomes its
    *entrypoint* with the option of the check, else *own*, else ``--health-check``.
    """
    if check.kind == "own":
        option = check.command or (own or OWN,)
        return replace(check, kind="exec", command=(*entrypoint, *option))
    return check if check.port else replace(check, port=port)


def uses_probe(check: HealthCheck) -> bool:
    """Tell whether the image needs a probe for *check*."""
    return check.kind not in ("exec", "own")


def probe_path(check: HealthCheck) -> str:
    """Return the path of the probe that the image needs for *check*, empty if it needs none.

    It is ``program.PATH`` or, for https, ``program.TLS_PATH``.
    """
    if not uses_probe(check):
        return ""
    return TLS_PATH if (check.kind, check.scheme) == ("http", "https") else PATH


def argv(check: HealthCheck) -> tuple[str, ...]:
    """Return the command line of *check*, in exec form.

    The probe gives up after nine tenths of the timeout, so that its reason is logged
    before the engine ends it. Raises UsageError if the port is not known.
    """
    path = probe_path(check)
    if not path:
        return check.command
    if check.kind == "file":
        age = () if check.max_age is None else ("-a", str(math.ceil(check.max_age)))
        return (f"/{path}", "file", *age, check.path)
    limit = f"{max(check.timeout * 0.9, 0.001):.3f}".rstrip("0").rstrip(".")
    options = _http(check) if check.kind == "http" else ()
    if check.kind == "grpc" and check.service:
        options = ("-n", check.service)
    return (f"/{path}", check.kind, "-t", limit, *options, _place(check))


def docker(check: HealthCheck) -> Healthcheck:
    """Return *check* for the configuration of an image."""
    return Healthcheck(
        ("CMD", *argv(check)), check.interval, check.timeout, check.start_period, check.retries
    )


def kubernetes(check: HealthCheck) -> dict[str, Any]:
    """Return *check* as a Kubernetes probe: the value of ``livenessProbe`` or ``readinessProbe``.

    What the kubelet can do itself, it does, from outside and through the pod's address;
    everything else is the probe's command. Times become whole seconds.
    """
    times = {
        "initialDelaySeconds": math.ceil(check.start_period),
        "periodSeconds": max(1, math.ceil(check.interval)),
        "timeoutSeconds": max(1, math.ceil(check.timeout)),
        "failureThreshold": check.retries,
    }
    return {**_handler(check), **{key: value for key, value in times.items() if value}}


def _handler(check: HealthCheck) -> dict[str, Any]:
    if not check.socket and check.kind in ("tcp", "grpc"):
        service = {"service": check.service} if check.service else {}
        return {"tcpSocket" if check.kind == "tcp" else "grpc": {"port": _port(check), **service}}
    plain = (check.method, check.status, check.body, check.socket) == ("GET", _ANY_SUCCESS, "", "")
    if check.kind != "http" or not plain:
        return {"exec": {"command": list(argv(check))}}
    asked: dict[str, Any] = {"path": check.path, "port": _port(check)}
    if check.scheme == "https":
        asked["scheme"] = "HTTPS"
    headers = [{"name": name, "value": value} for name, value in _headers(check)]
    return {"httpGet": {**asked, **({"httpHeaders": headers} if headers else {})}}


def _headers(check: HealthCheck) -> Pairs:
    return (("Host", check.host), *check.headers) if check.host else check.headers


def _http(check: HealthCheck) -> tuple[str, ...]:
    options: list[str] = []
    if check.method != "GET":
        options += ["-m", check.method]
    for name, value in _headers(check):
        options += ["-H", f"{name}: {value}"]
    if check.status != _ANY_SUCCESS:
        options += ["-s", "-".join(dict.fromkeys(map(str, check.status)))]
    if check.scheme == "https" and not check.verify:
        options.append("-k")
    if check.body:
        options += ["-b", check.body]
    if check.socket:
        options += ["-u", check.socket]
    return tuple(options)


def _place(check: HealthCheck) -> str:
    if check.kind != "http":
        return f"unix:{check.socket}" if check.socket else f"localhost:{_port(check)}"
    where = "localhost" if check.socket else f"localhost:{_port(check)}"
    return f"{check.scheme}://{where}{check.path}"


def _port(check: HealthCheck) -> int:
    if not check.port:
        raise UsageError("the port is not known", where="health check", hint="port = 8080")
    return check.port


_WAYS = ("http", "https", "tcp", "grpc", "file", "exec", "own")
_SAME = ("port", "method", "host", "body", "verify", "socket", "interval", "timeout", "retries")


def _way(table: Mapping[str, Any]) -> str:
    return next((way for way in _WAYS if way in table), "")


def _values(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a ``health`` table says."""
    way = _way(table)
    said: Any = table.get(way)
    found: dict[str, Any] = {key: table[key] for key in _SAME if key in table}
    found["kind"] = way.removesuffix("s") if said is not False else ""
    if way in ("http", "https"):
        found |= {"path": said, "scheme": way}
    elif way == "file":
        found["path"] = said
    elif way == "grpc":
        found["service"] = said if isinstance(said, str) else ""
    elif way in ("exec", "own"):
        found["command"] = (said,) if isinstance(said, str) else () if way == "own" else tuple(said)
    if "max-age" in table:
        found["max_age"] = table["max-age"]
    if "start-period" in table:
        found["start_period"] = table["start-period"]
    if "headers" in table:
        found["headers"] = tuple(table["headers"].items())
    if "status" in table:
        low, _, high = table["status"].partition("-")
        found["status"] = (int(low), int(high or low))
    return found
