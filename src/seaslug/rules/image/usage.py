"""How an image's program is called: through a shell, a venv, an interpreter; its health check."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from seaslug.rules.image import advice, remedy
from seaslug.rules.image.identity import identity
from seaslug.rules.image.launch import Fate, Launch, launch, main
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen

_SHELLS = ("/bin/sh", "/bin/bash", "/bin/ash", "/usr/bin/sh", "/usr/bin/bash", "sh", "bash", "ash")
_INTERPRETERS = re.compile(r"(python|node|nodejs|java|ruby|perl|php)[0-9.]*\Z")
_VENV = "/pyvenv.cfg"
_UNHEALTHY = "OCI runtime exec failed: exec failed: unable to start container process"


def shell_form(specimen: Specimen) -> bool:
    """Tell whether the image starts a shell with a text to run."""
    return specimen.argv[:1] != () and specimen.argv[0] in _SHELLS and "-c" in specimen.argv[1:2]


def venvs(specimen: Specimen) -> Iterator[str]:
    """Yield the folders (tree paths) of virtual environments."""
    for entry in specimen.root.tree:
        if entry.path.endswith(_VENV):
            yield entry.path.removesuffix(_VENV)


def in_venv(specimen: Specimen, path: str) -> bool:
    """Tell whether the tree path *path* is a program of a virtual environment."""
    return any(path.startswith(f"{folder}/bin/") for folder in venvs(specimen))


def health(specimen: Specimen) -> Iterator[Finding]:
    """The health check cannot run: it is in shell form, or its program is not in the image.

    Engines run a check inside the container. Without a shell it has to be a list of words that
    names a program of the image; otherwise the container is unhealthy for ever.
    """
    told = specimen.run.get("Healthcheck")
    test = told.get("Test") if isinstance(told, dict) else None
    words = [str(word) for word in test] if isinstance(test, list) else []
    if len(words) < 2 or words[0] not in ("CMD", "CMD-SHELL"):
        return
    asked = _shell_of(specimen) if words[0] == "CMD-SHELL" else words[1]
    at = launch(specimen, asked)
    if at.fate is Fate.STARTS:
        return
    said = f"its program {asked} does not start: {at.fate.value}"
    argv = words[1:]
    if words[0] == "CMD-SHELL":
        said = f"it is in shell form, and the image has no {asked}"
        argv = _words(words[1])
    fix = _check(specimen, argv)
    symptom = f'{_UNHEALTHY}: exec: "{asked}": stat {asked}: no such file or directory'
    if "/" not in asked:
        symptom = f'{_UNHEALTHY}: exec: "{asked}": executable file not found in $PATH'
    known = at.fate in (Fate.ABSENT, Fate.DANGLING, Fate.NOT_IN_PATH)
    yield Finding("IMG018", Severity.ERROR, "Healthcheck", said, fix, symptom if known else "")


def _check(specimen: Specimen, argv: list[str]) -> str:
    """Return a health check that runs: *argv*, where its program is, or the program's own."""
    found = [launch(specimen, argv[0])] if argv else []
    if found and found[0].fate is Fate.STARTS:
        return remedy.words("HEALTHCHECK CMD", argv)
    others = advice.named(specimen, argv[0].rpartition("/")[2]) if argv else []
    if others:
        return remedy.words("HEALTHCHECK CMD", (others[0], *argv[1:]))
    own = specimen.argv[0] if main(specimen).program else "/app"
    return (
        f"{remedy.words('HEALTHCHECK CMD', (own, '--health-check'))}   # an option of its own; "
        "or HEALTHCHECK NONE"
    )


def _shell_of(specimen: Specimen) -> str:
    told = specimen.run.get("Shell")
    return str(told[0]) if isinstance(told, list) and told else "/bin/sh"


def _words(text: str) -> list[str]:
    """Return the words of a shell's text up to where it needs a shell: ``|| exit 1`` goes."""
    plain = re.split(r"\s*(?:\|\||&&|[|;&])", text)[0]
    try:
        return shlex.split(plain)
    except ValueError:
        return plain.split()


def user(specimen: Specimen) -> Iterator[Finding]:
    """USER names a user or group that the image's /etc/passwd or /etc/group does not have.

    Engines look names up inside the image; there is no file to find them in unless the base or
    a COPY brings one. Use numbers, which need no entry, or add the line.
    """
    who = identity(specimen)
    if who.unknown:
        name = "passwd" if who.kind == "user" else "group"
        group = ":65532" if ":" in specimen.user else ""
        yield Finding("IMG020", Severity.FATAL, "User",
                      f"the {who.kind} {who.unknown} is not in /etc/{name}",
                      f"USER 65532{group}   # or add the line to /etc/{name}",
                      f"unable to find {who.kind} {who.unknown}: no matching entries in {name} file"
                      )  # fmt: skip


