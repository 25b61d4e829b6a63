"""A package of a language, and where packages are told as text."""

from __future__ import annotations

from typing import NamedTuple

MAX_LIBRARIES = 20_000
"""Of one file; more are not believed."""
_LONGEST = 512


class Library(NamedTuple):
    """A package of a language: *kind* is ``python``, ``npm``, ``java``, ``go`` or ``rust``.

    ``group`` is Maven's groupId. ``inside`` is the path within the file that tells it, of jars in
    jars with ``!`` between them; empty for the file itself.
    """

    kind: str
    name: str
    version: str
    group: str = ""
    inside: str = ""


def sound(text: object) -> str:
    """Return a name or version as text; empty for what cannot be one."""
    if not isinstance(text, str):
        return ""
    found = text.strip()
    return found if len(found) <= _LONGEST and found.isprintable() else ""
