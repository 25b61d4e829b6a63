"""go.mod, and the main packages of a module."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seaslug.apps.project import Project
from seaslug.errors import ProjectError
from seaslug.values.tree import Entry, Kind

FILE = "go.mod"
CGO_ONLY = (
    "github.com/mattn/go-sqlite3", "github.com/confluentinc/confluent-kafka-go",
    "github.com/godror/godror", "github.com/libgit2/git2go", "github.com/linxGnu/grocksdb",
    "github.com/tecbot/gorocksdb", "github.com/DataDog/zstd", "github.com/valyala/gozstd",
    "github.com/h2non/bimg", "github.com/davidbyttow/govips", "gopkg.in/gographics/imagick",
    "gocv.io/x/gocv", "github.com/pebbe/zmq4", "github.com/marcboeker/go-duckdb",
    "github.com/duckdb/duckdb-go", "github.com/miekg/pkcs11", "github.com/google/gopacket/pcap",
)  # fmt: skip
"""Modules that do nothing, or do not build, without cgo."""

_MAX_FILES, _HEAD = 20_000, 64 << 10
_PACKAGE = re.compile(r"^[ \t]*package[ \t]+(\w+)", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_IMPORT_C = re.compile(r'^[ \t]*(?:import[ \t]+)?"C"[ \t]*(?://.*)?$', re.MULTILINE)
_IGNORED = re.compile(r"^//(?:go:build|[ ]?\+build)[ \t]+(?:ignore|tools?)\b", re.MULTILINE)
_ENDING = re.compile(
    r"_(?:test|windows|darwin|freebsd|openbsd|netbsd|plan9|js|wasip1|android|ios)\Z"
)


@dataclass(frozen=True, slots=True)
class Module:
    """The module's path, the release of Go that it names, the modules that it requires."""

    path: str = ""
    go: str = ""
    requires: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The last part of the path that is not a major version: what Go calls the program."""
        parts = self.path.split("/")
        if len(parts) > 1 and re.fullmatch(r"v\d+", parts[-1]):
            parts.pop()
        return re.sub(r"\.v\d+\Z", "", parts[-1])


def parse(text: str) -> Module:
    """Return what a go.mod says; lines of other directives are passed over."""
    path = go = block = ""
    requires = []
    for raw in text.splitlines():
        words = raw.partition("//")[0].split()
        if not words:
            continue
        if words == [")"]:
            block = ""
        elif words[-1] == "(" and len(words) == 2:
            block = words[0]
        elif words[0] == "module" and len(words) > 1:
            path = words[1].strip('"`')
        elif words[0] == "go" and not block and len(words) > 1:
            go = words[1]
        elif block == "require" or words[0] == "require":
            requires.append(words[0 if block else 1].strip('"`') if len(words) > 1 else "")
    return Module(path, go, tuple(filter(None, requires)))


def main_packages(project: Project) -> tuple[str, ...]:
    """Return the folders with a main package as Go names them: ``.``, ``./cmd/server``."""
    found: dict[str, bool] = {}
    for entry in _sources(project.tree):
        folder = entry.path.rpartition("/")[0]
        if not found.get(folder):
            found[folder] = _is_main(_text(entry))
    return tuple(f"./{folder}" if folder else "." for folder, main in sorted(found.items()) if main)


def chosen(project: Project) -> str:
    """Return the package to build.

    It is the configured one, the root's, the only one below cmd, the only one of all. Raises
    ProjectError that names the candidates.
    """
    packages = main_packages(project)
    wanted = project.config.of("go").get("package", "")
    if wanted:
        return _wanted(wanted, packages, project)
    if "." in packages:
        return "."
    commands = [name for name in packages if name.startswith("./cmd/")]
    named = commands or list(packages)
    if len(named) == 1:
        return named[0]
    if named:
        raise ProjectError(
            f"{len(named)} programs: {', '.join(named[:12])}", where=FILE,
            hint=f'say which: [go] package = "{named[0]}" in seaslug.toml',
        )  # fmt: skip
    raise ProjectError(
        "no main package: this module is a library", where=FILE,
        hint="a program has package main and func main, at the root or below cmd/",
    )  # fmt: skip


def sources(project: Project, package: str) -> Iterator[str]:
    """Yield the sources of the files right in *package*."""
    folder = package.removeprefix(".").strip("/")
    for entry in _sources(project.tree.under(folder) if folder else project.tree):
        if entry.path.rpartition("/")[0] == folder:
            yield _text(entry, 1 << 20)


def needs_cgo(project: Project, found: Module) -> str:
    """Return why the module needs cgo (a file, a module), or an empty string."""
    for name in found.requires:
        if any(name == known or name.startswith(known + "/") for known in CGO_ONLY):
            return name
    for entry in _sources(project.tree):
        if _IMPORT_C.search(_COMMENT.sub("", _text(entry))):
            return entry.path
    return ""


def _wanted(wanted: str, packages: tuple[str, ...], project: Project) -> str:
    plain = wanted.removeprefix("./").strip("/")
    name = f"./{plain}" if plain not in ("", ".") else "."
    if name in packages:
        return name
    if "." in plain.split("/")[0]:
        # With a dot in its first part it is an import path, and Go knows where that is.
        return wanted
    raise ProjectError(
        f"there is no program in {wanted}", where=f"{project.config.where}: go.package",
        hint="there is " + (", ".join(packages[:12]) or "no main package at all"),
    )  # fmt: skip


def _sources(entries: Iterable[Entry]) -> Iterator[Entry]:
    count = 0
    for entry in entries:
        if entry.kind is not Kind.FILE or not entry.path.endswith(".go"):
            continue
        parts = entry.path.split("/")
        if any(p.startswith(("_", ".")) or p in ("vendor", "testdata") for p in parts):
            continue
        if _ENDING.search(parts[-1][:-3]):
            continue
        count += 1
        if count > _MAX_FILES:
            return
        yield entry


def _is_main(text: str) -> bool:
    bare = _COMMENT.sub("", text)
    found = _PACKAGE.search(bare)
    return found is not None and found[1] == "main" and not _IGNORED.search(bare[: found.start()])


def _text(entry: Entry, limit: int = _HEAD) -> str:
    if entry.content is None:
        return ""
    return entry.content.read(0, limit).decode("utf-8-sig", "replace")
