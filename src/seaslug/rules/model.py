"""Rules and what they find: one shape for check, doctor and lint."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Severity(IntEnum):
    """How bad it is: ``fatal`` keeps it from starting."""

    INFO = 1
    WARN = 2
    ERROR = 3
    FATAL = 4

    @property
    def word(self) -> str:
        """The name in lower case, as options and reports have it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found.

    ``where`` is a path of the image or a field of its configuration; ``message`` one sentence:
    what is wrong there; ``symptom`` what the engine or the program prints because of it, empty
    if nothing; ``fix`` what to type or to write, for this very case. ``severity`` may be lower
    than its rule's.

    A fix has one or more ways, divided by ``; or ``, the one that heals surest first. A way has
    one or more lines, all of them to be applied, in their order; three blanks and ``# `` come
    before a remark. A line that can be pasted is one of these, any other one is advice:

    - an instruction of the Dockerfile's last stage: ``ENTRYPOINT``, ``CMD``, ``HEALTHCHECK CMD``,
      ``ENV``, ``USER``, ``WORKDIR``, ``EXPOSE``, and ``COPY [--from=build] SOURCE TARGET``;
      without ``--from`` the source is of the context;
    - ``RUN …   # in the stage that builds``; the file is then copied from there;
    - ``packages = ["zlib1g"]``, and other settings, for the seaslug.toml of an image that
      seaslug built;
    - ``seaslug build BASE [--with PACKAGE]``: the base to move the same files to;
    - ``docker run FLAGS IMAGE``, ``docker build FLAGS .``, ``seaslug …``, ``setcap …`` or another
      program, with variables before it where it needs them: to be typed as it stands.
    """

    rule: str
    severity: Severity
    where: str
    message: str
    fix: str = ""
    symptom: str = ""


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """*check* gets the specimen and yields findings; its docstring is the rule's page.

    ``id`` reads ``IMG012``: three letters for the catalogue, three digits that never change
    their meaning. ``title`` is what is wrong when it strikes, in a few words.
    """

    id: str
    title: str
    severity: Severity
    check: Callable[[T], Iterable[Finding]]

    @property
    def page(self) -> str:
        """The docstring of the check: why it matters, and what to do."""
        from inspect import cleandoc

        return cleandoc(self.check.__doc__ or "")
