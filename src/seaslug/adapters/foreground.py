"""An image started in an engine with its output on this terminal, the safe way.

Read-only root, no capabilities, no new privileges; ``/tmp`` and what the application
declares as writable are in memory; its ports are published on loopback. The engine's own
health check is watched, and its first verdict told.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from seaslug.adapters.engine_runner import load
from seaslug.adapters.engines.command import PROGRAMS, EngineCommand
from seaslug.adapters.process import complete
from seaslug.errors import EngineError
from seaslug.oci.runnable import RunImage
from seaslug.ports import BlobStore

ENGINES = PROGRAMS
_HEALTH = "{{json .State.Health}}"


@dataclass(frozen=True, slots=True)
class Wish:
    """How to start: ``args`` replace the image's command, ``ports`` read ``8000/tcp``.

    ``writable`` are directories kept in memory, ``publish`` pairs of (port here, port in the
    container) over the image's own.
    """

    args: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    publish: tuple[tuple[int, int], ...] = ()
    checked: bool = False


def run(
    store: BlobStore, image: RunImage, name: str, wish: Wish, say: Callable[[str], None]
) -> int:
    """Start *image* in the engine *name* and return its exit status; Ctrl-C ends it properly."""
    command = EngineCommand(name)
    program = command.program
    token = secrets.token_hex(4)
    reference, container = f"localhost/seaslug-run:{token}", f"seaslug-run-{token}"
    load(store, image, command, reference)
    argv = [*command.running(container, read_only=True), "--rm"]
    argv += [*_flags(command, wish, image.user), reference, *wish.args]
    ended = threading.Event()
    # Whoever ends us otherwise means the container as well.
    before = {sign: signal.signal(sign, _interrupt) for sign in (signal.SIGTERM, signal.SIGHUP)}
    try:
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True) as process:
            watch = threading.Thread(
                target=_watch, args=(program, container, wish, say, ended), daemon=True
            )
            watch.start()
            status = _wait(process, lambda: _stop(program, container, say, ended))
            ended.set()
            watch.join(2)
            return status
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
        with contextlib.suppress(EngineError):
            complete([program, "image", "rm", "--force", reference])


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _flags(command: EngineCommand, wish: Wish, user: str) -> list[str]:
    flags = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    for path in ("/tmp", *wish.writable):
        flags += ["--tmpfs", command.tmpfs(path, user)]
    if wish.checked:
        # Whoever looks on wants to know at once; the image itself keeps its own times.
        flags += ["--health-interval", "1s"]
    for pair in wish.env:
        flags += ["--env", pair]
    for here, inside, kind in _published(wish):
        flags += ["--publish", f"127.0.0.1:{here or ''}:{inside}/{kind}"]
    return flags


def _published(wish: Wish) -> list[tuple[int, int, str]]:
    """Return (port here, port inside, protocol); 0 here where that port is taken already."""
    known = {inside: here for here, inside in wish.publish}
    found = []
    for text in wish.ports:
        number, _, kind = text.partition("/")
        inside = int(number)
        here = known.pop(inside, inside if _free(inside) else 0)
        found.append((here, inside, kind or "tcp"))
    return [*found, *((here, inside, "tcp") for inside, here in known.items())]


def _free(port: int) -> bool:
    import socket

    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _stop(program: str, container: str, say: Callable[[str], None], ended: threading.Event) -> None:
    ended.set()
    say("stopping (SIGTERM, ten seconds)")
    with contextlib.suppress(EngineError):
        complete([program, "stop", "--time", "10", container])


def _wait(process: subprocess.Popen[bytes], stop: Callable[[], None]) -> int:
    try:
        return process.wait()
    except KeyboardInterrupt:
        stop()
        try:
            return process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return 137


def _watch(
    program: str, container: str, wish: Wish, say: Callable[[str], None], ended: threading.Event
) -> None:
    """Tell where the ports are, and the health check's first verdict."""
    begun = time.monotonic()
    told = not wish.ports
    while not ended.wait(0.3):
        with contextlib.suppress(EngineError, ValueError, OSError):
            if not told:
                told = _tell_ports(program, container, say)
            if not wish.checked:
                if told:
                    return
                continue
            state = json.loads(complete([program, "inspect", "-f", _HEALTH, container]).stdout)
            if state and state.get("Status") in ("healthy", "unhealthy"):
                _tell_health(state, time.monotonic() - begun, say)
                return


def _tell_ports(program: str, container: str, say: Callable[[str], None]) -> bool:
    lines = complete([program, "port", container]).stdout.decode().splitlines()
    for line in lines:
        inside, _, here = line.partition(" -> ")
        say(f"port {inside} is http://{here}" if inside.endswith("/tcp") else f"port {line}")
    return bool(lines)


def _tell_health(state: dict[str, object], seconds: float, say: Callable[[str], None]) -> None:
    if state["Status"] == "healthy":
        say(f"healthy after {seconds:.1f} s")
        return
    log = state.get("Log")
    last = log[-1] if isinstance(log, list) and log else {}
    output = str(last.get("Output", "")).strip().splitlines()
    say(f"unhealthy: {output[-1] if output else 'the check fails'}")
