"""What a program that starts cannot load: libraries, their versions, modules of interpreters."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from seaslug.anatomy.facts import hashed
from seaslug.apps.native import glibc
from seaslug.apps.native.loading import is_musl
from seaslug.apps.native.needs import Missing, Needs
from seaslug.apps.node.addons import Addon, sort
from seaslug.rules.image import advice, remedy
from seaslug.rules.image.identity import size
from seaslug.rules.image.launch import main
from seaslug.rules.image.layering import deleted, libraries
from seaslug.rules.image.runtimes import modules_of, node, python_of_musl, pythons
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen
from seaslug.rules.words import listed
from seaslug.values.platform import TABLE
from seaslug.values.tree import Kind

LOADING = "error while loading shared libraries: {0}: cannot open shared object file"
_MUSL_LOADING = "Error loading shared library {0}: No such file or directory"
_EXTENSION = re.compile(r"(.+)\.cpython-(\d)(\d+)[a-z]*-([a-z0-9_]+-linux-(gnu|musl)[a-z]*)\.so\Z")
_SITE = re.compile(r".*(?:site|dist)-packages/|.*/lib-dynload/")
# What a distribution's packages have may be of a slice that never asks for it.
_PACKAGED = re.compile(r"/(?:usr/)?lib(?:64|/[a-z0-9_]+-linux-gnu[a-z]*)?/[^/]+\.so[^/]*\Z")
_MAX_NODE_ABI = 300
_SHOWN = 5
_ELF_HEADER = 64
_SHORT = "file too short"
_BUILT_IN = frozenset({"files", "dns", "compat", "db", "hesiod"})


def program(specimen: Specimen) -> tuple[str, Needs]:
    """Return the ELF file that runs, and what it needs; nothing of one that does not start."""
    path = main(specimen).program
    facts = specimen.root.facts(path) if path else None
    dynamic = facts is not None and not facts.binary.static
    return (path, advice.needs(specimen, [path])) if dynamic else ("", Needs(()))


def missing(specimen: Specimen) -> Iterator[Finding]:
    """A shared library that a program needs is nowhere in the image where its loader looks.

    Found as the loader would: RPATH, LD_LIBRARY_PATH, RUNPATH, the cache, the default
    directories. Bring the Debian package that has it, or move to a base that has it.
    """
    _, wants = program(specimen)
    loader = wants.interpreter
    pattern = _MUSL_LOADING if is_musl(loader) else LOADING
    for one in wants.missing:
        if deleted(specimen, libraries(specimen, one.name)):
            continue
        said = f"needs {one.name}, which is not where its loader looks"
        lies = [path for path in libraries(specimen, one.name) if specimen.root.tree.get(path)]
        symptom = _read_in_vain(specimen, lies) or pattern.format(one.name)
        yield Finding("IMG008", Severity.FATAL, f"/{one.by[0]}", said,
                      _bring(specimen, wants, one, lies), symptom)  # fmt: skip
    yield from _others(specimen, {one.name for one in wants.missing}, main(specimen).chain)


def _read_in_vain(specimen: Specimen, paths: Sequence[str]) -> str:
    """Return what glibc's loader says of files of the right name that are no libraries."""
    for path in paths:
        entry = specimen.root.tree.resolve(path)
        if entry is None or specimen.root.facts(entry.path) is not None:
            continue
        said = "invalid ELF header" if size(specimen, entry.path) >= _ELF_HEADER else _SHORT
        said = "cannot read file data" if entry.kind is Kind.DIR else said
        return f"{path.rpartition('/')[2]}: {said}"
    return ""


def _bring(specimen: Specimen, wants: Needs, one: Missing, lies: Sequence[str]) -> str:
    good = [path for path in lies if _is_library(specimen, path)]
    if good:
        return f"ENV LD_LIBRARY_PATH=/{good[0].rpartition('/')[0]}"
    if is_musl(wants.interpreter):
        return f"{remedy.copied(f'usr/lib/{one.name}')}   # in Alpine, as it was built"
    chosen = advice.choice(specimen, wants)
    moved = advice.move(specimen, chosen) if chosen is not None and not chosen.troubles else ""
    first, *copy = _packaged(specimen, one.name)
    _, mark, doubt = first.partition("   # ")
    return remedy.either(f"{moved}{mark}{doubt}" if moved else first, *copy)


def _is_library(specimen: Specimen, path: str) -> bool:
    found = specimen.libraries
    return found is not None and found.open(f"/{path}", None) is not None


def _packaged(specimen: Specimen, name: str) -> tuple[str, ...]:
    """Return the ways to bring the library *name*: its package, or the file alone."""
    package = advice.package(specimen, name)
    triplet = specimen.known.names.triplet if specimen.known else "x86_64-linux-gnu"
    copy = remedy.copied(f"usr/lib/{triplet}/{name}")
    if not package:
        return (copy,)
    there = f"{copy}   # apt-get install {package} in the stage that builds"
    doubt = "   # by its name alone; to be sure: seaslug doctor --online"
    more = doubt if advice.guessed(specimen, name) else ""
    return (advice.bring(specimen, package) + more, there)


