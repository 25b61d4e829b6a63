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
