"""Where the dynamic loaders of glibc and musl look for a library, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from seaslug.deb.binary import Binary, read
from seaslug.deb.effects import ldcache
from seaslug.values.platform import Platform
from seaslug.values.tree import Entry, Kind, Tree

_MUSL = "/ld-musl-"
# What musl's loader is itself, whatever follows the dot (libc.musl-x86_64.so.1).
_MUSL_OWN = ("libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet.")
_MUSL_DEFAULT = ("/lib", "/usr/local/lib", "/usr/lib")
_PLATFORMS = {"386": "i686", "arm": "v7l"}
_MAX_PATH_FILE = 64 << 10
_DYN = 3

Reader = Callable[[Entry], Binary | None]
"""Gives what a file says of itself; None if it is no ELF file."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file in memory: the path it was opened by, where it really is, and who asked for it."""

    path: str
    real: str
    binary: Binary
    by: Loaded | None

    @property
    def origin(self) -> str:
        """What ``$ORIGIN`` stands for: the directory of the path it was opened by."""
        return "/" + self.path.lstrip("/").rpartition("/")[0]


def read_entry(entry: Entry) -> Binary | None:
    """Return what the file *entry* says, read from its content."""
    return read(entry.content) if entry.content is not None else None


def is_musl(interpreter: str) -> bool:
    """Tell whether a dynamic loader is musl's, by its path."""
    return _MUSL in interpreter


class Libraries:
    """The libraries of a tree as a process of *platform* finds them."""

    def __init__(
        self,
        tree: Tree,
        platform: Platform,
        library_path: tuple[str, ...] = (),
        reader: Reader = read_entry,
    ) -> None:
        self.tree, self.platform, self.library_path = tree, platform, library_path
        self._reader = reader
        self._read: dict[str, tuple[str, Binary | None]] = {}

    def fits(self, binary: Binary) -> bool:
        """Tell whether *binary* is of this architecture."""
        names, elf = self.platform.names, binary.elf
        return (elf.machine, elf.bits, elf.little) == (names.machine, names.bits, names.little)

    def open(self, path: str, by: Loaded | None) -> Loaded | None:
        """Return the library at *path*, if there is one for this architecture."""
        if path not in self._read:
            self._read[path] = self._library(path)
        real, binary = self._read[path]
        return Loaded(path, real, binary, by) if binary is not None else None

    def _library(self, path: str) -> tuple[str, Binary | None]:
        real = self.tree.realpath(path) or ""
        entry = self.tree.resolve(real) if real else None
        if entry is None or entry.content is None:
            return "", None
        if path != real:
            if real not in self._read:
                self._read[real] = self._library(real)
            return self._read[real]
        found = self._reader(entry)
        fit = found is not None and found.elf.kind == _DYN and self.fits(found)
        return real, found if fit else None

    def find(self, name: str, by: Loaded, first: Loaded) -> Loaded | None:
        """Return what *name* leads to when *by* asks for it in the process of *first*."""
        if "/" in name:
            return self.open(name, by)
        if is_musl(first.binary.elf.interpreter):
            if name.startswith(_MUSL_OWN):
                return self.open(first.binary.elf.interpreter, by)
            return self._first(name, by, self._musl(by))
        found = self._first(name, by, self._glibc(by, first))
        if found is None and by.binary.default_libraries and name in self._sonames:
            return self.open(self._sonames[name], by)
        return found

    def _first(self, name: str, by: Loaded, folders: Iterator[str]) -> Loaded | None:
        opened = (self.open(f"{folder}/{name}", by) for folder in folders)
        return next((found for found in opened if found is not None), None)

    def _glibc(self, by: Loaded, first: Loaded) -> Iterator[str]:
        if not by.binary.runpath:
            above: Loaded | None = by
            while above is not None:
                if not above.binary.runpath:
                    yield from self._expanded(above.binary.rpath, above)
                above = above.by
            if not first.binary.runpath:
                yield from self._expanded(first.binary.rpath, first)
        yield from self._expanded(self.library_path, first)
        yield from self._expanded(by.binary.runpath, by)
        if by.binary.default_libraries:
            yield from self._default

    def _musl(self, by: Loaded) -> Iterator[str]:
        yield from self._expanded(self.library_path, by)
        above: Loaded | None = by
        while above is not None:
            yield from self._expanded(above.binary.runpath or above.binary.rpath, above)
            above = above.by
        yield from self._musl_default

    def _expanded(self, folders: tuple[str, ...], of: Loaded) -> Iterator[str]:
        names = self.platform.names
        values = {
            "ORIGIN": of.origin,
            "LIB": f"lib/{names.triplet}",
            "PLATFORM": _PLATFORMS.get(self.platform.arch, names.uname),
        }
        for folder in folders:
            text = folder
            for name, value in values.items():
                text = text.replace(f"${{{name}}}", value).replace(f"${name}", value)
            if text.startswith("/"):
                yield text

    @cached_property
    def _default(self) -> tuple[str, ...]:
        triplet = self.platform.names.triplet
        configured = (line.rstrip(" \t/") for line in ldcache.configured(self.tree, ldcache.CONF))
        fixed = (f"/lib/{triplet}", f"/usr/lib/{triplet}", "/lib", "/usr/lib")
        wide = ("/lib64", "/usr/lib64") if self.platform.names.bits == 64 else ()
        return tuple(dict.fromkeys((*filter(None, configured), *fixed, *wide)))

    @cached_property
    def _musl_default(self) -> tuple[str, ...]:
        for entry in self.tree.under("etc"):
            name = entry.path.removeprefix("etc/")
            if name.startswith("ld-musl-") and name.endswith(".path"):
                found = self.tree.resolve(entry.path)
                if found is not None and found.size <= _MAX_PATH_FILE:
                    text = found.read().decode("utf-8", "surrogateescape")
                    return tuple(filter(None, text.replace("\n", ":").split(":")))
        return _MUSL_DEFAULT

    @cached_property
    def _sonames(self) -> dict[str, str]:
        """Libraries that are called otherwise than they say: ld.so.cache has them by soname."""
        found: dict[str, str] = {}
        for folder in self._default:
            real = self.tree.realpath(folder)
            for entry in self.tree.under(real) if real else ():
                inside = entry.path[len(real or "") + 1 :]
                if entry.kind is Kind.FILE and ".so" in inside and "/" not in inside:
                    one = self.open(entry.path, None)
                    if one is not None and one.binary.elf.soname:
                        found.setdefault(one.binary.elf.soname, entry.path)
        return found
