"""An image started and watched: what it printed, whether it is healthy, what it asked for in vain.

It is started once as it is, without a network unless one is asked for; a program of glibc that
went on, or ended badly, is started once more with LD_DEBUG=libs, to see which libraries it looks
for and does not find.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from seaslug.errors import EngineError, RunTimeoutError
from seaslug.ops.doctor import Diagnosis, Told, Way, explain, row
from seaslug.ports import Runner, Running, RunResult, RunSpec
from seaslug.rules.image.launch import main
from seaslug.rules.model import Finding, Severity
from seaslug.rules.specimen import Specimen
from seaslug.values.digest import Digest

STEADY = 4.0
HEALTH_LIMIT = 30.0
_REFUSED, _SIGNAL = 125, 139
ENGINES = ("docker", "podman")
_USAGE = "Run 'docker run --help'"
_PAUSE = 0.1
_CHECK_LIMIT = 30.0
_TEXT = 1 << 20
_PATH = r"(?P<path>/[^\s'\":,]+)"
_WHY = r"(?:[Pp]ermission denied|[Rr]ead-only file system)"
_WRITES = (
    re.compile(rf"{_WHY}[:,]?(?: \w+)? ['\"]{_PATH}"), re.compile(rf"{_PATH}['\"]?: {_WHY}"),
)  # fmt: skip
_FINDS = re.compile(r"find library=(\S+) \[")
_LOADED = re.compile(r"calling init: (\S+)")
_NETWORK = re.compile(
    r"Name or service not known|[Tt]emporary failure in name resolution|[Nn]etwork is unreachable|"
    r"Could not resolve host|UnknownHostException|no such host|[Cc]onnection refused|"
    r"\b(?:EAI_AGAIN|ENOTFOUND|ENETUNREACH|ECONNREFUSED)\b|server misbehaving"
)
_NOISE = re.compile(r"^\s+\d+:\t.*$\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a start.

    ``status`` is -1 while it goes on. ``healthy`` is None without a health check; ``unwritten``
    are paths that it could not write, ``unfound`` libraries that it looked for in vain.
    """

    runner: str
    status: int
    said: str
    healthy: bool | None
    check: str
    unwritten: tuple[str, ...]
    unfound: tuple[str, ...] = ()
    network: bool = False

    @property
    def alone(self) -> bool:
        """Whether it ended for want of the network that it was not given: no image's fault."""
        ended = self.status > 0 and self.status not in (_REFUSED, 126, 127)
        return ended and not self.network and bool(_NETWORK.search(self.said))

    @property
    def well(self) -> bool:
        """Whether it went on, or ended as it should, and is healthy if that can be asked.

        An end for want of a network says nothing against it.
        """
        return self.alone or (self.status in (-1, 0) and self.healthy is not False)

    @property
    def verdict(self) -> str:
        """What was seen, in a sentence."""
        if self.alone:
            return f"ended for want of a network, which it was not given: {_last(self.said)}"
        if self.status > 0:
            return f"ended with status {self.status}: {_last(self.said)}"
        if self.healthy is False:
            return f"runs, and its health check fails: {_last(self.check)}"
        if self.status == 0:
            return "ran to its end, with status 0"
        return "runs, and is healthy" if self.healthy else f"ran for {STEADY:.0f} s"


def tried(manifest: Digest, specimen: Specimen, way: Way, runner: Runner) -> Trial:
    """Start the image *manifest*, which *specimen* is of, and return what came of it.

    Raises EngineError if *runner* cannot start anything.
    """
    dropped = tuple(name.upper().removeprefix("CAP_") for name in way.dropped)
    spec = RunSpec(user=way.user, args=way.args, read_only=way.read_only, tmpfs=(),
                   network=way.network, dropped=dropped)  # fmt: skip
    first = _once(manifest, spec, runner, _test(specimen))
    if first.status == _REFUSED or not _glibc(specimen):
        return first
    said = _once(manifest, replace(spec, env=(("LD_DEBUG", "libs"),)), runner, ()).said
    loaded = {path.rpartition("/")[2] for path in _LOADED.findall(said)}
    asked = dict.fromkeys(_FINDS.findall(said))
    unfound = tuple(name for name in asked if name.rpartition("/")[2] not in loaded)
    return replace(first, unfound=unfound)


