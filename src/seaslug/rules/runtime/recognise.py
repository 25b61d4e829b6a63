"""From the last words of a container to what they mean, and to what in the image brings them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from seaslug.rules.model import Finding, Severity
from seaslug.rules.runtime.cluster import CLUSTER
from seaslug.rules.runtime.engines import ENGINES, LOADERS
from seaslug.rules.runtime.fragments import FRAGMENTS
from seaslug.rules.runtime.inside import INSIDE
from seaslug.rules.runtime.languages import GO, JAVA, NODE, OTHERS, PYTHON
from seaslug.rules.runtime.model import Cause, Pattern, Seen
from seaslug.rules.runtime.trust import TRUST

PATTERNS: tuple[Pattern, ...] = (
    *ENGINES, *CLUSTER, *LOADERS, *INSIDE, *TRUST, *PYTHON, *NODE, *JAVA, *GO, *OTHERS,
    *FRAGMENTS,
)  # fmt: skip
MAX_TEXT = 4 << 20
_SURE = ("certain", "likely", "possible")
_QUOTED = re.compile(r'\\+"')
_COMMENT = re.compile(r"^\s*#\s?", re.MULTILINE)


def recognise(text: str) -> tuple[Seen, ...]:
    """Return the messages in *text* that are known, each once, in the order they stand there.

    Of a long text the last 4 MiB count. What says little is left out if anything else is there.
    """
    plain = _plain(text[-MAX_TEXT:])
    found: list[tuple[int, int, Seen]] = []
    for pattern in PATTERNS:
        for match in pattern.regex.finditer(plain):
            groups = tuple((name, said or "") for name, said in match.groupdict().items())
            found.append((match.start(), match.end(), Seen(pattern, match[0].strip(), groups)))
    inside = [one for at, end, one in found if not _covered(at, end, one, found)]
    exact = [one for one in inside if not one.pattern.broad]
    order = {(one.pattern.name, one.groups): at for at, _, one in reversed(found)}
    once = {(one.pattern.name, one.groups): one for one in reversed(exact or inside)}
    return tuple(once[key] for key in sorted(once, key=lambda key: order[key]))


def _plain(text: str) -> str:
    """Return *text* as one line, without the marks that logs, shells and pages put around it."""
    text = _QUOTED.sub('"', text).replace("\\n", "\n")
    text = _COMMENT.sub("", text)
    return " ".join(text.split())


def _covered(at: int, end: int, one: Seen, found: Iterable[tuple[int, int, Seen]]) -> bool:
    """Tell whether a longer message, or an earlier one of the same words, has these in it."""
    for start, stop, other in found:
        if other is not one and start <= at and end <= stop and other.pattern != one.pattern:
            rank = PATTERNS.index(other.pattern) < PATTERNS.index(one.pattern)
            if stop - start > end - at or rank:
                return True
    return False


def causes(seen: Seen, findings: Sequence[Finding]) -> tuple[Cause, ...]:
    """Return the *findings* that explain a message, the surest first."""
    rows = []
    for one in findings:
        if one.rule in seen.pattern.rules and (sure := _sure(seen, one)):
            rank = seen.pattern.rules.index(one.rule)
            rows.append((_SURE.index(sure), -one.severity, rank, Cause(one, sure)))
    rows.sort(key=lambda row: row[:3])
    best = [row[3] for row in rows]
    return tuple(best)


def _sure(seen: Seen, one: Finding) -> str:
    """Return how sure it is that *one* is the reason; empty if it cannot be."""
    message = seen.message.lower()
    names = [text for _, text in seen.groups if text]
    told = f"{one.where} {one.message} {one.symptom}"
    if one.symptom and one.symptom.lower() in message:
        return "certain"
    if names and any(name in told for name in names):
        return "certain" if one.severity is Severity.FATAL else "likely"
    if names and one.symptom and not seen.pattern.broad and one.severity is Severity.FATAL:
        # It has a message of its own, with other names in it.
        return "possible"
    return "likely" if one.severity >= Severity.ERROR and not names else "possible"
