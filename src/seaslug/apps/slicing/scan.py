"""What a Python file may import: every import statement, lazy ones too, and names in strings.

Files are parsed with the Python that runs seaslug. What that cannot parse, because it
is of a newer Python, is searched line by line, which finds more and never less.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from seaslug.apps.slicing.edges import said

MAX_SOURCE = 8 << 20
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[\w.]+)?\Z")
_FROM = re.compile(r"^[ \t]*from[ \t]+(\.*)[ \t]*([\w.]*)[ \t]+import[ \t]+([^#;\n]*)", re.M)
_PLAIN = re.compile(r"^[ \t]*(?:[^#'\"\n]*[:;][ \t]*)?import[ \t]+([^#;\n]*)", re.M)
_STRING = re.compile(r"['\"]([A-Za-z_]\w*(?:\.\w+)*(?::[\w.]+)?)['\"]")
_IN_BINARY = re.compile(
    rb"(?<=\0)[A-Za-z_][A-Za-z0-9_]{1,40}(?:\.[A-Za-z_][A-Za-z0-9_]{0,40}){0,6}(?=\0)"
)
_LOADERS = frozenset(
    {"import_module", "__import__", "find_spec", "resolve_name", "load_module", "import_string",
     "import_from_string", "run_module", "importorskip"}
)  # fmt: skip
_OPENERS = frozenset({"find_library", "CDLL", "PyDLL", "LoadLibrary", "dlopen"})


@dataclass(frozen=True, slots=True)
class Scan:
    """``imports`` are (level, module, names) as in ``from ..module import names``.

    ``loaded`` are texts given to functions that import, ``texts`` other texts with a dot that
    could name a module, ``libraries`` texts given to functions that open shared libraries.
    ``words`` are those that decide about edges, see :mod:`seaslug.apps.slicing.edges`.
    """

    imports: tuple[tuple[int, str, tuple[str, ...]], ...] = ()
    loaded: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def scan(source: bytes) -> Scan:
    """Return what the Python file *source* may import."""
    if len(source) > MAX_SOURCE:
        return by_lines(source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return by_lines(source)
    imports: dict[tuple[int, str, tuple[str, ...]], None] = {}
    loaded: dict[str, None] = {}
    texts: dict[str, None] = {}
    libraries: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports |= dict.fromkeys((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            imports[(node.level, node.module or "", names)] = None
        elif isinstance(node, ast.Call) and _called(node.func) in _LOADERS:
            loaded |= dict.fromkeys(_constants(node))
        elif isinstance(node, ast.Call) and _called(node.func) in _OPENERS:
            libraries |= dict.fromkeys(_constants(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
            if "." in text and len(text) < 200 and _DOTTED.match(text):
                texts[text] = None
    return Scan(tuple(imports), tuple(loaded), tuple(texts), tuple(libraries), said(source))


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def _constants(call: ast.Call) -> Iterator[str]:
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        for node in ast.walk(argument):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def by_lines(source: bytes) -> Scan:
    """Return what *source* may import, found without parsing it."""
    text = source.decode("utf-8", "replace").replace("\\\n", " ")
    text = re.sub(r"\(([^()]*)\)", lambda found: found[0].replace("\n", " "), text)
    imports = [
        (len(dots), module, tuple(_names(names))) for dots, module, names in _FROM.findall(text)
    ]
    imports += [(0, name, ()) for names in _PLAIN.findall(text) for name in _names(names)]
    found = tuple(dict.fromkeys(_STRING.findall(text)))
    texts = tuple(t for t in found if "." in t)
    return Scan(tuple(dict.fromkeys(imports)), found, texts, found, said(source))


def _names(text: str) -> Iterator[str]:
    for part in text.strip().strip("()").split(","):
        words = part.split()
        if words and _DOTTED.match(words[0].rstrip(")")):
            yield words[0].rstrip(")")


def in_binary(data: bytes) -> tuple[str, ...]:
    """Return texts of a compiled module that could name modules that it imports."""
    return tuple(sorted({found.decode() for found in _IN_BINARY.findall(data)}))
