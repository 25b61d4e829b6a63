"""What a health check can be. Its rules are those of the probe's command line, and of Docker."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

KINDS = ("http", "tcp", "grpc", "file", "exec", "own")
MAX_AGE = 200_000_000
MAX_TIME = 3600
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_PATH = re.compile(r"/[!\"$-~]*\Z")
_LINE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*\Z")
_HOST = re.compile(r"[!-~]*\Z")
_LOCAL = re.compile(r"[/@][^\0]+\Z")
_FILE = re.compile(r"/[^\0]*\Z")

Problem = tuple[str, str]


def problems(values: Mapping[str, Any]) -> list[Problem]:
    """Return every mistake in a check's fields, as (field, text)."""
    kind = values["kind"]
    if kind not in KINDS:
        return [("kind", f"must be one of {', '.join(KINDS)}")]
    found = _times(values)
    if kind in ("http", "tcp", "grpc"):
        found += _place(values)
    if kind == "http":
        found += _request(values)
    if kind == "file":
        found += _file(values)
    if kind == "grpc" and not 0 <= len(values["service"].encode()) <= 1000:
        found.append(("service", "longer than 1000 bytes"))
    if kind == "exec" and not values["command"]:
        found.append(("command", "is empty"))
    for key in ("service", "body", "command"):
        if any("\0" in text for text in values[key]):
            found.append((key, "holds a null byte"))
    return found


def _times(values: Mapping[str, Any]) -> list[Problem]:
    found: list[Problem] = []
    for key, least in (("interval", 0.001), ("timeout", 0.002), ("start_period", 0)):
        value = values[key]
        if not (math.isfinite(value) and least <= value <= MAX_TIME):
            found.append((key, f"must be {least} to {MAX_TIME} seconds, is {value}"))
    if values["retries"] < 1:
        found.append(("retries", f"must be at least 1, is {values['retries']}"))
    return found


def _place(values: Mapping[str, Any]) -> list[Problem]:
    found: list[Problem] = []
    if not 0 <= values["port"] <= 65535:
        found.append(("port", f"must be 1 to 65535, is {values['port']}"))
    socket = values["socket"]
    if socket and (not _LOCAL.match(socket) or len(socket.encode()) > 107):
        found.append(("socket", "must be an absolute path, or @name, of at most 107 bytes"))
    return found


def _request(values: Mapping[str, Any]) -> list[Problem]:
    found: list[Problem] = []
    if values["scheme"] not in ("http", "https"):
        found.append(("scheme", f"must be http or https, is {values['scheme']!r}"))
    if not _PATH.match(values["path"]) or len(values["path"]) > 8000:
        said = "must begin with / and hold no spaces, # or letters outside ASCII (write them %XX)"
        found.append(("path", said))
    if not _TOKEN.match(values["method"]):
        found.append(("method", f"{values['method']!r} is not a method"))
    if not _HOST.match(values["host"]) or len(values["host"]) > 1000:
        found.append(("host", f"{values['host']!r} is not the name of a host"))
    for name, value in values["headers"]:
        if not _TOKEN.match(name) or not _LINE.match(value):
            found.append(("headers", f"{name!r} is not a header of one line"))
    if len(values["headers"]) > 31 or sum(len(n + v) for n, v in values["headers"]) > 4000:
        found.append(("headers", "more than 31, or longer than 4000 bytes"))
    low, high = values["status"]
    if not 100 <= low <= high <= 999:
        found.append(("status", f"must be two numbers of 100 to 999, is {low}-{high}"))
    if len(values["body"].encode()) > 4096:
        found.append(("body", "longer than 4096 bytes"))
    return found


def _file(values: Mapping[str, Any]) -> list[Problem]:
    found: list[Problem] = []
    if not _FILE.match(values["path"]):
        found.append(("path", "must be an absolute path"))
    age = values["max_age"]
    if age is not None and not (math.isfinite(age) and 0 <= age <= MAX_AGE):
        found.append(("max_age", f"must be 0 to {MAX_AGE} seconds, is {age}"))
    return found
