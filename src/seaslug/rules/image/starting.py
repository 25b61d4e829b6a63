"""What keeps an image from starting: the program, its rights, its shape, how it is called."""

from __future__ import annotations

from collections.abc import Iterator

from seaslug.apps.native.loading import is_musl
from seaslug.apps.native.trouble import name_of
from seaslug.rules.image import advice, remedy
from seaslug.rules.image.launch import Fate, Launch, main
from seaslug.rules.image.layering import deleted
from seaslug.rules.image.usage import in_venv, shell_form, target
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen
from seaslug.values.platform import TABLE

_FATAL = Severity.FATAL
_SYSTEM = ("/usr/", "/lib", "/bin/", "/sbin/")
_KNOWN = frozenset(map(str, TABLE))
_STAT = 'exec: "{0}": stat {0}: no such file or directory'
_GONE = "exec {0}: no such file or directory"
_FORMAT = "exec {0}: exec format error"


def _where(specimen: Specimen) -> str:
    return "Entrypoint" if specimen.run.get("Entrypoint") else "Cmd"


def _gone(specimen: Specimen, at: Launch) -> bool:
    """Tell whether another rule knows why the file is not there."""
    return bool(deleted(specimen, [at.path])) or shell_form(specimen)


def absent(specimen: Specimen) -> Iterator[Finding]:
    """The program that the image starts is not in it.

    The engine finds no file at the path that ENTRYPOINT or CMD names: a COPY that did not
    happen, another directory than was thought, or a path of another base. Copy the program to
    this path, or name the path where it is.
    """
    at = main(specimen)
    if at.fate is Fate.NOTHING:
        said = "nothing says what to start: there is neither ENTRYPOINT nor CMD"
        yield Finding("IMG001", Severity.INFO, "Entrypoint", said,
                      remedy.words("ENTRYPOINT", (_own(specimen),)), "No command specified"
                      )  # fmt: skip
    if at.fate is Fate.ABSENT and not _gone(specimen, at):
        yield Finding("IMG001", _FATAL, _where(specimen), f"there is no file {at.opened}",
                      _elsewhere(specimen, at), _STAT.format(at.asked))  # fmt: skip


def _own(specimen: Specimen) -> str:
    """Return the only program that is not in a system's folders, or where one would be."""
    found = [path for path in advice.programs(specimen) if not path.startswith(_SYSTEM)]
    return found[0] if len(found) == 1 else "/path/of/the/program"


def _elsewhere(specimen: Specimen, at: Launch) -> str:
    name = at.asked.rpartition("/")[2]
    others = advice.named(specimen, name)
    if others:
        return advice.instruction(specimen, (others[0], *specimen.argv[1:]))
    path = at.opened if "/" in at.asked else f"/usr/local/bin/{name}"
    return remedy.either(*advice.with_program(specimen, at.asked), remedy.brought(path))


def not_in_path(specimen: Specimen) -> Iterator[Finding]:
    """The program is named without a directory, and no directory of PATH has it.

    Engines look through PATH of the image's own environment, not of the machine. Name the
    program by its whole path, or set PATH.
    """
    at = main(specimen)
    if at.fate is Fate.NOT_IN_PATH:
        said = f"no directory of PATH has {at.asked}: {specimen.env['PATH']}"
        yield Finding("IMG002", _FATAL, _where(specimen), said, _elsewhere(specimen, at),
                      f'exec: "{at.asked}": executable file not found in $PATH')  # fmt: skip


def dangling(specimen: Specimen) -> Iterator[Finding]:
    """The program is a symbolic link to something that is not in the image.

    Links are followed inside the image. What a link points to has to be copied as well; COPY
    of a link alone brings the link, not the file. Venvs have a rule of their own.
    """
    at = main(specimen)
    if at.fate not in (Fate.DANGLING, Fate.LOOP) or in_venv(specimen, at.path):
        return
    if at.fate is Fate.DANGLING and deleted(specimen, [target(specimen, at)]):
        return
    loop = at.fate is Fate.LOOP
    said = f"/{at.path} leads in a circle" if loop else f"it leads to {at.detail}, which is nowhere"
    symptom = _STAT.format(at.asked)
    if loop:
        symptom = f'exec: "{at.asked}": stat {at.asked}: too many levels of symbolic links'
    elif "/" not in at.asked:
        symptom = f'exec: "{at.asked}": executable file not found in $PATH'
    fix = remedy.copied(target(specimen, at) or at.detail)
    if loop:
        fix = f"{remedy.brought(at.opened)}   # the file itself instead of a link: cp -L"
    yield Finding("IMG003", _FATAL, f"/{at.path}", said, fix, symptom)


