"""Why an image does not start, or fails while it runs: findings, the worst first, a verdict."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from seaslug.anatomy.rootfs import rootfs
from seaslug.errors import ProjectError
from seaslug.ops.facts import tar_facts
from seaslug.rules.image import linking, rights, shadowing, starting, surroundings, usage
from seaslug.rules.image.advice import with_settings
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.runtime.model import Cause, Seen
from seaslug.rules.runtime.recognise import causes, recognise
from seaslug.rules.specimen import Held, Specimen
from seaslug.tar.writer import END, fragment
from seaslug.values.content import FileSlice
from seaslug.values.tree import Entry, Kind

RULES: tuple[Rule[Specimen], ...] = tuple(
    sorted(
        (
            *starting.RULES, *linking.RULES, *usage.RULES, *surroundings.RULES, *shadowing.RULES,
            *rights.STARTING,
        ),
        key=lambda rule: rule.id,
    )
)  # fmt: skip
_STATUS = (
    ("executable file not found", 127), ("too many levels", 125), ("permission denied", 126),
    ('exec: "', 127), ("exec /", 1), ("unable to find", 125), ("No command specified", 125),
    ("rror while loading shared", 127), (": file too short", 127), (": invalid ELF header", 127),
    (": cannot read file data", 127), ("Error loading shared", 127), ("version `", 1),
    ("can't open file", 2), ("Cannot find module", 1), ("Could not find or load", 1),
    ("No such file or directory", 127),
)  # fmt: skip
"""How ``docker run`` ends after which message, seen with Docker 20.10 and runc 1.1.5."""
_SIGNAL = 139


@dataclass(frozen=True, slots=True)
class Way:
    """How it will be started, as far as that differs from what the image says.

    ``args`` replace the command; ``user`` and ``dropped`` are as engines take them. A trial has
    a ``network`` only if that is said.
    """

    user: str = ""
    read_only: bool = False
    dropped: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    network: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The *findings*, worst first; ``verdict`` is one sentence."""

    name: str
    platform: str
    verdict: str
    findings: tuple[Finding, ...]

    @property
    def bad(self) -> bool:
        """Whether anything is at least an error."""
        return any(one.severity >= Severity.ERROR for one in self.findings)

    def as_dict(self) -> dict[str, object]:
        """Return the diagnosis as JSON-ready data."""
        return {
            "image": self.name, "platform": self.platform, "verdict": self.verdict,
            "starts": not any(one.severity is Severity.FATAL for one in self.findings),
            "findings": [row(one) for one in self.findings],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """A message that was recognised, and what in the image brings it, the surest first."""

    seen: Seen
    causes: tuple[Cause, ...]

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON-ready data."""
        return {
            "message": self.seen.message, "kind": self.seen.pattern.name, "means": self.seen.means,
            "look": self.seen.pattern.look,
            "causes": [{**row(one.finding), "sure": one.sure} for one in self.causes],
        }  # fmt: skip


def started(specimen: Specimen, way: Way) -> Specimen:
    """Return *specimen* as it will be when it is started that *way*."""
    run = dict(specimen.run)
    if way.user:
        run["User"] = way.user
    if way.args:
        run["Cmd"] = list(way.args)
    held = Held(way.read_only, frozenset(name.upper().removeprefix("CAP_") for name in way.dropped))
    return replace(specimen, config={**specimen.config, "config": run}, held=held)


def beside(base: Specimen, program: str) -> Specimen:
    """Return *base* with the file *program* of this machine laid over it as what starts.

    Raises ProjectError if there is no such file.
    """
    name = f"app/{os.path.basename(program)}"
    try:
        size = os.stat(program).st_size
        mode = 0o755 if os.access(program, os.X_OK) else 0o644
        content = FileSlice(program, 0, size)
        made = tar_facts(iter((*fragment([Entry(name, Kind.FILE, mode, content=content)]), END)))
    except OSError as error:
        said = f"cannot be read: {error.strerror}"
        raise ProjectError(said, where=program, hint="name a program of this machine") from None
    root = rootfs((*base.root.layers, made), len(base.root.layers))
    run = {**base.run, "Entrypoint": [f"/{name}"], "Cmd": []}
    title = f"{program} on {base.name}"
    return replace(base, name=title, root=root, config={**base.config, "config": run})


def explain(text: str, found: Diagnosis | None) -> tuple[Told, ...]:
    """Return the messages that *text* holds, with the findings of *found* that explain them."""
    findings = found.findings if found is not None else ()
    return tuple(Told(seen, causes(seen, findings)) for seen in recognise(text))


def diagnose(specimen: Specimen, rules: Sequence[Rule[Specimen]] = RULES) -> Diagnosis:
    """Return what is wrong with *specimen*, by all *rules*."""
    found = [with_settings(specimen, one) for rule in rules for one in rule.check(specimen)]
    found.sort(key=lambda one: (-one.severity, _order(one), one.rule))
    return Diagnosis(specimen.name, specimen.platform, verdict(found), tuple(found))


def verdict(found: Iterable[Finding]) -> str:
    """Return in a sentence what *found*, the worst first, comes to."""
    rows = list(found)
    if rows and rows[0].severity is Severity.FATAL:
        return f"does not start: {rows[0].where}: {rows[0].message}"
    if any(one.rule == "IMG001" for one in rows):
        return "starts nothing by itself: it is a base for other images"
    errors = [one for one in rows if one.severity is Severity.ERROR]
    if errors:
        return f"starts, and fails later: {errors[0].where}: {errors[0].message}"
    if rows:
        return "nothing keeps it from starting; there is something to know"
    return "nothing is wrong with it, as far as files tell"


def status(one: Finding) -> int:
    """Return the exit status of ``docker run`` that *one* foretells, -1 if it foretells none."""
    if one.severity is not Severity.FATAL and one.rule != "IMG001":
        return -1
    if not one.symptom:
        return _SIGNAL
    return next((number for text, number in _STATUS if text in one.symptom), -1)


def _order(one: Finding) -> int:
    """The user is looked up first, then the program, then its libraries."""
    order = {"IMG020": 0, "IMG001": 1, "IMG008": 3, "IMG009": 4}
    return order.get(one.rule, 2)


def row(one: Finding) -> dict[str, object]:
    """Return a finding as JSON-ready data."""
    return {
        "rule": one.rule, "severity": one.severity.word, "where": one.where,
        "message": one.message, "symptom": one.symptom, "status": status(one),
        "fix": one.fix,
    }  # fmt: skip
