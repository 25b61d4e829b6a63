"""What a Python file may import: every import statement, lazy ones too, and names in strings.

Files are parsed with the Python that runs seaslug. What that cannot parse, because it
is of a newer Python, is searched line by line, which finds more and never less.

A file that puts names of modules together as it runs (a table of what to load when it is
asked for, ``f"backends._{name}"``) is taken at its widest: every word in it may be a module
beside it, and every text with a gap any module that fits.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seaslug.apps.slicing.branches import live
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
_WALKERS = frozenset({"iter_modules", "walk_packages"})
_BESIDE = re.compile(r"\.*[A-Za-z_]\w*(?:\.\w+)*\Z")
_LAZY = re.compile(
    rb"(?m)^def __getattr__\(|lazy|\b(?:" + "|".join(_LOADERS | _WALKERS).encode() + rb")\b", re.I
)
_GAP = re.compile(r"\{[^{}]*\}|%(?:\(\w+\))?s|\*")
_PATTERN = re.compile(r"[\w.*]*[A-Za-z_]{3}[\w.*]*\Z")
_QUOTED = re.compile(r"""['"]([\w.{}%()]{2,100})['"]""")
_OPENERS = frozenset({"find_library", "CDLL", "PyDLL", "LoadLibrary", "dlopen"})


@dataclass(frozen=True, slots=True)
class Scan:
    """``imports`` are (level, module, names) as in ``from ..module import names``.

    ``loaded`` are texts given to functions that import, ``texts`` other texts with a dot that
    could name a module, ``libraries`` texts given to functions that open shared libraries.
    ``words`` are those that decide about edges, see :mod:`seaslug.apps.slicing.edges`.
    ``beside`` are texts that may name modules of the file's own package, and ``patterns``
    texts with ``*`` for what is not known, a dot before them meaning that package too.
    ``needs`` are top-level names without which it cannot be imported at all.
    """

    imports: tuple[tuple[int, str, tuple[str, ...]], ...] = ()
    loaded: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


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
    # The text is looked at first, for that is quicker.
    lazy = _LAZY.search(source) is not None and any(map(_puts_together, ast.walk(tree)))
    imports: dict[tuple[int, str, tuple[str, ...]], None] = {}
    loaded: list[str] = []
    libraries: list[str] = []
    texts: dict[str, None] = {}
    patterns: list[str] = []
    for node in live(tree, checkers=lazy):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str) and len(node.value) < 200:
                texts[node.value] = None
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imports |= dict.fromkeys(_imported(node))
        elif isinstance(node, ast.Call):
            loaded += _constants(node) if _called(node.func) in _LOADERS else ()
            libraries += _constants(node) if _called(node.func) in _OPENERS else ()
        if lazy:
            patterns += _patterns(node)
    needs = (n.partition(".")[0] for x in tree.body for level, n, _ in _imported(x) if not level)
    return Scan(
        tuple(imports), _once(loaded), tuple(t for t in texts if "." in t and _DOTTED.match(t)),
        _once(libraries), said(source), tuple(t for t in texts if lazy and _BESIDE.match(t)),
        _once(patterns), _once(needs),
    )  # fmt: skip


def _puts_together(node: ast.AST) -> bool:
    """Tell whether *node* is a sign that names of modules are put together as the file runs."""
    if isinstance(node, ast.Call):
        return _called(node.func) in _LOADERS | _WALKERS
    if isinstance(node, ast.FunctionDef):
        return node.name == "__getattr__" and len(node.args.args) == 1
    name = node.id if isinstance(node, ast.Name) else ""
    return "lazy" in name.lower()


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _imported(node: ast.AST) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    if isinstance(node, ast.Import):
        yield from ((0, alias.name, ()) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.level, node.module or "", tuple(alias.name for alias in node.names)


def _patterns(node: ast.AST) -> Iterator[str]:
    """Yield *node* with ``*`` where something is put in that is not known, if it names modules."""
    if isinstance(node, ast.Call) and _called(node.func) in _WALKERS:
        yield ".*"
    text = _GAP.sub("*", _template(node))
    if "*" in text and _PATTERN.match(text):
        yield text


def _template(node: ast.AST) -> str:
    """Return *node* as a text, with ``*`` for each part of it that is not constant."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else "*"
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _template(node.left) + _template(node.right)
    return "*" if isinstance(node, ast.expr) else ""


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
    lazy = _LAZY.search(source) is not None
    gaps = (_GAP.sub("*", quoted) for quoted in _QUOTED.findall(text)) if lazy else ()
    return Scan(
        tuple(dict.fromkeys(imports)), found, texts, found, said(source),
        found if lazy else (), _once(g for g in gaps if "*" in g and _PATTERN.match(g)),
    )  # fmt: skip


def _names(text: str) -> Iterator[str]:
    for part in text.strip().strip("()").split(","):
        words = part.split()
        if words and _DOTTED.match(words[0].rstrip(")")):
            yield words[0].rstrip(")")


def in_binary(data: bytes) -> tuple[str, ...]:
    """Return texts of a compiled module that could name modules that it imports."""
    return tuple(sorted({found.decode() for found in _IN_BINARY.findall(data)}))
