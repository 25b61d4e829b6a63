"""What a server wants to be told, as ``WWW-Authenticate`` has it (RFC 9110, section 11)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105
_PARAMETER = re.compile(rf'[\s,]*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?:\s+([A-Za-z0-9._~+/-]+=*)(?=\s*(?:,|\Z)))?(?=\s|,|\Z)")
_LIMIT = 16 << 10


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to tell who we are: ``scheme`` and the names of parameters are lower case."""

    scheme: str
    parameters: Mapping[str, str]

    def get(self, name: str) -> str:
        """Return a parameter, or an empty string."""
        return self.parameters.get(name, "")


def parse(lines: Sequence[str]) -> tuple[Challenge, ...]:
    """Return the challenges in *lines*, one header each; what cannot be read ends its line.

    >>> parse(['Bearer realm="https://a/t",scope="repository:a:pull,push", Basic realm=x'])[1]
    Challenge(scheme='basic', parameters={'realm': 'x'})
    """
    return tuple(found for line in lines for found in _line(line[:_LIMIT]))


def _line(text: str) -> Iterator[Challenge]:
    at = 0
    while scheme := _SCHEME.match(text, at):
        at = scheme.end()
        parameters: dict[str, str] = {}
        while found := _PARAMETER.match(text, at):
            at = found.end()
            name, quoted, bare = found.groups()
            value = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters.setdefault(name.lower(), value)
        yield Challenge(scheme[1].lower(), parameters)
