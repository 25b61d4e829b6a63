"""/etc/ld.so.cache, the same bytes as the suite's own ``ldconfig -X`` writes.

Here is which libraries it finds, and under which names; how that is written is
:mod:`seaslug.deb.effects.ldformat`'s. Which release's habits are followed, the libc in
the tree tells. Libraries of other architectures are passed over.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass

from seaslug.deb import elf
from seaslug.deb.effects.ldformat import Lib, Libc, cache, compare
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree, file

PATH = "etc/ld.so.cache"
CONF = "etc/ld.so.conf"
_BANNER = re.compile(rb"GNU C Library (\([^)\n]*\)) (\w+) release version (\d+)\.(\d+)")
_FLAGS = {
    "amd64": 0x0303, "arm64": 0x0A03, "arm": 0x0903, "386": 0x0003, "ppc64le": 0x0503,
    "riscv64": 0x1003, "s390x": 0x0403,
}  # fmt: skip
_ELF, _ELF_LIBC6, _SOFT_FLOAT = 0x0001, 0x0003, 0x0B03
_EF_ARM_SOFT, _EF_ARM_HARD = 0x200, 0x400
_ET_DYN = 3
# The dynamic loader counts as a library, by the names that 2.36 and newer know.
_NAME = re.compile(r"(?:lib|ld-).*\.so")
_LOADER = re.compile(r"ld(?:64)?\.so\.")
# Subdirectories for better processors up to 2.36. Debian still fills those of x86 alone.
_OLD_HWCAPS = {
    "sse2": 0, "x86_64": 1, "avx512_1": 2, "i586": 48, "i686": 49, "haswell": 50, "xeon_phi": 51,
}  # fmt: skip
_TLS = {"tls": 63}
_X86 = ("386", "amd64")
_MAX_CONF, _MAX_DEPTH = 1 << 20, 8


@dataclass(frozen=True, slots=True)
class _Folder:
    """A directory to search: as it is spelled, where it really is, and what it is for."""

    path: str
    real: str
    hwcaps: str = ""
    bits: int = 0


@dataclass(frozen=True, slots=True)
class _Found:
    """The file that stands for a soname so far."""

    name: str
    is_link: bool
    flags: int
    os_version: int

    def worse_than(self, other: _Found, signed: bool) -> bool:
        """Whether another file is taken instead: a file before a link, then the newer one."""
        if self.is_link != other.is_link:
            return self.is_link
        return compare(self.name, other.name, signed) < 0


@dataclass(frozen=True, slots=True)
class _Search:
    tree: Tree
    platform: Platform
    libc: Libc

    def folders(self) -> list[_Folder]:
        """Return the directories to search, in order, each real directory once."""
        triplet = self.platform.names.triplet
        builtin = (f"/lib/{triplet}", f"/usr/lib/{triplet}", "/lib", "/usr/lib")
        found: dict[str, _Folder] = {}
        for line in (*configured(self.tree, CONF), *builtin):
            # Up to 2.36 a line may end in the kind of its libraries: /lib=libc6.
            path = line.partition("=")[0] if self.libc.version < (2, 37) else line
            path = path.rstrip(" \t/")
            real = self.tree.realpath(path)
            if not real or real in found or not _is_folder(self.tree, real):
                continue
            found[real] = _Folder(path, real)
            if self.libc.extended:
                for better in self._hwcaps(found[real]):
                    found.setdefault(better.real, better)
        if self.libc.version < (2, 37):
            self._add_old_hwcaps(found)
        return list(found.values())

    def _hwcaps(self, folder: _Folder) -> Iterator[_Folder]:
        base = f"{folder.path}/glibc-hwcaps"
        for name in _children(self.tree, self.tree.realpath(base) or ""):
            real = self.tree.realpath(f"{base}/{name}") or ""
            if not name.startswith(".") and ":" not in name and _is_folder(self.tree, real):
                yield _Folder(f"{base}/{name}", real, hwcaps=name)

    def _add_old_hwcaps(self, found: dict[str, _Folder]) -> None:
        """Add subdirectories such as sse2, nested ones too, at the end."""
        known = {**_TLS, **(_OLD_HWCAPS if self.platform.arch in _X86 else {})}
        todo = [folder for folder in found.values() if not folder.hwcaps]
        for folder in todo:
            for name in sorted(known.keys() & _children(self.tree, folder.real)):
                path = f"{folder.path}/{name}"
                real = self.tree.realpath(path) or ""
                if real not in found and _is_folder(self.tree, real):
                    found[real] = _Folder(path, real, bits=folder.bits | 1 << known[name])
                    todo.append(found[real])

    def libraries(self, folder: _Folder) -> Iterator[Lib]:
        """Yield the libraries of one directory, by the names that programs ask for."""
        chosen: dict[str, _Found] = {}
        for name in _children(self.tree, folder.real):
            if not self._is_library(name):
                continue
            entry = self.tree.get(f"{folder.real}/{name}")
            target = self.tree.resolve(f"{folder.real}/{name}")
            if entry is None or target is None or target.content is None:
                continue
            found = elf.read(target.content)
            if found is None or not self._fits(found):
                continue
            soname = found.soname or name
            is_link = entry.kind is Kind.SYMLINK and _stays_link(name, soname)
            if is_link:
                soname = name
            version = found.os_version if self.libc.version < (2, 36) else 0
            new = _Found(name, is_link, self._flags(found), version)
            if soname not in chosen or chosen[soname].worse_than(new, self.libc.signed):
                chosen[soname] = new
        for soname, kept in chosen.items():
            path = f"{folder.path}/{kept.name if folder.hwcaps else soname}"
            yield Lib(soname, path, kept.flags, kept.os_version, folder.hwcaps, folder.bits)

    def _is_library(self, name: str) -> bool:
        return bool(_NAME.match(name)) or (
            self.libc.version >= (2, 36) and bool(_LOADER.match(name))
        )

    def _fits(self, found: elf.Elf) -> bool:
        names = self.platform.names
        here = (names.machine, names.bits, names.little)
        return (found.machine, found.bits, found.little) == here and found.kind == _ET_DYN

    def _flags(self, found: elf.Elf) -> int:
        """Return the kind of library: the architecture's own, but for what tells less."""
        flags = _FLAGS[self.platform.arch]
        if self.platform.arch == "arm" and not found.flags & _EF_ARM_HARD:
            return _SOFT_FLOAT if found.flags & _EF_ARM_SOFT else _ELF_LIBC6
        if self.platform.arch == "386" and self.libc.version < (2, 37):
            known = found.interpreter == self.platform.names.loader
            return flags if known or {"libc.so.6", "libm.so.6"} & {*found.needed} else _ELF
        return flags


