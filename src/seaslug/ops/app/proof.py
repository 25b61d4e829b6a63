"""Proving an application by starting it: by its smoke command, else by its health check.

A start that fails for want of a module or library says which; those are what a slice
has to keep.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from seaslug.apps.config import AppConfig
from seaslug.apps.probe.check import HealthCheck
from seaslug.errors import EngineError, RunTimeoutError
from seaslug.ports import Runner, Running, RunSpec
from seaslug.values.digest import Digest

START_LIMIT = 60.0
STEADY = 4.0
_MISSING = (
    re.compile(r"No module named '([\w.]+)'"),
    re.compile(r"([\w+-]+\.so[\w.]*): cannot open shared object file"),
    re.compile(r"unknown encoding: '?([\w-]+)"),
    re.compile(r"cannot import name '\w+' from '([\w.]+)'"),
)


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the application started; ``how`` says how it was seen, or why it was not.

    ``missing`` are names of modules and libraries that it asked for in vain.
    """

    ok: bool
    how: str
    missing: tuple[str, ...] = ()


def prove(
    manifest: Digest, config: AppConfig, check: HealthCheck | None, runner: Runner
) -> Proof:  # fmt: skip
    """Start the image once and return what came of it. Raises EngineError if nothing starts."""
    tmpfs = ("/tmp", *(item.path for item in config.directories), *config.volumes)
    if config.smoke:
        return _smoke(manifest, config, tmpfs, runner)
    port = check.port if check is not None and check.kind in ("http", "tcp", "grpc") else 0
    running = runner.start(manifest, RunSpec(read_only=True, port=port, tmpfs=tmpfs))
    try:
        return _watched(running, check if port else None)
    finally:
        running.stop(1.0)


def _smoke(
    manifest: Digest, config: AppConfig, tmpfs: tuple[str, ...], runner: Runner
) -> Proof:  # fmt: skip
    shown = " ".join(config.smoke)
    try:
        done = runner.run(manifest, RunSpec(argv=config.smoke, tmpfs=tmpfs, timeout=300))
    except RunTimeoutError:
        return Proof(False, f"{shown}: not over after 300 s")
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    if done.status == 0:
        return Proof(True, shown)
    return Proof(False, f"{shown}: status {done.status}: {_last(text)}", missing(text))


def _watched(running: Running, check: HealthCheck | None) -> Proof:
    begun = time.monotonic()
    while time.monotonic() - begun < START_LIMIT:
        if running.ended():
            done = running.stop()
            text = (done.stdout + done.stderr).decode("utf-8", "replace")
            if done.status == 0 and check is None:
                return Proof(True, "it ran to its end")
            return Proof(False, f"it ended with status {done.status}: {_last(text)}", missing(text))
        if check is None and time.monotonic() - begun > STEADY:
            lost = missing(running.logs())
            return Proof(not lost, f"it ran for {STEADY:.0f} s", lost)
        if check is not None and (how := _answers(running, check)):
            return Proof(True, how, missing(running.logs()))
        time.sleep(0.1)
    text = running.logs()
    return Proof(False, f"no answer within {START_LIMIT:.0f} s: {_last(text)}", missing(text))


def _answers(running: Running, check: HealthCheck) -> str:
    """Return how the application answered, or an empty string if it does not yet."""
    ask: Callable[[tuple[str, int]], str] = (
        (lambda place: _http(place, check)) if check.kind == "http" else _tcp
    )
    try:
        return ask(running.address)
    except (OSError, EngineError):
        return ""


def _http(place: tuple[str, int], check: HealthCheck) -> str:
    if check.scheme != "http" or check.socket:
        return _tcp(place)
    lines = [f"{check.method} {check.path} HTTP/1.0", f"Host: {check.host or 'localhost'}"]
    lines += [f"{name}: {value}" for name, value in check.headers if name.lower() != "host"]
    with socket.create_connection(place, timeout=5) as peer:
        peer.sendall("\r\n".join([*lines, "", ""]).encode())
        head = peer.recv(64)
    found = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    low, high = check.status
    if found is None or not low <= int(found[1]) <= high:
        return ""
    return f"{check.method} {check.path} answered {int(found[1])}"


def _tcp(place: tuple[str, int]) -> str:
    # An engine's proxy takes every connection, and hangs up if nobody listens behind it.
    with socket.create_connection(place, timeout=5) as peer:
        peer.settimeout(0.5)
        try:
            if not peer.recv(1):
                return ""
        except TimeoutError:
            pass
    return f"port {place[1]} takes connections"


def missing(text: str) -> tuple[str, ...]:
    """Return the modules and libraries that a program said it could not find."""
    found = [name for pattern in _MISSING for name in pattern.findall(text)]
    found += [f"encodings.{n.replace('-', '_').lower()}" for n in _MISSING[2].findall(text)]
    return tuple(dict.fromkeys(found))


def _last(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
