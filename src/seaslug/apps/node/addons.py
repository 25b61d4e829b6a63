"""Addons (``*.node``): for which machine, C library and version of Node.js each was built.

Sources: ELF's machine numbers; the name of musl's library, that Alpine's compilers link to;
``node_register_module_vN``, the symbol of an addon for one NODE_MODULE_VERSION only, as
against ``napi_register_module_v1`` for those that any version loads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from seaslug.apps.node.modules import FOLDER
from seaslug.deb.binary import read
from seaslug.deb.elfparts import Pages, layout
from seaslug.values.content import Content
from seaslug.values.platform import TABLE, Platform
from seaslug.values.tree import Entry, Kind, Tree

SUFFIX = ".node"
_REGISTER = re.compile(rb"\0node_register_module_v([0-9]{1,4})\0")
_NAPI, _REGISTERS = b"\0napi_", b"node_module_register"
_MAX_STRINGS = 8 << 20
_MACHINES = {
    (names.machine, names.bits, names.little): str(platform) for platform, names in TABLE.items()
}


@dataclass(frozen=True, slots=True)
class Addon:
    """``machine`` is the platform it is for (``linux/amd64``), empty if it is no ELF file.

    ``modules`` is the NODE_MODULE_VERSION it was built for, 0 if any will do or it is unknown;
    ``registers`` tells that it is an addon at all, not another library under that name.
    """

    path: str
    machine: str
    musl: bool
    modules: int
    cut: bool = False
    registers: bool = False

    def wrong(self, platform: Platform, modules: int) -> str:
        """Return why Node.js with the number *modules* on *platform* cannot load it, or ''."""
        if self.cut:
            return "it is damaged, or cut off"
        if not self.machine:
            return "it is not for Linux"
        if self.machine != str(platform):
            return f"it is for {self.machine}, not {platform}"
        if self.musl:
            return "it is for musl (Alpine), not glibc"
        if self.modules and modules and self.modules != modules:
            return f"it is for NODE_MODULE_VERSION {self.modules}, not {modules}"
        return ""


def addons(tree: Iterable[Entry]) -> tuple[Addon, ...]:
    """Return every addon in *tree*."""
    return tuple(
        look(entry.path, entry.content)
        for entry in tree
        if entry.kind is Kind.FILE and entry.path.endswith(SUFFIX) and entry.content is not None
    )


def look(path: str, content: Content) -> Addon:
    """Return what the file says about itself."""
    found = read(content)
    if found is None:
        return Addon(path, "", False, 0, cut=content.read(0, 4) == b"\x7fELF")
    elf = found.elf
    machine = _MACHINES.get((elf.machine, elf.bits, elf.little), f"machine {elf.machine}")
    musl = any(name.startswith("libc.musl-") for name in elf.needed)
    names = _names(content)
    own, any_version = _REGISTER.search(names), _NAPI in names
    modules = int(own[1]) if own and not any_version else 0
    registers = bool(own or any_version or _REGISTERS in names)
    return Addon(path, machine, musl, modules, bool(found.missing), registers)


def _names(content: Content) -> bytes:
    """Return the names of all symbols that the file gives or wants, with zeros around each."""
    pages = Pages(content)
    offset, size = layout(pages).strings
    return b"\0" + pages.read(offset, min(size, _MAX_STRINGS)) if offset >= 0 else b""


@dataclass(frozen=True, slots=True)
class Sorted:
    """Addons of a tree: ``good`` ones, ``spare`` ones that may go, and by path what is wrong.

    ``broken`` are those of packages that have no good one.
    """

    good: tuple[str, ...]
    spare: tuple[str, ...]
    broken: Mapping[str, str]


def sort(found: Iterable[Addon], platform: Platform, modules: int) -> Sorted:
    """Return which of *found* the platform loads; packages often bring one for each platform."""
    rows = [(addon, addon.wrong(platform, modules)) for addon in found]
    good = tuple(addon.path for addon, wrong in rows if not wrong)
    served = {owner(addon.path) for addon, wrong in rows if not wrong and addon.registers}
    spare, broken = [], {}
    for addon, wrong in rows:
        if wrong and (owner(addon.path) in served or not (addon.machine or addon.cut)):
            spare.append(addon.path)
        elif wrong:
            broken[addon.path] = wrong
    return Sorted(good, tuple(spare), broken)


def owner(path: str) -> str:
    """Return the folder of the package that *path* belongs to; empty for the application's."""
    head, folder, rest = path.rpartition(f"{FOLDER}/")
    if not folder:
        return ""
    parts = rest.split("/")
    return head + folder + "/".join(parts[: 2 if parts[0].startswith("@") else 1])


def without(tree: Tree, paths: Iterable[str]) -> Tree:
    """Return *tree* without the files at *paths*."""
    gone = set(paths)
    return tree.select(lambda entry: entry.path not in gone) if gone else tree


__all__ = ["Addon", "Sorted", "addons", "look", "owner", "sort", "without"]
