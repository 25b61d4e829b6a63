"""What to type: instructions put right, packages by soname, the base to move to."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from seaslug.apps.native import glibc, table
from seaslug.apps.native.choose import Choice, choose
from seaslug.apps.native.loading import is_musl
from seaslug.apps.native.needs import Needs, Wanted, closure
from seaslug.deb.soname import package_name
from seaslug.ports import PackageIndex
from seaslug.rules.image import remedy
from seaslug.rules.model import Finding
from seaslug.rules.specimen import Specimen
from seaslug.values.tree import Kind

_DEFAULT = "debian12"
_BASES = {
    "python": "python3", "python3": "python3", "node": "nodejs", "nodejs": "nodejs", "java": "java",
    "sh": "base:debug", "bash": "base:debug", "ash": "base:debug",
}  # fmt: skip
_PROGRAMS = {
    **dict.fromkeys(("cat", "chmod", "chown", "env", "ls", "mkdir", "sleep", "stat", "test"),
                    "coreutils"),
    **dict.fromkeys(("bash", "curl", "git", "gosu", "grep", "nginx", "openssl", "ruby", "sed",
                     "tini", "dumb-init", "wget", "busybox"), ""),
    "awk": "mawk", "dash": "dash", "find": "findutils", "perl": "perl-base", "php": "php-cli",
    "redis-server": "redis-server",
}  # fmt: skip
"""Empty: the package is called as the program is."""

_BINS = ("", "/bin", "/sbin", "/usr/bin", "/usr/sbin")
_SUFFIXES = {
    "py": ("python3", "python"), "js": ("node", "nodejs"), "mjs": ("node", "nodejs"),
    "rb": ("ruby",), "pl": ("perl",), "sh": ("sh", "bash", "busybox"),
}  # fmt: skip


class _ByRule:
    """The packages of libraries by Debian's rule for names: no index is at hand here."""

    complete = False

    def programs(self, name: str) -> tuple[str, ...]:
        """Return the package of a program that images often want, from a table."""
        return (_PROGRAMS[name] or name,) if name in _PROGRAMS else ()

    def providers(self, name: str) -> tuple[str, ...]:
        """Return the package that the rule names."""
        found = package_name(name)
        return (found,) if found else ()

    def elsewhere(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return nothing: the rule names no directories."""
        return ()


def instruction(specimen: Specimen, argv: Sequence[str]) -> str:
    """Return the instruction that the image's argv[0] stands in, with *argv* instead."""
    return remedy.words("ENTRYPOINT" if specimen.run.get("Entrypoint") else "CMD", argv)


def distribution(specimen: Specimen) -> str:
    """Return the Debian release that the image's libraries are of, ``debian12`` if unknown."""
    for path in ("etc/os-release", "usr/lib/os-release"):
        text = specimen.root.text(path)
        found = re.search(r"^VERSION_ID=\"?(\d+)", text, re.MULTILINE)
        if found and re.search(r"^ID=\"?debian", text, re.MULTILINE):
            name = f"debian{found[1]}"
            return name if name in glibc.runtimes() else _DEFAULT
    return _of_glibc(specimen) or _DEFAULT


def _of_glibc(specimen: Specimen) -> str:
    libraries = specimen.libraries
    triplet = specimen.known.names.triplet if specimen.known else ""
    for folder in (f"/usr/lib/{triplet}", f"/lib/{triplet}", "/lib64", "/usr/lib64"):
        one = libraries.open(f"{folder}/libc.so.6", None) if libraries else None
        if one is not None:
            wanted = [Wanted("", "libc.so.6", v) for v in one.binary.defines if "_2." in v]
            return glibc.oldest_fitting(wanted)
    return ""


def needs(specimen: Specimen, roots: Sequence[str]) -> Needs:
    """Return what the ELF files *roots* need of the image."""
    if specimen.libraries is None or specimen.known is None:
        return Needs(())
    search = specimen.libraries.library_path
    return closure(specimen.root.tree, roots, specimen.known, search, specimen.root.binary)


def index(specimen: Specimen, release: str) -> PackageIndex:
    """Return what knows the packages of *release*: the archive's index, or a rule for names."""
    found = specimen.packages(release) if specimen.packages is not None else None
    return found if found is not None and found.complete else _ByRule()


def choice(specimen: Specimen, wants: Needs) -> Choice | None:
    """Return the base and packages of the family for what *wants* lacks."""
    if specimen.known is None:
        return None
    found = distribution(specimen)
    better = glibc.oldest_fitting(wants.versions)
    if better and glibc.fits(wants.versions, found):
        found = better
    if found not in ("debian11", "debian12", "debian13"):
        found = "debian13"
    return choose(wants, specimen.known, found, index(specimen, found))


def move(specimen: Specimen, chosen: Choice) -> str:
    """Return how to get onto the base of *chosen*, with its packages."""
    names = tuple(chosen.packages)
    if names and ours(specimen):
        return packages(names)
    more = "".join(f" --with {name}" for name in names)
    return f"seaslug build {chosen.base}-{chosen.distribution}{more}"


def packages(names: Sequence[str]) -> str:
    """Return the line of seaslug.toml that brings packages."""
    return f"packages = {json.dumps(list(names))}"


def ours(specimen: Specimen) -> bool:
    """Tell whether seaslug built the image, and nobody laid anything over it."""
    return specimen.history[-1:] != () and specimen.history[-1].startswith("seaslug: ")


def with_settings(specimen: Specimen, found: Finding) -> Finding:
    """Return *found* with the lines of seaslug.toml as a further way, where they are at hand."""
    lines = remedy.settings(found.fix) if ours(specimen) else ""
    return replace(found, fix=remedy.either(found.fix, lines)) if lines else found


def bring(specimen: Specimen, name: str) -> str:
    """Return how the package *name* gets into the image."""
    if ours(specimen):
        return packages((name,))
    return f"seaslug build base-{distribution(specimen)} --with {name}"


def package(specimen: Specimen, soname: str) -> str:
    """Return the Debian package that has *soname*, empty if nothing tells."""
    release = distribution(specimen)
    return next(iter(table.providers(release, index(specimen, release))(soname)), "")


def guessed(specimen: Specimen, soname: str) -> bool:
    """Tell whether nothing but the rule for names says which package *soname* is in."""
    release = distribution(specimen)
    return not table.known(soname, release) and not index(specimen, release).complete


def with_program(specimen: Specimen, program: str) -> tuple[str, ...]:
    """Return the ways to get *program*, a name or a path: a base that has it, its package."""
    name = program.rpartition("/")[2]
    base, _, tag = _BASES.get(re.sub(r"(?<=python3)\.\d+$", "", name), "").partition(":")
    release = distribution(specimen)
    if base:
        return (f"seaslug build {base}-{release}{':' + tag if tag else ''}",)
    folder = program.rpartition("/")[0]
    known = index(specimen, release).programs(name) if folder in _BINS else ()
    return tuple(bring(specimen, package) for package in known[:1])


def interpreter_of(specimen: Specimen, script: str) -> str:
    """Return the program that is to run *script*: by its suffix, or the only one that is there."""
    names = _SUFFIXES.get(script.rpartition(".")[2], ())
    for name in names:
        if found := named(specimen, name):
            return found[0]
    others = programs(specimen)
    return others[0] if len(others) == 1 and not names else ""


def programs(specimen: Specimen) -> list[str]:
    """Return the paths of all ELF files that can be started."""
    return [
        f"/{e.path}" for e in specimen.root.tree
        if e.kind is Kind.FILE and e.mode & 0o111 and _starts(specimen, e.path)
    ]  # fmt: skip


def _starts(specimen: Specimen, path: str) -> bool:
    facts = specimen.root.facts(path)
    return facts is not None and facts.binary.program


def named(specimen: Specimen, name: str) -> list[str]:
    """Return the paths of executable files called *name*, wherever they are."""
    return [
        f"/{e.path}" for e in specimen.root.tree
        if e.path.rpartition("/")[2] == name and e.kind is not Kind.DIR
        and (e.kind is not Kind.FILE or e.mode & 0o111) and specimen.root.tree.resolve(e.path)
    ]  # fmt: skip


def musl(specimen: Specimen) -> bool:
    """Tell whether the image has musl's dynamic loader."""
    return any(is_musl("/" + entry.path) for entry in specimen.root.tree.under("lib"))


def dynamic(specimen: Specimen) -> bool:
    """Tell whether the image has glibc's libraries, or some other C library's."""
    return bool(_of_glibc(specimen)) or musl(specimen)
