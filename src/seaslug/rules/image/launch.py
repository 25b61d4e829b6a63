"""What becomes of starting a program: the engine's steps and the kernel's, without taking them.

The engine looks the program up (PATH, links, rights); the kernel reads its first bytes and
goes on with the interpreter of a script, or the loader that an ELF file names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from seaslug.deb.binary import Binary
from seaslug.rules.image.identity import EXECUTE, Identity, closed, identity, may, size, there
from seaslug.rules.specimen import Specimen
from seaslug.values.tree import MAX_LINKS, Entry, Kind

MAX_SCRIPTS = 5
_BOM = b"\xef\xbb\xbf"
_32_BIT = {("amd64", 3), ("arm64", 40)}


class Fate(Enum):
    """How a start ends, as far as files tell."""

    STARTS = "starts"
    NOTHING = "nothing to start"
    ABSENT = "absent"
    NOT_IN_PATH = "not in PATH"
    DANGLING = "a link to nowhere"
    LOOP = "links in a circle"
    DIRECTORY = "a directory"
    NO_BIT = "not executable"
    NOT_ALLOWED = "not executable for this user"
    CLOSED = "in a folder that the user may not enter"
    NO_FORMAT = "no shebang"
    CRLF = "CRLF after the shebang"
    NO_INTERPRETER = "the shebang's interpreter is missing"
    OTHER_MACHINE = "for another architecture"
    NO_LOADER = "its loader is missing"
    NO_LOADER_32 = "its 32-bit loader is missing"
    CUT = "cut short"
    DAMAGED = "damaged headers"


@dataclass(frozen=True, slots=True)
class Launch:
    """The end of starting ``asked``.

    ``opened`` is the path as the engine opens it, ``path`` the tree path of the file that
    ``fate`` is about, ``detail`` what it wants in vain. ``chain`` are the scripts and
    programs on the way; the last one is the ELF file that runs.
    """

    asked: str
    fate: Fate
    opened: str = ""
    path: str = ""
    detail: str = ""
    chain: tuple[str, ...] = ()

    @property
    def program(self) -> str:
        """The ELF file that runs in the end; empty if it does not come to that."""
        return self.chain[-1] if self.fate is Fate.STARTS and self.chain else ""


def launch(specimen: Specimen, asked: str) -> Launch:
    """Return what becomes of starting *asked*, a name or a path, as the image's user."""
    if not asked:
        return Launch("", Fate.NOTHING)
    who = identity(specimen)
    opened = _opened(specimen, asked)
    if not opened:
        return _not_in_path(specimen, asked)
    found = _looked_up(specimen, who, Launch(asked, Fate.STARTS, opened))
    return _run(specimen, who, found) if found.fate is Fate.STARTS else found


def main(specimen: Specimen) -> Launch:
    """Return what becomes of starting the image."""
    return launch(specimen, specimen.argv[0] if specimen.argv else "")


def places(specimen: Specimen, name: str) -> Iterator[str]:
    """Yield where PATH says that *name* is looked for."""
    for folder in specimen.env["PATH"].split(":"):
        yield f"{_absolute(specimen, folder or '.').rstrip('/')}/{name}"


def _opened(specimen: Specimen, asked: str) -> str:
    if "/" in asked:
        return _absolute(specimen, asked)
    for path in places(specimen, asked):
        entry = specimen.root.tree.resolve(path)
        if entry is not None and entry.kind is Kind.FILE and entry.mode & 0o111:
            return path
    return ""


def _absolute(specimen: Specimen, path: str) -> str:
    return path if path.startswith("/") else f"{specimen.workdir.rstrip('/')}/{path}"


def _not_in_path(specimen: Specimen, asked: str) -> Launch:
    """Tell a file without its bit, or a link to nowhere, from one that is not there at all."""
    tree = specimen.root.tree
    for path in places(specimen, asked):
        entry = tree.resolve(path)
        if entry is not None and entry.kind is Kind.FILE:
            return Launch(asked, Fate.NO_BIT, path, entry.path)
        link = _link(specimen, path) if entry is None else None
        if link is not None:
            return Launch(asked, Fate.DANGLING, path, link.path, link.target)
    return Launch(asked, Fate.NOT_IN_PATH)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _link(specimen: Specimen, path: str) -> Entry | None:
    """Return the last link on the way to *path* that leads to nowhere."""
    tree, found = specimen.root.tree, None
    here = path
    for _ in range(MAX_LINKS):
        folder = tree.realpath(_folder(here))
        entry = tree.get(f"{folder}/{here.rpartition('/')[2]}".lstrip("/"))
        if entry is None or entry.kind is not Kind.SYMLINK:
            return found
        found, target = entry, entry.target
        here = target if target.startswith("/") else f"{_folder(entry.path)}/{target}"
    return found