def _lost(specimen: Specimen, at: Launch) -> bool:
    """Tell whether a layer took the loader away: another rule says so."""
    return bool(deleted(specimen, [at.detail.lstrip("/")]))


def _shape(specimen: Specimen, at: Launch) -> str:
    """Return the C library that the program was built for, if that is the trouble."""
    if at.fate is not Fate.NO_LOADER:
        return ""
    if is_musl(at.detail):
        return "" if advice.musl(specimen) else "musl"
    return "glibc" if advice.musl(specimen) else ""


def no_loader(specimen: Specimen) -> Iterator[Finding]:
    """The program is there, and its dynamic loader is not.

    A dynamically linked program names its loader; the kernel then says that "no such file" is
    there, and means the loader. Link the program statically, or move to a base with glibc.
    """
    at = main(specimen)
    if at.fate is Fate.NO_LOADER and not _shape(specimen, at) and not _lost(specimen, at):
        said = f"its dynamic loader {at.detail} is not in the image"
        yield Finding("IMG004", _FATAL, f"/{at.chain[-1]}", said, _base(specimen, at),
                      _GONE.format(at.opened))  # fmt: skip


def _base(specimen: Specimen, at: Launch) -> str:
    chosen = advice.choice(specimen, advice.needs(specimen, at.chain[-1:]))
    static = f"CGO_ENABLED=0 go build -o {_name(at.chain[-1])} .   # or, in C: cc -static"
    if chosen is None:
        return static
    if chosen.troubles:
        return remedy.either(chosen.troubles[0].hint, static)
    return remedy.either(advice.move(specimen, chosen), static)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def other_libc(specimen: Specimen) -> Iterator[Finding]:
    """The program was built for musl and the image has glibc, or the other way round.

    Alpine's compilers make programs for musl, Debian's for glibc; neither runs with the
    other's loader. Build it in an image of the same kind as the base, or statically.
    """
    at = main(specimen)
    if at.fate is not Fate.NO_LOADER or _lost(specimen, at):
        return
    libc = _shape(specimen, at)
    if libc:
        said = f"it was built for {libc}, its loader {at.detail} is not in the image"
        yield Finding("IMG005", _FATAL, f"/{at.chain[-1]}", said, _base(specimen, at),
                      _GONE.format(at.opened))  # fmt: skip


def other_machine(specimen: Specimen) -> Iterator[Finding]:
    """The program was built for another processor than the image says it is for.

    It starts only where qemu is registered for its architecture, and fails everywhere else.
    Build it for the image's platform, or the image for the program's.
    """
    at = main(specimen)
    if at.fate is Fate.OTHER_MACHINE:
        facts = specimen.root.facts(at.chain[-1])
        other = name_of(facts.binary.elf) if facts is not None else "another machine"
        arch = specimen.platform.split("/")[1]
        go = f"GOARCH={arch} CGO_ENABLED=0 go build -o {_name(at.chain[-1])} ."
        theirs = f"docker build --platform {other} ." if other in _KNOWN else ""
        yield Finding("IMG006", _FATAL, f"/{at.chain[-1]}",
                      f"it is for {other}, the image for {specimen.platform}",
                      remedy.either(_platform(specimen), go, theirs),
                      _FORMAT.format(at.opened))  # fmt: skip


def _platform(specimen: Specimen) -> str:
    return f"docker build --platform {specimen.platform} ."


def narrow(specimen: Specimen) -> Iterator[Finding]:
    """A 32-bit program in a 64-bit image that has no 32-bit loader.

    The kernel would run it, but its loader and its libraries are not there. Build it for 64
    bits, or statically.
    """
    at = main(specimen)
    if at.fate is Fate.NO_LOADER_32 and not _lost(specimen, at):
        said = f"it is a 32-bit program, its loader {at.detail} is not in the image"
        yield Finding("IMG007", _FATAL, f"/{at.chain[-1]}", said,
                      f"{_platform(specimen)}   # cc without -m32; Go: without GOARCH=386",
                      _GONE.format(at.opened))  # fmt: skip