def _others(specimen: Specimen, told: set[str], chain: tuple[str, ...]) -> Iterator[Finding]:
    """Yield the libraries that other ELF files want and that no file of the image is called."""
    names = {entry.path.rpartition("/")[2] for entry in specimen.root.tree}
    wanted: dict[str, list[str]] = defaultdict(list)
    for path in specimen.root.placed:
        facts = specimen.root.facts(path) if path not in chain else None
        if facts is None or specimen.libraries is None:
            continue
        if not specimen.libraries.fits(facts.binary) or facts.binary.elf.soname in told:
            continue
        for name in facts.binary.elf.needed:
            own = name.startswith(("libc.musl-", "ld-linux", "ld-musl")) or name == "libc.so"
            if name.rpartition("/")[2] not in names and name not in told and not own:
                wanted[name].append(f"/{path}")
    for name, paths in sorted(wanted.items()):
        fix = remedy.either(*_packaged(specimen, name))
        packaged = all(_PACKAGED.match(path) for path in paths)
        yield Finding("IMG008", Severity.INFO if packaged else Severity.WARN, paths[0],
                      f"{name}, which {listed(paths, _SHOWN)} needs, is not in the image", fix,
                      LOADING.format(name).removeprefix("error while loading shared libraries: ")
                      )  # fmt: skip


def too_new(specimen: Specimen) -> Iterator[Finding]:
    """A program was built on a system with newer libraries than the image has.

    glibc and libstdc++ version their symbols; a program asks for those of the system that it
    was linked on. Move to a base of that release or a newer one, or build on the older system.
    """
    _, wants = program(specimen)
    seen: set[tuple[str, str]] = set()
    for one in wants.unmet:
        if (one.by, one.version) in seen:
            continue
        seen.add((one.by, one.version))
        better = glibc.oldest_fitting(wants.versions)
        chosen = advice.choice(specimen, wants) if better else None
        number = advice.distribution(specimen).removeprefix("debian")
        older = f"FROM debian:{number} AS build   # an older system in the stage that builds"
        moved = advice.move(specimen, chosen) if chosen is not None and better else ""
        fix = remedy.either(moved, older)
        said = f"needs {one.version} of {one.library}, which the image's is too old for"
        yield Finding("IMG009", Severity.FATAL, f"/{one.by}", said, fix,
                      f"version `{one.version}' not found (required by")  # fmt: skip


def by_name(specimen: Specimen) -> Iterator[Finding]:
    """Libraries that no file asks for until they are used: name services, unwinding, letters.

    glibc opens them by name while the program runs: libnss_* as /etc/nsswitch.conf says,
    libgcc_s.so.1 when a thread is cancelled, gconv's modules when iconv converts letters other
    than Unicode's. Nothing is seen before that moment.
    """
    path, wants = program(specimen)
    libraries = specimen.libraries
    if not path or is_musl(wants.interpreter) or not wants.loader_there or libraries is None:
        return
    names = {entry.path.rpartition("/")[2] for entry in specimen.root.tree}
    for database, service in _services(specimen):
        soname = f"libnss_{service}.so.2"
        if soname not in names:
            rest = "files dns" if database == "hosts" else "files"
            yield Finding("IMG010", Severity.WARN, "/etc/nsswitch.conf",
                          f"{database} names {service}, and {soname} is not in the image",
                          f"RUN sed -i 's/^{database}:.*/{database}: {rest}/' /etc/nsswitch.conf"
                          "   # in the stage that builds",
                          "getaddrinfo: System error" if database == "hosts" else ""
                          )  # fmt: skip
    base = f"seaslug build {{}}-{advice.distribution(specimen)}"
    if "libgcc_s.so.1" not in names:
        yield Finding("IMG010", Severity.INFO, f"/{path}",
                      "libgcc_s.so.1 is not in the image: pthread_cancel would end the program",
                      f"{base.format('cc')}   # if threads are cancelled",
                      "libgcc_s.so.1 must be installed for pthread_")  # fmt: skip
    if not names & {"gconv-modules", "gconv-modules.cache"}:
        yield Finding("IMG010", Severity.INFO, f"/{path}",
                      "glibc's converters of letters (gconv) are not in the image: iconv knows "
                      "ASCII and Unicode only",
                      f"{base.format('base')}   # if other letters are converted",
                      "iconv_open: Invalid argument")  # fmt: skip


def _services(specimen: Specimen) -> Iterator[tuple[str, str]]:
    """Yield the services that are no part of glibc, each with the database that names it first."""
    found: dict[str, str] = {}
    for line in specimen.root.text("etc/nsswitch.conf").splitlines():
        database, _, rest = line.partition("#")[0].partition(":")
        for word in rest.split() if database.strip().isalnum() else ():
            if word.isidentifier() and word not in _BUILT_IN:
                found.setdefault(word, database.strip())
    yield from ((database, word) for word, database in found.items())


