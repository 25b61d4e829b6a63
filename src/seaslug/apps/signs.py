"""What the sources of a compiled server tell: its port, its health check, by plain literals."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_LISTENS = re.compile(r"listen|addr|port|flag\.|bind|getenv|env::var|env!", re.IGNORECASE)
_ADDRESS = re.compile(r'"(?:0\.0\.0\.0|\[::\]|\*)?:(\d{2,5})"')
_NUMBERS = re.compile(r"\[\s*0\s*,\s*0\s*,\s*0\s*,\s*0\s*\]\s*,\s*(\d{2,5})")
_PORT = re.compile(r'"(\d{2,5})"')
_NAMED = re.compile(r"\bport\b", re.IGNORECASE)
# Without dashes it is an option only where options are declared: it may be a subcommand too.
_OWN = re.compile(r'"(--?)?(health-?check)"')
_DECLARES = re.compile(r"flag|\blong\b|arg\(|BoolVar", re.IGNORECASE)
_PATH = re.compile(r'"(?:(?:GET|HEAD) )?(/health|/healthz|/livez|/_health)"')
_ORDER = ("/health", "/healthz", "/livez", "/_health")


@dataclass(frozen=True, slots=True)
class Signs:
    """TCP ports, the option with which it checks itself, the path that tells its health."""

    ports: tuple[int, ...] = ()
    own_check: str = ""
    health_path: str = ""


def signs(sources: Iterable[str]) -> Signs:
    """Return what *sources* (whole files) tell; more than one port tells nothing for certain."""
    ports: dict[int, None] = {}
    own, paths = "", set()
    for text in sources:
        for line in text.splitlines():
            if line.lstrip().startswith("//"):
                continue
            ports |= dict.fromkeys(_ports(line))
            paths.update(_PATH.findall(line))
            own = own or _own(line)
    path = next((known for known in _ORDER if known in paths), "")
    return Signs(tuple(ports)[:1] if len(ports) == 1 else (), own, path)


def _own(line: str) -> str:
    found = _OWN.search(line)
    return f"--{found[2]}" if found and (found[1] or _DECLARES.search(line)) else ""


def _ports(line: str) -> Iterable[int]:
    if not _LISTENS.search(line):
        return ()
    found = [*_ADDRESS.findall(line), *_NUMBERS.findall(line)]
    if _NAMED.search(line):
        found += _PORT.findall(line)
    return (int(text) for text in found if 0 < int(text) < 65536)
