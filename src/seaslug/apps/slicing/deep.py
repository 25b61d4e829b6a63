"""What ``slice = "deep"`` leaves out beside: more than cannot be reached, less than all can do.

Modules of packages that nothing reaches; sources where bytecode can stand in their place; data
that only libraries, and not the application, might ask for.
"""

from __future__ import annotations

from collections.abc import Iterable

from seaslug.apps.slicing.edges import ZONE_WORDS
from seaslug.apps.slicing.modules import Module, Modules
from seaslug.deb.effects.pyc import is_rare
from seaslug.values.tree import Kind, Tree

ZONES = "usr/share/zoneinfo"
# The interpreter knows its library by this file.
_LANDMARK = "os.py"
# Tables and lists of them, which take more room as bytecode.
_LARGER = ("html/entities.py", "email/_header_value_parser.py")
_PROVIDERS = "/ossl-modules/"
# Parsers and command lines whose grammar is documentation, and tools that are told by it.
_READERS = (
    "ply",
    "spark_parser",
    "docopt",
    "fire",
    "langchain_core",
    "smolagents",
    "mcp",
    "flasgger",
)
_HIDDEN = "/."
_ZONED = frozenset({"zoneinfo", "dateutil", "pytz", "tzlocal", "pendulum", "pandas", "babel"})
# They import zoneinfo to know its type when they see it.
_TYPES_ONLY = frozenset({"pydantic", "pydantic_core", "fastapi", "typing_extensions"})
_AREAS = frozenset(ZONE_WORDS)


def of_packages(modules: Modules, reached: set[str], layer: Tree) -> set[str]:
    """Return the files of modules in *layer* that nothing reaches.

    A package with data of its own stays one: what reads the data may find it by its name.
    """
    gone = {
        module.entry.path for name, module in modules.modules.items()
        if name not in reached and module.entry.path in layer
    }  # fmt: skip
    holding: set[str] = set()
    for entry in layer:
        if entry.kind is not Kind.DIR and not entry.path.endswith((".py", ".pyc", ".pyi", ".so")):
            parts = entry.path.split("/")
            holding.update("/".join(parts[:count]) for count in range(1, len(parts)))
    gone -= {path for path in gone if _holds(path, holding)}
    return gone


def for_developers(layer: Tree, *, stubs: bool) -> set[str]:
    """Return what developers' tools read: hidden folders and, unless *stubs*, types' descriptions.

    A package that loads its modules lazily may read the latter as well.
    """
    return {
        e.path for e in layer
        if e.kind is not Kind.DIR and "/dist-packages/" in e.path
        and (_HIDDEN in e.path.partition("/dist-packages")[2]
             or (not stubs and e.path.endswith((".pyi", "/py.typed"))))
    }  # fmt: skip


def _holds(path: str, holding: set[str]) -> bool:
    folder, _, name = path.rpartition("/")
    return name == "__init__.py" and folder in holding


def sources(modules: Iterable[Module], library: str, tree: Tree) -> tuple[set[str], set[str]]:
    """Return sources of the standard library that may go: for bytecode, and for nothing.

    The latter the interpreter carries frozen: they never have any bytecode in *tree*.
    """
    found = [m.entry for m in modules if m.entry.path.startswith(library + "/")]
    paths = {e.path for e in found if e.kind is Kind.FILE and e.path.endswith(".py")}
    compiled = {path for path in paths if is_rare(path) or _compiled(path, library, tree)}
    kept = {f"{library}/{name}" for name in (_LANDMARK, *_LARGER)}
    return compiled - kept, paths - compiled - kept


def _compiled(path: str, library: str, tree: Tree) -> bool:
    folder, _, name = path.rpartition("/")
    tag = library.rpartition("python")[2].replace(".", "")
    return f"{folder}/__pycache__/{name[:-3]}.cpython-{tag}.pyc" in tree


def undocumented(layer: Iterable[str]) -> bool:
    """Tell whether the packages at the paths *layer* run without their documentation.

    They do, unless one of them reads what to do from other packages' documentation.
    """
    return not any(f"/dist-packages/{name}/" in path for path in layer for name in _READERS)


def unread(tree: Tree, library: str) -> set[str]:
    """Return files of the base that no program reads: notes, and what nobody configures."""
    return {
        e.path for e in tree
        if (e.path.startswith(library) and e.path.endswith(".rst"))
        or (_PROVIDERS in e.path and "etc/ssl/openssl.cnf" not in tree)
    }  # fmt: skip


def wants_zones(modules: Modules, reached: Iterable[str], own: Iterable[str]) -> bool:
    """Tell whether the application may ask for a time zone; *own* are the paths of its own code.

    It does if it, or a package for more than a type's sake, imports what knows of zones, or if
    it names one.
    """
    mine = frozenset(own)
    for name in reached:
        module = modules.modules[name]
        if modules.standard(module) or not module.entry.path.endswith(".py"):
            continue
        found = modules.scanned(module)
        if module.entry.path in mine and not _AREAS.isdisjoint(found.words):
            return True
        tops = {imported.partition(".")[0] for level, imported, _ in found.imports if not level}
        if tops & _ZONED and name.partition(".")[0] not in _TYPES_ONLY:
            return True
    return False