def extensions(specimen: Specimen) -> Iterator[Finding]:
    """Modules of Python that were compiled for another Python, C library or machine.

    Their file names say for which. Python passes over those that are not its own, and then
    finds no module. Install the packages with the Python and on the kind of system that the
    image has.
    """
    here = pythons(specimen)
    if not here:
        return
    musl = python_of_musl(specimen)
    uname = specimen.known.names.uname if specimen.known else None
    wrong: dict[tuple[str, str], list[str]] = defaultdict(list)
    all_of = [entry.path for entry in specimen.root.tree if ".cpython-" in entry.path]
    found = {path: match for path in all_of if (match := _EXTENSION.match(path))}
    good = {match[1] for match in found.values() if not _unfit(match, here, musl, uname)}
    for path, match in found.items():
        why = _unfit(match, here, musl, uname)
        if why and match[1] not in good:
            wrong[why, f"{match[2]}.{match[3]}"].append(path)
    for (why, _), paths in wrong.items():
        module = _SITE.sub("", paths[0]).partition(".cpython-")[0].replace("/", ".")
        yield Finding("IMG029", Severity.ERROR, f"/{paths[0]}",
                      f"{why}; so {'is it' if len(paths) == 1 else f'are {len(paths)} modules'}",
                      _install(here, musl, uname), f"No module named '{module}'")  # fmt: skip


def _unfit(match: re.Match[str], here: frozenset[str], musl: bool, uname: str | None) -> str:
    version = f"{match[2]}.{match[3]}"
    if version not in here:
        return f"it is for Python {version}, the image has {', '.join(sorted(here))}"
    if (match[5] == "musl") != musl:
        return f"it is for {match[5]}, the image has {'musl' if musl else 'glibc'}"
    machine = match[4].partition("-")[0]
    known = {names.triplet.partition("-")[0] for names in TABLE.values()}
    wanted = {"i686": "i386", "armv7l": "arm"}.get(uname or "", uname or machine)
    if machine in known and machine != wanted.replace("ppc64le", "powerpc64le"):
        return f"it is for {machine}, the image for {wanted}"
    return ""


def _install(here: frozenset[str], musl: bool, uname: str | None) -> str:
    version = max(here, key=lambda text: [int(part) for part in text.split(".")])
    system = "musllinux_1_2" if musl else "manylinux_2_28"
    return (
        f"pip install --python-version {version} --platform {system}_{uname or 'x86_64'} "
        "--only-binary :all: --target app -r requirements.txt"
    )


def addons(specimen: Specimen) -> Iterator[Finding]:
    """Addons of Node.js that were compiled for another Node.js, C library or machine.

    An addon without Node-API is for one NODE_MODULE_VERSION only. Install the packages with
    the Node.js of the image, on the kind of system that the image has.
    """
    if specimen.known is None:
        return
    major = node(specimen)
    modules = modules_of(major)
    rows = [one for one in (_addon(specimen, path) for path in specimen.root.placed) if one]
    wrong = sort(rows, specimen.known, modules).broken
    versions = {one.path: one.modules for one in rows}
    for path, why in wrong.items():
        if advice.musl(specimen) and "musl" in why:
            continue
        symptom = "invalid ELF header" if "for linux/" in why or "machine" in why else ""
        if "NODE_MODULE_VERSION" in why:
            symptom = f"NODE_MODULE_VERSION {versions[path]}"
        elif "musl" in why:
            symptom = "cannot open shared object file: No such file or directory"
        yield Finding("IMG031", Severity.ERROR, f"/{path}", why,
                      f"RUN npm rebuild{remedy.BUILDS}: FROM node:{major or 22}-slim",
                      symptom)  # fmt: skip


def _addon(specimen: Specimen, path: str) -> Addon | None:
    facts = specimen.root.facts(path) if path.endswith(".node") else None
    if facts is None:
        return None
    elf = facts.binary.elf
    machines = {(n.machine, n.bits, n.little): str(p) for p, n in TABLE.items()}
    machine = machines.get((elf.machine, elf.bits, elf.little), f"machine {elf.machine}")
    napi = hashed("napi_register_module_v1") in facts.defined
    versions = () if napi else range(1, _MAX_NODE_ABI)
    own = next((n for n in versions if hashed(f"node_register_module_v{n}") in facts.defined), 0)
    musl = any(name.startswith("libc.musl-") for name in elf.needed)
    registers = bool(own or napi or "node_module_register" in facts.wanted)
    return Addon(path, machine, musl, own, bool(facts.binary.missing), registers)


RULES: tuple[Rule[Specimen], ...] = (
    Rule("IMG008", "A shared library is missing", Severity.FATAL, missing),
    Rule("IMG009", "Built for newer libraries than the image has", Severity.FATAL, too_new),
    Rule("IMG010", "Libraries that are opened by name are missing", Severity.WARN, by_name),
    Rule("IMG029", "Python modules for another Python or system", Severity.ERROR, extensions),
    Rule("IMG031", "Node.js addons for another Node.js or system", Severity.ERROR, addons),
)
