"""Whether an upper layer takes from the lower ones what the application needs."""

from __future__ import annotations

from collections.abc import Iterator

from seaslug.rules.image import remedy
from seaslug.rules.image.launch import Fate, Launch, main
from seaslug.rules.image.layering import Change, deleted, libraries, named, replaced, what
from seaslug.rules.image.linking import LOADING, program
from seaslug.rules.image.usage import target
from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen

_FINE = (Fate.STARTS, Fate.NOTHING, Fate.NOT_IN_PATH)


def removed(specimen: Specimen) -> Iterator[Finding]:
    """A layer deletes or replaces what starts, or a library that it needs.

    A file that one instruction brought was removed by a later one (rm in a RUN, a cleaning step
    that took too much), hidden by a link that took the place of its folder, or overwritten: a
    COPY of a whole tree that brought another library of the same name, one for another machine,
    an empty file. Keep it there, or copy it again after that instruction.
    """
    at = main(specimen)
    if at.fate in (Fate.ABSENT, Fate.DANGLING):
        for change in deleted(specimen, [target(specimen, at)]).values():
            yield _gone(specimen, change, "", _absent(at))
    if at.fate in (Fate.NO_LOADER, Fate.NO_LOADER_32):
        for change in deleted(specimen, [at.detail.lstrip("/")]).values():
            needs = f", /{at.chain[-1]} needs it"
            yield _gone(specimen, change, needs, f"exec {at.opened}: no such file or directory")
    _, wants = program(specimen)
    for one in wants.missing:
        for change in deleted(specimen, libraries(specimen, one.name)).values():
            yield _gone(specimen, change, f", /{one.by[0]} needs it", LOADING.format(one.name))
    for path in dict.fromkeys(_blamed(specimen, at)):
        found = replaced(specimen, path)
        if found is not None:
            yield _overwritten(specimen, found)


def _absent(at: Launch) -> str:
    if "/" not in at.asked:
        return f'exec: "{at.asked}": executable file not found in $PATH'
    return f'exec: "{at.asked}": stat {at.asked}: no such file or directory'


def _blamed(specimen: Specimen, at: Launch) -> Iterator[str]:
    """Yield the paths of files that are there and keep the program from running."""
    if at.fate not in _FINE:
        yield at.path
    _, wants = program(specimen)
    found = {one.name: one.path for one in wants.found}
    for unmet in wants.unmet:
        if unmet.library in found:
            yield found[unmet.library]
    for one in wants.missing:
        for path in libraries(specimen, one.name):
            yield specimen.root.tree.realpath(path) or path


def _gone(specimen: Specimen, change: Change, more: str, symptom: str) -> Finding:
    upper = named(specimen, change.upper)
    said = f"{named(specimen, change.lower)} has it, {upper} deletes it{more}"
    fix = f"{remedy.copied(change.path)}   # or leave it out of what layer {change.upper} deletes"
    return Finding("IMG038", Severity.FATAL, f"/{change.path}", said, fix, symptom)


def _overwritten(specimen: Specimen, change: Change) -> Finding:
    """Return how a file came to be what another rule found: that one has the message."""
    assert change.now is not None
    was = what(specimen, change.lower, change.was)
    now = what(specimen, change.upper, change.now)
    return Finding(
        "IMG038", Severity.ERROR, f"/{change.path}",
        f"{named(specimen, change.upper)} puts {now} in the place of {was}, of "
        f"{named(specimen, change.lower)}",
        f"{remedy.copied(change.path)}   # or leave it out of what layer {change.upper} brings",
    )  # fmt: skip


RULES: tuple[Rule[Specimen], ...] = (
    Rule("IMG038", "A layer takes away what is needed", Severity.FATAL, removed),
)
