"""What an image says of itself: health, start, labels, age, base."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from seaslug.rules.model import Finding, Rule, Severity
from seaslug.rules.specimen import Specimen
from seaslug.rules.words import listed, many

_OCI = "org.opencontainers.image."
_WANTED = ("source", "revision", "version", "licenses")
_SHELLS = ("sh", "ash", "bash", "dash", "ksh", "zsh")
_DAY, _OLD, _VERY_OLD = 86400, 90, 365


def no_health_check(image: Specimen) -> Iterator[Finding]:
    """The image has no health check.

    Docker and Swarm then take a process that hangs for one that serves. Kubernetes reads its
    own probes and not this one. seaslug's probe needs neither a shell nor curl: it is in
    every application that seaslug builds with a port (`[health]` in seaslug.toml). CIS
    Docker Benchmark 4.6.
    """
    check = image.run.get("Healthcheck")
    test = check.get("Test") if isinstance(check, dict) else None
    if not test or test == ["NONE"]:
        said = "is switched off (NONE)" if test else "is not there"
        yield Finding(
            "IMG100", Severity.INFO, "Healthcheck", f"a health check {said}",
            'HEALTHCHECK CMD ["/path/of/a/probe"]; seaslug build adds one of its own',
        )  # fmt: skip


def shell_form(image: Specimen) -> Iterator[Finding]:
    """The image is started by a shell that was handed a line of text: `CMD python app.py`.

    The shell is process 1: it does not pass SIGTERM on, so that stopping takes ten seconds and
    ends in SIGKILL, and arguments of `docker run` are lost. Write the command as a list:
    `CMD ["python", "app.py"]`.
    """
    words = image.argv
    shell = len(words) >= 3 and words[0].rpartition("/")[2] in _SHELLS and "c" in words[1][1:]
    if shell and image.root.tree.resolve(words[0]) is not None:
        line = words[2]
        if line.startswith("exec "):
            return
        where = "Entrypoint" if image.run.get("Entrypoint") else "Cmd"
        listed_words = ", ".join(f'"{word}"' for word in line.split())
        yield Finding(
            "IMG101", Severity.WARN, where, f"is in shell form: {line[:80]}",
            f"{where.upper()} [{listed_words}]" if len(line) < 80 and not _SYNTAX & set(line)
            else f'{where.upper()} ["/path/of/program", "argument"], without shell syntax',
        )  # fmt: skip


def nothing_told(image: Specimen) -> Iterator[Finding]:
    """Labels do not say where the image comes from: source, revision, version, licenses.

    Who finds it running a year later must know what to fix and where. Set the labels of the
    OCI image specification: `LABEL org.opencontainers.image.source=https://…`, or
    `--label` of the build; seaslug takes them from `[labels]` in seaslug.toml.
    """
    known = {**(image.annotations or {}), **image.labels}
    missing = [name for name in _WANTED if not known.get(_OCI + name)]
    if missing:
        yield Finding(
            "IMG102", Severity.INFO, "labels",
            f"do not tell {listed([_OCI + name for name in missing], 4)}",
            f"LABEL {_OCI}{missing[0]}=…",
        )  # fmt: skip


def no_date(image: Specimen) -> Iterator[Finding]:
    """The configuration does not say when the image was made.

    Then nobody can tell how old it is. 1970, which reproducible builds write, is taken as it
    is meant. Build with SOURCE_DATE_EPOCH set to the time of the last commit to have both.
    """
    created = image.config.get("created")
    if not created or _time(created) is None:
        said = f"is no time: {str(created)[:40]!r}" if created else "is missing"
        yield Finding(
            "IMG103", Severity.INFO, "created", said,
            "SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) before the build",
        )  # fmt: skip


def old(image: Specimen) -> Iterator[Finding]:
    """The image was made more than three months ago.

    Its packages have known holes by then. Build it again on a fresh base, or put a fresh
    base under it as it is: `seaslug rebase IMAGE`. Dates of 1970 to 2000 are a reproducible
    build's and tell nothing.
    """
    made = _time(image.config.get("created"))
    if made is None or made < 946684800 or not image.now:
        return
    days = int((image.now - made) // _DAY)
    if days > _OLD:
        yield Finding(
            "IMG104", Severity.WARN if days > _VERY_OLD else Severity.INFO, "created",
            f"{many(days, 'day')} ago", f"build it again, or: seaslug rebase {image.name}",
        )  # fmt: skip


def base_not_pinned(image: Specimen) -> Iterator[Finding]:
    """The image does not say on which base it stands, by digest.

    Without it, nobody can tell whether the base has been fixed since, and a new build may
    stand on another one. Pin the base (`FROM python@sha256:…`) and let the build say so in
    org.opencontainers.image.base.digest. Images that seaslug built carry their lock instead.
    """
    known = {**image.labels, **(image.annotations or {})}
    if known.get(_OCI + "base.digest") or "dev.seaslug.recipe" in known:
        return
    name = known.get(_OCI + "base.name", "")
    yield Finding(
        "IMG105", Severity.INFO, f"annotation {_OCI}base.digest",
        f"the base is named without a digest: {name}" if name else "no base is named",
        "FROM NAME@sha256:…, and annotate the image with it",
    )  # fmt: skip


_SYNTAX = frozenset("\"'$&|;<>*?()`\\")


def _time(created: object) -> float | None:
    """Return the seconds since 1970 of a time in RFC 3339, None if it is none."""
    text = str(created or "")
    try:
        # More digits of a second than Python reads are common there.
        head, dot, rest = text.partition(".")
        zone = rest.lstrip("0123456789") if dot else ""
        return datetime.fromisoformat(head + (zone if dot else "")).timestamp()
    except (ValueError, OverflowError):
        return None


RULES: tuple[Rule[Specimen], ...] = (
    Rule("IMG100", "No health check", Severity.INFO, no_health_check),
    Rule("IMG101", "Started by a shell", Severity.WARN, shell_form),
    Rule("IMG102", "Labels that are missing", Severity.INFO, nothing_told),
    Rule("IMG103", "No date", Severity.INFO, no_date),
    Rule("IMG104", "Old image", Severity.WARN, old),
    Rule("IMG105", "Base that is not pinned", Severity.INFO, base_not_pinned),
)