def venv(specimen: Specimen) -> Iterator[Finding]:
    """A virtual environment whose Python is not where the environment says it is.

    A venv holds links to the Python that made it, and scripts with its path in their first
    line. Copied to an image with Python elsewhere, they lead nowhere. Make it with the Python
    of the image, or put packages on PYTHONPATH instead.
    """
    at = main(specimen)
    broken = at.fate in (Fate.DANGLING, Fate.LOOP, Fate.NO_INTERPRETER)
    reached = (at.chain or ("",))[-1] if at.fate is Fate.NO_INTERPRETER else at.path
    for folder in venvs(specimen):
        home = _home(specimen, folder)
        starts = broken and reached.startswith(f"{folder}/bin/")
        link = specimen.root.tree.get(f"{folder}/bin/python")
        lost = link is not None and specimen.root.tree.resolve(link.path) is None
        if not starts and not lost and (not home or _has_python(specimen, home)):
            continue
        said = f"it was made for the Python in {home or at.detail}, which is not in the image"
        yield Finding("IMG030", Severity.FATAL if starts else Severity.ERROR, f"/{folder}", said,
                      _venv_fix(specimen, folder), _venv_symptom(at.asked, at.opened, at.fate)
                      if starts else "")  # fmt: skip


def _home(specimen: Specimen, folder: str) -> str:
    found = re.search(
        r"^home[ \t]*=[ \t]*(\S.*)$", specimen.root.text(folder + _VENV), re.MULTILINE
    )
    return found[1].strip() if found else ""


def _has_python(specimen: Specimen, folder: str) -> bool:
    tree = specimen.root.tree
    real = tree.realpath(folder)
    paths = [entry.path for entry in tree.under(real)] if real else []
    found = (path for path in paths if path.rpartition("/")[2].startswith("python"))
    return any(tree.resolve(path) for path in found)


def _venv_symptom(asked: str, opened: str, fate: Fate) -> str:
    if fate is Fate.NO_INTERPRETER:
        return f"exec {opened}: no such file or directory"
    if "/" not in asked:
        return f'exec: "{asked}": executable file not found in $PATH'
    if fate is Fate.LOOP:
        return f'exec: "{asked}": stat {asked}: too many levels of symbolic links'
    return f'exec: "{asked}": stat {asked}: no such file or directory'


def _venv_fix(specimen: Specimen, folder: str) -> str:
    there = advice.named(specimen, "python3") or ["/usr/bin/python3"]
    made = f"RUN {there[0]} -m venv --copies /{folder}   # in a stage with the same Python"
    packages = next(
        (e.path.partition("/site-packages")[0] for e in specimen.root.tree.under(f"{folder}/lib")
         if "/site-packages" in e.path), f"{folder}/lib/python3.11",
    )  # fmt: skip
    rest = specimen.argv if specimen.argv[:1] != (f"/{folder}/bin/python",) else specimen.argv[1:]
    plain = (
        f"ENV PYTHONPATH=/{packages}/site-packages\n"
        f"{advice.instruction(specimen, (there[0], *rest))}"
    )
    return remedy.either(made, plain)


def doubled(specimen: Specimen) -> Iterator[Finding]:
    """The command names the interpreter that is the entrypoint already.

    Images of interpreters have the interpreter as their ENTRYPOINT, so the first word of CMD is
    the script. With the interpreter's name there, it looks for a script of that name.
    """
    entry, words = specimen.run.get("Entrypoint"), specimen.run.get("Cmd")
    if not (isinstance(entry, list) and isinstance(words, list) and len(entry) == 1 and words):
        return
    name, first = str(entry[0]).rpartition("/")[2], str(words[0]).rpartition("/")[2]
    one, other = _INTERPRETERS.match(name), _INTERPRETERS.match(first)
    if not one or not other or one[1].removesuffix("js") != other[1].removesuffix("js"):
        return
    if specimen.root.tree.resolve(f"{specimen.workdir}/{words[0]}") and "/" not in str(words[0]):
        return
    rest = [str(word) for word in words[1:]]
    yield Finding("IMG036", Severity.FATAL, "Cmd",
                  f"{words[0]} stands in CMD, and {entry[0]} is the entrypoint already",
                  remedy.words("CMD", rest), _SAYS[one[1]])  # fmt: skip


_SAYS = {
    "python": "can't open file", "node": "Cannot find module", "nodejs": "Cannot find module",
    "java": "Could not find or load main class", "ruby": "No such file or directory",
    "perl": "Can't open perl script", "php": "Could not open input file",
}  # fmt: skip


def target(specimen: Specimen, at: Launch) -> str:
    """Return the tree path that should be there: of a link to nowhere, where it leads."""
    return at.path if at.fate is Fate.ABSENT else specimen.root.tree.realpath(at.path) or ""


RULES: tuple[Rule[Specimen], ...] = (
    Rule("IMG018", "A health check that cannot run", Severity.ERROR, health),
    Rule("IMG020", "A user that nobody knows", Severity.FATAL, user),
    Rule("IMG030", "A virtual environment without its Python", Severity.FATAL, venv),
    Rule("IMG036", "The interpreter is named twice", Severity.FATAL, doubled),
)
