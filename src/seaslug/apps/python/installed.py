"""What an installer left in a folder, as it belongs into the image: no trace of who installed it.

::

    fastapi/…, fastapi-0.1.dist-info/…   usr/local/lib/python3.X/dist-packages/
    bin/uvicorn                          usr/local/bin/uvicorn, for the image's interpreter
    share/…, etc/…                       usr/local/share/…, usr/local/etc/…
    include/…                            left out: there is no compiler
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from dataclasses import replace

from seaslug.apps.model import TIME
from seaslug.apps.python import tags
from seaslug.apps.python.marker import normal
from seaslug.apps.python.target import Target
from seaslug.errors import ProjectError
from seaslug.values.content import Inline
from seaslug.values.tree import Entry, Kind, Tree, file

BIN = "usr/local/bin"
_DROPPED = re.compile(
    r"\.lock\Z|bin/|(?:.*/)?__pycache__/|.*\.py[co]\Z|include/"
    r"|[^/]+\.dist-info/(?:INSTALLER|REQUESTED|direct_url\.json|uv_cache\.json|uv_build\.json)\Z"
)
_BESIDE = ("share", "etc", "man")
_NAME = re.compile(r"[\w.+-]{1,128}\Z")
_TARGET = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<object>[A-Za-z_][\w.]*)\s*(?:\[[^\]]*\])?\Z")
_SHEBANG = re.compile(rb"#!.*python[^\n]*\n")


def entries(tree: Tree, target: Target) -> tuple[Entry, ...]:
    """Return what lies in the folder of an installer, *tree*, at its places in the image.

    Raises ProjectError for a wheel that the image's interpreter does not take.
    """
    _check(tree, target)
    kept = [e for e in tree if e.kind is not Kind.DIR and not _DROPPED.match(e.path)]
    beside = {top for top in _BESIDE if not tree.get(f"{top}/__init__.py")}
    paths = {e.path for e in kept}
    found = [*_scripts(tree, target)]
    for entry in kept:
        if entry.path.partition("/")[0] in beside and "/" in entry.path:
            found.append(replace(entry, path="usr/local/" + entry.path))
        elif entry.path.endswith(".dist-info/RECORD"):
            found.append(_record(entry, paths, target))
        else:
            found.append(replace(entry, path=f"{target.packages}/{entry.path}"))
    return tuple(replace(entry, uid=0, gid=0, mtime=TIME) for entry in Tree(found))


def names(tree: Tree, target: Target) -> frozenset[str]:
    """Return the packages whose metadata lies in *tree*, at its places in the image."""
    found = set()
    for entry in tree.under(target.packages):
        folder, _, rest = entry.path.removeprefix(target.packages + "/").partition("/")
        if folder.endswith(".dist-info") and rest == "METADATA":
            found.add(normal(folder.removesuffix(".dist-info").rpartition("-")[0]))
    return frozenset(found)


def _infos(tree: Tree, name: str) -> Iterator[Entry]:
    for entry in tree:
        if entry.kind is Kind.FILE and re.fullmatch(rf"[^/]+\.dist-info/{name}", entry.path):
            yield entry


def _check(tree: Tree, target: Target) -> None:
    wrong = []
    for entry in _infos(tree, "WHEEL"):
        found = re.findall(rb"^Tag:\s*(\S+)\s*$", entry.read(), re.MULTILINE)
        wheels = [tags.wheel(f"x-1-{tag.decode('utf-8', 'replace')}.whl") for tag in found]
        if found and not any(w is not None and tags.fits(w, target) for w in wheels):
            name = entry.path.partition(".dist-info")[0]
            wrong.append(f"{name} ({found[0].decode('utf-8', 'replace')})")
    if wrong:
        raise ProjectError(
            f"not for CPython {target.python} on {target.platform}: " + ", ".join(wrong),
            hint="it was built here, from source with native code; a wheel for the image's "
            "platform is needed (cibuildwheel makes them), or another version",
        )


def _scripts(tree: Tree, target: Target) -> Iterator[Entry]:
    made: set[str] = set()
    for entry in _infos(tree, "entry_points.txt"):
        for name, to in _entry_points(entry.read().decode("utf-8", "replace")):
            found = _TARGET.match(to)
            if found and _NAME.match(name):
                made.add(name)
                yield file(f"{BIN}/{name}", _script(found, target), 0o755)
    for entry in tree.under("bin"):
        name = entry.path.removeprefix("bin/")
        if entry.kind is Kind.FILE and name not in made and _NAME.match(name):
            yield _own(entry, name, target)


def _script(found: re.Match[str], target: Target) -> bytes:
    top = found["object"].partition(".")[0]
    lines = (f"#!{target.program}", "import sys", f"from {found['module']} import {top}",
             'if __name__ == "__main__":', f"    sys.exit({found['object']}())", "")  # fmt: skip
    return "\n".join(lines).encode()


def _own(entry: Entry, name: str, target: Target) -> Entry:
    """Return a wheel's own script, for the image's interpreter; programs stay as they are."""
    path = f"{BIN}/{name}"
    head = entry.content.read(0, 512) if entry.content else b""
    found = _SHEBANG.match(head)
    if found is None:
        return replace(entry, path=path, mode=0o755)
    rest = entry.read()[found.end() :]
    return replace(entry, path=path, mode=0o755, content=Inline(
        f"#!{target.program}\n".encode() + rest))  # fmt: skip


def _entry_points(text: str) -> list[tuple[str, str]]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error:
        return []
    rows = parser.items("console_scripts") if parser.has_section("console_scripts") else []
    return sorted((name.strip(), to.strip()) for name, to in rows)


def _record(entry: Entry, paths: set[str], target: Target) -> Entry:
    """Return the list of a package's files with those that are there, sorted."""
    lines = entry.read().decode("utf-8", "replace").splitlines()
    kept = sorted(line for line in lines if _recorded(line) in paths)
    text = "".join(f"{line}\n" for line in kept)
    return replace(entry, path=f"{target.packages}/{entry.path}", content=Inline(text.encode()))


def _recorded(line: str) -> str:
    if line.startswith('"'):
        return line[1:].partition('"')[0]
    return line.partition(",")[0]
