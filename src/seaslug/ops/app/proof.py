"""Proving an application by starting it: by its smoke command, else by its health check.

The check runs inside, as an engine would run it: with the probe that the image has, or by the
application's own command. A start that fails for want of a module or library says which; those
are what a slice has to keep.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from seaslug.apps.config import AppConfig
from seaslug.apps.probe.check import HealthCheck, argv
from seaslug.errors import EngineError, RunTimeoutError
from seaslug.ports import Runner, Running, RunSpec
from seaslug.values.digest import Digest

PROOF_VERSION = 2
"""Raised when more is asked of a start than before: what was proved is proved again."""
START_LIMIT = 60.0
STEADY = 4.0
# What it may take an engine to get a check going, beside the time that the check itself has.
_OVERHEAD = 10.0
_MISSING = (
    re.compile(r"No module named '?([\w.]+)"),
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
    running = runner.start(manifest, RunSpec(tmpfs=tmpfs))
    try:
        return _watched(running, check)
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
    said = ""
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
        if check is not None:
            healthy, said = _healthy(running, check)
            if healthy:
                return Proof(True, _shown(check), missing(running.logs()))
            if time.monotonic() - begun > STEADY and (lost := missing(said)):
                return Proof(False, f"the health check failed: {_last(said)}", lost)
        time.sleep(0.1)
    text = running.logs()
    how = f"not healthy within {START_LIMIT:.0f} s: {_last(said or text)}"
    return Proof(False, how, missing(text))


def _healthy(running: Running, check: HealthCheck) -> tuple[bool, str]:
    """Run the check once; return what it says, and its last words if it failed."""
    try:
        done = running.exec(argv(check), check.timeout + _OVERHEAD)
    except RunTimeoutError as error:
        return False, error.what
    except EngineError:
        return False, ""  # it has ended: the next look tells how
    text = (done.stdout + done.stderr).decode("utf-8", "replace")
    return done.status == 0, text


def _shown(check: HealthCheck) -> str:
    """Return what a check that held has shown."""
    if check.kind == "http":
        return f"{check.method} {check.path} is healthy"
    if check.kind == "grpc":
        return f"grpc service {check.service or '(all)'} is healthy"
    if check.kind == "file":
        return f"{check.path} is there" + (", and fresh" if check.max_age is not None else "")
    return (
        f"port {check.port} takes connections" if check.kind == "tcp" else " ".join(check.command)
    )


def missing(text: str) -> tuple[str, ...]:
    """Return the modules and libraries that a program said it could not find."""
    found = [name for pattern in _MISSING for name in pattern.findall(text)]
    found += [f"encodings.{n.replace('-', '_').lower()}" for n in _MISSING[2].findall(text)]
    return tuple(dict.fromkeys(found))


def _last(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