def no_right(specimen: Specimen) -> Iterator[Finding]:
    """The program may not be executed: its mode, or that of a directory above it, forbids it.

    Files keep their modes when they are copied. Set the bit where the program is made, or
    with COPY --chmod=755; for a user other than root all directories need it too.
    """
    at = main(specimen)
    word = f'exec: "{at.asked}": permission denied'
    who = specimen.user or "root"
    if at.fate is Fate.NO_BIT:
        if "/" not in at.asked:
            word = f'exec: "{at.asked}": executable file not found in $PATH'
        said = "it has no right to be executed"
    elif at.fate is Fate.NOT_ALLOWED:
        said, word = f"the user {who} may not execute it", f"exec {at.opened}: permission denied"
    elif at.fate is Fate.CLOSED:
        said = f"the user {who} may not enter this directory, and {at.opened} is below it"
        word = f'exec: "{at.asked}": stat {at.asked}: permission denied'
    else:
        return
    fix = remedy.brought(at.path, "--chmod=755")
    yield Finding("IMG011", _FATAL, f"/{at.path}", said, fix, word)


def directory(specimen: Specimen) -> Iterator[Finding]:
    """ENTRYPOINT or CMD names a directory.

    Often COPY made a directory of what should have been the name of the file: its target ended
    in a slash, or existed as a directory. Name the file in it.
    """
    at = main(specimen)
    if at.fate is Fate.DIRECTORY:
        inside = [e.path for e in specimen.root.tree.under(at.path) if e.mode & 0o111]
        name = _name(at.path)
        fix = "\n".join((
            remedy.brought(f"{at.path}/{name}"),
            advice.instruction(specimen, (f"/{at.path}/{name}", *specimen.argv[1:])),
        ))  # fmt: skip
        programs = [p for p in inside if "/" not in p[len(at.path) + 1 :]]
        if programs:
            fix = advice.instruction(specimen, (f"/{programs[0]}", *specimen.argv[1:]))
        yield Finding("IMG012", _FATAL, f"/{at.path}", "it is a directory, not a program", fix,
                      f'exec: "{at.asked}": permission denied')  # fmt: skip


def crlf(specimen: Specimen) -> Iterator[Finding]:
    """The script's first line ends as on Windows: the carriage return belongs to the name.

    The kernel looks for an interpreter whose name ends in that invisible character. Save the
    script with Unix line ends, and tell git: *.sh text eol=lf.
    """
    at = main(specimen)
    if at.fate is Fate.CRLF:
        path = at.chain[-1]
        env = specimen.root.script(path).split()[0].endswith("/env")
        symptom = f"{at.detail}" if env else _GONE.format(at.opened)
        yield Finding("IMG013", _FATAL, f"/{path}",
                      "its first line ends in a carriage return (CRLF)",
                      f"RUN sed -i 's/\\r$//' {remedy.quoted(path)}{remedy.BUILDS}",
                      symptom)  # fmt: skip


def no_interpreter(specimen: Specimen) -> Iterator[Finding]:
    """A script starts, and the interpreter in its first line is not in the image.

    Images without a shell have no /bin/sh, and often no env either. Start the program itself
    instead of a script, or move to a base that has the interpreter.
    """
    at = main(specimen)
    if at.fate is not Fate.NO_INTERPRETER or in_venv(specimen, at.chain[-1]):
        return
    env, _, name = at.detail.rpartition(" ")
    script = at.chain[-1]
    words = specimen.root.script(script).split()
    wanted = words[-1] if name.endswith("/env") and len(words) > 1 else name
    others = advice.named(specimen, _name(wanted))
    if others:
        fix = advice.instruction(specimen, (others[0], f"/{script}", *specimen.argv[1:]))
    else:
        path = wanted if "/" in wanted else f"/usr/bin/{wanted}"
        copy = [remedy.copied(one) for one in dict.fromkeys((name if "/" in name else path, path))]
        fix = remedy.either(*advice.with_program(specimen, wanted), "\n".join(copy))
    symptom = _GONE.format(at.opened) if not env else "No such file or directory"
    yield Finding("IMG014", _FATAL, f"/{script}", f"its interpreter {name} is not in the image",
                  fix, symptom)  # fmt: skip


