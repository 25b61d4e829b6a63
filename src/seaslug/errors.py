"""Every error that seaslug raises, as one tree.

::

    SeaslugError                      1   something went wrong
    ├── UsageError                    2   the request itself cannot be met
    │   └── UnknownNameError          2   a name that nothing answers to; carries the nearest ones
    ├── RecipeError                   3   one or more mistakes in a recipe, all of them at once
    ├── LockError                     4   a lock that is malformed or no longer fits its recipe
    ├── ResolveError                  5   no set of packages satisfies the request
    ├── ArchiveError                  6   the Debian archive (or the npm registry)
    │   ├── NetworkError              6     does not answer
    │   ├── TrustError                7     answers, but is not to be believed
    │   └── IntegrityError            8     sends bytes that differ from what was promised
    ├── HostileError                  9   an archive member that would escape, explode or confuse
    ├── StoreError                   10   the local store cannot be read or written
    ├── EngineError                  11   Docker, podman or user namespaces
    │   └── RunTimeoutError          11   a started program was not over in time
    ├── ProofError                   12   an image was started and did not do what it should
    ├── ProjectError                 13   a project that cannot be made into an application
    │   └── ToolError                13   its own build tool failed; carries the end of its output
    └── RegistryError                14   an image registry refuses, or answers what it may not
        ├── LoginError               14     it wants to know who is asking, or does not allow it
        └── UnreachableError         14     it does not answer, or its certificate is not trusted

Status 15 is no error: an image was judged, and there are findings at or above what was to fail.

The library raises; only the command line prints and exits. ``what`` is one
sentence without a full stop, ``where`` names the file, line, field or address,
``hint`` is the next step, as something to type where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence

JUDGED = 15
"""The exit status of a command that judged an image, and not well enough."""


class SeaslugError(Exception):
    """Root of the tree. ``code`` is a stable identifier for scripts."""

    code = "error"
    exit_status = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  {self.hint}" if self.hint else text

    def as_dict(self) -> dict[str, object]:
        """Return the error as JSON-ready data: code, what, where, hint."""
        return {"code": self.code, "what": self.what, "where": self.where, "hint": self.hint}


class UsageError(SeaslugError):
    """The request is malformed or contradicts itself."""

    code = "usage"
    exit_status = 2


class UnknownNameError(UsageError):
    """A name that nothing answers to. ``nearest`` holds the closest known names."""

    code = "unknown-name"

    def __init__(
        self, kind: str, name: str, known: Sequence[str], *, where: str = "", hint: str = ""
    ) -> None:
        self.nearest = _nearest(name, known)
        if not hint:
            if self.nearest:
                hint = "did you mean " + " or ".join(self.nearest) + "?"
            elif len(known) <= 24:
                hint = "known: " + ", ".join(sorted(known))
        super().__init__(f"unknown {kind} {name!r}", where=where, hint=hint)


def _nearest(name: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return up to three close names: swapped letters first, then the same beginning."""
    from difflib import get_close_matches

    swapped = [n for n in known if len(n) == len(name) and sorted(n) == sorted(name)]
    close = get_close_matches(name, known, n=8, cutoff=0.5)
    close.sort(key=lambda n: n[:1] != name[:1])
    return tuple(dict.fromkeys((*swapped, *close)))[:3]


class RecipeError(SeaslugError):
    """One or more mistakes in a recipe; ``problems`` are ready lines ``file:line: key: text``."""

    code = "recipe"
    exit_status = 3

    def __init__(self, problems: Sequence[str], *, where: str = "", hint: str = "") -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{count} mistake{'s' if count != 1 else ''} in the recipe"
        super().__init__("\n  ".join((head, *self.problems)), where=where, hint=hint)


class LockError(SeaslugError):
    """A lock that is malformed, of another format, or does not fit its recipe."""

    code = "lock"
    exit_status = 4


class ResolveError(SeaslugError):
    """No set of packages satisfies the request; the text explains who asked for what."""

    code = "resolve"
    exit_status = 5


class ArchiveError(SeaslugError):
    """The Debian archive, or another package source, failed."""

    code = "archive"
    exit_status = 6


class NetworkError(ArchiveError):
    """A package source does not answer."""

    code = "network"


class TrustError(ArchiveError):
    """A package source answers, but its signature, age or name is not to be believed."""

    code = "trust"
    exit_status = 7


class IntegrityError(ArchiveError):
    """Bytes differ from the digest or size that was promised for them."""

    code = "integrity"
    exit_status = 8


class HostileError(SeaslugError):
    """An archive member that would escape, explode or confuse; nothing of it was kept."""

    code = "hostile"
    exit_status = 9


class StoreError(SeaslugError):
    """The local store cannot be read or written."""

    code = "store"
    exit_status = 10


class EngineError(SeaslugError):
    """Docker, podman or user namespaces are not there or failed."""

    code = "engine"
    exit_status = 11


class RunTimeoutError(EngineError):
    """A started program was not over in time and was ended; carries what it had printed."""

    code = "run-timeout"

    def __init__(self, seconds: float, stdout: bytes, stderr: bytes) -> None:
        super().__init__(f"not over after {seconds:g} s; it was ended")
        self.stdout = stdout
        self.stderr = stderr


class ProofError(SeaslugError):
    """An image was started and did not do what it should."""

    code = "proof"
    exit_status = 12


class ProjectError(SeaslugError):
    """A project, or a binary, that cannot be made into an application as it is."""

    code = "project"
    exit_status = 13


class ToolError(ProjectError):
    """A project's own tool failed or is not here; ``output`` is the end of what it printed."""

    code = "tool"

    def __init__(self, what: str, output: str = "", *, where: str = "", hint: str = "") -> None:
        self.output = output.rstrip()
        body = "\n".join(f"    {line}" for line in self.output.splitlines())
        super().__init__(f"{what}\n{body}" if body else what, where=where, hint=hint)


class RegistryError(SeaslugError):
    """An image registry refuses a request, or answers what the specification does not allow."""

    code = "registry"
    exit_status = 14


class LoginError(RegistryError):
    """A registry wants a login, does not take the one it got, or does not allow this."""

    code = "login"


class UnreachableError(RegistryError):
    """A registry does not answer, or cannot be trusted to be itself."""

    code = "unreachable"
