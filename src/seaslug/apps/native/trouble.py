"""Why a program will not run: wrong kind of file, wrong architecture, cut short, too new."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seaslug.apps.native import glibc
from seaslug.apps.native.loading import is_musl
from seaslug.apps.native.needs import Needs, Root
from seaslug.deb.binary import Binary
from seaslug.deb.elf import Elf
from seaslug.values.platform import TABLE, Platform

_EM_ARM, _EM_X86_64 = 40, 62
_SOFT_FLOAT_LOADER = "/lib/ld-linux.so.3"
_STORES = ("/nix/store/", "/gnu/store/")
# e_machine of what Debian has, or had, and this family does not.
_OTHERS = {
    2: "SPARC", 8: "MIPS", 20: "32-bit PowerPC", 42: "SuperH", 43: "SPARC", 50: "IA-64",
    258: "LoongArch",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trouble:
    """``what`` is wrong, ``where`` (the files), and the next step."""

    what: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


def of_roots(needs: Needs, platform: Platform) -> tuple[Trouble, ...]:
    """Return what is wrong with the programs themselves."""
    found = [t for root in needs.roots for t in _of_root(root, platform)]
    loaders = {r.binary.elf.interpreter: r.path for r in needs.roots if r.binary is not None}
    fine = not found and needs.interpreter and not needs.loader_there
    if fine and not is_musl(needs.interpreter):
        found += _of_loader(needs.interpreter, loaders.get(needs.interpreter, ""), platform)
    return tuple(found)


def of_versions(needs: Needs, distribution: str) -> tuple[Trouble, ...]:
    """Return the symbol versions that are not to be had, one trouble for each file and kind.

    Where another release has them all, the hint names it.
    """
    found = {(w.by, w.version): f"of {w.library}, which the one found lacks" for w in needs.unmet}
    problems = glibc.fits(needs.versions, distribution)
    for problem in problems:
        if problem.version == glibc.PRIVATE:
            said = "which belongs to one exact build of glibc"
        else:
            said = f"{distribution} is too old" + (f": {problem.has}" if problem.has else "")
        found[problem.by, problem.version] = said
    better = glibc.oldest_fitting(needs.versions) if problems else ""
    hint = "build it on an older system, or statically"
    if better:
        hint = release(better)
    return tuple(Trouble(f"needs {ver}, {said}", by, hint) for (by, ver), said in found.items())


def release(name: str) -> str:
    """Return the advice to take another release."""
    return f'take a release that has it, in seaslug.toml: base = "base-nossl-{name}"'


def name_of(elf: Elf) -> str:
    """Return the architecture of a file as people call it."""
    if elf.machine == _EM_X86_64 and elf.bits == 32:
        return "x32"
    if elf.machine == _EM_ARM and elf.interpreter == _SOFT_FLOAT_LOADER:
        return "armel (ARM without hard float)"
    for platform, names in TABLE.items():
        if (names.machine, names.bits, names.little) == (elf.machine, elf.bits, elf.little):
            return str(platform)
    size = f"{elf.bits}-bit {'little' if elf.little else 'big'}-endian"
    return f"{_OTHERS.get(elf.machine, f'machine {elf.machine}')}, {size}"


def _of_root(root: Root, platform: Platform) -> Iterator[Trouble]:
    if root.binary is None:
        yield Trouble("is no ELF program, or its headers are damaged", root.path, "build it again")
        return
    other = name_of(root.binary.elf)
    if other != str(platform):
        known = other in {str(p) for p in TABLE}
        hint = f"build for it: --platform {other}" if known else f"compile it for {platform}"
        yield Trouble(f"is for {other}, not for {platform}", root.path, hint)
    yield from _of_shape(root.path, root.binary)


def _of_shape(path: str, binary: Binary) -> Iterator[Trouble]:
    if binary.missing:
        yield Trouble(
            f"ends {binary.missing} bytes too early: it was cut short", path,
            "copy or build it again",
        )  # fmt: skip
    if binary.linkage in ("object", "other"):
        yield Trouble("is an object file, not a program", path, "link it first")


def _of_loader(loader: str, path: str, platform: Platform) -> Iterator[Trouble]:
    """Judge a dynamic loader that is not in the tree: Debian's is where the platform says."""
    debians = platform.names.loader
    if loader in (debians, f"/usr{debians}"):
        return
    origin = ""
    if loader.startswith(_STORES):
        origin = " (Nix or Guix)"
    elif loader.startswith("/system/"):
        origin = " (Android)"
    elif "uClibc" in loader:
        origin = " (uClibc)"
    yield Trouble(
        f"asks for the dynamic loader {loader}{origin}, which no Debian package has", path,
        f"link it statically, or: patchelf --set-interpreter {debians} {path}",
    )  # fmt: skip