def no_format(specimen: Specimen) -> Iterator[Finding]:
    """The file can be executed, and the kernel does not know what it is.

    A script needs ``#!`` as its very first bytes: no blank line and no byte order mark before
    it. A shell would have guessed; there is none here to guess.
    """
    at = main(specimen)
    if at.fate is not Fate.NO_FORMAT:
        return
    path = at.chain[-1]
    said = {
        "BOM": "a byte order mark stands before its #!", "empty": "it is empty",
        "object": "it is an object file, not a program", "other": "it is no program",
    }.get(at.detail, "it is a script without #! in its first line, or no program")  # fmt: skip
    quoted = remedy.quoted(path)
    fix = {
        "BOM": f"RUN tail -c +4 {quoted} > /tmp/it && cat /tmp/it > {quoted}{remedy.BUILDS}",
        "empty": f"{remedy.copied(path)}   # the build left an empty file: look there",
        "object": f"RUN cc -o {quoted} {quoted}.o{remedy.BUILDS}",
    }.get(at.detail) or _with_shebang(specimen, path)  # fmt: skip
    yield Finding("IMG015", _FATAL, f"/{path}", said, fix, _FORMAT.format(at.opened))


def _with_shebang(specimen: Specimen, path: str) -> str:
    interpreter = advice.interpreter_of(specimen, path)
    if not interpreter:
        return f"{remedy.brought(path)}   # a program, or a script that begins with #!/its/program"
    return f"RUN sed -i '1i#!{interpreter}' {remedy.quoted(path)}{remedy.BUILDS}"


def cut(specimen: Specimen) -> Iterator[Finding]:
    """The program ends before its headers say it does, or the headers themselves are damaged.

    A download or copy that was broken off leaves such a file. It dies by a signal and says
    nothing. Copy it again and compare its checksum.
    """
    at = main(specimen)
    if at.fate in (Fate.CUT, Fate.DAMAGED):
        path = f"/{at.chain[-1]}"
        said = f"it ends {at.detail} bytes too early" if at.detail else "its headers are damaged"
        symptom = "" if at.fate is Fate.CUT else _FORMAT.format(at.opened)
        yield Finding("IMG016", _FATAL, path, said,
                      f"{remedy.copied(path)}   # and compare: sha256sum", symptom)  # fmt: skip


def shell(specimen: Specimen) -> Iterator[Finding]:
    """ENTRYPOINT or CMD is written in shell form, and the image has no shell.

    A string instead of a list is run by /bin/sh -c. Write the list of words; variables are
    then not expanded, which the program has to do itself.
    """
    at = main(specimen)
    if shell_form(specimen) and at.fate is not Fate.STARTS:
        text = specimen.argv[2] if len(specimen.argv) > 2 else ""
        name = "ENTRYPOINT" if specimen.run.get("Entrypoint") else "CMD"
        fix = remedy.plain_words(text, specimen.env, name)
        yield Finding("IMG017", _FATAL, _where(specimen),
                      f"shell form, and the image has no {at.asked}", fix,
                      _STAT.format(at.asked))  # fmt: skip


_TABLE = (
    ("IMG001", "What starts is not there", absent),
    ("IMG002", "What starts is not in PATH", not_in_path),
    ("IMG003", "What starts is a link to nowhere", dangling),
    ("IMG004", "The program's dynamic loader is missing", no_loader),
    ("IMG005", "Built for another C library", other_libc),
    ("IMG006", "Built for another architecture", other_machine),
    ("IMG007", "A 32-bit program without its loader", narrow),
    ("IMG011", "What starts may not be executed", no_right),
    ("IMG012", "What starts is a directory", directory),
    ("IMG013", "A script with Windows line ends", crlf),
    ("IMG014", "A script's interpreter is missing", no_interpreter),
    ("IMG015", "A file that the kernel does not know", no_format),
    ("IMG016", "A program that is cut short", cut),
    ("IMG017", "Shell form without a shell", shell),
)
RULES: tuple[Rule[Specimen], ...] = tuple(
    Rule(name, title, _FATAL, check) for name, title, check in _TABLE
)
