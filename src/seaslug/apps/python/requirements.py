"""``requirements.txt``: lines, with the files that they include from inside the project."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from seaslug.apps.project import Project
from seaslug.apps.python.marker import Requirement, requirement
from seaslug.apps.python.target import Target
from seaslug.errors import ProjectError

MAX_FILES = 64
_HASH = re.compile(r"\s--hash[= ]\s*(\w+:[0-9a-fA-F]+)")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_OPTION = re.compile(r"(-[a-zA-Z]|--[a-z-]+)(?:[ =]\s*|(?<=^-[a-zA-Z]))(.*)\Z")
_INCLUDES = {"-r": "r", "--requirement": "r", "-c": "c", "--constraint": "c"}
_INDEXES = ("-i", "--index-url", "--extra-index-url")
# What says how to install rather than what; seaslug says that itself.
_IGNORED = ("--require-hashes", "--no-binary", "--only-binary", "--prefer-binary", "--pre",
            "--use-feature", "--no-index", "--trusted-host", "--use-pep517")  # fmt: skip
_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz")


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement: as it goes to the installer, and where it stands (``file:line``)."""

    text: str
    where: str
    requirement: Requirement | None = None
    hashes: tuple[str, ...] = ()

    @property
    def pinned(self) -> bool:
        """Whether it can mean only one version."""
        one = self.requirement
        if one is None or one.url:
            return bool(self.hashes) or (one is None and self.text.endswith(".whl"))
        return any(op in ("==", "===") and not text.endswith(".*")
                   for op, text in one.specifier.clauses)  # fmt: skip


@dataclass(slots=True)
class Requirements:
    """What the files say: lines, constraints, folders to build, wheels that lie in the project.

    ``options`` are lines that say where packages are found, ``read`` the files.
    """

    lines: list[Line] = field(default_factory=list)
    constraints: list[Line] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)

    @property
    def hashed(self) -> bool:
        """Whether every line has a hash."""
        return bool(self.lines) and all(line.hashes for line in self.lines)

    @property
    def pinned(self) -> bool:
        """Whether every line can mean only one version."""
        return all(line.pinned for line in self.lines)


def read(project: Project, path: str, target: Target) -> Requirements:
    """Return what the file at *path* asks for in *target*. Raises ProjectError, all mistakes."""
    reader = _Reader(project, target)
    reader.file(path, constraint=False, asked_by="python.requirements")
    if reader.problems:
        raise ProjectError(
            "\n  ".join(("cannot be used", *reader.problems)),
            where=path, hint="see the lines named; includes and paths must lie in the project",
        )  # fmt: skip
    return reader.found


class _Reader:
    def __init__(self, project: Project, target: Target) -> None:
        self.project, self.target = project, target
        self.found = Requirements()
        self.problems: list[str] = []

    def file(self, path: str, *, constraint: bool, asked_by: str) -> None:
        where = inside(path)
        text = self.project.text(where) if where else None
        if where is None or text is None:
            self.problems.append(f"{asked_by}: no file {path} in the project")
            return
        if where in self.found.read:
            return
        if len(self.found.read) >= MAX_FILES:
            self.problems.append(f"{asked_by}: more than {MAX_FILES} files")
            return
        self.found.read.append(where)
        for number, line in _logical(text):
            self.line(line, f"{where}:{number}", posixpath.dirname(where), constraint)

    def line(self, text: str, where: str, folder: str, constraint: bool) -> None:
        option = _OPTION.match(text) if text.startswith("-") else None
        name, value = (option[1], option[2].strip()) if option else (text, "")
        if name in _INCLUDES:
            also = constraint or _INCLUDES[name] == "c"
            self.file(posixpath.join(folder, value), constraint=also, asked_by=where)
        elif name in ("-e", "--editable"):
            self.place(value, where)
        elif name in _INDEXES:
            option_name = "--index-url" if name == "-i" else name
            self.found.options.append(f"{option_name} {value}")
        elif name in ("-f", "--find-links"):
            self.links(value, where)
        elif text.startswith("-"):
            if name not in _IGNORED:
                self.problems.append(f"{where}: {name} is not supported")
        else:
            self.package(text, where, constraint)

    def package(self, text: str, where: str, constraint: bool) -> None:
        hashes = tuple(_HASH.findall(text))
        bare = _HASH.sub("", text).strip()
        if bare.startswith((".", "/", "file:")) or bare.endswith(_ARCHIVES):
            self.place(bare, where, hashes)
            return
        one = requirement(bare)
        if one is None:
            self.problems.append(f"{where}: not a requirement: {bare!r}")
            return
        if one.url.startswith(("file:", ".", "/")):
            self.place(one.url, where, hashes)
            return
        if not one.wanted(self.target.environment()):
            return
        line = Line(" ".join((bare, *(f"--hash={h}" for h in hashes))), where, one, hashes)
        (self.found.constraints if constraint else self.found.lines).append(line)

    def place(self, text: str, where: str, hashes: tuple[str, ...] = ()) -> None:
        """Take a path of the project: a folder to build, or a wheel."""
        plain = text.removeprefix("file:").partition("[")[0].partition(";")[0].strip()
        path = inside(plain.removeprefix("//") if plain.startswith("//./") else plain)
        if path is None or text.startswith(("git+", "http:", "https:")):
            self.problems.append(f"{where}: {text} is not in the project")
        elif path == "" or self.project.tree.under(path):
            self.found.folders.append(path or ".")
        elif path.endswith(".whl") and self.project.has(path):
            self.found.files.append(path)
            line = " ".join((f"./{path}", *(f"--hash={h}" for h in hashes)))
            self.found.lines.append(Line(line, where, None, hashes))
        else:
            self.problems.append(f"{where}: there is no folder or wheel {path}")

    def links(self, value: str, where: str) -> None:
        path = inside(value)
        wheels = [e.path for e in self.project.tree.under(path or "-") if e.path.endswith(".whl")]
        if not wheels:
            self.problems.append(f"{where}: no wheels in {value}")
        self.found.files += wheels
        self.found.options.append(f"--find-links ./{path}")


def inside(path: str) -> str | None:
    """Return *path* relative to the project, ``""`` for its root; None if it leads out."""
    normal = posixpath.normpath(path)
    if normal.startswith(("/", "../")) or normal == "..":
        return None
    return "" if normal == "." else normal


def _logical(text: str) -> list[tuple[int, str]]:
    """Return the lines with their numbers: continued ones joined, comments gone."""
    found, begun, held = [], 0, ""
    for number, raw in enumerate(text.splitlines(), 1):
        begun = begun or number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            held += raw[:-1] + " "
            continue
        line = _COMMENT.sub("", held + raw).strip()
        if line:
            found.append((begun, line))
        begun, held = 0, ""
    return found