def seen(one: Finding, trial: Trial) -> str:
    """Return ``confirmed`` or ``refuted`` for a finding, empty where the trial does not tell."""
    if one.rule == "IMG018":
        return {True: "refuted", False: "confirmed", None: ""}[trial.healthy]
    if one.symptom and one.symptom.lower() in trial.said.lower():
        return "confirmed"
    if one.severity is not Severity.FATAL:
        return ""
    # Namespaces have other words for it than engines.
    other = trial.runner not in ENGINES and trial.status in (125, 126, 127)
    if other or (not one.symptom and trial.status == _SIGNAL):
        return "confirmed"
    return "refuted" if trial.status in (-1, 0) else ""


def as_dict(trial: Trial, found: Diagnosis) -> dict[str, object]:
    """Return the diagnosis *found* with what was seen of it, as JSON-ready data."""
    data = found.as_dict()
    rows = [{**row(one), "seen": seen(one, trial)} for one in found.findings]
    messages = [one.as_dict() for one in told(trial, found)]
    return {
        **data, "findings": rows, "run": {
            "runner": trial.runner, "verdict": trial.verdict, "status": trial.status,
            "healthy": trial.healthy, "wants_network": trial.alone,
            "output": trial.said, "check": trial.check,
            "not_written": list(trial.unwritten), "not_found": list(trial.unfound),
            "messages": messages,
        },
    }  # fmt: skip


def told(trial: Trial, found: Diagnosis) -> tuple[Told, ...]:
    """Return the messages that it printed and that are known, with what explains them."""
    return explain(f"{trial.said}\n{trial.check}", found)


def _once(manifest: Digest, spec: RunSpec, runner: Runner, test: Sequence[str]) -> Trial:
    try:
        running = runner.start(manifest, spec)
    except EngineError as error:
        return _refused(runner, error.what)
    try:
        healthy, check = _watched(running, test)
        ended = running.ended()
        done = running.stop(1.0)
    except EngineError as error:
        return _refused(runner, running.logs() or error.what)
    finally:
        with suppress(EngineError):
            running.stop(1.0)
    said = _text(done)
    written = _unwritten(f"{said}\n{check}")
    return Trial(runner.name, done.status if ended else -1, said, healthy, check, written,
                 network=spec.network)  # fmt: skip


def _refused(runner: Runner, said: str) -> Trial:
    return Trial(runner.name, _REFUSED, said, None, "", ())


def _watched(running: Running, test: Sequence[str]) -> tuple[bool | None, str]:
    """Wait until it is over, healthy, or steady; return what its health check says."""
    begun = time.monotonic()
    said = ""
    limit = HEALTH_LIMIT if test else STEADY
    while time.monotonic() - begun < limit and not running.ended():
        if test:
            status, said = _asked(running, test)
            if status == 0:
                return True, ""
            if status in (126, 127) and time.monotonic() - begun > STEADY:
                return False, said
        time.sleep(_PAUSE)
    return (None, "") if not test or running.ended() else (False, said)


def _asked(running: Running, test: Sequence[str]) -> tuple[int, str]:
    """Return how the health check ended, -1 if it did not, and what it said."""
    try:
        done = running.exec(test, _CHECK_LIMIT)
    except (RunTimeoutError, EngineError) as error:
        return -1, error.what
    return done.status, _text(done)


def _test(specimen: Specimen) -> tuple[str, ...]:
    """Return what the health check runs, nothing if there is none."""
    check = specimen.run.get("Healthcheck")
    words = check.get("Test") if isinstance(check, dict) else None
    if not isinstance(words, list) or len(words) < 2 or words[0] not in ("CMD", "CMD-SHELL"):
        return ()
    rest = tuple(map(str, words[1:]))
    return rest if words[0] == "CMD" else ("/bin/sh", "-c", rest[0])


def _glibc(specimen: Specimen) -> bool:
    facts = specimen.root.facts(main(specimen).program)
    return facts is not None and "/ld-linux" in facts.binary.elf.interpreter


def _text(done: RunResult) -> str:
    return (done.stdout + done.stderr)[-_TEXT:].decode("utf-8", "replace")


def _last(text: str) -> str:
    rows = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in rows if not line.startswith(_USAGE)]
    return told[-1][:300] if told else "it said nothing"


def _unwritten(text: str) -> tuple[str, ...]:
    plain = _NOISE.sub("", text)
    return tuple(dict.fromkeys(path for one in _WRITES for path in one.findall(plain)))