def ld_so_cache(tree: Tree, platform: Platform, mtime: int = 0) -> tuple[Entry, ...]:
    """Return /etc/ld.so.cache for the libraries in *tree*; nothing if it has no libc."""
    libc = _libc(tree, platform)
    if libc is None:
        return ()
    search = _Search(tree, platform, libc)
    folders = search.folders()
    libs = [lib for folder in folders for lib in search.libraries(folder)]
    hwcaps = [folder.hwcaps for folder in folders if folder.hwcaps]
    return (file(PATH, cache(libs, hwcaps, libc), mtime=mtime),)


def _libc(tree: Tree, platform: Platform) -> Libc | None:
    for folder in (f"usr/lib/{platform.names.triplet}", f"lib/{platform.names.triplet}"):
        entry = tree.resolve(f"{folder}/libc.so.6")
        found = _BANNER.search(entry.read()) if entry is not None else None
        if found:
            generator = f"ldconfig {found[1].decode()} {found[2].decode()} release version "
            version = int(found[3]), int(found[4])
            return Libc(
                version, f"{generator}{version[0]}.{version[1]}", platform.names.little,
                platform.arch in _X86,
            )  # fmt: skip
    return None


def configured(tree: Tree, path: str, depth: int = 0) -> list[str]:
    """Return the lines of a configuration file that name directories."""
    entry = tree.resolve(path)
    if entry is None or entry.size > _MAX_CONF or depth > _MAX_DEPTH:
        return []
    folders: list[str] = []
    for line in entry.read().decode("utf-8", "surrogateescape").split("\n"):
        text = line.partition("#")[0].strip(" \t\v\f\r")
        words = re.split("[ \t]+", text)
        if words[0] == "include" and len(words) > 1:
            for pattern in words[1:]:
                for name in _glob(tree, pattern, path.rpartition("/")[0]):
                    folders += configured(tree, name, depth + 1)
        elif words[0].lower() != "hwcap" or len(words) == 1:
            folders.append(text)
    return folders


def _glob(tree: Tree, pattern: str, here: str) -> list[str]:
    full = pattern.lstrip("/") if pattern.startswith("/") else f"{here}/{pattern}"
    folder, _, last = full.rpartition("/")
    names = _children(tree, tree.realpath(folder) or "")
    return [
        f"{folder}/{name}"
        for name in names
        if fnmatch.fnmatchcase(name, last) and (last[:1] == "." or name[:1] != ".")
    ]


def _is_folder(tree: Tree, real: str) -> bool:
    entry = tree.get(real)
    return entry.kind is Kind.DIR if entry is not None else bool(real and tree.under(real))


def _children(tree: Tree, folder: str) -> list[str]:
    """Return the names in a directory, sorted; directories may be there by their content only."""
    if not folder:
        return []
    size = len(folder) + 1
    return list(dict.fromkeys(entry.path[size:].partition("/")[0] for entry in tree.under(folder)))


def _stays_link(name: str, soname: str) -> bool:
    """Tell whether a link counts as one: it is named by the soname, or is the compiler's."""
    return name == soname or (name.endswith(".so") and soname.startswith(name))
