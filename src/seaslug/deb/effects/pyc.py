"""Precompiled Python: which files, and where their bytecode goes.

The files are unchecked-hash pyc: the interpreter takes them without looking at the
source's time or content, which is right in an image that nobody edits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from seaslug.deb.effects.pycworker import WORKER
from seaslug.values.content import Inline
from seaslug.values.digest import Digest
from seaslug.values.tree import Entry, Kind, Tree

_FOLDERS = ("usr/lib/python3", "usr/local/lib/python3", "app/")
# Developers' tools, what only other systems use, and character sets that servers hardly meet:
# there, and compiled in memory when somebody asks for them after all. Together they would be
# a quarter of all bytecode. importlib._bootstrap* are frozen under other names.
_RARE = re.compile(
    r"usr/lib/python3[^/]*/(?:(?:"
    r"pydoc|doctest|pdb|bdb|cmd|trace|tracemalloc|timeit|profile|cProfile|pstats|pickletools|tabnanny"
    r"|pyclbr|modulefinder|zipapp|symtable|turtle|antigravity|this|webbrowser|code|codeop|rlcompleter"
    r"|compileall|py_compile|unittest|distutils|venv|_pyrepl|curses|wsgiref/validate"
    r"|mailbox|imaplib|poplib|nntplib|telnetlib|ftplib|xmlrpc|cgitb|wave|sndhdr|aifc|sunau|netrc"
    r"|optparse|statistics|fractions|plistlib|tarfile|difflib|filecmp|fileinput|shelve|dbm|sched"
    r"|urllib/robotparser|xml/(?:dom|sax)|html/entities|smtplib|quopri|getopt|graphlib"
    r"|multiprocessing/(?:managers|shared_memory|sharedctypes|heap|resource_sharer|dummy)"
    r"|email/(?:_header_value_parser|headerregistry|contentmanager)|_pylong|_sysconfigdata_[^/]*"
    r"|zoneinfo/_zoneinfo|asyncio/proactor_events|ctypes/(?:_aix|macholib)|nturl2path"
    r"|importlib/_bootstrap(?:_external)?"
    r")(?:\.py|/.*)"
    r"|(?:[^/]+/)+__main__\.py"
    r"|encodings/(?!__init__|aliases|utf_8|latin_1|ascii|idna|punycode|cp1252|cp437|iso8859_1\."
    r"|iso8859_15|unicode_).*)\Z"
    # What packages bring to test themselves with.
    r"|usr/local/lib/python3[^/]*/dist-packages/(?:[^/]+/)+tests/.*\Z"
)


def plan(tree: Tree, *, rare: bool = False) -> tuple[Entry, ...]:
    """Return the .py files of *tree* that are worth compiling; with *rare*, all of them."""
    return tuple(
        entry
        for entry in tree
        if entry.kind is Kind.FILE
        and entry.path.endswith(".py")
        and entry.path.startswith(_FOLDERS)
        and (rare or not _RARE.match(entry.path))
    )


def identity(runtime: Tree, sources: Tree, python: str) -> str:
    """Return a digest of all that decides the bytecode of *sources*, by *python* of *runtime*.

    The compiler is all in the interpreter's own file; what else the tree holds has no say.
    """
    program = runtime.realpath(f"usr/bin/python{python}")
    interpreter = runtime.get(program) if program else None
    rows = [(e.path, e.mtime, Digest.of(e.read()).text) for e in plan(sources)]
    own = Digest.of(interpreter.read()).text if interpreter is not None else ""
    return Digest.of(repr((WORKER, own, rows)).encode("utf-8", "surrogateescape")).text


def compiled(source: Entry, data: bytes, python: str) -> Entry:
    """Return the pyc entry of *source*, in the __pycache__ beside it."""
    folder, _, name = source.path.rpartition("/")
    tag = "cpython-" + python.replace(".", "")
    path = f"{folder}/__pycache__/{name[:-3]}.{tag}.pyc"
    return Entry(path, Kind.FILE, 0o644, mtime=source.mtime, content=Inline(data))


def is_rare(path: str) -> bool:
    """Tell whether the source at *path* is not worth compiling as long as it is there itself."""
    return _RARE.match(path) is not None


def source_of(path: str) -> str:
    """Return the path of the source of the pyc file in a __pycache__ at *path*."""
    folder, _, name = path.rpartition("/")
    return f"{folder.removesuffix('/__pycache__')}/{name.partition('.')[0]}.py"


def instead(made: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return pyc files in the place of their sources, where the interpreter takes them alone."""
    return tuple(instead_of(entry) for entry in made)


def instead_of(entry: Entry) -> Entry:
    """Return the pyc file *entry* in the place of its source, of which it has no hash then."""
    data = entry.read()
    content = Inline(data[:8] + bytes(8) + data[16:])
    return replace(entry, path=source_of(entry.path) + "c", content=content)


def of_sources(made: Iterable[Entry], sources: Tree) -> tuple[Entry, ...]:
    """Return the pyc files of *made* whose source is in *sources*."""
    return tuple(entry for entry in made if source_of(entry.path) in sources)