def _looked_up(specimen: Specimen, who: Identity, at: Launch) -> Launch:
    """Do what the engine does: find the file, ask whether it may be executed."""
    tree = specimen.root.tree
    real = tree.realpath(at.opened)
    link = _link(specimen, at.opened)
    if real is None:
        path = link.path if link is not None else at.opened.lstrip("/")
        return replace(at, fate=Fate.LOOP, path=path, detail=link.target if link else "")
    if folder := closed(specimen, who, real):
        return replace(at, fate=Fate.CLOSED, path=folder)
    entry = tree.resolve(real)
    if entry is None and not there(specimen, real):
        if link is not None:
            return replace(at, fate=Fate.DANGLING, path=link.path, detail=link.target)
        return replace(at, fate=Fate.ABSENT, path=real)
    if entry is None or entry.kind is Kind.DIR:
        return replace(at, fate=Fate.DIRECTORY, path=real)
    if not entry.mode & 0o111:
        return replace(at, fate=Fate.NO_BIT, path=real)
    return replace(at, fate=Fate.STARTS if may(who, entry, EXECUTE) else Fate.NOT_ALLOWED,
                   path=real)  # fmt: skip


def _run(specimen: Specimen, who: Identity, at: Launch) -> Launch:
    """Do what the kernel does with the file that was found."""
    for _ in range(MAX_SCRIPTS):
        at = replace(at, chain=(*at.chain, at.path))
        binary = _binary(specimen, at.path)
        if binary is not None:
            return _elf(specimen, at, binary)
        nxt = _script(specimen, at)
        if nxt.fate is not Fate.STARTS:
            return nxt
        found = _looked_up(specimen, who, replace(nxt, opened=nxt.detail))
        if found.fate is not Fate.STARTS:
            return replace(nxt, fate=Fate.NO_INTERPRETER)
        at = replace(found, opened=at.opened, detail="")
    return replace(at, fate=Fate.NO_FORMAT)


def _script(specimen: Specimen, at: Launch) -> Launch:
    """Return the next step: ``detail`` is the path of the interpreter to look for."""
    head = specimen.root.head(at.path)
    if not head.startswith(b"#!"):
        full = size(specimen, at.path) > 0
        damaged = (not head and full) or head.startswith(b"\x7fELF")
        detail = "BOM" if head.startswith(_BOM) else "" if full else "empty"
        return replace(at, fate=Fate.DAMAGED if damaged else Fate.NO_FORMAT, detail=detail)
    line = head.split(b"\n")[0][2:].decode("utf-8", "surrogateescape")
    words = line.split()
    if not words:
        return replace(at, fate=Fate.NO_FORMAT)
    if line.endswith("\r") and (len(words) == 1 or _is_env(words[0])):
        return replace(at, fate=Fate.CRLF, detail=words[-1])
    wanted = _absolute(specimen, words[0])
    name = next((w for w in words[1:] if not w.startswith("-") and "=" not in w), "")
    if not _is_env(words[0]) or not name or specimen.root.tree.resolve(wanted) is None:
        return replace(at, detail=words[0])
    there = _opened(specimen, name)
    return replace(at, detail=there) if there else replace(
        at, fate=Fate.NO_INTERPRETER, detail=f"env {name}"
    )  # fmt: skip


def _is_env(word: str) -> bool:
    return word.rpartition("/")[2] == "env"


def _elf(specimen: Specimen, at: Launch, binary: Binary) -> Launch:
    known, elf = specimen.known, binary.elf
    if binary.linkage in ("object", "other"):
        return replace(at, fate=Fate.NO_FORMAT, detail=binary.linkage)
    other = specimen.libraries is not None and not specimen.libraries.fits(binary)
    small = known is not None and (known.arch, elf.machine) in _32_BIT
    if other and not small:
        return replace(at, fate=Fate.OTHER_MACHINE)
    if binary.missing:
        return replace(at, fate=Fate.CUT, detail=str(binary.missing))
    loader = elf.interpreter
    if loader and specimen.root.tree.resolve(loader) is None:
        return replace(at, fate=Fate.NO_LOADER_32 if small else Fate.NO_LOADER, detail=loader)
    return at


def _binary(specimen: Specimen, path: str) -> Binary | None:
    facts = specimen.root.facts(path)
    return facts.binary if facts is not None else None
