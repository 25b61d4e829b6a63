"""What the source of a server says of itself: its port, a path for health checks, its address.

Read are the entry file and the files that it loads from the project, up to a limit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from seaslug.values.tree import Tree

_FILES, _BYTES = 60, 512 << 10
_LOADS = re.compile(
    r"""(?:\brequire\s*\(\s*|\bfrom\s*|\bimport\s*\(?\s*)(["'`])(\.{1,2}/[^"'`\n]{1,200})\1"""
)
_PORT = r"""['"`]?(\d{2,5})\b"""
_OWN = r"""process\.env(?:\.PORT\b|\[\s*['"]PORT['"]\s*\])"""
_PATTERNS = tuple(
    re.compile(text, re.IGNORECASE)
    for text in (
        rf"{_OWN}[^;\n]{{0,40}}?(?:\|\||\?\?)\s*(?:Number\()?{_PORT}",
        rf"{_OWN}\)?[^;\n?]{{0,40}}?\?[^;\n]{{0,60}}?:\s*{_PORT}",
        rf"\{{[^}}\n]{{0,80}}?\bPORT\s*=\s*{_PORT}[^}}\n]{{0,80}}\}}\s*=\s*process\.env",
        rf"\blisten\(\s*(?:\{{[^}}]{{0,200}}?\bport\s*:\s*)?{_PORT}",
        rf"\b(?:const|let|var)\s+port\s*=\s*{_PORT}",
    )
)
_ASKS = re.compile(_OWN)
_HEALTH = re.compile(
    r"""["'`](/(?:api/)?(?:healthz|health|livez|healthcheck|health/live|_health))/?["'`]"""
)
_CONTROLLER = re.compile(r"""\bController\)?\(\s*["'`]/?(health|healthz|livez)["'`]""")
_EVERYWHERE = re.compile(r"""["'`](0\.0\.0\.0|::)["'`]|process\.env\.(HOST|HOSTNAME|ADDRESS)\b""")


@dataclass(frozen=True, slots=True)
class Seen:
    """``port`` is 0 and ``health`` empty if nothing says so.

    ``asks`` tells that the variable PORT is read, ``everywhere`` that an address to listen
    on is given that is not this machine alone. ``where`` is the file of the port.
    """

    port: int = 0
    where: str = ""
    asks: bool = False
    health: str = ""
    everywhere: bool = False


def scan(tree: Tree, entry: str) -> Seen:
    """Return what the program that starts at the file *entry* of *tree* says."""
    texts = list(_reached(tree, entry))
    port, where = _port(texts)
    whole = [text for _, text in texts]
    return Seen(
        port=port,
        where=where,
        asks=any(map(_ASKS.search, whole)),
        health=_health(whole),
        everywhere=any(map(_EVERYWHERE.search, whole)),
    )


def told(source: bytes) -> tuple[Any, ...]:
    """Return all that the text of one file can say to :func:`scan`, in its order."""
    text = source[:_BYTES].decode("utf-8", "replace")
    rules = (*_PATTERNS, _ASKS, _HEALTH, _CONTROLLER, _EVERYWHERE, _LOADS)
    return tuple(rule.findall(text) for rule in rules)


def _port(texts: list[tuple[str, str]]) -> tuple[int, str]:
    for pattern in _PATTERNS:
        for path, text in texts:
            for found in pattern.finditer(text):
                if 0 < int(found[1]) < 65536:
                    return int(found[1]), path
    return 0, ""


def _health(texts: list[str]) -> str:
    for text in texts:
        found = _HEALTH.search(text)
        if found:
            return found[1]
        controller = _CONTROLLER.search(text)
        if controller:
            return f"/{controller[1]}"
    return ""


def _reached(tree: Tree, entry: str) -> Iterator[tuple[str, str]]:
    from seaslug.apps.node.files import normal, resolve

    todo, seen = [entry], {entry}
    while todo and len(seen) <= _FILES * 4:
        path = todo.pop(0)
        text = _text(tree, path)
        yield path, text
        folder = path.rpartition("/")[0]
        for found in _LOADS.finditer(text):
            target = resolve(tree, normal(folder, found[2]))
            if target and target not in seen and len(seen) < _FILES:
                seen.add(target)
                todo.append(target)


def _text(tree: Tree, path: str) -> str:
    from seaslug.values.tree import Kind  # not for those who only ask what a text has told

    entry = tree.resolve(path)
    if entry is None or entry.kind is not Kind.FILE or entry.content is None:
        return ""
    return entry.content.read(0, _BYTES).decode("utf-8", "replace")
